"""Every way a transaction can end, written with its ledger entries in one commit."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Any, Final

from annul.domain.kinds import KINDS, Money
from annul.domain.ledger import Transfer, approval
from annul.domain.records import Transaction
from annul.domain.states import Sent, State
from annul.issuers.message import Answer
from annul.merchants.registry import Registry
from annul.store.journal import Journal, Outcome

APPROVED_CODES: Final = frozenset({"00", "10", "11", "A2", "A4", "A5", "A6"})

# What the original becomes once the transaction that refers to it is approved.
ORIGINAL_BECOMES: Final = {
    "void": State.VOIDED,
    "qr_void": State.VOIDED,
    "preauth_void": State.VOIDED,
    "completion_void": State.VOIDED,
    "refund": State.REFUNDED,  # or partly_refunded: the statement that writes it decides
    "qr_refund": State.REFUNDED,
    "completion": State.COMPLETED,
    "completion_advice": State.COMPLETED,
}


def owed(kind: str) -> str:
    """Say what an issuer is owed for a transaction whose outcome is unknown.

    A reversible one is reversed; any other is repeated until it is answered.
    """
    return "reversal" if KINDS[kind].reversible else "advice"


class Outcomes:
    """Write outcomes to the journal. Each method gives False when the state no longer allows it."""

    def __init__(self, journal: Journal, registry: Registry) -> None:
        self._journal = journal
        self._registry = registry

    async def answered(
        self,
        transaction: Transaction,
        answer: Answer,
        at: datetime,
        *,
        original: Transaction | None = None,
        settles: bool = False,
    ) -> bool:
        """Write the issuer's answer: approved with its entries, or declined."""
        approved = answer.response_code in APPROVED_CODES
        fee, transfers = await self._money(transaction, original) if approved else (0, ())
        original_state = ORIGINAL_BECOMES.get(transaction.kind, "") if approved else ""
        return await self._write(
            transaction,
            State.APPROVED if approved else State.DECLINED,
            at,
            sent=Sent.ANSWERED,
            response_code=answer.response_code,
            auth_code=answer.auth_code,
            settlement_date=answer.settlement_date,
            fee=fee,
            icc_answer=answer.icc,
            voucher=answer.voucher,
            original_state=original_state,
            release=0 if approved else transaction.holds,
            settles=settles,
            transfers=transfers,
        )

    async def not_sent(
        self, transaction: Transaction, code: str, at: datetime, why: str = ""
    ) -> bool:
        """Close a transaction of which nothing left this host; `why` is what kept it here."""
        return await self._write(
            transaction,
            State.DECLINED,
            at,
            sent=Sent.NOT_SENT,
            response_code=code,
            release=transaction.holds,
            why=why,
        )

    async def unknown(
        self, transaction: Transaction, code: str, reason: str, at: datetime, why: str = ""
    ) -> bool:
        """Keep that the issuer was silent, and owe it the reversal or the repeated advice."""
        return await self._write(
            transaction,
            State.UNKNOWN,
            at,
            sent=Sent.POSSIBLY_SENT,
            response_code=code,
            owed=owed(transaction.kind),
            reason=reason,
            why=why,
        )

    async def reversing(
        self, transaction: Transaction, reason: str, at: datetime, late_code: str = ""
    ) -> bool:
        """Take ownership of a reversal: from now on it is sent until the issuer acknowledges it."""
        return await self._write(
            transaction,
            State.REVERSING,
            at,
            late_code=late_code,
            owed="reversal",
            reason=reason,
        )

    async def reversed(self, transaction: Transaction, code: str, at: datetime) -> bool:
        """End a reversal that the issuer acknowledged: mirror the entries, free the original.

        False also when an answer came too late since the reversal left, when `transaction` was
        read: then the reversal has to be sent once more.
        """
        return await self._write(
            transaction,
            State.REVERSED,
            at,
            response_code=code,
            late_code=transaction.late_code,
            original_state=State.APPROVED if transaction.holds else "",
            release=transaction.holds,
            settles=True,
        )

    async def owe_again(self, transaction: Transaction, reason: str, at: datetime) -> bool:
        """Put a reversal or an advice that has no outbox row back into the outbox."""
        await self._journal.owe(transaction, owed(transaction.kind), reason, at)
        return True

    def _write(
        self, transaction: Transaction, state: State, at: datetime, **more: Any
    ) -> Awaitable[bool]:
        """Move a transaction to `state`; `more` are the other parts of an `Outcome`."""
        identity = (transaction.merchant_id, transaction.id, transaction.original_id)
        return self._journal.conclude(Outcome(*identity, state, at, **more))

    async def _money(
        self, transaction: Transaction, original: Transaction | None
    ) -> tuple[int, tuple[Transfer, ...]]:
        """Give fee and transfers; what is given back is charged at the rates of its original."""
        kind = KINDS[transaction.kind]
        if kind.money not in {Money.TAKE, Money.BACK}:
            return 0, ()
        priced = transaction
        if kind.money is Money.BACK and transaction.original_id is not None:
            priced = original or await self._journal.find_by_id(
                transaction.merchant_id, transaction.original_id
            )
            assert priced is not None, "an original is never deleted"
        merchant = self._registry.merchant(transaction.merchant_id)
        fee = self._registry.fees.charge(
            merchant.pricing if merchant else "standard",
            priced.card_type,
            transaction.amount,
            priced.business_date,
        )
        return fee.merchant, approval(kind, transaction.amount, fee)
