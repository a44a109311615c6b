"""What the bank says has its effect once; where it lies or repeats, nothing moves."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import date
from uuid import uuid4

import asyncpg
import pytest

from annul.domain.payouts import mark_of
from annul.security.vault import Vault
from annul.settle import answers
from annul.settle.answers import AlreadyRead, Answers
from annul.settle.bank.rows import BankRow, BankSaid
from annul.settle.payouts import Made
from tests.support.clock import HeldClock
from tests.support.paying import (
    CALENDAR,
    HOUSE,
    NOW,
    SHOPS,
    balances_of,
    bank_says,
    filed,
    make_available,
    states_of,
    take_account,
    the_payouts,
)

pytestmark = pytest.mark.usefixtures("shops")


async def test_booked_is_paid_and_read_once(
    pool: asyncpg.Pool, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = await filed(pool, vault)
    reader, content = bank_says(
        pool, monkeypatch, BankRow(1, BankSaid.BOOKED, reference, "156", 100, bank_ref="B1")
    )
    done = await reader.read(content, "a.xml", "li")
    assert done.outcomes == {"done": 1}
    assert await balances_of(pool) == (0, 0, 100)
    with pytest.raises(AlreadyRead, match=r"a\.xml"):
        await reader.read(content, "b.xml", "li")
    events = await pool.fetch("SELECT event FROM notifications ORDER BY event")
    assert [row[0] for row in events] == ["payout.made", "payout.paid"]


@pytest.mark.parametrize("said", [BankSaid.REJECTED, BankSaid.RETURNED])
async def test_what_did_not_arrive_is_available_again_and_its_account_is_stopped(
    pool: asyncpg.Pool, vault: Vault, monkeypatch: pytest.MonkeyPatch, said: BankSaid
) -> None:
    reference = await filed(pool, vault)
    rows = [BankRow(1, said, reference, "156", 100, "AC04", "closed")]
    if said is BankSaid.RETURNED:
        rows.insert(0, BankRow(2, BankSaid.BOOKED, reference, "156", 100))
    reader, content = bank_says(pool, monkeypatch, *rows)
    await reader.read(content, "a.xml", "li")
    assert await balances_of(pool) == (100, 0, 0)
    (account,) = await pool.fetch(
        "SELECT state, why FROM payout_accounts WHERE merchant_id = $1", SHOPS[0]
    )
    assert tuple(account) == ("stopped", "AC04 closed")
    kinds = await pool.fetch("SELECT kind FROM incidents WHERE closed_at IS NULL")
    assert [row[0] for row in kinds] == ["payout_failed"]
    assert await the_payouts(pool, vault).run("li") == Made(0, 0, 0)
    await take_account(pool, vault, SHOPS[0])  # another one
    assert await pool.fetchval("SELECT count(*) FROM incidents WHERE closed_at IS NULL") == 0
    assert await the_payouts(pool, vault).run("li") == Made(1, 0, 1)
    assert await balances_of(pool) == (0, 100, 0)


async def test_the_return_may_come_before_the_booking(
    pool: asyncpg.Pool, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = await filed(pool, vault)
    for said in (BankSaid.RETURNED, BankSaid.BOOKED):
        reader, content = bank_says(pool, monkeypatch, BankRow(1, said, reference, "156", 100))
        assert (await reader.read(content, "a", "li")).outcomes == {"done": 1}
    assert await balances_of(pool) == (100, 0, 0)
    assert await states_of(pool) == {"returned": 1}


_LIES = [
    # said before; said then; what becomes of it
    ((BankSaid.REJECTED,), BankRow(1, BankSaid.BOOKED, "", "156", 100), "contradicts"),
    ((BankSaid.BOOKED,), BankRow(1, BankSaid.REJECTED, ""), "contradicts"),
    ((BankSaid.REJECTED,), BankRow(1, BankSaid.RETURNED, "", "156", 100), "contradicts"),
    ((BankSaid.REJECTED,), BankRow(1, BankSaid.ACCEPTED, ""), "contradicts"),
    ((), BankRow(1, BankSaid.BOOKED, "", "156", 99), "differs"),
    ((), BankRow(1, BankSaid.BOOKED, "", "840", 100), "differs"),
    ((BankSaid.BOOKED,), BankRow(1, BankSaid.BOOKED, "", "156", 100, bank_ref="B2"), "twice"),
    ((BankSaid.BOOKED,), BankRow(1, BankSaid.BOOKED, "", "156", 100, bank_ref="B1"), "repeated"),
    ((BankSaid.RETURNED,), BankRow(1, BankSaid.RETURNED, "", "156", 100), "repeated"),
    ((), BankRow(1, BankSaid.BOOKED, mark_of("") + uuid4().hex[4:], "156", 100), "unknown"),
    ((), BankRow(1, BankSaid.BOOKED, mark_of("b") + uuid4().hex[4:], "156", 100), "elsewhere"),
    ((), BankRow(1, BankSaid.BOOKED, "NOTPROVIDED", "156", 100), "foreign"),
]


@pytest.mark.parametrize(("before", "then", "outcome"), _LIES)
async def test_a_bank_that_lies_or_repeats_moves_nothing(
    pool: asyncpg.Pool,
    vault: Vault,
    monkeypatch: pytest.MonkeyPatch,
    before: tuple[BankSaid, ...],
    then: BankRow,
    outcome: str,
) -> None:
    reference = await filed(pool, vault)
    for said in before:
        reader, content = bank_says(
            pool, monkeypatch, BankRow(1, said, reference, "156", 100, bank_ref="B1")
        )
        await reader.read(content, "a", "li")
    balances = await balances_of(pool)
    row = BankRow(
        2, then.said, then.reference or reference, then.currency, then.amount,
        bank_ref=then.bank_ref,
    )  # fmt: skip
    reader, content = bank_says(pool, monkeypatch, row)
    assert (await reader.read(content, "b", "li")).outcomes == {outcome: 1}
    assert await balances_of(pool) == balances
    kinds = {row[0] for row in await pool.fetch("SELECT kind FROM incidents")} - {"payout_failed"}
    assert bool(kinds) == (outcome not in {"repeated", "foreign", "elsewhere"})


async def test_what_is_said_of_who_has_moved_away_is_for_the_other_cell(
    pool: asyncpg.Pool, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy that is left behind is changed by nobody; on its way it waits."""
    reference = await filed(pool, vault)
    booked = BankRow(1, BankSaid.BOOKED, reference, "156", 100)
    reader, content = bank_says(pool, monkeypatch, booked)
    await pool.execute("UPDATE merchants SET lives = 'leaving', cell = 'b'")
    done = await reader.read(content, "a", "li")
    assert done.outcomes == {}
    assert await pool.fetchval("SELECT applied_at FROM bank_files") is None
    await pool.execute("UPDATE merchants SET lives = 'away'")
    assert await reader.finish() == 1
    assert await pool.fetchval("SELECT outcome FROM bank_rows") == "elsewhere"
    assert await balances_of(pool) == (0, 100, 0)
    assert await pool.fetchval("SELECT count(*) FROM incidents") == 0


async def test_a_file_as_a_whole_is_each_of_its_payouts(
    pool: asyncpg.Pool, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shop in SHOPS[:2]:
        await make_available(pool, shop, 100)
    await the_payouts(pool, vault).run("li")
    file = await pool.fetchval("SELECT id FROM payout_files")
    whole = BankRow(1, BankSaid.REJECTED, "", code="AG01", message=file.hex)
    reader, content = bank_says(pool, monkeypatch, whole)
    assert (await reader.read(content, "a", "li")).outcomes == {"done": 2}
    for shop in SHOPS[:2]:
        assert await balances_of(pool, shop) == (100, 0, 0)


async def test_a_sum_that_differs_moves_nothing(
    pool: asyncpg.Pool, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filed(pool, vault)
    file = await pool.fetchval("SELECT id FROM payout_files")
    whole = BankRow(1, BankSaid.BOOKED, "", "156", 101, message=file.hex)
    reader, content = bank_says(pool, monkeypatch, whole)
    await reader.read(content, "a", "li")
    assert await balances_of(pool) == (0, 100, 0)
    assert await pool.fetchval("SELECT kind FROM incidents") == "bank_sum_differs"


@pytest.mark.parametrize(("amount", "paid"), [(100, 1), (200, 0)])
async def test_a_whole_is_booked_without_what_was_rejected_before(
    pool: asyncpg.Pool, vault: Vault, monkeypatch: pytest.MonkeyPatch, amount: int, paid: int
) -> None:
    for shop in SHOPS[:2]:
        await make_available(pool, shop, 100)
    await the_payouts(pool, vault).run("li")
    file = await pool.fetchval("SELECT id FROM payout_files")
    first = await pool.fetchval("SELECT id FROM payouts LIMIT 1")
    whole = BankRow(1, BankSaid.BOOKED, "", "156", amount, message=file.hex)
    for row in (BankRow(1, BankSaid.REJECTED, first.hex, code="AC04"), whole):
        reader, content = bank_says(pool, monkeypatch, row)
        await reader.read(content, "a", "li")
    assert (await states_of(pool)).get("paid", 0) == paid
    differ = "SELECT count(*) FROM incidents WHERE kind = 'bank_sum_differs'"
    assert await pool.fetchval(differ) == 1 - paid


_LEFT = [
    # said of the whole; its sum; what becomes of the payout that is here; whether somebody is told
    (BankSaid.BOOKED, 200, "paid", False),
    (BankSaid.BOOKED, 100, "filed", True),
    (BankSaid.REJECTED, 0, "rejected", False),
]


@pytest.mark.parametrize(("said", "amount", "state", "told"), _LEFT)
async def test_a_whole_of_which_a_part_has_left_is_what_is_here(
    pool: asyncpg.Pool,
    table_owner: asyncpg.Pool,
    vault: Vault,
    monkeypatch: pytest.MonkeyPatch,
    said: BankSaid,
    amount: int,
    state: str,
    *,
    told: bool,
) -> None:
    for shop in SHOPS[:2]:
        await make_available(pool, shop, 100)
    await the_payouts(pool, vault).run("li")
    file = await pool.fetchval("SELECT id FROM payout_files")
    await table_owner.execute("DELETE FROM payouts WHERE merchant_id = $1", SHOPS[0])
    whole = BankRow(1, said, "", "156", amount, message=file.hex)
    reader, content = bank_says(pool, monkeypatch, whole)
    await reader.read(content, "a", "li")
    assert await states_of(pool) == {state: 1}
    kinds = [row[0] for row in await pool.fetch("SELECT kind FROM incidents")]
    assert ("bank_sum_differs" in kinds) == told
    outcome = await pool.fetchval("SELECT outcome FROM bank_rows WHERE line = 1")
    assert outcome == ("differs" if told else "elsewhere")


async def test_a_whole_of_which_all_have_left_is_told(
    pool: asyncpg.Pool,
    table_owner: asyncpg.Pool,
    vault: Vault,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await filed(pool, vault)
    file = await pool.fetchval("SELECT id FROM payout_files")
    await table_owner.execute("DELETE FROM payouts")
    whole = BankRow(1, BankSaid.REJECTED, "", code="AG01", message=file.hex)
    reader, content = bank_says(pool, monkeypatch, whole)
    await reader.read(content, "a", "li")
    assert await pool.fetchval("SELECT kind FROM incidents") == "bank_sum_differs"


async def test_a_cell_to_which_payouts_came_knows_their_file_by_its_number(
    pool: asyncpg.Pool,
    table_owner: asyncpg.Pool,
    vault: Vault,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await filed(pool, vault)
    file = await pool.fetchval("SELECT id FROM payout_files")
    await table_owner.execute("DELETE FROM payout_files")
    whole = BankRow(1, BankSaid.REJECTED, "", code="AG01", message=file.hex)
    reader, content = bank_says(pool, monkeypatch, whole)
    await reader.read(content, "a", "li")
    assert await states_of(pool) == {"rejected": 1}


_DEBIT, _LATER = date(2026, 9, 28), date(2026, 9, 30)
_TWICE = [
    # files, each with lines: said, the bank's number of it, its day; what becomes of the last one
    ([[("booked", "", _DEBIT), ("booked", "", _DEBIT)]], "twice"),
    ([[("booked", "B1", _DEBIT), ("booked", "B1", _DEBIT)]], "twice"),
    ([[("booked", "", _DEBIT)], [("booked", "", _DEBIT)]], "repeated"),
    ([[("booked", "", None)], [("returned", "", None)], [("booked", "", None)]], "twice"),
    ([[("booked", "", _DEBIT)], [("returned", "", _LATER)], [("booked", "", _LATER)]], "twice"),
    ([[("booked", "", _DEBIT)], [("returned", "", _LATER)], [("booked", "", _DEBIT)]], "repeated"),
    ([[("booked", "1", None)], [("returned", "2", None)], [("booked", "1", None)]], "repeated"),
]


@pytest.mark.parametrize(("told", "outcome"), _TWICE)
async def test_what_is_booked_twice_is_told_apart_from_what_is_said_twice(
    pool: asyncpg.Pool,
    vault: Vault,
    monkeypatch: pytest.MonkeyPatch,
    told: list[list[tuple[str, str, date | None]]],
    outcome: str,
) -> None:
    """MT940 says RC where a return is taken back: the money is with the merchant after all."""
    reference = await filed(pool, vault)
    outcomes = {}
    for number, lines in enumerate(told):
        rows = [
            BankRow(line, BankSaid(said), reference, "156", 100, str(number), "", ref, day)
            for line, (said, ref, day) in enumerate(lines, 1)
        ]
        reader, content = bank_says(pool, monkeypatch, *rows)
        outcomes = (await reader.read(content, "a", "li")).outcomes
    assert outcome in outcomes
    kinds = {row[0] for row in await pool.fetch("SELECT kind FROM incidents")}
    assert ("payout_twice" in kinds) == (outcome == "twice")


_HOUSE = HOUSE.number()


@pytest.mark.parametrize(
    ("account", "outcome"),
    [("6222000000000017", "foreign"), (_HOUSE, "done"), ("", "done")],
)
async def test_a_credit_on_another_account_has_arrived_there(
    pool: asyncpg.Pool,
    vault: Vault,
    monkeypatch: pytest.MonkeyPatch,
    account: str,
    outcome: str,
) -> None:
    """In a group's file, or one sent by mistake; else it would be paid twice."""
    reference = await filed(pool, vault)
    credit = BankRow(1, BankSaid.RETURNED, reference, "156", 100, account=account)
    _, content = bank_says(pool, monkeypatch, credit, replace(credit, line=2, reference="other"))
    house = f"{_HOUSE[:4]} {_HOUSE[4:]}"
    reader = Answers(pool, CALENDAR, HeldClock(NOW), house=lambda: house)
    assert outcome in (await reader.read(content, "a", "li")).outcomes
    assert (await balances_of(pool))[0] == (0 if outcome == "foreign" else 100)
    kind = "bank_other_account" if outcome == "foreign" else "payout_failed"
    assert [row[0] for row in await pool.fetch("SELECT kind FROM incidents")] == [kind]


async def test_two_that_finish_a_file_tell_its_whole_once(
    pool: asyncpg.Pool, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shop in SHOPS:
        await make_available(pool, shop, 100)
    await the_payouts(pool, vault).run("li")
    file = await pool.fetchval("SELECT id FROM payout_files")
    whole = BankRow(1, BankSaid.BOOKED, "", "156", 400, message=file.hex)
    reader, content = bank_says(pool, monkeypatch, whole)
    identity = await reader._keep(content, "a", b"1", "li")
    await asyncio.gather(*(reader.go_on(identity) for _ in range(8)))
    assert await states_of(pool) == {"paid": 4}


async def test_a_file_left_unfinished_is_gone_on_with_when_it_is_sent_again(
    pool: asyncpg.Pool, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = await filed(pool, vault)
    booked = BankRow(1, BankSaid.BOOKED, reference, "156", 100)
    reader, content = bank_says(pool, monkeypatch, booked)
    await reader._keep(content, "a", hashlib.sha256(content).digest(), "li")  # and killed
    assert (await reader.read(content, "b", "li")).outcomes == {"done": 1}
    assert await states_of(pool) == {"paid": 1}


async def test_killed_while_reading_the_rest_is_done_by_the_next(
    pool: asyncpg.Pool, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shop in SHOPS:
        await make_available(pool, shop, 100)
    await the_payouts(pool, vault).run("li")
    ids = [row[0] for row in await pool.fetch("SELECT id FROM payouts")]
    rows = [BankRow(line, BankSaid.BOOKED, one.hex, "156", 100) for line, one in enumerate(ids, 1)]
    reader, content = bank_says(pool, monkeypatch, *rows)
    monkeypatch.setattr(answers, "_MOST", 1)

    def killed(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await reader.read(content, "a", "li", killed)
    assert await states_of(pool) == {"paid": 1, "filed": 3}
    await asyncio.gather(*(reader.finish() for _ in range(3)))
    assert await states_of(pool) == {"paid": 4}
    for shop in SHOPS:
        assert await balances_of(pool, shop) == (0, 0, 100)
