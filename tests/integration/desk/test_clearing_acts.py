"""Files that count are discarded or matched anew, from an amount on by two people."""

from datetime import timedelta
from io import BytesIO
from uuid import UUID, uuid4

import asyncpg
import pytest

from annul.desk import clearing, clearing_acts, clearing_rules
from annul.desk.clearing_acts import AskedBefore, NothingAsked
from annul.desk.desk import Desk, NothingThere
from annul.desk.permission import NotAllowed, ReasonNeeded
from annul.desk.roles import ROLES, Scope, Visitor
from annul.domain.states import State
from annul.resolve.second_person import SecondPersonNeeded
from annul.settle.clearing.commit import NotCommitted
from tests.support.builders import DAY
from tests.support.clearing import UNKNOWN, row_of
from tests.support.clearing_days import NAME, written
from tests.support.rows import put_transaction

from .people import audited, person

SHOP = Visitor("shop", "merchant", ROLES["merchant"], "898000058120000")
PROGRAM = Visitor("key writer00", "", frozenset({Scope.CLEARING_WRITE}))
READS = Visitor("key reader00", "", frozenset({Scope.CLEARING_READ}))


@pytest.fixture
async def li(desk: Desk) -> Visitor:
    return await person(desk, "operator")


@pytest.fixture
async def wang(desk: Desk) -> Visitor:
    return await person(desk, "administrator")


async def counted(desk: Desk, who: Visitor, *amounts: int) -> UUID:
    """Commit a file that proves sales of these amounts."""
    sales = [
        await put_transaction(desk.pool, trace, **UNKNOWN, amount=amount)
        for trace, amount in enumerate(amounts, 1)
    ]
    rows = [row_of(one, line) for line, one in enumerate(sales, 1)]
    taken = await clearing.read(desk, who, BytesIO(written(*rows)), NAME)
    await clearing.commit(desk, who, taken.id)
    return taken.id


async def test_one_person_discards_what_proved_little(
    desk: Desk, li: Visitor, pool: asyncpg.Pool
) -> None:
    file = await counted(desk, li, 40_000, 59_999)
    assert await clearing_acts.discard(desk, li, file, "the wrong day") == "discarded"
    assert await pool.fetchval("SELECT state FROM clearing_files") == "discarded"


async def test_two_people_discard_what_proved_much(
    desk: Desk, li: Visitor, wang: Visitor, pool: asyncpg.Pool
) -> None:
    file = await counted(desk, li, 40_000, 60_000)
    assert await clearing_acts.discard(desk, li, file, "the wrong day") == "asked"
    row = await clearing.find(desk, li, file)
    assert (row["state"], row["asked_for"], row["asked_by"]) == ("committed", "discard", li.name)
    with pytest.raises(AskedBefore):
        await clearing_acts.discard(desk, wang, file, "so it is")
    with pytest.raises(SecondPersonNeeded):
        await clearing_acts.confirm(desk, li, file, "I say so")
    with pytest.raises(NotAllowed):
        await clearing_acts.confirm(desk, PROGRAM, file, "I say so")
    await clearing_acts.reject(desk, wang, file, "the right day")
    with pytest.raises(NothingAsked):
        await clearing_acts.confirm(desk, wang, file, "after all")
    assert await clearing_acts.discard(desk, li, file, "the wrong day") == "asked"
    assert await clearing_acts.confirm(desk, wang, file, "I have seen it") == "discarded"
    row = await clearing.find(desk, li, file)
    assert (row["state"], row["asked_by"], row["ended_by"]) == ("discarded", li.name, wang.name)
    acts = [row["action"] for row in await audited(pool)]
    assert acts[2:] == [
        "ask-clearing-file",
        "reject-clearing-file",
        "ask-clearing-file",
        "discard-clearing-file",
    ]


async def test_it_is_looked_at_by_other_rules_and_matched_by_those_in_force(
    desk: Desk, li: Visitor, pool: asyncpg.Pool
) -> None:
    late = await put_transaction(pool, 7)
    last = "UPDATE transactions SET received_at = $1 WHERE id = $2"
    await pool.execute(last, desk.calendar.ends(DAY) - timedelta(minutes=5), late.id)
    file = await counted(desk, li, 10_000)
    new = desk.clearing.model_copy(update={"carry_minutes": 0})
    shown = await clearing_acts.preview(desk, li, file, new)
    assert [(one["before"], one["after"]) for one in shown.changes] == [
        ("expected", "missing_there")
    ]
    assert await pool.fetchval("SELECT count(*) FROM breaks") == 0
    assert await clearing_acts.again(desk, li, file, "seen") == "matched"
    assert await pool.fetchval("SELECT count(*) FROM breaks") == 0, "the old rules are in force"
    await clearing_rules.change(desk, li, new, "they tell all of it")
    assert (await clearing_acts.preview(desk, li, file)).changes == shown.changes
    assert await clearing_acts.again(desk, li, file, "seen") == "matched"
    assert await pool.fetchval("SELECT kind FROM breaks") == "missing_there"
    assert (await clearing.find(desk, li, file))["rules"] == 1
    assert await clearing_acts.counted(desk, li, DAY) == [file]
    assert await clearing_acts.counted(desk, li, None, NAME) == [file]


async def test_what_takes_much_back_by_other_rules_takes_two_people(
    desk: Desk, li: Visitor, wang: Visitor, pool: asyncpg.Pool
) -> None:
    late = await put_transaction(pool, 7, state=State.REVERSED, amount=500_000)
    ended = desk.calendar.ends(DAY) - timedelta(minutes=5)
    await pool.execute("UPDATE transactions SET ended_at = $1 WHERE id = $2", ended, late.id)
    await clearing_rules.change(
        desk, li, desk.clearing.model_copy(update={"carry_minutes": 0}), "strict"
    )
    taken = await clearing.read(desk, li, BytesIO(written(row_of(late))), NAME)
    await clearing.commit(desk, li, taken.id)
    await clearing_rules.change(desk, li, desk.clearing, "as before")
    shown = await clearing_acts.preview(desk, li, taken.id)
    assert (shown.at_stake, shown.unproved) == (500_000, 1)
    assert await clearing_acts.again(desk, li, taken.id, "seen") == "asked"
    assert await pool.fetchval("SELECT outcome FROM clearing_rows") == "denied"
    assert await clearing_acts.confirm(desk, wang, taken.id, "seen, too") == "matched"
    assert await pool.fetchval("SELECT outcome FROM clearing_rows") == "carried"
    with pytest.raises(NothingAsked):
        await clearing_acts.reject(desk, wang, taken.id, "after all")


async def test_not_by_everybody_and_not_without_a_reason(desk: Desk, li: Visitor) -> None:
    file = await counted(desk, li, 10_000)
    for act in (clearing_acts.discard, clearing_acts.again):
        for who in (SHOP, READS):
            with pytest.raises(NotAllowed):
                await act(desk, who, file, "why not")
        with pytest.raises(ReasonNeeded):
            await act(desk, li, file, " ")
        with pytest.raises(NotCommitted):
            await act(desk, li, uuid4(), "why not")
    with pytest.raises(NotAllowed):
        await clearing_acts.preview(desk, READS, file)
    with pytest.raises(NotAllowed):
        await clearing_acts.counted(desk, SHOP, DAY)
    with pytest.raises(NothingThere):
        await clearing_acts.counted(desk, li, None, "no such name")
