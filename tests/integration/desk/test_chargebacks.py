"""Chargebacks at the desk: who sees and moves them, when it takes two, and what answers them."""

import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from annul.desk import accounts, chargeback_acts, chargebacks
from annul.desk.accounts import Wanted as WantedMove
from annul.desk.chargeback_acts import Wanted
from annul.desk.chargebacks import ChargebackSearch
from annul.desk.desk import Desk, NothingThere
from annul.desk.permission import NotAllowed, NotValid, ReasonNeeded
from annul.desk.roles import ROLES, Scope, Visitor
from annul.domain.chargebacks import Act, EvidenceKind, Reason, Stage
from annul.domain.payouts import MoveKind
from annul.domain.records import Transaction
from annul.domain.states import State
from annul.resolve.second_person import SecondPersonNeeded
from annul.settle.chargebacks.errors import EvidenceNeeded, NotAsked, NotNext
from annul.settle.chargebacks.rules import ChargebackRules
from tests.support.clearing_days import both
from tests.support.rows import put_case, put_transaction, put_void

from .people import NOW, audited, clock_of, person

TEA, OTHER = "898000058120000", "898000058120001"
SHOP = Visitor("shop", "merchant", ROLES["merchant"], TEA)
ELSEWHERE = Visitor("else", "merchant", ROLES["merchant"], OTHER)
KEY = Visitor("key abcdefgh", "", frozenset(Scope))


@pytest.fixture
async def strict(desk: Desk) -> Desk:
    """A desk at which two move what is as much as 100.00."""
    return replace(desk, chargebacks=ChargebackRules(second_person_from=10_000, fee=500))


@pytest.fixture
async def operator(desk: Desk) -> Visitor:
    return await person(desk, "operator")


def claim(sale: Transaction, amount: int = 0, number: str = "CB1", first: Act = Act.CHARGE_BACK):
    return Wanted(uuid7(), number, sale.rrn, Reason.CANCELLED, amount, first)


async def entered(desk: Desk, who: Visitor, sale: Transaction, amount: int = 0) -> UUID:
    return (await chargeback_acts.open_(desk, who, claim(sale, amount), "from the network"))[0]


async def test_a_large_one_takes_two_people(strict: Desk, operator: Visitor) -> None:
    sale = await put_transaction(strict.pool, 1)
    with pytest.raises(ReasonNeeded):
        await chargeback_acts.open_(strict, operator, claim(sale), " ")
    one = await entered(strict, operator, sale)
    row = await chargebacks.find(strict, operator, one)
    assert (row["stage"], row["asked"], row["held"]) == (Stage.NOTED, Act.CHARGE_BACK, 0)
    with pytest.raises(NotNext):
        await chargeback_acts.act(strict, operator, one, Act.WITHDRAW, "or not")
    for who, error in ((operator, SecondPersonNeeded), (KEY, NotAllowed), (SHOP, NotAllowed)):
        with pytest.raises(error):
            await chargeback_acts.confirm(strict, who, one, "seen")
    boss = await person(strict, "administrator")
    first, second = await both(
        chargeback_acts.confirm(strict, boss, one, "seen"),
        chargeback_acts.confirm(strict, boss, one, "seen"),
    )
    assert {type(first), type(second)} == {Stage, NotAsked}
    row = await chargebacks.find(strict, operator, one)
    assert (row["stage"], row["held"], row["fee"], row["money"]) == (
        Stage.FIRST, 10_000, 500, "held",
    )  # fmt: skip
    assert row["due_at"] == NOW + timedelta(days=30)
    assert await chargeback_acts.act(strict, operator, one, Act.ACCEPT, "ours") == Stage.FIRST
    await chargeback_acts.reject(strict, boss, one, "no, answer it")
    row = await chargebacks.find(strict, operator, one)
    assert (row["asked"], row["broken_at"]) == ("", None)
    assert [told["what"] for told in row["history"]] == [
        *("opened", "evidence", "asked", "charge_back", "asked", "rejected"),
    ]
    assert row["history"][3]["evidence"]["asked_by"] == operator.name
    told = [(one["action"], one["who"]) for one in await audited(strict.pool)]
    assert told[-5:] == [
        ("open-chargeback", "operator"), ("ask-chargeback", "operator"),
        ("confirm-chargeback", "administrator"), ("ask-chargeback", "operator"),
        ("reject-chargeback", "administrator"),
    ]  # fmt: skip


async def test_a_small_one_moves_at_once_and_of_one_number_once(
    strict: Desk, operator: Visitor
) -> None:
    sale = await put_transaction(strict.pool, 1)
    wanted = claim(sale, 9_000)
    first = await chargeback_acts.open_(strict, operator, wanted, "from the network")
    assert first == (wanted.id, Stage.FIRST)
    again = await chargeback_acts.open_(strict, operator, claim(sale, 9_000), "once more")
    assert again == (wanted.id, Stage.FIRST)
    moved = await strict.pool.fetch("SELECT kind, amount FROM account_moves")
    assert [tuple(row) for row in moved] == [("chargeback_hold", -9_500)]


async def test_a_sale_that_was_voided_is_answered_by_the_proof_of_its_void(
    desk: Desk, operator: Visitor
) -> None:
    sale = await put_transaction(desk.pool, 1, state=State.VOIDED, undone=10_000)
    void = await put_void(
        desk.pool, 2, sale.id, state=State.APPROVED, response_code="00", holds=10_000
    )
    await put_case(desk.pool, original_id=sale.id, number="V0001")
    one = await entered(desk, operator, sale)
    row = await chargebacks.find(desk, operator, one)
    assert (row["stage"], row["money"], row["suggested"]) == (Stage.FIRST, "none", Act.REPRESENT)
    assert [file["kind"] for file in row["evidence"]] == ["given_back"]
    answered = await chargeback_acts.act(desk, operator, one, Act.REPRESENT, "it was voided")
    assert answered == Stage.REPRESENTED
    row = await chargebacks.find(desk, operator, one)
    assert {file["kind"] for file in row["evidence"]} == {"given_back", "case"}
    [given] = [file for file in row["evidence"] if file["kind"] == "given_back"]
    name, form, content = await chargeback_acts.read_evidence(desk, operator, one, given["id"])
    assert (name, form) == ("annul-given_back.json", "application/json")
    assert void.rrn in {told["reference"] for told in json.loads(content)["transactions"]}
    assert "account_moves" not in await _moved(desk)


async def test_what_stands_is_answered_by_documents(desk: Desk, operator: Visitor) -> None:
    one = await entered(desk, operator, await put_transaction(desk.pool, 1), 5_000)
    row = await chargebacks.find(desk, operator, one)
    assert (row["suggested"], row["ours"]) == ("", True)
    with pytest.raises(EvidenceNeeded):
        await chargeback_acts.act(desk, operator, one, Act.REPRESENT, "it was theirs")
    with pytest.raises(NotValid):
        await chargeback_acts.add_evidence(desk, operator, one, EvidenceKind.CASE, "x", b"x")
    kind, name = EvidenceKind.DELIVERY, "slip.pdf"
    document = await chargeback_acts.add_evidence(desk, operator, one, kind, name, b"%PDF-1.7")
    assert await chargeback_acts.act(desk, operator, one, Act.REPRESENT, "sent") == "represented"
    found = await chargeback_acts.read_evidence(desk, operator, one, document)
    assert found == ("slip.pdf", "application/pdf", b"%PDF-1.7")
    with pytest.raises(NotValid):
        await chargeback_acts.act(desk, operator, one, Act.EXPIRE, "now")


async def test_a_merchant_sees_its_own_and_does_nothing(desk: Desk, operator: Visitor) -> None:
    one = await entered(desk, operator, await put_transaction(desk.pool, 1), 5_000)
    row = await chargebacks.find(desk, SHOP, one)
    assert row["follows"] == []
    assert len((await chargebacks.search(desk, SHOP, ChargebackSearch())).rows) == 1
    assert (await chargebacks.search(desk, ELSEWHERE, ChargebackSearch())).rows == []
    with pytest.raises(NothingThere):
        await chargebacks.find(desk, ELSEWHERE, one)
    document = row["evidence"][0]["id"]
    everything = replace(SHOP, scopes=frozenset(Scope))
    for refused in (
        chargeback_acts.act(desk, everything, one, Act.ACCEPT, "ours"),
        chargeback_acts.assign(desk, everything, one, "operator"),
        chargeback_acts.add_evidence(desk, everything, one, EvidenceKind.SLIP, "x", b"x"),
    ):
        with pytest.raises(NotAllowed):
            await refused
    with pytest.raises(NothingThere):
        await chargeback_acts.read_evidence(desk, SHOP, one, document)


async def test_lists_by_deadline_stage_and_what_is_late(desk: Desk, operator: Visitor) -> None:
    sales = [await put_transaction(desk.pool, trace) for trace in (1, 2, 3)]
    days = (9, 3, 6)
    for number, (sale, due) in enumerate(zip(sales, days, strict=True)):
        at = NOW + timedelta(days=due)
        wanted = claim(sale, 5_000, f"CB{number}")._replace(due_at=at)
        await chargeback_acts.open_(desk, operator, wanted, "from the network")
    found = await chargebacks.by_deadline(desk, operator)
    assert [row["number"] for row in found] == ["CB1", "CB2", "CB0"]
    clock_of(desk).forward(days=4)
    late = await chargebacks.search(desk, operator, ChargebackSearch(stage="overdue"))
    assert [row["number"] for row in late.rows] == ["CB1"]
    [total] = await chargebacks.sums(desk, operator)
    assert (total["count"], total["amount"], total["overdue"]) == (3, 15_000, 1)
    live = ChargebackSearch(stage="live")
    page = await chargebacks.search(desk, operator, live, 2)
    rest = await chargebacks.search(desk, operator, live, 2, page.following)
    assert len(page.rows + rest.rows) == 3
    assert not rest.following
    for wanted in (
        ChargebackSearch(stage="ended"), ChargebackSearch(stage="asked"),
        ChargebackSearch(stage="won"), ChargebackSearch(reason="fraud"),
        ChargebackSearch(owner="li"), ChargebackSearch(transaction=uuid7()),
        ChargebackSearch(merchant_id=OTHER),
    ):  # fmt: skip
        assert (await chargebacks.search(desk, operator, wanted)).rows == []


async def test_who_works_on_it_may_work_on_it(desk: Desk, operator: Visitor) -> None:
    one = await entered(desk, operator, await put_transaction(desk.pool, 1), 5_000)
    await chargeback_acts.assign(desk, operator, one, operator.name)
    assert (await chargebacks.find(desk, operator, one))["owner"] == operator.name
    await person(desk, "support")
    with pytest.raises(NotValid):
        await chargeback_acts.assign(desk, operator, one, "support")


async def test_nobody_charges_back_beside_a_chargeback(desk: Desk, operator: Visitor) -> None:
    sale = await put_transaction(desk.pool, 1)
    await entered(desk, operator, sale, 5_000)
    wanted = WantedMove(uuid7(), MoveKind.CHARGEBACK, 5_000, sale.id)
    with pytest.raises(NotValid):
        await accounts.move(desk, operator, TEA, wanted, "their letter")


async def test_what_is_in_another_cell_is_found_and_moved_there(
    wide: Desk, east: Desk, here_and_there: tuple[str, str], pool: asyncpg.Pool
) -> None:
    boss = await person(wide, "administrator")
    _, there = here_and_there
    sale = await put_transaction(east.pool, 1, merchant_id=there)
    one = await entered(wide, boss, sale, 5_000)
    assert await pool.fetchval("SELECT count(*) FROM chargebacks") == 0
    assert (await chargebacks.find(wide, boss, one))["stage"] == Stage.FIRST
    assert await chargeback_acts.act(wide, boss, one, Act.ACCEPT, "ours") == Stage.ACCEPTED
    assert len((await chargebacks.search(wide, boss, ChargebackSearch(stage="ended"))).rows) == 1


async def _moved(desk: Desk) -> set[str]:
    moved = await desk.pool.fetchval("SELECT count(*) FROM account_moves")
    return {"account_moves"} if moved else set()
