"""Cut-overs of merchants' own: from a day on that has not begun, with a reason, each once."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta

import asyncpg
import pytest

from annul.desk import cut_overs as views
from annul.desk import fees, settlement
from annul.desk.desk import Desk, NothingThere
from annul.desk.permission import NotAllowed, NotValid, ReasonNeeded
from annul.desk.roles import Visitor
from annul.domain.business_day import BadCutOver, CutOver
from annul.domain.fees import Price
from annul.domain.settlement import Terms
from annul.merchants.registry import Registry
from tests.support.clock import HeldClock

from .people import audited, clock_of, person, seeded_desk

TEA = "898000058120000"
_TODAY = date(2026, 11, 25)
_TOMORROW = date(2026, 11, 26)
_NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)
_DAY = timedelta(days=1)


@pytest.fixture
def clock(desk: Desk) -> HeldClock:
    return clock_of(desk)


@pytest.fixture
async def operator(desk: Desk) -> Visitor:
    return await person(desk, "operator")


async def test_a_cut_over_is_agreed_once_and_audited(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    new = CutOver(_TOMORROW, time(6))
    version = await pool.fetchval("SELECT version FROM reference")
    for _ in range(2):
        await views.set_cut_over(desk, operator, TEA, new, "it is a bar")
    (row,) = await views.cut_overs(desk, operator, TEA)
    assert (row["valid_from"], row["cut_over"], row["set_by"]) == (
        _TOMORROW, time(6), operator.name,
    )  # fmt: skip
    (told,) = await audited(pool)
    assert (told["action"], told["object"]) == ("set-cut-over", f"merchant {TEA}")
    assert told["detail"] == {"valid_from": "2026-11-26", "cut_over": "06:00"}
    assert await pool.fetchval("SELECT version FROM reference") == version + 1, "hosts hear of it"
    with pytest.raises(NotValid, match="another cut-over"):
        await views.set_cut_over(desk, operator, TEA, CutOver(_TOMORROW, None), "no bar")


async def test_it_changes_only_from_a_day_on_that_has_not_begun(
    desk: Desk, operator: Visitor, clock: HeldClock, pool: asyncpg.Pool
) -> None:
    for day in (_TODAY, _TODAY - _DAY, date.min):
        with pytest.raises(NotValid, match="has not begun"):
            await views.set_cut_over(desk, operator, TEA, CutOver(day, time(6)), "a bar")
    clock.at = datetime(2026, 11, 25, 14, 59, 30, tzinfo=UTC)  # half a minute before the cut-over
    with pytest.raises(NotValid, match="has not begun"):
        await views.set_cut_over(desk, operator, TEA, CutOver(_TOMORROW, time(6)), "a bar")
    clock.at = _NOON
    await pool.execute("UPDATE books SET open_from = $1", _TOMORROW + _DAY)
    with pytest.raises(NotValid, match="has not begun"):
        await views.set_cut_over(desk, operator, TEA, CutOver(_TOMORROW, time(6)), "a bar")
    assert await views.cut_overs(desk, operator, TEA) == []


async def test_its_own_day_is_what_has_not_begun_the_next_time(
    desk: Desk, operator: Visitor, clock: HeldClock
) -> None:
    """A bar's day of the 27th begins at six on the 26th, long before the house's."""
    await views.set_cut_over(desk, operator, TEA, CutOver(_TOMORROW, time(6)), "a bar")
    clock.at = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)  # 06:30 on the 26th
    assert desk.calendar.business_date(clock.at) == _TOMORROW
    assert await views.today(desk, operator, TEA) == _TOMORROW + _DAY
    later, price = CutOver(_TOMORROW + _DAY, time(7)), Price("debit", _TOMORROW + _DAY, 4_000)
    with pytest.raises(NotValid, match="has not begun"):
        await views.set_cut_over(desk, operator, TEA, later, "a bar")
    with pytest.raises(NotValid, match="has not begun"):
        await fees.set_price(desk, operator, TEA, price, "a bar")
    with pytest.raises(NotValid, match="has not ended"):
        await settlement.set_terms(desk, operator, TEA, Terms(_TOMORROW), "a bar")
    await views.set_cut_over(desk, operator, TEA, CutOver(_TOMORROW + 2 * _DAY, None), "no bar")


async def test_a_change_in_the_middle_of_a_day_moves_no_moment_to_another_day(
    desk: Desk, operator: Visitor, clock: HeldClock, pool: asyncpg.Pool
) -> None:
    """Whenever it is changed, at every hour, what had a day keeps it, and days go on by one."""
    registry = Registry(pool)
    at, seen = _NOON, list[date]()
    for hours in range(0, 12 * 24, 7):
        at = clock.at = _NOON + timedelta(hours=hours)
        before = desk.calendar.business_date(at, registry.cut_overs(TEA))
        fresh = CutOver(before + _DAY, time(hours * 5 % 24, hours % 60))
        try:
            await views.set_cut_over(desk, operator, TEA, fresh, "as agreed")
        except NotValid as error:
            assert "another cut-over" in str(error), "twice on a day"
        await registry.load()
        seen.append(desk.calendar.business_date(at, registry.cut_overs(TEA)))
        assert seen[-1] == before or hours == 0
    assert seen == sorted(seen)
    minutes = [_NOON + timedelta(minutes=count) for count in range(0, 12 * 24 * 60, 3)]
    days = [desk.calendar.business_date(one, registry.cut_overs(TEA)) for one in minutes]
    assert sorted(set(days)) == [days[0] + n * _DAY for n in range((days[-1] - days[0]).days + 1)]
    assert days == sorted(days)


async def test_two_who_agree_at_once_agree_on_one(desk: Desk, operator: Visitor) -> None:
    told = await asyncio.gather(
        *(
            views.set_cut_over(desk, operator, TEA, CutOver(_TOMORROW, time(hour)), "a bar")
            for hour in range(4)
        ),
        return_exceptions=True,
    )
    assert [type(one) for one in told].count(NotValid) == 3
    assert len(await views.cut_overs(desk, operator, TEA)) == 1


async def test_who_may_not_or_gives_no_reason_changes_nothing(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    new = CutOver(_TOMORROW, time(6))
    for who, error in (
        (await person(desk, "cashier", TEA), NotAllowed),
        (await person(desk, "support"), NotAllowed),
    ):
        with pytest.raises(error):
            await views.set_cut_over(desk, who, TEA, new, "a bar")
    with pytest.raises(ReasonNeeded):
        await views.set_cut_over(desk, operator, TEA, new, " ")
    with pytest.raises(NothingThere):
        await views.set_cut_over(desk, operator, "898000058129999", new, "a bar")
    for at in (time(6, 0, 1), time(6, 0, 0, 1), time(6, tzinfo=UTC)):
        with pytest.raises(BadCutOver):
            await views.set_cut_over(desk, operator, TEA, CutOver(_TOMORROW, at), "a bar")
    await pool.execute("UPDATE merchants SET lives = 'leaving', cell = 'east'")
    with pytest.raises(NotValid, match="moving"):
        await views.set_cut_over(desk, operator, TEA, new, "a bar")
    assert await pool.fetchval("SELECT count(*) FROM cut_overs") == 0


@pytest.mark.parametrize("at", ["24:00", "06:00:01", "06:00:00.5"])
async def test_the_database_keeps_hours_and_minutes_only(pool: asyncpg.Pool, at: str) -> None:
    await seeded_desk(pool)
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute(
            "INSERT INTO cut_overs (merchant_id, valid_from, cut_over, set_by, set_at)"
            f" VALUES ('{TEA}', '2026-11-26', '{at}', 'li', now())"
        )
