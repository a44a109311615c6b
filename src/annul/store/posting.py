"""Posting: what moves a merchant's money between accounts without a transaction of a card.

The journal's outcomes move money by the same parts (`posting.sql`).
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import asyncpg

from annul.domain.ledger import OF_TRANSACTIONS, PostingKind, Transfer

from .sql import load

SQL: Final = load("annul.store", "posting.sql")
# For statements elsewhere that move money by rows of their own.
PARTS: Final = {name: SQL[name].sql for name in ("posted", "nothing_freed", "balanced")}


class Posted(StrEnum):
    """What became of a posting."""

    DONE = "done"
    REPEATED = "repeated"  # its subject was posted before, as this kind: nothing moved again
    UNCOVERED = "uncovered"  # the money is not there, or reserved for voids on their way


@dataclass(frozen=True, slots=True)
class Posting:
    """Transfers of one merchant that belong together; `subject` is what they are posted for."""

    merchant_id: str
    currency: str
    kind: PostingKind
    subject: UUID
    transfers: tuple[Transfer, ...]
    business_date: date

    def __post_init__(self) -> None:
        assert self.kind not in OF_TRANSACTIONS, "an outcome of a transaction is the journal's"


async def post(
    there: asyncpg.Pool | asyncpg.Connection,
    posting: Posting,
    at: datetime,
    *,
    covered: bool = True,
) -> Posted:
    """Move the money, all of it or none; the caller's transaction decides with it.

    Without `covered` also what is not there, which the merchant owes from then on.
    """
    key = {"merchant": posting.merchant_id, "kind": posting.kind, "subject": posting.subject}
    rows = [
        (posting.subject, line, one.debit, one.credit, one.amount)
        for line, one in enumerate(posting.transfers)
    ]
    written = await there.fetchval(
        *SQL["post"](
            **key,
            transfers=rows,
            currency=posting.currency,
            business_date=posting.business_date,
            at=at,
            covered=covered,
        )
    )
    if written:
        return Posted.DONE
    # Asked on its own: another process may have posted it while this one waited for the balance.
    known = await there.fetchval(*SQL["known"](**key))
    return Posted.REPEATED if known else Posted.UNCOVERED
