"""What nobody drives any more is driven on: after a crash, after a late answer, in a sweep.

The three ways a transaction loses its driver: the process ended between two writes, the database
was away when the outcome came, or the issuer answered after the time-out. A process moves on what
has its own number, since nobody else can have that, and what has the number of no live process.
Several may do so at once: each move names the states that it may come from, so one of them happens.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from annul.domain.answers import Verdict
from annul.domain.incident import Incident
from annul.domain.kinds import KINDS, REVERSAL_MTI, VOIDS, answer_mti
from annul.domain.records import Transaction
from annul.domain.response_codes import APPROVED, BOOKED, FAULT
from annul.domain.reversal_reasons import LATE_ANSWER, TIMED_OUT
from annul.domain.states import Sent, State
from annul.issuers.message import REVERSAL, Answer, answer_fields_of, parse_answer
from annul.store.batcher import StoreOverloaded, StoreUnavailable
from annul.store.loop import Loop
from annul.wire.codec import Message
from annul.wire.errors import DecodeError
from annul.wire.masking import scan

from .host import Host
from .membership import Membership

log = structlog.get_logger(__name__)

_SETTLES_S: Final = 0.5
_SWEEP_S: Final = 3.0
_INTERRUPTED: Final = "host_interrupted"  # this host ended, or lost its database, in between
# Whoever speaks, and whether again: 0431 answers a reversal as 0430 does.
_REVERSAL_ANSWERS: Final = frozenset(answer_mti(mti)[:3] for mti in (REVERSAL_MTI, REVERSAL))


async def too_late(host: Host, transaction: Transaction, answer: Answer) -> None:
    """Act on an answer that came when its transaction had moved on without it.

    What had ended and was booked after all is reversed (again), or disputed when it can not be. Its
    original is held again first, so that no refund is sent meanwhile; one that is already sent
    stays, and this alone is reversed. Anything else is kept with the transaction.
    """
    taken = await host.outcomes.late(transaction, answer, LATE_ANSWER, host.clock.now())
    if taken and transaction.kind in VOIDS and host.on_turned_back is not None:
        await host.on_turned_back(transaction, beside=taken == "beside")
    host.issuers.wake()


class Recovery:
    """Finds stranded transactions and late answers, and moves them on."""

    def __init__(self, host: Host, patience: timedelta, membership: Membership) -> None:
        """`patience`: how old an unfinished transaction is before the sweep takes it."""
        self._host = host
        self._patience = patience
        self._membership = membership
        self._loop: Loop | None = None

    async def start(self) -> int:
        """Move on what an earlier process of this node left; give how many there were.

        All of it, however young: the claim of the number has proven that nobody drives it.
        """
        moved = await self.recover(self._host.clock.now())
        self._loop = self._host.loops.start(
            "recovery", self._sweep, first_s=_SWEEP_S, every_s=_SWEEP_S
        )
        return moved

    async def stop(self) -> None:
        """End the sweep."""
        if self._loop is not None:
            await self._loop.stop()

    async def recover(self, before: datetime) -> int:
        """Move on every unfinished transaction received before `before` that nobody drives."""
        moved = 0
        while batch := await self._stranded(before):
            done = await asyncio.gather(*(self._moved_on(item) for item in batch))
            moved += sum(done)
            if not any(done):
                break
        if moved:
            log.info("recovered", transactions=moved)
            self._host.issuers.wake()
        return moved

    async def reverse_doubtful(self) -> None:
        """Reverse what is approved here while its terminal was told that it is open (98)."""
        host = self._host
        for identity, told in list(host.doubtful.items()):
            stored = await host.journal.find_by_id(told.merchant_id, identity)
            if stored is not None and stored.state is State.SENT:
                continue  # the sweep takes it for stranded
            reversible = stored is not None and KINDS[stored.kind].reversible
            if stored is not None and reversible and stored.state is State.APPROVED:
                await host.outcomes.reversing(stored, TIMED_OUT, host.clock.now())
                host.issuers.wake()
            del host.doubtful[identity]

    async def late(self, issuer_id: str, message: Message) -> None:
        """Act on an answer that nobody awaits any more; an approval is never lost.

        A late approval of what was reversed or declined is reversed (again). For what is repeated
        until answered, the late answer is the answer.
        """
        host = self._host
        at = host.clock.now()
        transaction = await self._named(message, at)
        if transaction is None or transaction.issuer_id != issuer_id:
            await self._of_nothing(issuer_id, message, at)
            return
        profile = host.issuers.profile(issuer_id)
        try:
            answer = parse_answer(message, answer_fields_of(transaction), profile)
        except DecodeError:
            await self._of_nothing(issuer_id, message, at)
            return
        if answer.differs and transaction.sent == Sent.NOT_SENT:  # its trace alone, by accident
            await self._of_nothing(issuer_id, message, at)
            return
        transaction = await self._settled(transaction)
        if message.mti[:3] in _REVERSAL_ANSWERS:
            if not answer.differs:
                await self._late_acknowledgement(transaction, answer.response_code, at)
            return
        again = KINDS[transaction.kind].owed == "advice" and (
            transaction.state is State.UNKNOWN
            or (transaction.state is State.SENT and transaction.key not in host.in_flight)
        )
        settled = again and answer.verdict is not Verdict.OPEN
        if not settled or not await host.outcomes.answered(transaction, answer, at, settles=True):
            await too_late(host, transaction, answer)

    async def _named(self, message: Message, at: datetime) -> Transaction | None:
        """Find what an answer names as the network does: time (7) and trace (11).

        Rows that are older than traces of annul's own are found by reference number (37).
        """
        journal, calendar, get = self._host.journal, self._host.calendar, message.readable().get
        sent = calendar.moment(str(get(7, "")), at)
        trace = str(get(11, ""))
        found = await journal.find_by_issuer_trace(trace, sent) if sent is not None else None
        merchant_id, rrn = (str(get(n, "")) for n in (42, 37))
        if found is None and rrn.strip():
            found = await journal.find_by_rrn(merchant_id, rrn)
        return found

    async def _settled(self, transaction: Transaction) -> Transaction:
        """Let what is just being written of it be written first: a second answer denies the first.

        Not for long: it may as well wait for an answer of its own.
        """
        under_way = self._host.in_flight.get(transaction.key)
        if under_way is None:
            return transaction
        await asyncio.wait([under_way], timeout=_SETTLES_S)
        again = await self._host.journal.find_by_id(transaction.merchant_id, transaction.id)
        return again or transaction

    async def _of_nothing(self, issuer_id: str, message: Message, at: datetime) -> None:
        """Tell somebody of an approval that belongs to nothing here: money may have moved."""
        get = message.readable().get
        code = str(get(39, ""))
        code = self._host.issuers.profile(issuer_id).codes.get(code, code)
        log.warning("late_answer_of_nothing", issuer=issuer_id, mti=message.mti, code=code)
        if code not in BOOKED or message.mti[:3] in _REVERSAL_ANSWERS:
            return
        amount, trace, reference, terminal, currency = (
            _shown(message, number) for number in (4, 11, 37, 41, 49)
        )
        merchant = self._host.registry.merchant(str(get(42, "")))
        incident = Incident.of(
            "answer_of_nothing",
            merchant.merchant_id if merchant else "",
            f"{issuer_id} {message.mti} {code} {amount} {trace} {reference} {terminal}",
            issuer=issuer_id,
            mti=message.mti,
            code=code,
            amount=int(amount) if amount.isdecimal() else None,
            currency=currency,
            trace=trace,
            reference=reference,
            terminal=terminal,
        )
        await self._host.journal.tell(incident, at)

    async def _late_acknowledgement(
        self, transaction: Transaction, code: str, at: datetime
    ) -> None:
        # It may answer a try that left before the approval came, or before the request itself: a
        # try that leaves now ends it. Only plain word that all is undone counts, and only once one
        # try is over: the answer to one under way is no late one, what is older is about no try.
        approved = transaction.late_code in BOOKED
        if transaction.state is State.REVERSING and not approved and code in APPROVED:
            if await self._host.journal.tried(transaction, at):
                await self._host.outcomes.reversed(transaction, code, at)
        elif code in APPROVED:
            await self._host.outcomes.undone_there(transaction, code, at)

    async def _stranded(self, before: datetime) -> Sequence[Transaction]:
        in_flight, own = self._host.in_flight, self._membership
        rows = await self._host.journal.stranded(before, own.boot, others=own.steady)
        return [item for item in rows if item.key not in in_flight]

    async def _moved_on(self, transaction: Transaction) -> bool:
        try:
            return await self._move_on(transaction)
        except (StoreUnavailable, StoreOverloaded):
            raise
        except Exception:
            log.exception("not_recovered", rrn=transaction.rrn)  # the others are, all the same
            return False

    async def _move_on(self, transaction: Transaction) -> bool:
        outcomes = self._host.outcomes
        at = self._host.clock.now()
        if transaction.state is State.RECEIVED:
            return await outcomes.not_sent(transaction, FAULT, at, _INTERRUPTED)
        code = self._host.issuers.silent_code(transaction.issuer_id)
        if transaction.state is State.SENT:
            return await outcomes.unknown(transaction, code, TIMED_OUT, at, _INTERRUPTED)
        return await outcomes.owe_again(transaction, TIMED_OUT, at)

    async def _sweep(self) -> None:
        await self.recover(self._host.clock.now() - self._patience)
        await self.reverse_doubtful()


def _shown(message: Message, number: int) -> str:
    """Give a field of a message that nothing vouches for as it may be kept."""
    value = str(message.readable().get(number, ""))
    return scan("".join(sign if sign.isprintable() else "?" for sign in value))
