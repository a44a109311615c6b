"""What stands out on the wire is foretold; once it is settled it is foretold no more."""

from annul.domain.states import State
from annul.settle.clearing.foretell import Foretelling
from tests.support.clearing import UNKNOWN, Cleared, row_of
from tests.support.rows import put


async def test_a_reversal_that_was_tried_in_vain_is_foretold_until_it_ends(cell: Cleared) -> None:
    sale = await cell.put(1, **(UNKNOWN | {"state": State.REVERSING}))
    row = {
        "merchant_id": sale.merchant_id, "id": sale.id, "transaction_id": sale.id,
        "kind": "reversal", "issuer_id": sale.issuer_id, "card_hash": sale.card_hash,
        "reason": "68", "next_attempt_at": sale.received_at, "created_at": sale.received_at,
        "attempts": 1, "original_id": sale.id,
    }  # fmt: skip
    await put(cell.pool, "outbox", row)
    await cell.put(2)
    foretelling = Foretelling(cell.pool, cell.loader, cell.calendar, cell.clock)
    assert await foretelling.run() == 1
    assert await foretelling.run() == 0
    await cell.tell([row_of(sale)])
    assert await cell.pool.fetchval("SELECT foretold FROM breaks WHERE kind = 'state'")
    other = await cell.put(3, **(UNKNOWN | {"state": State.REVERSING}))
    await put(cell.pool, "outbox", row | {"id": other.id, "transaction_id": other.id})
    assert await foretelling.run() == 1
    await cell.pool.execute("UPDATE transactions SET state = 'declined' WHERE id = $1", other.id)
    assert await foretelling.run() == 0
    open_yet = "SELECT transaction_id FROM foretold WHERE gone_at IS NULL"
    assert [row[0] for row in await cell.pool.fetch(open_yet)] == [sale.id]


async def test_a_dispute_is_not_foretold_since_its_row_ends_it(cell: Cleared) -> None:
    sale = await cell.put(1, **(UNKNOWN | {"state": State.DISPUTED}))
    assert await Foretelling(cell.pool, cell.loader, cell.calendar, cell.clock).run() == 0
    await cell.tell([row_of(sale)])
    assert await cell.state(sale) == "approved"
    assert await cell.breaks() == []
