"""What nobody drives any more is driven on: after a crash, after a late answer, in a sweep.

The three ways a transaction loses its driver: the process ended between two writes, the database
was away when the outcome came, or the issuer answered after the time-out.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from annul.domain.kinds import KINDS, VOIDS
from annul.domain.records import Transaction
from annul.domain.reversal_reasons import LATE_ANSWER, TIMED_OUT
from annul.domain.states import State
from annul.issuers.forward import REVERSAL_ENDS
from annul.issuers.message import parse_answer
from annul.store.batcher import StoreUnavailable
from annul.wire.codec import Message

from .host import Host
from .outcomes import APPROVED_CODES

log = structlog.get_logger(__name__)

_SWEEP_S: Final = 3.0
_INTERRUPTED: Final = "host_interrupted"  # this host ended, or lost its database, in between
_REVERSAL_ANSWERS: Final = frozenset({"0410", "0430"})


async def too_late(host: Host, transaction: Transaction, code: str) -> None:
    """Act on an answer that came when its transaction had moved on without it.

    What had ended is reversed (again) when it is approved after all. For a void the original is
    held again first, so that no refund is sent meanwhile; one that is already sent stays, and the
    void alone is reversed. Anything else is kept with the transaction.
    """
    at = host.clock.now()
    if code in APPROVED_CODES and transaction.kind in VOIDS:
        taken = await host.journal.claw_back(transaction, LATE_ANSWER, code, at)
        if taken and host.on_turned_back is not None:
            await host.on_turned_back(transaction, beside=taken == "beside")
    elif not (
        code in APPROVED_CODES
        and transaction.state in {State.REVERSED, State.DECLINED}
        and await host.outcomes.reversing(transaction, LATE_ANSWER, at, late_code=code)
    ):
        await host.journal.note_late(transaction, code, at)
    host.issuers.wake()


class Recovery:
    """Finds stranded transactions of this node and late answers, and moves them on."""

    def __init__(self, host: Host, patience: timedelta) -> None:
        """`patience`: how old an unfinished transaction is before the sweep takes it."""
        self._host = host
        self._patience = patience
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Move on what an earlier process of this node left; give how many there were."""
        moved = await self.recover(self._host.clock.now())
        self._task = asyncio.create_task(self._sweep())
        return moved

    async def stop(self) -> None:
        """End the sweep."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def recover(self, before: datetime) -> int:
        """Move on every unfinished transaction received before `before` that nobody drives."""
        moved = 0
        while batch := await self._stranded(before):
            done = await asyncio.gather(*(self._move_on(item) for item in batch))
            moved += sum(done)
            if not any(done):
                break
        if moved:
            log.info("recovered", transactions=moved)
            self._host.issuers.wake()
        return moved

    async def late(self, issuer_id: str, message: Message) -> None:
        """Act on an answer that nobody awaits any more; an approval is never lost.

        A late approval of what was reversed or declined is reversed (again). For what is repeated
        until answered, the late answer is the answer.
        """
        host = self._host
        at = host.clock.now()
        merchant_id, terminal_id, trace = (str(message.get(n, "")) for n in (42, 41, 11))
        transaction = await host.journal.find_late(merchant_id, terminal_id, trace)
        if transaction is None or transaction.issuer_id != issuer_id:
            log.warning("late_answer_of_nothing", issuer=issuer_id, mti=message.mti)
            return
        answer = parse_answer(message)
        if message.mti in _REVERSAL_ANSWERS:
            await self._late_acknowledgement(transaction, answer.response_code, at)
            return
        if transaction.state is State.UNKNOWN and not KINDS[transaction.kind].reversible:
            await host.outcomes.answered(transaction, answer, at, settles=True)
        else:
            await too_late(host, transaction, answer.response_code)

    async def approved_after_all(self, transaction: Transaction, code: str) -> None:
        """Take back what is proved approved after it had ended: a late answer, a clearing row."""
        await too_late(self._host, transaction, code)

    async def _late_acknowledgement(
        self, transaction: Transaction, code: str, at: datetime
    ) -> None:
        # It may answer a try that left before the approval came; a try that leaves now ends it.
        approved = transaction.late_code in APPROVED_CODES
        if transaction.state is State.REVERSING and not approved and code in REVERSAL_ENDS:
            await self._host.outcomes.reversed(transaction, code, at)

    async def _stranded(self, before: datetime) -> Sequence[Transaction]:
        in_flight = self._host.in_flight
        return [
            item
            for item in await self._host.journal.stranded(before)
            if (item.merchant_id, item.terminal_id, item.batch, item.trace) not in in_flight
        ]

    async def _move_on(self, transaction: Transaction) -> bool:
        outcomes = self._host.outcomes
        at = self._host.clock.now()
        if transaction.state is State.RECEIVED:
            return await outcomes.not_sent(transaction, "96", at, _INTERRUPTED)
        code = self._host.issuers.silent_code(transaction.issuer_id)
        if transaction.state is State.SENT:
            return await outcomes.unknown(transaction, code, TIMED_OUT, at, _INTERRUPTED)
        return await outcomes.owe_again(transaction, TIMED_OUT, at)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            try:
                await self.recover(self._host.clock.now() - self._patience)
            except StoreUnavailable:
                log.warning("sweep_postponed")
