"""Cases that ended unproved, on a real PostgreSQL: taken up once, when nothing is under way."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from annul.domain.incident import Incident
from annul.domain.states import UNFINISHED, State
from annul.domain.text import Text
from annul.resolve.book import Book, CaseEntry
from annul.resolve.case import Case, Event, first_broken
from tests.support.rows import DUE_IN, LEASE, put_case, put_refusal, put_transaction, put_void
from tests.support.situations import NOW

_SECOND = timedelta(seconds=1)
_WHY = Text("因故", "why")
_OPEN = "SELECT array_agg(kind) FROM incidents WHERE closed_at IS NULL"


@pytest.fixture
def book(pool: asyncpg.Pool) -> Book:
    return Book(pool, DUE_IN)


async def _cases(book: Book) -> list[Case]:
    return await book.latest(only_open=False, limit=1000)


async def _unproved(pool: asyncpg.Pool, original_id: UUID | None, **changes: Any) -> Case:
    return await put_case(
        pool,
        original_id=original_id,
        step="ended_unproved",
        task="outcome_unproved",
        **({"ended": "unproved", "ended_at": NOW} | changes),
    )


def _ending(case: Case) -> CaseEntry:
    ended = case._replace(ended="voided", ended_at=NOW, step="ended_voided")
    return CaseEntry(ended, [Event("ended_voided", Text("好", "done"))])


@pytest.mark.parametrize("state", sorted(UNFINISHED))
async def test_it_is_taken_up_when_nothing_is_under_way_any_more(
    pool: asyncpg.Pool, book: Book, state: State
) -> None:
    sale = await put_transaction(pool, 2)
    void = await put_void(pool, 3, sale.id, state=state)
    case = await _unproved(pool, sale.id)
    assert await book.reopen(NOW) == 0
    await pool.execute("UPDATE transactions SET state = 'declined' WHERE id = $1", void.id)
    await pool.execute("UPDATE transactions SET state = $2 WHERE id = $1", sale.id, state)
    assert await book.reopen(NOW) == 0, "its original has no outcome"
    await pool.execute("UPDATE transactions SET state = 'approved' WHERE id = $1", sale.id)
    assert await book.reopen(NOW + _SECOND) == 1
    assert await book.reopen(NOW + _SECOND) == 0
    again = await book.reread(case)
    assert (again.ended, again.ended_at, again.task) == ("", None, "")
    assert again.next_action_at == NOW + _SECOND
    history = await book.history(case)
    assert [json.loads(body)["what"] for body, _ in history] == ["reopened"]
    assert first_broken(history, again) is None
    assert len(await book.claim(NOW + _SECOND, LEASE, 5)) == 1


async def test_one_without_an_original_waits_for_its_own_row(
    pool: asyncpg.Pool, book: Book
) -> None:
    void = await put_void(pool, 3, None, state=State.UNKNOWN)
    await _unproved(pool, None, id=void.id)
    assert await book.reopen(NOW) == 0
    await pool.execute("UPDATE transactions SET state = 'declined'")
    assert await book.reopen(NOW) == 1


async def test_several_processes_take_it_up_once(pool: asyncpg.Pool, book: Book) -> None:
    for trace in range(2, 12):
        await _unproved(pool, (await put_transaction(pool, trace)).id)
    others = [Book(pool, DUE_IN, node) for node in range(4)]
    assert sum(await asyncio.gather(*(one.reopen(NOW) for one in others))) == 10
    assert all(case.events == 1 for case in await _cases(book))


async def test_two_of_one_original_are_taken_up_one_after_the_other(
    pool: asyncpg.Pool, book: Book
) -> None:
    sale = await put_transaction(pool, 2)
    await _unproved(pool, sale.id)
    await _unproved(pool, sale.id)
    assert await book.reopen(NOW) == 1, "one original has one open case"
    (case,) = [one for one in await _cases(book) if not one.ended]
    assert await book.write(case, _ending(case), NOW)
    assert await book.reopen(NOW) == 1


async def test_a_case_that_was_opened_meanwhile_keeps_it_waiting(
    pool: asyncpg.Pool, book: Book
) -> None:
    sale = await put_transaction(pool, 2)
    case = await _unproved(pool, sale.id)
    assert not await book._reopened(case._replace(events=7), _WHY, NOW), "written since it was read"
    await put_case(pool, original_id=sale.id)
    assert await book.reopen(NOW) == 0
    assert not await book._reopened(case, _WHY, NOW), "the other one was opened just now"
    assert (await book.reread(case)).ended == "unproved"
    assert await book.history(case) == []


@pytest.mark.parametrize("state", [State.VOIDED, State.REFUNDED])
async def test_what_counts_as_given_back_without_proof_stays_unproved(
    pool: asyncpg.Pool, book: Book, state: State
) -> None:
    sale = await put_transaction(pool, 2, state=state)
    await _unproved(pool, sale.id)
    await put_void(pool, 3, sale.id, state=State.DECLINED)
    assert await book.reopen(NOW) == 0
    await put_void(pool, 4, sale.id, state=State.APPROVED)
    assert await book.reopen(NOW) == 1


async def test_what_fails_on_its_original_belongs_to_it(pool: asyncpg.Pool, book: Book) -> None:
    sale = await put_transaction(pool, 2)
    case = await _unproved(pool, sale.id)
    again = await put_void(pool, 3, sale.id)
    await put_refusal(pool, 4, sale.trace)
    assert await book.open(NOW) == 0
    assert [one.id for one in await _cases(book)] == [case.id]
    assert (await book.of_void(again)) == case
    assert [one.id for one in await book.latest(only_open=True, limit=9)] == [case.id]
    assert await book.reopen(NOW) == 1


async def test_its_incident_is_over_when_it_has_ended_for_good(
    pool: asyncpg.Pool, book: Book
) -> None:
    sale = await put_transaction(pool, 2)
    case = await put_case(pool, original_id=sale.id)
    too_late = Incident.of_case("case_late", case, step="retry")
    late = await book.write(case, CaseEntry(case, incident=too_late), NOW)
    assert late is not None
    unproved = late._replace(ended="unproved", ended_at=NOW, step="ended_unproved")
    incident = Incident.of_case("outcome_unproved", case, why=Text("不明", "open"))
    assert await book.write(late, CaseEntry(unproved, incident=incident), NOW)
    assert await pool.fetchval(_OPEN) == ["outcome_unproved"]
    assert await book.reopen(NOW) == 1
    assert await pool.fetchval(_OPEN) == ["outcome_unproved"]
    again = await book.reread(case)
    assert await book.write(again, _ending(again), NOW)
    assert await pool.fetchval(_OPEN) is None
