"""What the store-and-forward worker brings home, written through the same outcomes as the rest."""

from datetime import datetime
from uuid import UUID

from annul.domain.answers import REPEAT_DENIED
from annul.domain.reversal_reasons import LATE_ANSWER
from annul.issuers.message import Answer
from annul.store.journal import Journal

from .outcomes import Outcomes


class Forwarded:
    """The outcomes of reversals and advices, by transaction id."""

    def __init__(self, journal: Journal, outcomes: Outcomes) -> None:
        self._journal = journal
        self._outcomes = outcomes

    async def reversed(
        self,
        merchant_id: str,
        transaction_id: UUID,
        code: str,
        at: datetime,
        late_at: datetime | None,
    ) -> bool:
        """End a reversal that the issuer acknowledged with `code`."""
        transaction = await self._journal.find_by_id(merchant_id, transaction_id)
        if transaction is None:
            return False
        if await self._outcomes.reversed(transaction._replace(late_at=late_at), code, at):
            return True
        await self._outcomes.undone_there(transaction, code, at)
        return False

    async def disputed(
        self, merchant_id: str, transaction_id: UUID, code: str, at: datetime
    ) -> bool:
        """Write that the issuer denies with `code` what it has approved."""
        transaction = await self._journal.find_by_id(merchant_id, transaction_id)
        return transaction is not None and await self._outcomes.disputed(transaction, code, at)

    async def advised(
        self, merchant_id: str, transaction_id: UUID, answer: Answer, at: datetime, *, again: bool
    ) -> bool:
        """Write the issuer's answer to an advice.

        One that comes when the transaction has moved on is decided like any late answer.
        """
        transaction = await self._journal.find_by_id(merchant_id, transaction_id)
        if transaction is None:
            return False
        if again and answer.response_code in REPEAT_DENIED:
            return await self._outcomes.contradicted(transaction, answer, at)
        if await self._outcomes.answered(transaction, answer, at, settles=True):
            return True
        await self._outcomes.late(transaction, answer, LATE_ANSWER, at)
        return False
