"""The book on a real PostgreSQL: opened once, held by one, written by whoever saw it last."""

import asyncio
import itertools
import json
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from annul.domain.incident import Incident
from annul.domain.kinds import CASED
from annul.domain.records import OF_SHOPS, Origin
from annul.domain.states import UNFINISHED, State
from annul.domain.text import Text
from annul.resolve.book import _SQL, Book, CaseEntry, CaseUnknown
from annul.resolve.case import Case, Event, chained, first_broken
from tests.support.rows import DUE_IN, LEASE, put, put_case, put_refusal, put_transaction, put_void
from tests.support.situations import NOW, OPENED

_FAILED = (State.DECLINED, State.UNKNOWN, State.REVERSING, State.REVERSED, State.DISPUTED)
_SECOND = timedelta(seconds=1)


@pytest.fixture
def book(pool: asyncpg.Pool) -> Book:
    return Book(pool, DUE_IN)


async def _cases(book: Book) -> list[Case]:
    return await book.latest(only_open=False, limit=1000)


def _event(what: str) -> Event:
    return Event(what, Text("原因", "why"), evidence={"n": 1})


def _ending(case: Case, **more: Any) -> CaseEntry:
    ended = case._replace(ended="voided", ended_at=NOW, step="ended_voided")
    return CaseEntry(ended, [_event("ended_voided")], **more)


# Opening -----------------------------------------------------------------------------------


async def test_a_void_that_failed_becomes_a_case(pool: asyncpg.Pool, book: Book) -> None:
    sale = await put_transaction(pool, 2)
    void = await put_void(pool, 3, sale.id)
    assert await book.open(NOW) == 1
    assert await book.open(NOW) == 0
    (case,) = await _cases(book)
    assert (case.id, case.number, case.original_id) == (void.id, void.rrn, sale.id)
    assert (case.kind, case.amount, case.card_masked) == ("void", 10_000, void.card_masked)
    due_at = void.received_at + DUE_IN
    assert (case.opened_at, case.due_at, case.first_due_at) == (void.received_at, due_at, due_at)
    assert (case.next_action_at, case.ended, case.events) == (NOW, "", 0)
    assert await book.find(void.rrn) == await book.find(str(void.id)) == case
    assert await book.of_void(void) == await book.of_original(void.merchant_id, sale.id) == case


async def test_all_that_refers_to_an_original_becomes_a_case_when_it_failed_and_nothing_else_does(
    pool: asyncpg.Pool, book: Book
) -> None:
    """Refunds and completions too: the promise covers every movement back to the customer."""
    expected: set[UUID] = set()
    for trace, (kind, state, origin) in enumerate(
        itertools.product((*CASED, "sale", "preauth"), State, Origin), 2
    ):
        void = await put_void(pool, trace, None, kind=kind, state=state, origin=origin)
        if kind in CASED and state in _FAILED and origin in OF_SHOPS:
            expected.add(void.id)
    assert await book.open(NOW) == len(expected) == len(CASED) * len(_FAILED) * 2
    assert {case.id for case in await _cases(book)} == expected


@pytest.mark.parametrize("state", _FAILED)
async def test_what_has_no_outcome_awaits_it_before_anybody_has_looked(
    pool: asyncpg.Pool, book: Book, state: State
) -> None:
    sale = await put_transaction(pool, 2)
    await put_void(pool, 3, sale.id, state=state)
    await book.open(NOW)
    (case,) = await _cases(book)
    assert (case.step == "await_outcome") == (state in UNFINISHED)


async def test_a_void_that_joins_the_case_of_a_refund_makes_it_one_of_a_void(
    pool: asyncpg.Pool, book: Book
) -> None:
    sale = await put_transaction(pool, 2)
    refund = await put_void(pool, 3, sale.id, kind="refund", amount=4_000)
    await book.open(NOW)
    await put_void(pool, 4, sale.id)
    await book.open(NOW)
    await put_void(pool, 5, sale.id, kind="refund", amount=3_000)
    await book.open(NOW)
    (case,) = await _cases(book)
    assert (case.id, case.kind, case.amount) == (refund.id, "void", sale.amount)


async def test_of_what_failed_together_the_void_opens_the_case(
    pool: asyncpg.Pool, book: Book
) -> None:
    sale = await put_transaction(pool, 2)
    await put_void(pool, 3, sale.id, kind="refund", amount=4_000)
    void = await put_void(pool, 4, sale.id)
    assert await book.open(NOW) == 1
    (case,) = await _cases(book)
    assert (case.id, case.kind) == (void.id, "void")


async def test_all_attempts_on_an_original_are_one_case(pool: asyncpg.Pool, book: Book) -> None:
    sale = await put_transaction(pool, 2)
    first = await put_void(pool, 3, sale.id)
    await put_void(pool, 4, sale.id)
    assert await book.open(NOW) == 1
    (case,) = await _cases(book)
    assert case.id == first.id
    assert await book.write(case, CaseEntry(case._replace(next_action_at=NOW + LEASE)), NOW)
    await put_void(pool, 5, sale.id)
    await put_refusal(pool, 6, sale.trace)
    assert await book.open(NOW + _SECOND) == 2
    (joined,) = await _cases(book)
    assert joined.id == first.id
    assert joined.next_action_at == NOW + _SECOND, "a further attempt is looked at now"


async def test_voids_without_an_original_are_a_case_each(pool: asyncpg.Pool, book: Book) -> None:
    for trace in range(3, 8):
        await put_void(pool, trace, None)
    assert await book.open(NOW) == 5
    assert len({case.id for case in await _cases(book)}) == 5


async def test_after_a_case_has_ended_a_further_attempt_opens_another(
    pool: asyncpg.Pool, book: Book
) -> None:
    sale = await put_transaction(pool, 2)
    await put_void(pool, 3, sale.id)
    await book.open(NOW)
    (case,) = await _cases(book)
    assert await book.write(case, _ending(case), NOW)
    again = await put_void(pool, 4, sale.id)
    assert await book.open(NOW) == 1
    found = await book.of_original(sale.merchant_id, sale.id)
    assert found is not None
    assert found.id == again.id, "the open one comes first"


async def test_a_refusal_at_the_door_becomes_a_case(pool: asyncpg.Pool, book: Book) -> None:
    sale = await put_transaction(pool, 2)
    known = await put_refusal(pool, 3, sale.trace)
    unknown = await put_refusal(pool, 4, "000999", merchant_id="", terminal_id="")
    assert await book.open(NOW) == 2
    assert await book.open(NOW) == 0
    by_id = {case.id: case for case in await _cases(book)}
    assert set(by_id) == {known, unknown}
    assert (by_id[known].original_id, by_id[known].issuer_id) == (sale.id, sale.issuer_id)
    assert (by_id[unknown].original_id, by_id[unknown].issuer_id) == (None, "")


async def test_a_refused_refund_is_not_of_what_has_the_same_number_on_its_terminal(
    pool: asyncpg.Pool, book: Book
) -> None:
    sale = await put_transaction(pool, 2)
    refund = await put_refusal(pool, 3, sale.trace, kind="refund")
    completion = await put_refusal(pool, 4, sale.trace, kind="completion")
    assert await book.open(NOW) == 2
    by_id = {case.id: case for case in await _cases(book)}
    assert (by_id[refund].original_id, by_id[completion].original_id) == (None, sale.id)


async def test_two_processes_open_each_case_once(pool: asyncpg.Pool, book: Book) -> None:
    for trace in range(3, 303):
        await put_void(pool, trace, None)
    other = Book(pool, DUE_IN, node=1)
    opened = await asyncio.gather(*(one.open(NOW) for one in (book, other, book, other)))
    assert sum(opened) == len(await _cases(book)) == 300


async def test_what_is_being_concluded_is_not_waited_for(pool: asyncpg.Pool, book: Book) -> None:
    concluded, other = [await put_void(pool, trace, None) for trace in (3, 4)]
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM transactions WHERE id = $1 FOR UPDATE", concluded.id)
        async with asyncio.timeout(5):
            assert await book.open(NOW) == 1
        assert [case.id for case in await _cases(book)] == [other.id]
    assert await book.open(NOW) == 1


async def test_the_database_refuses_a_second_open_case(pool: asyncpg.Pool) -> None:
    first = await put_case(pool)
    with pytest.raises(asyncpg.UniqueViolationError, match="cases_one_open"):
        await put_case(pool, original_id=first.original_id)
    await put_case(pool, original_id=first.original_id, ended="refused", ended_at=NOW)
    for ended in ({"ended": "refused"}, {"ended_at": NOW}, {"ended": "gone", "ended_at": NOW}):
        with pytest.raises(asyncpg.CheckViolationError):
            await put_case(pool, **ended)


async def test_a_number_that_nobody_has_is_said_plainly(book: Book) -> None:
    with pytest.raises(CaseUnknown):
        await book.find("000000000000")


# Holding -----------------------------------------------------------------------------------


async def test_a_case_is_given_to_one_of_many(pool: asyncpg.Pool, book: Book) -> None:
    for _ in range(40):
        await put_case(pool, next_action_at=OPENED)
    other = Book(pool, DUE_IN, node=1)
    given = await asyncio.gather(
        *(one.claim(NOW, LEASE, 15) for _ in range(4) for one in (book, other))
    )
    ids = [case.id for cases in given for case in cases]
    assert len(ids) == len(set(ids))
    rest = await book.claim(NOW, LEASE, 100)
    assert len(ids) + len(rest) == 40
    assert not await other.claim(NOW, LEASE, 100)


async def test_a_lease_ends_by_itself(pool: asyncpg.Pool, book: Book) -> None:
    await put_case(pool)
    other = Book(pool, DUE_IN, node=1)
    assert len(await book.claim(NOW, LEASE, 5)) == 1
    assert not await other.claim(NOW + LEASE - _SECOND, LEASE, 5)
    assert await book.next_due() == NOW + LEASE
    assert len(await other.claim(NOW + LEASE, LEASE, 5)) == 1


async def test_only_what_is_due_and_open_is_given(pool: asyncpg.Pool, book: Book) -> None:
    due = await put_case(pool, next_action_at=NOW)
    await put_case(pool, next_action_at=NOW + _SECOND)
    await put_case(pool, next_action_at=OPENED, ended="refused", ended_at=NOW)
    assert [case.id for case in await book.claim(NOW, LEASE, 5)] == [due.id]


async def test_what_a_process_held_is_free_when_it_starts_again(
    pool: asyncpg.Pool, book: Book
) -> None:
    await put_case(pool)
    other = Book(pool, DUE_IN, node=1)
    await book.claim(NOW, LEASE, 5)
    await other.free_node(NOW)
    assert not await other.claim(NOW, LEASE, 5)
    await book.free_node(NOW)
    assert len(await other.claim(NOW, LEASE, 5)) == 1


async def test_a_case_is_given_back_for_later(pool: asyncpg.Pool, book: Book) -> None:
    case = await put_case(pool)
    await book.claim(NOW, LEASE, 5)
    await book.release(case, NOW + _SECOND)
    assert not await book.claim(NOW, LEASE, 5)
    assert len(await book.claim(NOW + _SECOND, LEASE, 5)) == 1


# Writing -----------------------------------------------------------------------------------


async def test_of_two_writers_the_second_changes_nothing(pool: asyncpg.Pool, book: Book) -> None:
    case = await put_case(pool)
    mine = CaseEntry(case._replace(step="retry", task="mine"), [_event("retry")])
    theirs = _ending(
        case,
        notice="凭证000002已撤销",
        notification={"case": case.number},
        incident=Incident.of_case("case_late", case, step="retry"),
        act={"who": "olga", "role": "operator", "action": "retry", "reason": "r"},
    )
    first = await book.write(case, mine, NOW)
    assert first is not None
    assert (first.events, first.step, len(first.head)) == (1, "retry", 32)
    assert await book.write(case, theirs, NOW) is None
    assert await book.append(case, theirs, NOW) is False
    assert await book.reread(case) == first
    for table in ("notices", "notifications", "incidents", "audit"):
        assert await pool.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert await book.write(first, theirs, NOW) is not None
    for table in ("notices", "notifications", "incidents", "audit"):
        assert await pool.fetchval(f"SELECT count(*) FROM {table}") == 1


async def test_writers_at_once_never_break_the_chain(pool: asyncpg.Pool, book: Book) -> None:
    case = await put_case(pool)

    async def add(name: str) -> None:
        for number in range(5):
            while True:
                now = await book.reread(case)
                entry = CaseEntry(now, [_event(f"{name}{number}"), _event("and")])
                if await book.append(now, entry, NOW):
                    break

    await asyncio.gather(*(add(name) for name in "abcd"))
    history = await book.history(case)
    assert len(history) == 4 * 5 * 2
    assert first_broken(history, await book.reread(case)) is None
    whats = [json.loads(body)["what"] for body, _ in history]
    assert [what for what in whats if what[0] == "c"] == [f"c{number}" for number in range(5)]


async def test_a_case_that_has_ended_takes_only_more_history(
    pool: asyncpg.Pool, book: Book
) -> None:
    case = await put_case(pool)
    ended = await book.write(case, _ending(case), NOW)
    assert ended is not None
    assert await book.write(ended, CaseEntry(ended._replace(ended="", ended_at=None)), NOW) is None
    noted = CaseEntry(ended._replace(confirmed="timeout", ended="refused"), [_event("note")])
    assert await book.append(ended, noted, NOW)
    after = await book.reread(case)
    assert (after.ended, after.confirmed, after.events) == ("voided", "timeout", 2)
    assert first_broken(await book.history(case), after) is None


async def test_an_end_closes_the_incidents_of_its_case(pool: asyncpg.Pool, book: Book) -> None:
    case, other = await put_case(pool), await put_case(pool)
    late, others = (Incident.of_case("case_late", one, step="retry") for one in (case, other))
    written = await book.write(case, CaseEntry(case, incident=late), NOW)
    assert written is not None
    assert await book.write(written, CaseEntry(written, incident=late), NOW), "once is enough"
    assert await book.write(other, CaseEntry(other, incident=others), NOW)
    escalated = Incident.of_case("escalated", case, cause=Text("原因", "cause"))
    assert await book.write(written, _ending(written, incident=escalated), NOW)
    rows = await pool.fetch("SELECT transaction_id, kind, closed_at FROM incidents")
    assert {(row[0], row[1]): row[2] for row in rows} == {
        (case.id, "case_late"): NOW,
        (case.id, "escalated"): None,
        (other.id, "case_late"): None,
    }


async def test_a_case_that_can_not_go_on_is_an_incident_until_it_does(
    pool: asyncpg.Pool, book: Book
) -> None:
    """It had only been a line in the log."""
    case = await put_case(pool)
    for _ in range(3):
        await book.fault(case, ValueError("6200010000000007"), NOW)
    (row,) = await pool.fetch("SELECT * FROM incidents")
    assert (row["kind"], row["transaction_id"], row["closed_at"]) == ("case_fault", case.id, None)
    assert row["params"] == {"case": case.number, "error": "ValueError"}
    assert "62000" not in str(row)
    noted = await book.write(case, CaseEntry(case, [_event("note")]), NOW)
    assert noted is not None
    assert await pool.fetchval("SELECT closed_at FROM incidents") is None, "a note moves nothing"
    assert await book.write(noted, CaseEntry(noted, gets_on=True), NOW + _SECOND)
    assert await pool.fetchval("SELECT closed_at FROM incidents") == NOW + _SECOND


async def test_a_case_and_its_history_are_read_as_of_one_moment(
    pool: asyncpg.Pool, book: Book
) -> None:
    case = await put_case(pool)
    assert await book.whole(case) == (case, [])
    stop = asyncio.Event()

    async def write() -> None:
        while not stop.is_set():
            now = await book.reread(case)
            await book.append(now, CaseEntry(now, [_event("note")]), NOW)

    writer = asyncio.create_task(write())
    for _ in range(50):
        now, history = await book.whole(case)
        assert len(history) == now.events
        assert first_broken(history, now) is None
    stop.set()
    await writer
    now, _ = await book.whole(case)
    body = _event("forged").body(NOW)
    line = {"line": now.events + 1, "body": body, "hash": chained(now.head, body)}
    key = {"merchant_id": case.merchant_id, "case_id": case.id}
    await put(pool, "case_events", key | line)
    now, history = await book.whole(case)
    assert first_broken(history) is None
    assert first_broken(history, now) == now.events + 1


async def test_history_can_only_be_added_to(pool: asyncpg.Pool) -> None:
    columns = {"case_events": "body", "audit": "reason", "messages": "mti", "entries": "debit"}
    changes = ("DELETE FROM {0}", "UPDATE {0} SET {1} = ''", "TRUNCATE {0}")
    for (table, column), change in itertools.product(columns.items(), changes):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(change.format(table, column))
    for table in ("cases", "refusals", "lessons", "transactions", "incidents"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(f"DELETE FROM {table}")


# Repair ------------------------------------------------------------------------------------


async def test_a_look_at_a_case_wakes_it_when_its_original_has_moved(
    pool: asyncpg.Pool, book: Book
) -> None:
    moved = {State.VOIDED, State.REFUNDED, State.REVERSED}
    for trace, state in enumerate(State, 2):
        sale = await put_transaction(pool, trace, state=state)
        await put_void(pool, 100 + trace, sale.id, state=State.DECLINED)
        case = await put_case(pool, original_id=sale.id, next_action_at=NOW + LEASE)
        assert await book.repair(case, NOW) is (state in moved), state
        again_at = (await book.reread(case)).next_action_at
        assert again_at == (NOW if state in moved else NOW + LEASE)


async def test_a_look_at_a_case_wakes_it_when_an_attempt_was_reversed(
    pool: asyncpg.Pool, book: Book
) -> None:
    sale = await put_transaction(pool, 2)
    case = await put_case(pool, original_id=sale.id, next_action_at=NOW + LEASE)
    await put_void(pool, 3, sale.id, state=State.UNKNOWN)
    assert not await book.repair(case, NOW)
    await put_void(pool, 4, sale.id, state=State.REVERSED)
    assert await book.repair(case, NOW)


async def test_what_somebody_holds_or_has_ended_is_not_repaired(
    pool: asyncpg.Pool, book: Book
) -> None:
    sale = await put_transaction(pool, 2, state=State.VOIDED)
    case = await put_case(pool, original_id=sale.id, next_action_at=NOW)
    await book.claim(NOW, LEASE, 5)
    await book.nudge(case, NOW + 2 * LEASE)
    assert not await book.repair(case, NOW)
    assert await book.repair(case, NOW + LEASE)
    assert await book.write(case, _ending(case), NOW)
    assert not await book.repair(case, OPENED)


# Plans -------------------------------------------------------------------------------------

_PLANS = {
    "open_failed": ("transactions_failed", "transactions_pkey", "cases_original"),
    "open_refused": (
        "refusals_without_case",
        "refusals_pkey",
        "transactions_request",
        "cases_original",
    ),
    "unproved": ("cases_unproved", "transactions_pkey", "transactions_original", "cases_one_open"),
    "reopen": ("cases_pkey",),
    "whole": ("cases_pkey", "case_events_pkey"),
    "claim": ("cases_due", "cases_pkey"),
    "next_due": ("cases_due",),
    "write": ("cases_pkey", "incidents_open", "incidents_pkey"),
    "append": ("cases_pkey",),
    "release": ("cases_pkey",),
    "nudge": ("cases_pkey",),
    "repair": ("cases_pkey", "transactions_pkey", "transactions_original"),
    "events": ("case_events_pkey",),
}


async def test_hot_statements_use_their_index_on_an_empty_table(pool: asyncpg.Pool) -> None:
    """A plan may be made once, right after the first start: it must be the right one then."""
    async with pool.acquire() as connection:
        await connection.execute("SET enable_seqscan = off")
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        for query, indexes in _PLANS.items():
            sql, sizes = _SQL[query].sql, len(_SQL[query].parameters)
            await connection.execute(f"PREPARE {query} AS {sql}")
            nothing = f"({', '.join(['NULL'] * sizes)})" if sizes else ""
            rows = await connection.fetch(f"EXPLAIN EXECUTE {query} {nothing}")
            plan = "\n".join(row[0] for row in rows)
            assert "Seq Scan" not in plan, query
            assert set(re.findall(r"using (\w+) on", plan)) == set(indexes), query
