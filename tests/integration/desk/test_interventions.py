"""What people put in force: by who may, with a reason, some of it by two, and seen by all staff."""

from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from annul.desk import interventions as views
from annul.desk.desk import Desk, NothingThere
from annul.desk.interventions import Wanted
from annul.desk.permission import NotAllowed, NotValid, ReasonNeeded
from annul.desk.roles import Visitor
from annul.domain.interventions import InterventionKind, InterventionNotPossible
from tests.support.clock import HeldClock

from .people import audited, clock_of, person

ISSUER, TEA = "00000101", "898000058120000"
_PAUSE = Wanted(InterventionKind.RETRIES_PAUSED, 30, ISSUER)
_REFUNDS = Wanted(InterventionKind.REFUNDS_INSTEAD, 30, ISSUER, amount=50_000)


@pytest.fixture
def clock(desk: Desk) -> HeldClock:
    return clock_of(desk)


@pytest.fixture
async def operator(desk: Desk) -> Visitor:
    return await person(desk, "operator")


async def _states(desk: Desk, visitor: Visitor) -> list[str]:
    return [row["state"] for row in await views.listing(desk, visitor)]


async def test_it_is_in_force_until_its_time_is_over(
    desk: Desk, operator: Visitor, clock: HeldClock, pool: asyncpg.Pool
) -> None:
    identity = await views.begin(desk, operator, _PAUSE, "its voids fail")
    row = await views.find(desk, operator, identity)
    assert (row["state"], row["set_by"], row["reason"]) == (
        "in_force",
        operator.name,
        "its voids fail",
    )
    (told,) = await audited(pool)
    assert (told["action"], told["object"]) == ("set-intervention", f"issuer {ISSUER}")
    clock.forward(minutes=30)
    assert await _states(desk, operator) == ["ended"]
    with pytest.raises(NotValid, match="has ended"):
        await views.end(desk, operator, identity, "late")


async def test_the_same_again_is_begun_and_audited_once(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    identity = uuid4()
    for _ in range(2):
        assert await views.begin(desk, operator, _PAUSE, "its voids fail", identity) == identity
    assert len(await audited(pool)) == 1


async def test_refunds_instead_take_two(desk: Desk, operator: Visitor, pool: asyncpg.Pool) -> None:
    other = await person(desk, "administrator")
    identity = await views.begin(desk, operator, _REFUNDS, "no voids today")
    assert await _states(desk, operator) == ["proposed"]
    with pytest.raises(NotValid, match="yourself"):
        await views.confirm(desk, operator, identity, "yes")
    await views.confirm(desk, other, identity, "seen as well")
    assert await _states(desk, operator) == ["in_force"]
    await views.end(desk, other, identity, "it works again")
    assert await _states(desk, operator) == ["ended"]
    acts = [row["action"] for row in await audited(pool)]
    assert acts == ["set-intervention", "confirm-intervention", "end-intervention"]


@pytest.mark.parametrize("role", ["support", "auditor"])
async def test_who_may_only_look_changes_nothing(desk: Desk, operator: Visitor, role: str) -> None:
    who = await person(desk, role)
    identity = await views.begin(desk, operator, _PAUSE, "its voids fail")
    assert (await views.find(desk, who, identity))["id"] == identity
    for act in (
        views.begin(desk, who, _PAUSE, "why not"),
        views.end(desk, who, identity, "why not"),
        views.confirm(desk, who, identity, "why not"),
    ):
        with pytest.raises(NotAllowed):
            await act


async def test_shops_neither_see_nor_change_it(desk: Desk) -> None:
    owner = await person(desk, "merchant", TEA)
    frozen = Wanted(InterventionKind.MERCHANT_FROZEN, 30, merchant_id=TEA)
    for act in (views.listing(desk, owner), views.begin(desk, owner, frozen, "why not")):
        with pytest.raises(NotAllowed):
            await act


async def test_what_is_wrong_is_named_and_nothing_changes(desk: Desk, operator: Visitor) -> None:
    kind = InterventionKind
    for wanted, said in (
        (Wanted(kind.RETRIES_PAUSED, 0, ISSUER), "after it begins"),
        (Wanted(kind.RETRIES_PAUSED, 10**12, ISSUER), "too many"),
        (Wanted(kind.RETRIES_PAUSED, 1 + 24 * 60, ISSUER), "at most"),
        (Wanted(kind.RETRIES_PAUSED, 5, merchant_id=TEA), "name the issuer"),
        (Wanted(kind.REFUNDS_INSTEAD, 5, ISSUER), "up to which amount"),
        (Wanted(kind.CIRCUIT_OPEN, 5, "99999999"), "no issuer 99999999"),
        (Wanted(kind.TERMINAL_BLOCKED, 5, "", TEA, "99999999"), "no terminal"),
    ):
        with pytest.raises(InterventionNotPossible, match=said):
            await views.begin(desk, operator, wanted, "try")
    with pytest.raises(ReasonNeeded):
        await views.begin(desk, operator, _PAUSE, " ")
    with pytest.raises(NothingThere):
        await views.end(desk, operator, uuid4(), "try")
    assert await _states(desk, operator) == []


async def test_the_latest_that_ended_stand_below(
    desk: Desk, operator: Visitor, clock: HeldClock
) -> None:
    for _ in range(3):
        identity = await views.begin(desk, operator, _PAUSE, "again")
        clock.forward(minutes=1)
        await views.end(desk, operator, identity, "over")
    await views.begin(desk, operator, _PAUSE, "again")
    rows = await views.listing(desk, operator)
    assert [row["state"] for row in rows] == ["in_force", "ended", "ended", "ended"]
    ends = [row["ended_at"] for row in rows[1:]]
    assert ends == sorted(ends, reverse=True)
    assert ends[0] - ends[-1] == timedelta(minutes=2)
