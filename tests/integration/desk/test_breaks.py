"""Breaks at the desk: who sees them, who ends them alone, and when it takes a second person."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from annul.desk import breaks, clearing
from annul.desk.breaks import BreakSearch
from annul.desk.desk import Desk, NothingThere
from annul.desk.permission import NotAllowed, NotValid, ReasonNeeded
from annul.desk.roles import ROLES, Scope, Visitor
from annul.domain.breaks import Resolution
from annul.resolve.second_person import SecondPersonNeeded
from annul.settle.clearing.ending import NobodyHere, NotWaiting
from annul.settle.clearing.rules import ClearingRules
from tests.support.clearing import row_of
from tests.support.clearing_days import both, told
from tests.support.rows import put_transaction

from .people import audited, clock_of, person

TEA, OTHER = "898000058120000", "898000058120001"
SHOP = Visitor("shop", "merchant", ROLES["merchant"], TEA)
KEY = Visitor("key abcdefgh", "", frozenset(Scope))
THEIRS, OURS, EXPLAINED = Resolution


@pytest.fixture
async def strict(desk: Desk) -> Desk:
    """A desk at which two end what is as much as 10.00."""
    return replace(desk, clearing=ClearingRules(second_person_from=1_000))


@pytest.fixture
async def operator(desk: Desk) -> Visitor:
    return await person(desk, "operator")


async def amount_break(desk: Desk, who: Visitor, less: int = 1_000, trace: int = 1) -> UUID:
    """Let a file tell of a sale with less than its amount, and give the break."""
    sale = await put_transaction(desk.pool, trace)
    await told(desk, who, row_of(sale, amount=10_000 - less))
    return await desk.pool.fetchval("SELECT id FROM breaks WHERE transaction_id = $1", sale.id)


async def test_who_ends_a_large_one_is_not_alone(strict: Desk, operator: Visitor) -> None:
    one = await amount_break(strict, operator)
    with pytest.raises(ReasonNeeded):
        await breaks.resolve(strict, operator, one, THEIRS, " ")
    with pytest.raises(NotWaiting):
        await breaks.confirm(strict, operator, one, "seen")
    assert await breaks.resolve(strict, operator, one, THEIRS, "their letter") == "asked"
    with pytest.raises(NotWaiting):
        await breaks.resolve(strict, operator, one, OURS, "or not")
    with pytest.raises(SecondPersonNeeded):
        await breaks.confirm(strict, operator, one, "seen")
    for who in (KEY, SHOP, replace(SHOP, scopes=frozenset(Scope))):
        with pytest.raises(NotAllowed):
            await breaks.confirm(strict, who, one, "seen")
    boss = await person(strict, "administrator")
    await breaks.reject(strict, boss, one, "which letter?")
    assert await breaks.resolve(strict, operator, one, THEIRS, "letter of Monday") == "asked"
    first, second = await both(
        breaks.confirm(strict, boss, one, "seen"), breaks.confirm(strict, boss, one, "seen")
    )
    assert {type(first), type(second)} == {type(None), NotWaiting}
    whole = await breaks.find(strict, operator, one)
    assert (whole["state"], whole["asked_by"], whole["decided_by"], whole["resolved_as"]) == (
        *("resolved", operator.name, boss.name, THEIRS),
    )
    assert [row["action"] for row in reversed(whole["history"])] == [
        *("resolve-break", "reject-break", "resolve-break", "confirm-break"),
    ]
    moved = await strict.pool.fetchval("SELECT sum(amount) FROM account_moves")
    assert moved == -1_000


async def test_a_small_one_ends_alone_at_once(strict: Desk, operator: Visitor) -> None:
    one = await amount_break(strict, operator, less=999)
    first, second = await both(
        breaks.resolve(strict, operator, one, OURS, "they correct it"),
        breaks.resolve(strict, operator, one, OURS, "they correct it"),
    )
    assert "resolved" in {first, second}
    assert NotWaiting in {type(first), type(second)}
    incidents = await strict.pool.fetchval("SELECT count(*) FROM incidents WHERE closed_at IS NULL")
    assert incidents == 0


def test_what_became_of_a_sale_counts_with_all_of_it() -> None:
    strict, never = (ClearingRules(second_person_from=one) for one in (1_000, 0))
    row = {"kind": "missing_there", "money": 0, "of_amount": 10_000}
    assert breaks.two_needed(strict, row, THEIRS)
    assert not breaks.two_needed(strict, row, EXPLAINED)
    assert not breaks.two_needed(strict, row | {"of_amount": 999}, THEIRS)
    assert breaks.two_needed(strict, {"kind": "amount", "money": -1_000}, EXPLAINED)
    assert breaks.two_needed(never, {"kind": "fee", "money": 0}, OURS)
    assert not breaks.two_needed(never, {"kind": "fee", "money": 0}, EXPLAINED)


async def test_a_merchant_sees_its_own_and_ends_nothing(desk: Desk, operator: Visitor) -> None:
    one = await amount_break(desk, operator)
    assert [row["id"] for row in (await breaks.search(desk, SHOP)).rows] == [one]
    assert (await breaks.search(desk, SHOP, merchant_id=OTHER)).rows == []
    assert (await breaks.find(desk, SHOP, one))["history"] == []
    assert len(await breaks.sums(desk, SHOP)) == 1
    other = replace(SHOP, merchant_id=OTHER)
    assert (await breaks.search(desk, other)).rows == []
    assert await breaks.sums(desk, other) == []
    with pytest.raises(NothingThere):
        await breaks.find(desk, other, one)
    cashier = Visitor("c", "cashier", ROLES["cashier"], TEA)
    for ask in (breaks.search(desk, cashier), breaks.sums(desk, cashier)):
        with pytest.raises(NotAllowed):
            await ask
    wide = replace(SHOP, scopes=frozenset(Scope))
    support = await person(desk, "support")
    for who in (SHOP, wide, support):
        for act in (
            breaks.resolve(desk, who, one, OURS, "why"),
            breaks.resolve_many(desk, who, OURS, "why", ids=[one]),
            breaks.reject(desk, who, one, "why"),
            breaks.assign(desk, who, [one], ""),
        ):
            with pytest.raises(NotAllowed):
                await act
    assert (await breaks.find(desk, operator, one))["state"] == "open"


async def test_searches_and_sums(desk: Desk, operator: Visitor) -> None:
    one = await amount_break(desk, operator)
    two = await amount_break(desk, operator, less=2_000, trace=2)
    row = await breaks.find(desk, operator, one)
    wanted = {
        "kind": "amount", "cause": row["cause"], "state": "waiting", "file": row["file_id"],
        "foretold": False, "transaction": row["transaction_id"], "merchant_id": TEA,
    }  # fmt: skip
    for name, value in wanted.items():
        found = (await breaks.search(desk, operator, **{name: value})).rows
        assert one in {each["id"] for each in found}, name
    assert [r["id"] for r in (await breaks.search(desk, operator, **wanted)).rows] == [one]
    others: dict[str, Any] = {"kind": "fee", "owner": "li", "state": "asked", "foretold": True}
    for name, value in others.items():
        assert (await breaks.search(desk, operator, **{name: value})).rows == [], name
    assert (await breaks.search(desk, operator, overdue=True)).rows == []
    page = await breaks.search(desk, operator, limit=1)
    rest = await breaks.search(desk, operator, limit=1, cursor=page.following)
    assert {page.rows[0]["id"], rest.rows[0]["id"]} == {one, two}
    assert not rest.following
    (sums,) = await breaks.sums(desk, operator)
    assert (sums["count"], sums["money"], sums["in_question"], sums["overdue"]) == (
        *(2, -3_000, 3_000, 0),
    )
    clock_of(desk).forward(days=4)
    assert len((await breaks.search(desk, operator, overdue=True)).rows) == 2
    assert (await breaks.sums(desk, operator))[0]["overdue"] == 2


async def test_who_works_on_breaks(desk: Desk, operator: Visitor, pool: asyncpg.Pool) -> None:
    one = await amount_break(desk, operator)
    assert await breaks.assign(desk, operator, [one, uuid4()], "operator") == 1
    assert await breaks.assign(desk, operator, [one], "operator") == 0
    (row,) = (await breaks.search(desk, operator, owner="operator")).rows
    assert row["owner"] == "operator"
    await desk.access.add("teashop", "a longer one of their own", "merchant", TEA)
    for nobody in ("nobody", "teashop"):
        with pytest.raises(NotValid):
            await breaks.assign(desk, operator, [one], nobody)
    assert await breaks.assign(desk, operator, [one], "") == 1
    acts = [row["action"] for row in await audited(pool)]
    assert acts.count("assign-break") == 2


async def test_many_end_each_by_itself(strict: Desk, operator: Visitor) -> None:
    small = await amount_break(strict, operator, less=10)
    large = await amount_break(strict, operator, less=5_000, trace=2)
    gone, counted = uuid4(), []
    done = await breaks.resolve_many(
        strict, operator, None, "as suggested", ids=[small, large, gone], told=counted.append
    )
    assert [(one.state, one.error and one.error.code) for one in done] == [
        *(("resolved", None), ("asked", None), ("", "access.not_valid")),
    ]
    assert sum(counted) == 3
    done = await breaks.resolve_many(
        strict, operator, OURS, "all", wanted=BreakSearch(kind="amount", state="waiting")
    )
    assert [one.error and one.error.code for one in done] == ["clearing.break_not_waiting"]
    assert await breaks.resolve_many(strict, operator, OURS, "none") == []


async def test_no_account_follows_where_nobody_is_here(desk: Desk, operator: Visitor) -> None:
    sale = await put_transaction(desk.pool, 1)
    await told(desk, operator, row_of(sale, merchant_id="999", rrn="300000099999"))
    (row,) = (await breaks.search(desk, operator, kind="missing_here")).rows
    assert row["merchant_id"] == ""
    with pytest.raises(NobodyHere):
        await breaks.resolve(desk, operator, row["id"], THEIRS, "why")
    assert await breaks.resolve(desk, operator, row["id"], OURS, "theirs to correct") == "resolved"


async def test_a_break_of_another_cell_is_ended_there(
    wide: Desk, here_and_there: tuple[str, str]
) -> None:
    operator = await person(wide, "operator")
    strict = replace(wide.others[0], clearing=ClearingRules(second_person_from=1))
    both_cells = replace(wide, others=(strict,))
    far = await put_transaction(strict.pool, 2, merchant_id=here_and_there[1])
    await told(both_cells, operator, row_of(far, amount=9_000))
    (row,) = (await breaks.search(both_cells, operator)).rows
    assert await breaks.assign(both_cells, operator, [row["id"]], "operator") == 1
    assert await breaks.resolve(both_cells, operator, row["id"], THEIRS, "letter") == "asked"
    with pytest.raises(SecondPersonNeeded):
        await breaks.confirm(both_cells, operator, row["id"], "seen")
    boss = await person(wide, "administrator")
    await breaks.confirm(both_cells, boss, row["id"], "seen")
    whole = await breaks.find(both_cells, operator, row["id"])
    assert (whole["state"], len(whole["history"])) == ("resolved", 3)
    with pytest.raises(NothingThere):
        await clearing.find(both_cells, operator, uuid4())
