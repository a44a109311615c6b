"""Terms of settlement: from a day on that has not ended, with a reason, each once; closed days."""

from datetime import date, timedelta
from uuid import uuid4

import asyncpg
import pytest

from annul.desk import settlement as views
from annul.desk.desk import Desk, NothingThere
from annul.desk.permission import NotAllowed, NotValid, ReasonNeeded
from annul.desk.roles import Visitor
from annul.domain.settlement import Cycle, Terms
from tests.support.rows import put

from .people import audited, person

TEA = "898000058120000"


@pytest.fixture
async def operator(desk: Desk) -> Visitor:
    """Somebody who may change a merchant's settings."""
    return await person(desk, "operator")


def _today(desk: Desk) -> date:
    return desk.calendar.business_date(desk.clock.now())


async def test_terms_are_agreed_once_and_audited(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    new = Terms(_today(desk), Cycle.CALENDAR, 0, fee_ppm=2_000, minimum=500)
    for _ in range(2):
        await views.set_terms(desk, operator, TEA, new, "new contract")
    (row,) = await views.terms(desk, operator, TEA)
    assert (row["valid_from"], row["cycle"], row["days"], row["fee_ppm"], row["minimum"]) == (
        new.valid_from, "calendar", 0, 2_000, 500,
    )  # fmt: skip
    (told,) = await audited(pool)
    assert (told["action"], told["object"]) == ("set-terms", f"merchant {TEA}")
    with pytest.raises(NotValid, match="other terms"):
        await views.set_terms(desk, operator, TEA, Terms(new.valid_from), "new contract")


async def test_no_terms_begin_on_a_day_that_has_ended(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    yesterday = Terms(_today(desk) - timedelta(days=1))
    with pytest.raises(NotValid, match="has not ended"):
        await views.set_terms(desk, operator, TEA, yesterday, "new contract")
    await pool.execute("UPDATE books SET open_from = $1", _today(desk) + timedelta(days=2))
    with pytest.raises(NotValid, match="has not ended"):
        await views.set_terms(desk, operator, TEA, Terms(_today(desk)), "new contract")


async def test_who_may_not_or_gives_no_reason_changes_nothing(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    cashier = await person(desk, "cashier", TEA)
    new = Terms(_today(desk))
    with pytest.raises(NotAllowed):
        await views.set_terms(desk, cashier, TEA, new, "new contract")
    with pytest.raises(ReasonNeeded):
        await views.set_terms(desk, operator, TEA, new, " ")
    with pytest.raises(NothingThere):
        await views.set_terms(desk, operator, "898000058129999", new, "new contract")
    assert await pool.fetchval("SELECT count(*) FROM settlement_terms") == 0


async def test_closed_days_are_listed_page_by_page(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    for back in range(1, 4):
        day = _today(desk) - timedelta(days=back)
        await put(pool, "merchant_days", {
            "merchant_id": TEA, "id": uuid4(), "currency": "156", "business_date": day,
            "taken": 100 * back, "given_back": 0, "fees": back, "net": 99 * back, "fee": 0,
            "due_on": day + timedelta(days=1),
        })  # fmt: skip
    first = await views.days(desk, operator, TEA, 2)
    assert [row["net"] for row in first.rows] == [99, 198]
    rest = await views.days(desk, operator, TEA, 2, first.following)
    assert ([row["net"] for row in rest.rows], rest.following) == ([297], "")


async def test_what_is_held_back_is_told_with_its_reason(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    at = desk.clock.now()
    for days, left, held_at in ((9, 30, at), (3, 20, at), (2, 0, at), (1, 70, None)):
        await put(pool, "reserves", {
            "merchant_id": TEA, "id": uuid4(), "currency": "156",
            "on_day": _today(desk) - timedelta(days=days), "share_ppm": 100_000, "amount": 70,
            "left_over": left, "free_on": _today(desk) + timedelta(days=30 - days),
            "reason": {"contract": 100_000}, "held_at": held_at,
        })  # fmt: skip
    rows = await views.reserves(desk, operator, TEA)
    assert [(row["left_over"], row["held"]) for row in rows] == [(30, 50), (20, 50)]
    assert rows[0]["reason"] == {"contract": 100_000}
    with pytest.raises(NothingThere):
        await views.reserves(desk, operator, "898000058129999")


async def test_a_reserve_is_a_part_of_the_terms(desk: Desk, operator: Visitor) -> None:
    new = Terms(_today(desk), Cycle.CALENDAR, 0, reserve_ppm=50_000)
    await views.set_terms(desk, operator, TEA, new, "new contract")
    (row,) = await views.terms(desk, operator, TEA)
    assert row["reserve_ppm"] == 50_000
