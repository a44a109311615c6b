"""A row of a clearing file is proof: it ends what nobody knew; a discard undoes it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from annul.domain.incident import Incident
from annul.domain.records import Transaction
from annul.domain.states import State
from annul.resolve.book import Book
from annul.settle.clearing.proving import Proving
from annul.store.incidents import opening
from tests.support.builders import DAY
from tests.support.clearing import UNKNOWN, Cleared, row_of, undone
from tests.support.rows import owe_reversal, put
from tests.support.situations import case as a_case

NEXT = DAY + timedelta(days=1)


async def open_sale(cell: Cleared, trace: int = 1, **more: Any) -> Transaction:
    return await cell.put(trace, **(UNKNOWN | more))


async def open_void(cell: Cleared, **more: Any) -> tuple[Transaction, Transaction]:
    """Put a sale in, and a void of it that nobody knows and that holds it."""
    sale = await cell.put(1, undone=10_000, undoing=10_000)
    void = await open_sale(
        cell, 2, **({"kind": "void", "original_id": sale.id, "holds": 10_000} | more)
    )
    return sale, void


async def test_a_sale_that_nobody_knew_stands_by_its_row(cell: Cleared) -> None:
    sale = await open_sale(cell)
    result = await cell.tell([row_of(sale)])
    assert result.proofs == 1
    assert await cell.state(sale) == "approved"
    assert (await cell.account("issuer_receivable"), await cell.breaks()) == (-10_000, [])


async def test_a_sale_that_was_taken_back_there_did_not_happen(cell: Cleared) -> None:
    sale = await open_sale(cell)
    result = await cell.tell([row_of(sale), undone(sale, 2)])
    assert result.proofs == 1
    assert (await cell.state(sale), await cell.breaks()) == ("declined", [])
    assert await cell.account("issuer_receivable") == 0


@pytest.mark.parametrize("was", [State.UNKNOWN, State.SENT, State.DISPUTED])
async def test_a_void_that_nobody_knew_is_done_by_its_row(cell: Cleared, was: State) -> None:
    sale, void = await open_void(cell, state=was)
    case = a_case(id=void.id, number=void.rrn, original_id=sale.id, ended="")
    await put(cell.pool, "cases", case._asdict())
    await cell.tell([row_of(sale), row_of(void, 2)])
    assert (await cell.state(sale), await cell.state(void)) == ("voided", "approved")
    assert await cell.account("issuer_receivable") == 0
    told = await cell.pool.fetch("SELECT body FROM case_events WHERE case_id = $1", case.id)
    assert ["proved_by_clearing" in row["body"] for row in told] == [True]


async def test_a_void_that_is_being_reversed_is_done_while_no_reversal_was_tried(
    cell: Cleared,
) -> None:
    sale, void = await open_void(cell, state=State.REVERSING)
    await owe_reversal(cell.pool, void)
    await cell.tell([row_of(sale), row_of(void, 2)])
    assert (await cell.state(sale), await cell.state(void)) == ("voided", "approved")
    assert not await cell.pool.fetchval("SELECT pending FROM outbox"), "it is sent no more"


async def test_a_reversal_that_may_be_on_its_way_decides(cell: Cleared) -> None:
    sale, void = await open_void(cell, state=State.REVERSING)
    await owe_reversal(cell.pool, void, attempts=1)
    await cell.tell([row_of(sale), row_of(void, 2)])
    assert await cell.state(void) == "reversing"
    assert await cell.breaks() == [("state", "reversal_open", -10_000, "open")]
    assert await cell.pool.fetchval("SELECT pending FROM outbox")


async def test_a_sale_that_is_being_reversed_goes_on(cell: Cleared) -> None:
    sale = await open_sale(cell, state=State.REVERSING)
    await owe_reversal(cell.pool, sale, attempts=3, last_code="96")
    await cell.tell([row_of(sale)])
    assert await cell.state(sale) == "reversing"
    assert [one[0] for one in await cell.breaks()] == ["state"]
    await cell.pool.execute("UPDATE transactions SET state = 'reversed' WHERE id = $1", sale.id)
    await cell.tell([undone(sale, 1)], day=NEXT)
    assert [one[3] for one in await cell.breaks()] == ["agreed"]
    assert await cell.account("suspense") == 0


@pytest.mark.parametrize(
    ("was", "more", "cause"),
    [
        (State.DECLINED, {"response_code": "91"}, "declined_and_booked"),
        (State.DECLINED, {"sent": "possibly_sent", "response_code": ""}, "possibly_sent"),
        (State.DECLINED, {"late_code": "00"}, "late_answer"),
        (State.REVERSED, {}, "reversal_not_booked"),
    ],
)
async def test_what_had_ended_otherwise_is_a_dispute_that_holds_its_sale(
    cell: Cleared, was: State, more: dict[str, Any], cause: str
) -> None:
    sale = await cell.put(1)
    late = {name: more[name] for name in more if name == "late_code"}
    given = {name: more[name] for name in more if name != "late_code"}
    void = await open_sale(
        cell,
        2,
        **({"kind": "void", "original_id": sale.id, "state": was, "sent": "answered"} | given),
    )
    if late:
        await cell.pool.execute("UPDATE transactions SET late_code = '00' WHERE id = $1", void.id)
    await cell.tell([row_of(sale), row_of(void, 2)])
    assert await cell.state(void) == "disputed"
    held = await cell.pool.fetchval("SELECT undone FROM transactions WHERE id = $1", sale.id)
    assert held == 10_000, "it can not be given back a second time"
    assert await cell.breaks() == [("state", cause, -10_000, "open")]
    assert await cell.account("suspense") == -10_000
    assert (
        await cell.pool.fetchval(
            "SELECT count(*) FROM incidents WHERE kind = 'disputed' AND closed_at IS NULL"
        )
        == 1
    )


async def test_nothing_is_declined_for_want_of_a_row(cell: Cleared) -> None:
    sale, other = await open_sale(cell), await cell.put(2)
    await cell.tell([row_of(other)])
    assert await cell.state(sale) == "unknown"
    assert await cell.breaks() == [("missing_there", "never_arrived", 0, "open")]


# Undone again -----------------------------------------------------------------------------------


@pytest.mark.parametrize("owed", [True, False])
async def test_a_dispute_that_is_one_again_owes_what_it_had_owed(cell: Cleared, owed: bool) -> None:
    sale, void = await open_void(cell, state=State.DISPUTED)
    before = None if owed else datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
    await owe_reversal(cell.pool, void, pending=owed, done_at=before, attempts=4, last_code="12")
    result = await cell.tell([row_of(sale), row_of(void, 2)])
    assert await cell.state(void) == "approved"
    assert not await cell.pool.fetchval("SELECT pending FROM outbox")
    await cell.discard(result.file)
    assert await cell.state(void) == "disputed"
    kept = await cell.pool.fetchrow("SELECT pending, done_at, last_code FROM outbox")
    assert tuple(kept or ()) == (owed, before, "12")


@pytest.mark.parametrize("times", [1, 3])
async def test_a_discard_undoes_what_was_proved_and_it_may_be_proved_again(
    cell: Cleared, times: int
) -> None:
    sale, void = await open_void(cell)
    lone = await open_sale(cell, 3)
    await owe_reversal(cell.pool, void)
    rows = [row_of(sale), row_of(void, 2), row_of(lone, 3)]
    before = await cell.account("merchant_pending")
    for _ in range(times):
        result = await cell.tell(rows)
        assert [await cell.state(one) for one in (sale, void, lone)] == [
            "voided",
            "approved",
            "approved",
        ]
        assert await cell.account("issuer_receivable") == -10_000
        await cell.discard(result.file)
        assert [await cell.state(one) for one in (sale, void, lone)] == [
            "approved",
            "unknown",
            "unknown",
        ]
        assert await cell.account("issuer_receivable") == -10_000
        assert await cell.account("merchant_pending") == before
        kept = await cell.pool.fetchrow(
            "SELECT undone, undoing, state FROM transactions WHERE id = $1", sale.id
        )
        assert tuple(kept or ()) == (10_000, 10_000, "approved")
        assert await cell.pool.fetchval("SELECT pending FROM outbox")
    assert not await cell.pool.fetchval("SELECT count(*) FROM clearing_rows")
    assert not await cell.pool.fetchval("SELECT count(*) FROM clearing_carried")


async def test_a_dispute_of_a_discarded_file_is_none(cell: Cleared) -> None:
    sale = await cell.put(1)
    void = await open_sale(
        cell,
        2,
        kind="void",
        original_id=sale.id,
        state=State.DECLINED,
        sent="answered",
        response_code="91",
    )
    result = await cell.tell([row_of(sale), row_of(void, 2)])
    await cell.discard(result.file)
    assert await cell.state(void) == "declined"
    assert await cell.pool.fetchval("SELECT undone FROM transactions WHERE id = $1", sale.id) == 0
    assert await cell.account("suspense") == 0
    assert [one[3] for one in await cell.breaks()] == ["withdrawn"]
    assert not await cell.pool.fetchval("SELECT count(*) FROM incidents WHERE closed_at IS NULL")


async def test_a_discard_in_the_middle_of_a_move_undoes_it_all_the_same(cell: Cleared) -> None:
    """One process carries out what another one gives up, which knows nothing of it yet."""
    sale = await open_sale(cell)
    staged = await cell.stage([row_of(sale)])
    await cell.commit(staged.id)

    class Slow:
        async def proved(self, transaction: Transaction, *, done: bool, at: datetime) -> bool:
            await cell.discard(staged.id)  # and another process marks it undone
            return await cell.outcomes.proved(transaction, done=done, at=at)

    book = Book(cell.pool, timedelta(minutes=15))
    slow = Proving(cell.pool, book, Slow(), cell.calendar, cell.clock)
    assert await slow.run() == 1
    await cell.prove()
    assert await cell.state(sale) == "unknown"
    assert await cell.account("issuer_receivable") == 0


async def test_what_was_built_upon_since_stays_and_somebody_is_told(cell: Cleared) -> None:
    sale = await open_sale(cell)
    result = await cell.tell([row_of(sale)])
    await cell.pool.execute(
        "UPDATE transactions SET state = 'voided', undone = amount WHERE id = $1", sale.id
    )
    await cell.discard(result.file)
    assert await cell.state(sale) == "voided"
    assert (
        await cell.pool.fetchval(
            "SELECT count(*) FROM incidents WHERE kind = 'clearing_proof_stands'"
        )
        == 1
    )


async def test_what_is_disputed_and_cannot_end_stays_disputed_and_told(cell: Cleared) -> None:
    """A refund holds it by now, so people's word about it can not be carried out; it was once."""
    sale = await cell.put(
        1, state=State.DISPUTED, why="proved_by_clearing", undone=10_000, undoing=10_000
    )
    told = Incident.of_transaction("disputed", sale, how="after_its_end", code="", state="reversed")
    await cell.pool.execute(*opening([told], cell.clock.now()))
    key = {"merchant_id": sale.merchant_id, "id": uuid4(), "transaction_id": sale.id}
    said = {"proves": "not_done", "was": "disputed", "was_code": "00", "row": {}}
    more = {"file_id": uuid4(), "break_id": uuid4(), "found_at": cell.clock.now()}
    await put(cell.pool, "clearing_proofs", key | said | more)
    await cell.proving.run()
    assert await cell.state(sale) == "disputed"
    came = await cell.pool.fetchval("SELECT came FROM clearing_proofs")
    still = await cell.pool.fetchval("SELECT count(*) FROM incidents WHERE closed_at IS NULL")
    assert (came, still) == ("overtaken", 1)
