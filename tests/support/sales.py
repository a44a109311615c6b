"""Sales as the journal writes them: sent, and approved with their entries."""

from datetime import UTC, datetime
from typing import Any

from annul.domain.ledger import Transfer
from annul.domain.records import Transaction
from annul.domain.states import Sent, State
from annul.store.journal import Journal, Opening, Outcome
from tests.support.builders import DAY, sent

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
MERCHANT = "898000058120000"


def approved(sale: Transaction, **changes: Any) -> Outcome:
    """Give the outcome of a sale of 100.00 that was approved."""
    values: dict[str, Any] = {
        "merchant_id": sale.merchant_id,
        "id": sale.id,
        "original_id": sale.original_id,
        "state": State.APPROVED,
        "at": NOW,
        "sent": Sent.ANSWERED,
        "response_code": "00",
        "fee": 50,
        "posted_on": DAY,
        "transfers": (
            Transfer("issuer_receivable", "merchant_pending", 10_000),
            Transfer("merchant_pending", "fee_income", 50),
        ),
    }
    return Outcome(**(values | changes))


async def sold(journal: Journal, trace: int = 1) -> Transaction:
    """Write a sale that was approved."""
    sale = sent(trace)
    await journal.open(Opening(sale, 0))
    assert await journal.conclude(approved(sale, auth_code="123456", posted_on=DAY))
    return sale
