"""Breaks end by people, and the money follows; a discard of their file takes that back."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from annul.domain.breaks import Resolution
from annul.domain.records import Transaction
from annul.domain.states import State
from annul.settle.clearing import ending
from tests.support.builders import DAY
from tests.support.clearing import UNKNOWN, Cleared, row_of, undone
from tests.support.clock import NOON
from tests.support.rows import owe_reversal, put
from tests.support.situations import case as a_case

THEIRS, OURS = Resolution.THEIRS_STAND, Resolution.OURS_STAND


async def end(cell: Cleared, resolution: Resolution) -> None:
    """End the only break that waits, by two people, and carry out what follows."""
    now = cell.clock.now()
    identity = await cell.pool.fetchval("SELECT id FROM breaks WHERE state = 'open'")
    async with cell.pool.acquire() as connection, connection.transaction():
        one = await ending.locked(connection, identity)
        await ending.ask(connection, one, resolution, "their letter", "li", now)
    async with cell.pool.acquire() as connection, connection.transaction():
        one = await ending.locked(connection, identity)
        await ending.carry_out(connection, cell.calendar, one, "wang", now)
    await cell.prove()


async def available(cell: Cleared) -> int:
    return await cell.account("merchant_available")


async def test_money_that_the_issuer_is_right_about_moves_to_the_merchant(cell: Cleared) -> None:
    sale = await cell.put(1)
    result = await cell.tell([row_of(sale, amount=9_000)])
    assert (await cell.account("suspense"), await available(cell)) == (-1_000, 0)
    await end(cell, THEIRS)
    assert (await cell.account("suspense"), await available(cell)) == (0, -1_000)
    assert await cell.account("issuer_receivable") == -9_000
    await cell.discard(result.file)
    assert (await cell.account("suspense"), await available(cell)) == (0, 0)
    assert await cell.account("issuer_receivable") == -10_000


async def test_where_our_books_are_right_nothing_but_suspense_moves(cell: Cleared) -> None:
    sale = await cell.put(1)
    result = await cell.tell([row_of(sale), row_of(sale, 2)])
    assert await cell.account("suspense") == 10_000
    await end(cell, OURS)
    assert (await cell.account("suspense"), await available(cell)) == (0, 0)
    assert await cell.account("issuer_receivable") == -10_000
    await cell.discard(result.file)
    assert await cell.account("issuer_receivable") == -10_000


async def dispute(cell: Cleared) -> tuple[Transaction, Transaction, UUID]:
    sale = await cell.put(1)
    given: dict[str, Any] = {"state": State.DECLINED, "sent": "answered", "response_code": "91"}
    void = await cell.put(2, **(UNKNOWN | given), kind="void", original_id=sale.id)
    result = await cell.tell([row_of(sale), row_of(void, 2)])
    return sale, void, result.file


async def test_a_dispute_that_ends_by_the_row_makes_the_void_stand(cell: Cleared) -> None:
    sale, void, file = await dispute(cell)
    await end(cell, THEIRS)
    assert (await cell.state(sale), await cell.state(void)) == ("voided", "approved")
    assert (await cell.account("suspense"), await cell.account("issuer_receivable")) == (0, 0)
    await cell.discard(file)
    assert (await cell.state(sale), await cell.state(void)) == ("approved", "declined")
    assert await cell.account("issuer_receivable") == -10_000


async def _case(cell: Cleared, void: Transaction, ended: str) -> Any:
    case = a_case(
        id=void.id, number=void.rrn, original_id=void.original_id, ended=ended, ended_at=NOON
    )
    await put(cell.pool, "cases", case._asdict())
    return case


async def test_a_case_that_was_refused_is_taken_up_once_its_void_stands(cell: Cleared) -> None:
    sale = await cell.put(1)
    given: dict[str, Any] = {"state": State.DECLINED, "sent": "answered", "response_code": "91"}
    void = await cell.put(2, **(UNKNOWN | given), kind="void", original_id=sale.id)
    await _case(cell, void, "refused")
    await cell.tell([row_of(sale), row_of(void, 2)])
    assert await cell.pool.fetchval("SELECT ended FROM cases") == "refused", "it is disputed"
    await end(cell, THEIRS)
    assert await cell.pool.fetchval("SELECT ended FROM cases") == ""


@pytest.mark.parametrize("ended", ["voided", "refused", "unproved"])
async def test_a_case_whose_void_was_none_is_taken_up(cell: Cleared, ended: str) -> None:
    sale = await cell.put(1, state=State.VOIDED, undone=10_000)
    void = await cell.put(2, kind="void", original_id=sale.id, holds=10_000)
    await _case(cell, void, ended)
    await cell.tell([row_of(sale)])
    await end(cell, THEIRS)
    assert await cell.state(void) == "reversed"
    assert await cell.pool.fetchval("SELECT ended FROM cases") == (
        "" if ended == "voided" else ended
    )


@pytest.mark.parametrize("resolution", [THEIRS, OURS])
async def test_what_came_to_agree_meanwhile_moves_nothing_more(
    cell: Cleared, resolution: Resolution
) -> None:
    sale, void, _ = await dispute(cell)
    one = (await cell.pool.fetch("SELECT * FROM transactions WHERE id = $1", void.id))[0]
    disputed = Transaction.of([one[name] for name in Transaction._fields])
    assert await cell.outcomes.concluded(disputed, done=True, at=cell.clock.now())
    await end(cell, resolution)
    assert (await cell.state(sale), await cell.state(void)) == ("voided", "approved")
    assert (await cell.account("suspense"), await available(cell)) == (0, 0)
    assert await cell.account("issuer_receivable") == 0


async def test_a_break_ends_by_itself_once_its_transaction_is_what_the_file_tells(
    cell: Cleared,
) -> None:
    _, void, _ = await dispute(cell)
    assert await cell.agree() == 0
    one = (await cell.pool.fetch("SELECT * FROM transactions WHERE id = $1", void.id))[0]
    disputed = Transaction.of([one[name] for name in Transaction._fields])
    assert await cell.outcomes.concluded(disputed, done=True, at=cell.clock.now())
    assert await cell.agree() == 1
    assert await cell.agree() == 0
    assert [one[3] for one in await cell.breaks()] == ["agreed"]
    assert (await cell.account("suspense"), await cell.account("issuer_receivable")) == (0, 0)
    incident = "SELECT count(*) FROM incidents WHERE kind = 'clearing_breaks' AND closed_at IS NULL"
    assert not await cell.pool.fetchval(incident)


async def test_a_dispute_that_ends_by_our_books_gives_the_sale_free(cell: Cleared) -> None:
    sale, void, _ = await dispute(cell)
    await end(cell, OURS)
    assert (await cell.state(sale), await cell.state(void)) == ("approved", "reversed")
    assert await cell.account("suspense") == 0
    assert await cell.pool.fetchval("SELECT undone FROM transactions WHERE id = $1", sale.id) == 0


async def test_a_void_that_the_issuer_never_booked_was_none(cell: Cleared) -> None:
    sale = await cell.put(1, state=State.VOIDED, undone=10_000)
    void = await cell.put(2, kind="void", original_id=sale.id, holds=10_000)
    result = await cell.tell([row_of(sale)])
    await end(cell, THEIRS)
    assert (await cell.state(sale), await cell.state(void)) == ("approved", "reversed")
    assert (await cell.account("suspense"), await cell.account("issuer_receivable")) == (0, -10_000)
    await cell.discard(result.file)
    assert (await cell.state(sale), await cell.state(void)) == ("voided", "approved")
    assert await cell.account("issuer_receivable") == 0


async def test_a_sale_that_was_reversed_there_is_reversed_here(cell: Cleared) -> None:
    sale = await cell.put(1)
    await cell.tell([row_of(sale), undone(sale, 2)])
    assert await cell.breaks() == [("state", "reversed_there", -10_000, "open")]
    await end(cell, THEIRS)
    assert await cell.state(sale) == "reversed"
    assert (await cell.account("suspense"), await cell.account("issuer_receivable")) == (0, 0)


async def test_a_row_of_nobody_can_not_be_taken_over(cell: Cleared) -> None:
    sale = await cell.put(1)
    stranger = row_of(sale, 2, merchant_id="999999999999999", rrn="1", trace="9", card="1")
    await cell.tell([row_of(sale), stranger])
    with pytest.raises(ending.NobodyHere):
        await end(cell, THEIRS)
    await end(cell, OURS)
    assert [one[3] for one in await cell.breaks()] == ["resolved"]


async def test_a_break_ends_once(cell: Cleared) -> None:
    sale = await cell.put(1)
    await cell.tell([row_of(sale, amount=9_000)])
    identity = await cell.pool.fetchval("SELECT id FROM breaks")
    await end(cell, THEIRS)
    async with cell.pool.acquire() as connection, connection.transaction():
        with pytest.raises(ending.NotWaiting):
            await ending.locked(connection, identity)


async def told_and_not_taken_back(cell: Cleared) -> tuple[Transaction, Transaction]:
    """Let a sale be told whose reversal is never told; gives it, and the one of the day after."""
    just_before = datetime(2026, 11, 23, 14, 59, tzinfo=UTC)
    sale = await cell.put(1, **(UNKNOWN | {"state": State.REVERSED}), received_at=just_before)
    await cell.pool.execute("UPDATE transactions SET ended_at = $1", just_before)
    await cell.tell([row_of(sale)])
    other = await cell.put(2, business_date=DAY + timedelta(days=1))
    await cell.tell([row_of(other)], day=DAY + timedelta(days=1))
    return sale, other


async def test_what_is_told_and_never_taken_back_stands_if_the_issuer_is_right(
    cell: Cleared,
) -> None:
    sale, _ = await told_and_not_taken_back(cell)
    assert await cell.state(sale) == "disputed"
    assert await cell.account("suspense") == 10_000
    await end(cell, THEIRS)
    assert await cell.state(sale) == "approved"
    assert (await cell.account("suspense"), await cell.account("issuer_receivable")) == (0, -20_000)


async def test_what_is_told_and_never_taken_back_is_reversed_if_our_books_are_right(
    cell: Cleared,
) -> None:
    sale, _ = await told_and_not_taken_back(cell)
    await end(cell, OURS)
    assert await cell.state(sale) == "reversed"
    assert (await cell.account("suspense"), await cell.account("issuer_receivable")) == (0, -10_000)


async def test_the_account_follows_where_the_transaction_cannot(cell: Cleared) -> None:
    sale = await cell.put(1, state=State.VOIDED, undone=10_000)
    void = await cell.put(2, kind="void", original_id=sale.id)
    await cell.tell([row_of(void)])
    await end(cell, THEIRS)
    assert await cell.state(sale) == "voided"
    assert (await cell.account("suspense"), await available(cell)) == (0, -10_000)
    assert await cell.account("issuer_receivable") == 10_000


async def test_what_was_taken_back_by_a_discard_is_not_taken_back_again(cell: Cleared) -> None:
    sale, second = await told_and_not_taken_back(cell)
    await end(cell, THEIRS)
    last = "SELECT id FROM clearing_files ORDER BY settles_on DESC LIMIT 1"
    await cell.discard(await cell.pool.fetchval(last))
    assert await cell.state(sale) == "reversed"
    other = await cell.put(3, business_date=DAY + timedelta(days=1))
    rows = [row_of(second), row_of(other, 2)]
    await cell.tell(rows, day=DAY + timedelta(days=1))
    await end(cell, OURS)
    assert await cell.state(sale) == "reversed"
    assert (await cell.account("suspense"), await cell.account("issuer_receivable")) == (0, -20_000)


async def test_what_people_say_is_no_answer_to_a_reversal(cell: Cleared) -> None:
    """The issuer's own word of it is evidence, whatever a file and people say later."""
    answered = datetime(2026, 11, 23, 14, 59, 9, tzinfo=UTC)
    sale, _ = await told_and_not_taken_back(cell)
    await owe_reversal(cell.pool, sale, pending=False, done_at=answered, last_code="00")
    await end(cell, OURS)
    kept = "SELECT pending, done_at, last_code FROM outbox"
    assert tuple(await cell.pool.fetchrow(kept) or ()) == (False, answered, "00")


async def test_what_people_say_ends_a_reversal_that_is_owed(cell: Cleared) -> None:
    sale, _ = await told_and_not_taken_back(cell)
    await owe_reversal(cell.pool, sale, attempts=3, last_code="96")
    await end(cell, OURS)
    kept = "SELECT pending, last_code FROM outbox"
    assert tuple(await cell.pool.fetchrow(kept) or ()) == (False, "96")
