"""What the sweep asks of payouts, of what is available, and of business days that were counted."""

from datetime import date
from typing import Any, Final

from annul.domain.ledger import OF_TRANSACTIONS
from annul.domain.payouts import FAILED
from annul.store.sql import listed, load

SQL: Final = load(
    "annul.resolve",
    "audit_payouts.sql",
    failed_payouts=listed(FAILED),
    of_transactions=listed(OF_TRANSACTIONS),
)


async def counted_days(connection: Any) -> list[date]:
    """Give the business days that were counted for any merchant, the first one first."""
    return [row[0] for row in await connection.fetch(*SQL["counted_days"]())]
