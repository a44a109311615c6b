"""One desk over two cells: lists, searches and acts, by people who sign in at one of them."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from annul.desk import acts, cases, find, merchants, over_cells, transactions
from annul.desk.cases import CaseSearch
from annul.desk.desk import Desk, NothingThere
from annul.desk.merchants import Unasked
from annul.desk.over_cells import CellSilent
from annul.desk.permission import NotAllowed
from annul.desk.transactions import TransactionSearch
from tests.support.clock import NOON
from tests.support.rows import put_case, put_transaction

from .people import clock_of, person

_ALLOWED = Unasked(
    retry_voids=False,
    refund_instead_limit=0,
    void_needs_balance=False,
    pending_covers=True,
    second_person_from=1_000,
    reversed_voids="ask",
)


@pytest.fixture
async def desk(wide: Desk) -> Desk:
    return wide


async def test_a_list_goes_on_over_all_cells_in_one_order(
    desk: Desk, here_and_there: tuple[str, str]
) -> None:
    boss = await person(desk, "administrator")
    for trace in range(1, 8):
        place = trace % 2
        await put_transaction(
            desk.every[place].pool,
            trace,
            merchant_id=here_and_there[place],
            received_at=NOON + timedelta(seconds=trace),
        )
    seen: list[str] = []
    cursor = ""
    for _ in range(10):
        page = await transactions.search(desk, boss, TransactionSearch(), 2, cursor)
        assert len(page.rows) <= 2
        seen += [row["trace"] for row in page.rows]
        cursor = page.following
        if not cursor:
            break
    assert seen == [f"{trace:06d}" for trace in range(7, 0, -1)]
    for row in (await transactions.search(desk, boss, TransactionSearch(), 10)).rows:
        assert (await transactions.chain(desk, boss, row["id"]))["original"]["id"] == row["id"]
    with pytest.raises(NothingThere):
        await transactions.chain(desk, boss, uuid4())


async def test_a_merchant_is_listed_found_and_set_where_it_lives(
    desk: Desk, east: Desk, here_and_there: tuple[str, str]
) -> None:
    boss = await person(desk, "administrator")
    listed = await merchants.search(desk, boss, "", 10)
    assert [row["merchant_id"] for row in listed.rows] == list(here_and_there)
    first = await merchants.search(desk, boss, "", 1)
    rest = await merchants.search(desk, boss, "", 1, first.following)
    assert [row["merchant_id"] for row in (*first.rows, *rest.rows)] == list(here_and_there)
    there = here_and_there[1]
    await merchants.allow(desk, boss, there, _ALLOWED, "they asked for it")
    held = "SELECT second_person_from FROM merchants WHERE merchant_id = $1"
    assert await east.pool.fetchval(held, there) == _ALLOWED.second_person_from
    assert await desk.pool.fetchval(held, there) != _ALLOWED.second_person_from
    (group,) = [one for one in await find.find(desk, boss, there) if one.kind == "merchant"]
    assert [row["merchant_id"] for row in group.rows] == [there]


async def test_who_may_no_longer_may_not_in_any_cell(
    desk: Desk, here_and_there: tuple[str, str]
) -> None:
    boss = await person(desk, "administrator")
    await over_cells.share_people(desk)
    await desk.access.set_active(boss.name, active=False)
    await over_cells.share_people(desk)
    with pytest.raises(NotAllowed):
        await merchants.allow(desk, boss, here_and_there[1], _ALLOWED, "they asked for it")


async def test_nobody_signs_in_where_they_are_only_known(desk: Desk, east: Desk) -> None:
    boss = await person(desk, "administrator")
    await over_cells.share_people(desk)
    for tried in ("", "a longer one of their own"):
        assert str(await east.access.check(boss.name, tried)) == "refused"


async def test_a_case_is_counted_found_and_acted_on(
    desk: Desk, east: Desk, here_and_there: tuple[str, str]
) -> None:
    operator = await person(desk, "operator")
    await over_cells.share_people(desk)
    made = [
        await put_case(one.pool, merchant_id=merchant, task="look")
        for one, merchant in zip(desk.every, here_and_there, strict=True)
    ]
    assert await cases.manual(desk, operator) == len(made)
    page = await cases.search(desk, operator, CaseSearch(), 10)
    assert {row["number"] for row in page.rows} == {case.number for case in made}
    found = await cases.find(desk, operator, made[1].number)
    assert found.merchant_id == here_and_there[1]
    await acts.act(desk, operator, found, "take", "mine")
    assert (await east.book.find(made[1].number)).assigned_to == operator.name


async def test_a_cell_that_is_down_is_named_and_takes_nobody_along(
    desk: Desk, east: Desk, here_and_there: tuple[str, str]
) -> None:
    boss = await person(desk, "administrator")
    await east.pool.close()
    listed = await merchants.search(desk, boss, "", 10)
    assert [row["merchant_id"] for row in listed.rows] == [here_and_there[0]]
    assert set(desk.silent) == {"east"}
    assert (await merchants.find(desk, boss, here_and_there[0]))["merchant_id"]
    with pytest.raises(CellSilent, match="east"):  # it may know what is not found elsewhere
        await merchants.find(desk, boss, here_and_there[1])


async def test_a_cell_that_hangs_is_asked_again_only_after_a_while(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page asks a dozen questions: who does not answer one is not waited for in each."""
    monkeypatch.setattr(over_cells, "_WITHIN_S", 0.01)
    asked: list[str] = []
    hangs = True

    async def question(one: Desk) -> str:
        asked.append(one.cell)
        if hangs and one.cell == "east":
            await asyncio.Event().wait()
        return one.cell

    for _ in range(3):
        assert await over_cells.each(desk, question) == ["west"]
    assert asked == ["west", "east", "west", "west"]
    hangs = False
    clock_of(desk).forward(seconds=over_cells._AGAIN_S)
    assert await over_cells.each(desk, question) == ["west", "east"]
    assert not desk.silent


@pytest.mark.parametrize(
    "wrong", [asyncpg.InvalidPasswordError, asyncpg.UndefinedColumnError, ConnectionRefusedError]
)
async def test_one_of_another_version_or_that_lets_nobody_in_is_silent(
    desk: Desk, wrong: type[Exception]
) -> None:
    async def question(one: Desk) -> str:
        if one.cell == "east":
            raise wrong
        return one.cell

    assert await over_cells.each(desk, question) == ["west"]
    assert set(desk.silent) == {"east"}


async def test_what_is_wrong_with_the_own_cell_is_a_fault(desk: Desk) -> None:
    async def question(one: Desk) -> str:
        if one.cell == "west":
            raise asyncpg.UndefinedColumnError
        return one.cell

    with pytest.raises(asyncpg.UndefinedColumnError):
        await over_cells.each(desk, question)
    with pytest.raises(asyncpg.UndefinedColumnError):
        await over_cells.the_one_that_knows(question)(desk)
