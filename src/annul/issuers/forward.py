"""Store-and-forward: what is owed to an issuer is sent until the issuer acknowledges it.

Reversals and advices wait in the table `outbox`, written in the same commit as the outcome that
made them necessary. A row is claimed by a lease, so a process that dies gives it back by time.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import asyncpg
import structlog

from annul.domain.answers import Verdict
from annul.domain.backoff import Backoff
from annul.domain.kinds import REFUNDS
from annul.domain.records import Merchant, Transaction
from annul.domain.response_codes import APPROVED, BOOKED, NO_ORIGINAL
from annul.domain.states import State
from annul.store.batcher import STORE_LOST
from annul.store.clock import Clock
from annul.store.incidents import CLOSE_ENDED, OPEN_RAISED
from annul.store.loop import Loop, Loops
from annul.store.sql import load
from annul.store.worker import Worker

from .errors import NoAnswer, NotSent
from .limits import settled_after
from .lines import Issuers
from .message import Answer, Fields, request_fields, reversal_fields

log = structlog.get_logger(__name__)

_COLUMNS: Final = ", ".join(f"t.{name}" for name in Transaction._fields)
_SQL: Final = load(
    "annul.issuers",
    "forward.sql",
    columns=_COLUMNS,
    open_raised=OPEN_RAISED,
    close_ended=CLOSE_ENDED,
)

# Answers to a reversal that deny its original: not found, never went through. They end it only
# where the issuer has not approved it. Source: UnionPay POS rules, reversal.
DENIALS: Final = frozenset({NO_ORIGINAL, "12"})

_POLL_S: Final = 0.05  # no drill polls more often

# The states in which a row may still be sent. In any other the transaction has ended otherwise.
_SENDABLE: Final = {
    "reversal": frozenset({State.REVERSING, State.DISPUTED}),
    "advice": frozenset({State.SENT, State.UNKNOWN}),
}


class ForwardOutcomes(Protocol):
    """Writes what came of a row: transaction and outbox row in one statement.

    Each gives False when the transaction's state no longer allows it.
    """

    async def reversed(
        self,
        merchant_id: str,
        transaction_id: UUID,
        code: str,
        at: datetime,
        late_at: datetime | None,
    ) -> bool:
        """Write that the issuer has acknowledged a reversal with `code`.

        `late_at` is when the latest answer had come that was known when the reversal left; False
        when an approval has come since, as the acknowledgement may be older than what it approves.
        """
        ...

    async def disputed(
        self, merchant_id: str, transaction_id: UUID, code: str, at: datetime
    ) -> bool:
        """Write that the issuer denies with `code` what it has approved."""
        ...

    async def advised(
        self, merchant_id: str, transaction_id: UUID, answer: Answer, at: datetime, *, again: bool
    ) -> bool:
        """Write what the issuer has answered to an advice, or to one that was sent before."""
        ...


@dataclass(frozen=True, slots=True)
class ForwardPace:
    """How hard to try. After `tries`, or `overdue`, an incident is opened; then every `slow_s`.

    `poll_s` is how often the table is looked at without being woken; `gather_s` lets rows that
    come together be claimed together; `margin_s` is how long a lease outlasts an issuer's time-out.
    `scaled` multiplies what is waited for, so that a drill runs a day in minutes.
    """

    concurrency: int = 64
    backoff: Backoff = field(default=Backoff(first_s=1.0, limit_s=20.0))
    tries: int = 10
    slow_s: float = 300.0
    overdue: timedelta = timedelta(minutes=15)
    poll_s: float = 1.0
    gather_s: float = 0.01
    watch_s: float = 15.0
    margin_s: float = 10.0

    def scaled(self, scale: float) -> "ForwardPace":
        """Give the same with every wait multiplied; not the lease, by which nothing is sent twice.

        The table is not looked at more often than a poll every twentieth of a second.
        """
        return replace(
            self,
            backoff=Backoff(self.backoff.first_s * scale, self.backoff.limit_s * scale),
            slow_s=self.slow_s * scale,
            overdue=self.overdue * scale,
            poll_s=min(self.poll_s, max(self.poll_s * scale, _POLL_S)),
        )


@dataclass(slots=True)
class ForwardCounts:
    """What the worker counts, since its start."""

    tries: int = 0
    acknowledged: int = 0
    postponed: int = 0
    given_back: int = 0
    retired: int = 0


@dataclass(frozen=True, slots=True)
class OwedMessage:
    """One claimed row with its transaction as it is now."""

    id: UUID
    kind: str
    issuer_id: str
    reason: str
    tries: int
    merchant: Merchant
    transaction: Transaction
    claimed_at: float = 0.0  # by the monotonic clock


class Forwarder:
    """The worker. `open_card` gives the clear card number of a stored cipher.

    `local` gives a UTC moment on the shop's clock; `random` (0 up to 1) spreads the tries.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        issuers: Issuers,
        outcomes: ForwardOutcomes,
        clock: Clock,
        *,
        open_card: Callable[[bytes], str],
        acquirer_id: str,
        local: Callable[[datetime], datetime],
        random: Callable[[], float],
        pace: ForwardPace | None = None,
        loops: Loops | None = None,
    ) -> None:
        self.counts = ForwardCounts()
        self._pool = pool
        self._issuers = issuers
        self._outcomes = outcomes
        self._clock = clock
        self._open_card = open_card
        self._acquirer_id = acquirer_id
        self._local = local
        self._random = random
        self._pace = pace or ForwardPace()
        self._loops = loops or Loops(clock)
        self._watching: Loop | None = None
        self.worker = Worker(
            "forward",
            self,
            self._loops,
            issuers.owed,
            concurrency=self._pace.concurrency,
            after_s=self._pace.poll_s,
        )

    def start(self) -> None:
        """Begin to send what is owed."""
        self.worker.start()
        self._watching = self._loops.start("forward_watch", self._watch, every_s=self._pace.watch_s)

    async def stop(self, grace_s: float = 5.0) -> None:
        """Claim nothing more and finish what is under way; the rest stays owed in the table."""
        if self._watching is not None:
            await self._watching.stop()
        await self.worker.stop(grace_s)

    async def backlog(self) -> int:
        """Count the rows that are owed to issuers."""
        return int(await self._pool.fetchval(*_SQL["backlog"]()))

    # What the worker asks -------------------------------------------------------------------

    async def claim(self, room: int) -> Sequence[OwedMessage]:
        """Lease as many rows as there is room for; what comes together is claimed together."""
        await asyncio.sleep(self._pace.gather_s)
        self._issuers.owed.clear()
        return await self._claim(room) if room > 0 else ()

    async def rest_s(self) -> float:
        """Give the seconds until the table is looked at unasked."""
        return self._pace.poll_s

    async def failed(self, owed: OwedMessage, error: BaseException) -> None:
        """Try a row later that failed by a fault of ours; else its lease ends by itself."""
        if not isinstance(error, STORE_LOST):
            await self._postpone(owed, "")

    def name(self, owed: OwedMessage) -> str:
        """Name a row in the log."""
        return f"{owed.kind} {owed.transaction.rrn}"

    async def _watch(self) -> None:
        """Tell somebody of what waits too long, and take it back once it is acknowledged."""
        now = self._clock.now()
        await self._pool.execute(*_SQL["overdue"](now=now, before=now - self._pace.overdue))
        await self._pool.execute(*_SQL["recovered"](now=now))

    async def _claim(self, limit: int) -> list[OwedMessage]:
        issuers = self._issuers.up()
        if not issuers:
            return []
        now = self._clock.now()
        lease = timedelta(seconds=self._issuers.longest_timeout_s + self._pace.margin_s)
        tries = self._pace.tries
        rows = await self._pool.fetch(
            *_SQL["lease"](now=now, until=now + lease, limit=limit, issuers=issuers, tries=tries)
        )
        began = self._clock.monotonic()
        return [replace(_owed(row), claimed_at=began) for row in rows]

    # One row --------------------------------------------------------------------------------

    async def work(self, owed: OwedMessage) -> None:
        """Send one and write what came of it."""
        transaction = owed.transaction
        if transaction.state not in _SENDABLE[owed.kind]:
            await self._retire(owed)
            return
        mti, message = await self._message(owed)
        if self._clock.monotonic() - owed.claimed_at > self._pace.margin_s / 2:
            await self._give_back(owed)  # this process stood still: its lease may be another's
            return
        self.counts.tries += 1
        left = self._clock.now()
        try:
            answer = await self._issuers.ask(self._issuers.route_to(owed.issuer_id), mti, message)
        except NotSent:
            await self._give_back(owed)
            return
        except NoAnswer:
            await self._postpone(owed, "")
            return
        if owed.kind == "reversal":
            await self._reversed(owed, answer, left)
        elif answer.verdict is Verdict.OPEN:
            await self._postpone(owed, answer.response_code)
        else:
            key = (transaction.merchant_id, transaction.id)
            again = owed.tries > 1 or transaction.kind in REFUNDS
            written = await self._outcomes.advised(*key, answer, self._clock.now(), again=again)
            await self._written(owed, answer, written)

    async def _reversed(self, owed: OwedMessage, answer: Answer, left: datetime) -> None:
        """Take an answer to a reversal: it is undone, or the issuer denies what it was about.

        A denial of what the issuer had approved is a dispute. A denial of a reversal that left
        while the request may still have been on its way proves nothing: it may be booked after
        this, however late the denial itself comes.
        """
        transaction, code, now = owed.transaction, answer.response_code, self._clock.now()
        key = (transaction.merchant_id, transaction.id)
        if answer.differs or (code not in APPROVED and code not in DENIALS):
            await self._postpone(owed, code)
            return
        if code in DENIALS:
            if BOOKED & {transaction.response_code, transaction.late_code}:
                await self._outcomes.disputed(*key, code, now)
                await self._postpone(owed, code, slowly=True)
                return
            timeout = self._issuers.timeout(transaction.issuer_id)
            settled = transaction.received_at + settled_after(timeout)
            if left < settled:
                await self._postpone(owed, code, until=settled)
                return
        late_at = transaction.late_at
        await self._written(owed, answer, await self._outcomes.reversed(*key, code, now, late_at))

    async def _written(self, owed: OwedMessage, answer: Answer, written: bool) -> None:
        if written:
            self.counts.acknowledged += 1
            return
        await self._retire(owed)
        await self._postpone(owed, answer.response_code)  # unless that has ended it

    async def _message(self, owed: OwedMessage) -> tuple[str, Fields]:
        transaction = owed.transaction
        pan = self._open_card(transaction.card_cipher) if transaction.card_cipher else ""
        local = self._local(transaction.received_at)
        if owed.kind == "reversal":
            return reversal_fields(
                transaction,
                owed.reason,
                pan=pan,
                merchant=owed.merchant,
                acquirer_id=self._acquirer_id,
                local=local,
            )
        return request_fields(
            transaction,
            pan=pan,
            merchant=owed.merchant,
            acquirer_id=self._acquirer_id,
            local=local,
            original=await self._original(transaction),
        )

    async def _original(self, transaction: Transaction) -> Transaction | None:
        if transaction.original_id is None:
            return None
        row = await self._pool.fetchrow(
            *_SQL["original"](merchant=transaction.merchant_id, original=transaction.original_id)
        )
        return None if row is None else Transaction.of(row)

    async def _postpone(
        self, owed: OwedMessage, code: str, *, slowly: bool = False, until: datetime | None = None
    ) -> None:
        pace, now = self._pace, self._clock.now()
        if owed.tries < pace.tries and not slowly:
            wait = pace.backoff.delay(owed.tries, self._random)
        else:
            wait = Backoff(pace.slow_s, pace.slow_s).delay(1, self._random)
        due = until or now + timedelta(seconds=wait)
        postpone = _SQL["postpone"](
            **_key(owed), next_attempt_at=due, code=code, tries=pace.tries, now=now, slowly=slowly
        )
        await self._pool.execute(*postpone)
        self.counts.postponed += 1

    async def _give_back(self, owed: OwedMessage) -> None:
        due = self._clock.now() + timedelta(seconds=self._pace.backoff.first_s)
        await self._pool.execute(*_SQL["give_back"](**_key(owed), next_attempt_at=due))
        self.counts.given_back += 1

    async def _retire(self, owed: OwedMessage) -> None:
        await self._pool.execute(*_SQL["retire"](**_key(owed), now=self._clock.now()))
        self.counts.retired += 1


def _key(owed: OwedMessage) -> dict[str, Any]:
    return {"merchant": owed.transaction.merchant_id, "id": owed.id}


def _owed(row: asyncpg.Record) -> OwedMessage:
    identity, kind, issuer_id, reason, tries, name_zh, name_en, category, state, *columns = row
    transaction = Transaction.of(columns)._replace(state=State(state))
    return OwedMessage(
        id=identity,
        kind=kind,
        issuer_id=issuer_id,
        reason=reason,
        tries=tries,
        merchant=Merchant(transaction.merchant_id, name_zh, name_en, category),
        transaction=transaction,
    )
