"""A committed file is matched anew by other rules: shown before, and then as if never otherwise."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from annul.domain.breaks import Resolution
from annul.domain.records import Transaction
from annul.domain.states import State
from annul.settle.clearing import commit, ending
from annul.settle.clearing.again import Again
from annul.settle.clearing.rows import ClearingRow
from annul.settle.clearing.rules import ClearingRules
from tests.support.builders import DAY
from tests.support.clearing import UNKNOWN, Cleared, row_of, tolerates, undone
from tests.support.rows import put

LATE = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)  # half an hour before the cut-over
NEXT = DAY + timedelta(days=1)
_OF: dict[str, str] = {
    "transactions": "SELECT trace, state, undone, undoing, holds, response_code,"
    " CASE state WHEN 'reversed' THEN ended_at END FROM transactions",
    "rows": "SELECT line, outcome, transaction_id, about FROM clearing_rows",
    "carried": "SELECT transaction_id, undoes, due_on, found_in IS NULL FROM clearing_carried",
    "breaks": "SELECT kind, line, transaction_id, money, cause, state FROM breaks"
    " WHERE state <> 'withdrawn'",
    "proofs": "SELECT transaction_id, line, proves, was, was_code, came FROM clearing_proofs"
    " WHERE discarded_at IS NULL",
    "accepted": "SELECT line, kind, money, account FROM clearing_differences WHERE counts",
    "accounts": "SELECT account, sum(amount)::bigint FROM ("
    " SELECT debit AS account, -amount AS amount FROM entries UNION ALL"
    " SELECT credit, amount FROM entries) moved GROUP BY account HAVING sum(amount) <> 0",
    "balances": "SELECT merchant_id, pending, available, reserved FROM merchant_balances"
    " WHERE (pending, available, reserved) <> (0, 0, 0)",
    "staged": "SELECT line FROM clearing_staged UNION ALL SELECT line FROM clearing_before",
    "incidents": "SELECT kind, subject FROM incidents WHERE closed_at IS NULL",
}


async def stands(cell: Cleared) -> dict[str, list[str]]:
    """Give what must be the same whichever way it came about."""
    return {
        name: sorted(repr(tuple(row)) for row in await cell.pool.fetch(query))
        for name, query in _OF.items()
    }


async def everything(cell: Cleared) -> list[ClearingRow]:
    """Put transactions of every kind that a rule decides about, and others; gives their rows."""
    await cell.put(1, received_at=LATE)  # not told
    await cell.put(2)  # not told, in good time
    late = await _reversed(cell, 3, LATE + timedelta(minutes=1))
    early = await _reversed(cell, 4, LATE - timedelta(hours=4))
    old = await cell.put(5, business_date=DAY - timedelta(days=2))
    sale, gone = await cell.put(6, **UNKNOWN), await cell.put(7, **UNKNOWN)
    voided = await cell.put(8, undone=10_000, undoing=10_000)
    void = await cell.put(9, **UNKNOWN, kind="void", original_id=voided.id, holds=10_000)
    other, agreed = await cell.put(10), await cell.put(11)
    declined = await cell.put(12, state=State.DECLINED, response_code="05")
    told = (late, early, old, sale, gone, voided, void, agreed, declined)
    rows = [row_of(one, line) for line, one in enumerate(told, 1)]
    rows += [undone(gone, 10), row_of(other, 11, amount=9_000), row_of(agreed, 12)]
    return [*rows, row_of(agreed, 13, rrn="300000099999", trace="000099", card="1")]


async def _reversed(cell: Cleared, trace: int, at: datetime) -> Transaction:
    """Put a sale in of which the issuer has taken the reversal."""
    one = await cell.put(trace, state=State.REVERSED, fee=0)
    await cell.pool.execute("UPDATE transactions SET ended_at = $1 WHERE id = $2", at, one.id)
    reversal = {
        "merchant_id": one.merchant_id, "id": one.id, "transaction_id": one.id, "kind": "reversal",
        "issuer_id": one.issuer_id, "card_hash": one.card_hash, "reason": "68",
        "original_id": one.id,
        "pending": False, "attempts": 1, "next_attempt_at": at, "created_at": at, "done_at": at,
    }  # fmt: skip
    await put(cell.pool, "outbox", reversal)
    return one


_RULES: tuple[dict[str, Any], ...] = (
    {},
    {"tolerances": (tolerates(up_to=1_000),)},
    {"carry_minutes": 0},
    {"carry_minutes": 600},
    {"carry_days": 0},
    {"carry_days": 3, "carry_minutes": 0},
)


def _named(rules: dict[str, Any]) -> str:
    return str({name: "some" if name == "tolerances" else one for name, one in rules.items()})


@pytest.mark.parametrize("carried_out", [True, False], ids=["carried out", "at once"])
@pytest.mark.parametrize("after", _RULES, ids=_named)
@pytest.mark.parametrize("before", _RULES, ids=_named)
async def test_it_comes_to_the_same_as_if_it_had_been_committed_by_the_new_rules(
    cell: Cleared, before: dict[str, Any], after: dict[str, Any], *, carried_out: bool
) -> None:
    rows = await everything(cell)
    by_new, by_old = (replace(cell, rules=ClearingRules(**one)) for one in (after, before))
    staged = await cell.stage(rows, name="day")
    expected = await _committed(by_new, staged.id)
    await cell.discard(staged.id)
    clean = await stands(cell)
    again = await cell.stage(rows, name="day")
    await by_old.commit(again.id)
    await cell.clearing.unstage(again.id)
    if carried_out:
        await cell.prove()
    await cell.again(again.id, **after)
    assert await stands(cell) == expected
    await cell.discard(again.id)
    assert await stands(cell) == clean


async def _committed(cell: Cleared, file: UUID) -> dict[str, list[str]]:
    await cell.commit(file)
    await cell.clearing.unstage(file)
    await cell.prove()
    return await stands(cell)


async def test_what_is_shown_is_what_comes_and_looking_keeps_nothing(cell: Cleared) -> None:
    file = (await cell.tell(await everything(cell))).file
    before = await stands(cell)
    size = "SELECT pg_total_relation_size('clearing_rows')"
    held = await cell.pool.fetchval(size)
    shown = await cell.anew(carry_minutes=0).preview(file)
    assert await stands(cell) == before
    assert await cell.pool.fetchval(size) == held
    done = await cell.again(file, carry_minutes=0)
    assert replace(done, result=shown.result) == shown
    assert replace(shown.result, breaks=[]) == done.result
    assert _moved(done) == {
        ("carried", "denied"): (1, 0, 10_000),
        ("expected", "missing_there"): (1, 0, -10_000),
    }
    assert (done.opened, done.withdrawn, done.proved, done.unproved) == (2, 0, 1, 0)
    assert {row["rrn"] for row in done.changed} == {"300000000001", "300000000003"}
    kept = await cell.pool.fetchrow("SELECT rules, result FROM clearing_files WHERE id = $1", file)
    assert kept is not None
    assert (kept["rules"], kept["result"]["proofs"]) == (1, done.result.proofs)


def _moved(again: Again) -> dict[tuple[str, str], tuple[int, int, int]]:
    return {
        (one["before"], one["after"]): (one["count"], one["money_before"], one["money_after"])
        for one in again.changes
    }


async def test_by_the_same_rules_nothing_differs_and_what_people_decided_stays(
    cell: Cleared,
) -> None:
    rows = await everything(cell)
    result = await cell.tell(rows)
    await cell.clearing.unstage(result.file)
    decided = await _end(cell, "amount", Resolution.THEIRS_STAND)
    proved = await _end(cell, "state", Resolution.OURS_STAND)
    await cell.pool.execute("UPDATE breaks SET owner = 'li' WHERE kind = 'missing_there'")
    before, ids = await stands(cell), await _breaks(cell)
    again = await cell.again(result.file)
    assert (again.changes, again.changed) == ([], [])
    assert (again.opened, again.withdrawn, again.reopened) == (0, 0, 0)
    assert (again.stay, again.proved, again.unproved) == (len(ids), 0, 0)
    assert await stands(cell) == before
    assert await _breaks(cell) == ids
    assert {decided, proved} <= {row[0] for row in ids}


async def test_what_people_decided_of_a_break_that_goes_is_undone_and_said(cell: Cleared) -> None:
    late = await cell.put(1, received_at=LATE)
    other = await cell.put(2)
    strict = replace(cell, rules=ClearingRules(carry_minutes=0))
    clean = await cell.account("merchant_available")
    file = (await strict.tell([row_of(other)])).file
    await _end(cell, "missing_there", Resolution.THEIRS_STAND)
    assert await cell.state(late) == State.REVERSED
    again = await cell.again(file)
    assert _moved(again) == {("missing_there", "expected"): (1, -10_000, 0)}
    assert again.changes[0]["decided"] == 1
    assert again.changed[0]["stood"] == "resolved"
    assert await cell.state(late) == State.APPROVED
    assert await cell.account("suspense") == 0
    assert await cell.account("merchant_available") == clean


async def test_a_break_of_an_earlier_file_that_it_puts_right_stays_so_or_opens_again(
    cell: Cleared,
) -> None:
    sale = await cell.put(1)
    first = await cell.tell([row_of(await cell.put(2))])
    file = (await cell.tell([row_of(sale, settles_on=NEXT)], day=NEXT)).file
    states = "SELECT state FROM breaks WHERE file_id = $1"
    assert await cell.pool.fetchval(states, first.file) == "agreed"
    told = await cell.pool.fetchval("SELECT count(*) FROM entries")
    assert (await cell.again(file)).reopened == 0
    assert await cell.pool.fetchval(states, first.file) == "agreed"
    assert await cell.pool.fetchval("SELECT count(*) FROM entries") == told
    assert (await cell.again(file, carry_days=0)).reopened == 1
    assert await cell.pool.fetchval(states, first.file) == "open"
    assert await cell.account("suspense") == -10_000
    assert (await cell.again(file)).reopened == 0
    assert await cell.account("suspense") == 0


async def test_a_file_that_others_build_upon_or_that_does_not_count_is_left(cell: Cleared) -> None:
    first = await cell.tell([row_of(await cell.put(1))])
    last = await cell.tell([row_of(await cell.put(2, business_date=NEXT))], day=NEXT)
    with pytest.raises(commit.LaterCommitted):
        await cell.again(first.file)
    await cell.discard(last.file)
    with pytest.raises(commit.NotCommitted):
        await cell.again(last.file)
    await cell.again(first.file)


async def test_rows_that_a_killed_commit_left_staged_are_no_second_ones(cell: Cleared) -> None:
    result = await cell.tell([row_of(await cell.put(1))])
    assert await cell.pool.fetchval("SELECT count(*) FROM clearing_staged") == 1
    assert (await cell.again(result.file)).changes == []
    assert await cell.pool.fetchval("SELECT count(*) FROM clearing_staged") == 0


async def _end(cell: Cleared, kind: str, resolution: Resolution) -> UUID:
    """Let two people end the break of a kind, and carry out what that says."""
    waits = "SELECT id FROM breaks WHERE kind = $1 AND state = 'open' ORDER BY line LIMIT 1"
    identity = await cell.pool.fetchval(waits, kind)
    async with cell.pool.acquire() as connection, connection.transaction():
        now, one = cell.clock.now(), await ending.locked(connection, identity)
        await ending.ask(connection, one, resolution, "their letter", "li", now)
        one = await ending.locked(connection, identity)
        await ending.carry_out(connection, cell.calendar, one, "wang", now)
    await cell.prove()
    return identity


async def _breaks(cell: Cleared) -> list[tuple[Any, ...]]:
    rows = await cell.pool.fetch("SELECT id, state, owner, decided_by FROM breaks ORDER BY id")
    return [tuple(row) for row in rows]
