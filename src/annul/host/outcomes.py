"""Every way a transaction can end, written with its ledger entries in one commit."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from annul.domain.answers import Verdict, reason_of
from annul.domain.business_day import CutOvers
from annul.domain.fees import Fee, returned
from annul.domain.incident import Incident
from annul.domain.kinds import KINDS, REFUNDS, Money
from annul.domain.ledger import Transfer, approval
from annul.domain.records import Transaction
from annul.domain.response_codes import BOOKED, NO_ORIGINAL, Effect, effect_of
from annul.domain.reversal_reasons import TIMED_OUT
from annul.domain.reversal_rules import CONCLUDED, PROVED
from annul.domain.states import BY_HAND, BY_PROOF, STANDING, Sent, State
from annul.issuers.message import Answer
from annul.merchants.registry import Registry
from annul.store.journal import Journal, Outcome
from annul.store.late import LateAnswer

NOT_HONOURED: Final = "05"
UNPROVED: Final = "unproved"  # the issuer has answered, and nothing is known of the money


def approved_there(transaction: Transaction) -> bool:
    """Say whether the issuer has ever said that it booked this, in time or late."""
    return transaction.response_code in BOOKED or transaction.late_code in BOOKED


class Outcomes:
    """Write outcomes to the journal. Each method gives False when the state no longer allows it.

    `business_date` gives the day on which what is written at a moment is posted, by the contract.
    """

    def __init__(
        self,
        journal: Journal,
        registry: Registry,
        business_date: Callable[[datetime, CutOvers], date],
    ) -> None:
        self._journal = journal
        self._registry = registry
        self._business_date = business_date

    async def answered(
        self,
        transaction: Transaction,
        answer: Answer,
        at: datetime,
        *,
        original: Transaction | None = None,
        settles: bool = False,
    ) -> bool:
        """Write what an issuer's answer proves: approved, declined, nothing, or a contradiction."""
        verdict = answer.verdict
        if verdict is not Verdict.APPROVED and not KINDS[transaction.kind].owed:
            verdict = Verdict.DECLINED
        if verdict is Verdict.OPEN:
            return await self.unknown(
                transaction, answer.response_code, TIMED_OUT, at, UNPROVED, sent=Sent.ANSWERED
            )
        if verdict is Verdict.CONTRADICTS:
            return await self.contradicted(transaction, answer, at)
        approved = verdict is Verdict.APPROVED
        fee, transfers = await self._money(transaction, original) if approved else (0, ())
        code = answer.response_code
        if original is not None and code == NO_ORIGINAL and approved_there(original):
            await self._forgotten(transaction, original, code, at)
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
            original_state=KINDS[transaction.kind].makes if approved else "",
            release=0 if approved else transaction.holds,
            settles=settles,
            transfers=transfers,
            **_ending(transaction),
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
            **_ending(transaction),
        )

    async def unknown(
        self,
        transaction: Transaction,
        code: str,
        reason: str,
        at: datetime,
        why: str = "",
        *,
        sent: Sent = Sent.POSSIBLY_SENT,
    ) -> bool:
        """Keep that nothing is known, and owe the issuer the reversal or the repeated request.

        What moves no money is declined instead: nobody has to know.
        """
        kind = KINDS[transaction.kind].owed
        return await self._write(
            transaction,
            State.UNKNOWN if kind else State.DECLINED,
            at,
            sent=sent,
            response_code=code,
            owed=kind,
            reason=reason,
            why=why,
        )

    async def _forgotten(
        self, transaction: Transaction, original: Transaction, code: str, at: datetime
    ) -> None:
        """Tell somebody that an issuer does not know what it has approved."""
        incident = Incident.of_transaction(
            "original_forgotten",
            transaction,
            code=code,
            original=original.rrn,
            auth_code=original.auth_code,
        )
        await self._journal.tell(incident, at)

    async def contradicted(self, transaction: Transaction, answer: Answer, at: datetime) -> bool:
        """Take back what was booked and is not what was asked; dispute what can not be reversed."""
        said: dict[str, Any] = {
            "late_code": answer.response_code,
            "sent": Sent.ANSWERED,
            "why": UNPROVED,
        }
        if KINDS[transaction.kind].reversible:
            return await self._write(
                transaction,
                State.REVERSING,
                at,
                auth_code=answer.auth_code,
                owed="reversal",
                reason=reason_of(answer.response_code, answer.differs),
                **said,
            )
        code = answer.response_code
        if answer.verdict is Verdict.DECLINED:
            incident = Incident.of_transaction(
                "disputed", transaction, how="refuses_repeat", code=code
            )
        else:
            fields = list(answer.differs or (4,))
            incident = Incident.of_transaction(
                "disputed", transaction, how="differs", code=code, fields=fields
            )
        return await self._write(
            transaction, State.DISPUTED, at, settles=True, incident=incident, **said
        )

    async def reversing(self, transaction: Transaction, reason: str, at: datetime) -> bool:
        """Take ownership of a reversal: from now on it is sent until the issuer acknowledges it.

        False as well when the transaction is no longer as it was read.
        """
        again = transaction.state is State.APPROVED
        return await self._write(
            transaction,
            State.REVERSING,
            at,
            owed="reversal",
            reason=reason,
            came_from=transaction.state,
            undoing=transaction.holds if again else 0,
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
            seen_at=transaction.late_at,
            original_state=State.APPROVED if transaction.holds else "",
            release=transaction.holds,
            settles=True,
            **_ending(transaction),
        )

    async def disputed(self, transaction: Transaction, code: str, at: datetime) -> bool:
        """Keep that an issuer denies what it has approved, and go on asking it."""
        incident = Incident.of_transaction(
            "disputed", transaction, how="denies_reversal", code=code
        )
        return await self._write(transaction, State.DISPUTED, at, incident=incident)

    async def undone_there(self, transaction: Transaction, code: str, at: datetime) -> None:
        """Tell somebody that an issuer has undone what people had concluded to stand."""
        if transaction.state not in STANDING or transaction.why != CONCLUDED:
            return
        incident = Incident.of_transaction(
            "conclusion_overtaken",
            transaction,
            concluded="done",
            code=code,
            state=transaction.state,
        )
        await self._journal.tell(incident, at)

    async def concluded(self, transaction: Transaction, *, done: bool, at: datetime) -> bool:
        """Write what two people have concluded: it was done at the issuer, or it was not.

        False when it is no longer as it was read, or when another void or refund has taken its
        place, so that the ledger can not hold both.
        """
        return await self._said(transaction, BY_HAND, CONCLUDED, done=done, at=at)

    async def proved(self, transaction: Transaction, *, done: bool, at: datetime) -> bool:
        """Write what a row of the issuer's clearing file proves; False as `concluded` gives it."""
        return await self._said(transaction, BY_PROOF, PROVED, done=done, at=at)

    async def _said(
        self,
        transaction: Transaction,
        moves: Mapping[State, frozenset[State]],
        why: str,
        *,
        done: bool,
        at: datetime,
    ) -> bool:
        target = State.APPROVED if done else _undone(transaction)
        beside = transaction.original_id is not None and not transaction.holds
        if target not in moves.get(transaction.state, ()) or (done and beside):
            return False
        fee, transfers = await self._money(transaction, None) if done else (0, ())
        back = State.APPROVED if target is State.REVERSED and transaction.holds else ""
        return await self._write(
            transaction,
            target,
            at,
            response_code=_concluded_code(transaction, done=done),
            fee=fee,
            seen_at=transaction.late_at,
            original_state=KINDS[transaction.kind].makes if done else back,
            release=0 if done else transaction.holds,
            settles=True,
            transfers=transfers,
            why=why,
            came_from=transaction.state,
            by_hand=True,
            # What stood keeps nothing from others any more.
            **({} if transaction.state is State.APPROVED else _ending(transaction)),
        )

    async def late(
        self, transaction: Transaction, answer: Answer, reason: str, at: datetime
    ) -> str:
        """Decide on an answer that came when the transaction had moved on without it."""
        if not KINDS[transaction.kind].owed:
            return ""  # it moves nothing
        reversible = KINDS[transaction.kind].reversible
        late = LateAnswer(
            transaction,
            answer.response_code,
            answer.auth_code,
            answer.verdict,
            reversible,
            reason if reversible else "",
            at,
        )
        return await self._journal.late(late)

    async def owe_again(self, transaction: Transaction, reason: str, at: datetime) -> bool:
        """Put a reversal or an advice that has no outbox row back into the outbox."""
        reversing = transaction.state is State.REVERSING
        kind = "reversal" if reversing else KINDS[transaction.kind].owed
        if not kind:
            return await self.unknown(transaction, transaction.response_code, reason, at)
        await self._journal.owe(transaction, kind, reason, at)
        return True

    def _write(
        self,
        transaction: Transaction,
        state: State,
        at: datetime,
        *,
        incident: Incident | None = None,
        **more: Any,
    ) -> Awaitable[bool]:
        """Move a transaction to `state`; `more` are the other parts of an `Outcome`.

        `incident` is told in the same commit.
        """
        identity = (transaction.merchant_id, transaction.id, transaction.original_id)
        return self._journal.conclude(
            Outcome(
                *identity,
                state,
                at,
                posted_on=self._business_date(at, self._registry.cut_overs(identity[0])),
                incident=incident.kind if incident else "",
                params=incident.params if incident else None,
                **more,
            )
        )

    async def _money(
        self, transaction: Transaction, original: Transaction | None
    ) -> tuple[int, tuple[Transfer, ...]]:
        """Give fee and transfers; what is given back returns its share of what was charged."""
        kind = KINDS[transaction.kind]
        if kind.money not in {Money.TAKE, Money.BACK}:
            return 0, ()
        if kind.money is Money.TAKE or transaction.original_id is None:
            fee = self._charged(transaction)
            return fee.merchant, approval(kind, transaction.amount, fee)
        if original is None or transaction.kind in REFUNDS:  # how much went back is read under hold
            original = await self._journal.find_by_id(
                transaction.merchant_id, transaction.original_id
            )
            assert original is not None, "an original is never deleted"
        before = _before(original, transaction) if transaction.kind in REFUNDS else 0
        cost = await self._journal.cost(original)  # as it was booked, whatever it would be now
        share = (original.amount, before, transaction.amount)
        fee = Fee(returned(original.fee, *share), returned(cost, *share), 0)
        return fee.merchant, approval(kind, transaction.amount, fee)

    def _charged(self, transaction: Transaction) -> Fee:
        """Give the fees of a transaction at the rates of its day."""
        merchant = self._registry.merchant(transaction.merchant_id)
        return self._registry.fees.charge(
            merchant.pricing if merchant else "standard",
            transaction.card_type,
            transaction.amount,
            transaction.business_date,
            own=transaction.merchant_id,
        )


def _concluded_code(transaction: Transaction, *, done: bool) -> str:
    """Give the code that a repeat is told after a conclusion; empty keeps what it was told."""
    if done:
        return "" if transaction.response_code in BOOKED else "00"
    return "" if effect_of(transaction.response_code) is Effect.NOT_DONE else NOT_HONOURED


def _before(original: Transaction, refund: Transaction) -> int:
    """Say how much of an original went back before a refund.

    Read without the lock, it may be of a refund that has ended meanwhile; then nothing is written.
    """
    most = original.amount - refund.amount
    return max(0, min(original.undone - original.undoing, most))


def _ending(transaction: Transaction) -> dict[str, Any]:
    """Give what a transaction that has its outcome no longer keeps from others."""
    return {"undoing": -transaction.holds, "unreserve": transaction.reserves}


def _undone(transaction: Transaction) -> State:
    """Name the state of what did not happen: reversed if that was its way, else declined."""
    reversible = KINDS[transaction.kind].reversible
    if transaction.state is State.APPROVED:
        return State.REVERSED
    taken_back = transaction.state in {State.REVERSING, State.DISPUTED}
    return State.REVERSED if taken_back and reversible else State.DECLINED
