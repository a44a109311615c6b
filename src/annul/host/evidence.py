"""What is kept of what fails: masked messages, refusals at the door, counts of trouble.

Written beside the transaction, never instead of it: losing a message costs evidence, not money.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
import structlog

from annul.domain.incident import Incident
from annul.domain.records import Transaction
from annul.issuers.health import SLOT_S, HealthSlot
from annul.issuers.lines import Issuers
from annul.store.batcher import LOST, Batcher, StoreOverloaded
from annul.store.clock import Clock
from annul.store.incidents import opening
from annul.store.sql import load
from annul.wire.codec import Value
from annul.wire.show import masked

log = structlog.get_logger(__name__)

_SQL: Final = load("annul.host", "evidence.sql")
_STORE_TROUBLE: Final = (*LOST, StoreOverloaded)
# Within this time a terminal can not fill the table of refusals with more rows than this.
_QUOTA_S: Final = 60.0
_QUOTA: Final = 30
_NUMBERS: Final = 4_096  # of the latest refusals, by digest
_TROUBLE: Final = ("link_drops", "reversals", "wrong_mac")
_STATS: Final = ("merchant_id", "terminal_id", "minute", *_TROUBLE)


class KeptMessage(NamedTuple):
    """One message of a transaction."""

    merchant_id: str
    transaction_id: UUID
    line: int
    direction: str  # terminal_in, issuer_out, issuer_in, terminal_out
    at: datetime
    mti: str
    fields: dict[str, str]


class DoorRefusal(NamedTuple):
    """What was refused before it became a transaction; amounts in minor units."""

    merchant_id: str
    id: UUID
    terminal_id: str
    kind: str
    batch: str
    trace: str
    rrn: str
    amount: int
    card_masked: str
    card_hash: bytes
    response_code: str
    rule: str
    original_batch: str
    original_trace: str
    received_at: datetime
    business_date: date
    digest: bytes  # of the message: the same bytes are kept once


class EvidenceKeeper:
    """Keeps it. Nothing here raises: what cannot be written is counted as `missed`."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, node: int) -> None:
        self.missed = 0
        self._pool = pool
        self._clock = clock
        self._node = node
        self._messages: Batcher[KeptMessage, None] = Batcher(self._run_messages)
        self._refusals: Batcher[DoorRefusal, str] = Batcher(self._run_refusals)
        self._trouble: Counter[tuple[str, str, str]] = Counter()
        self._quota: Counter[tuple[str, str]] = Counter()
        self._quota_ends = 0.0
        self._numbers: dict[bytes, str] = {}
        self._alarms: dict[tuple[str, str], Incident] = {}
        # When the monotonic clock stood at zero: a slot is one row, however often it is written.
        self._began = clock.now() - timedelta(seconds=clock.monotonic())

    async def messages(
        self,
        transaction: Transaction,
        at: datetime,
        said: Sequence[tuple[str, str, Mapping[int, Value]]],
    ) -> None:
        """Keep the messages of what failed: (direction, MTI, fields), masked here."""
        identity = (transaction.merchant_id, transaction.id)
        try:
            await asyncio.gather(
                *(
                    self._messages.submit(
                        KeptMessage(*identity, line, direction, at, mti, masked(mti, fields))
                    )
                    for line, (direction, mti, fields) in enumerate(said)
                )
            )
        except _STORE_TROUBLE:
            self.missed += 1

    async def refused(self, refusal: DoorRefusal) -> str:
        """Keep a refusal; give the number under which it, or the same bytes before, is kept.

        Empty when it was not kept: too many, or no database.
        """
        known = self._numbers.get(refusal.digest)
        if known is not None:  # the same bytes once more: they use up nobody's quota
            return known
        now = self._clock.monotonic()
        if now >= self._quota_ends:
            self._quota.clear()
            self._quota_ends = now + _QUOTA_S
        who = (refusal.merchant_id, refusal.terminal_id)
        self._quota[who] += 1
        if self._quota[who] > _QUOTA:
            return ""
        try:
            number = await self._refusals.submit(refusal)
        except _STORE_TROUBLE:
            self.missed += 1
            return ""
        self._numbers[refusal.digest] = number
        if len(self._numbers) > _NUMBERS:
            del self._numbers[next(iter(self._numbers))]
        return number

    def alarm(self, incident: Incident) -> None:
        """Open an incident about a terminal with the next flush, unless one is open."""
        self._alarms[incident.merchant_id, incident.subject] = incident

    def trouble(self, merchant_id: str, terminal_id: str, what: str) -> None:
        """Count trouble with a terminal: link_drops, reversals or wrong_mac."""
        self._trouble[merchant_id, terminal_id, what] += 1

    async def flush(self, issuers: Issuers) -> None:
        """Write the counts of terminals and issuers as they are now."""
        now = self._clock.now()
        try:
            await self._flush_terminals(now)
            await self._flush_alarms(now)
            for issuer_id, line in issuers.lines.items():
                await self._pool.execute(
                    *_SQL["links"](
                        issuer=issuer_id,
                        node=self._node,
                        up=line.link.up,
                        trouble="" if line.link.up else line.link.trouble,
                        health=str(line.health.state),
                        odd=line.odd.snapshot(),
                        now=now,
                    )
                )
                for slot in line.health.changed():
                    await self._put_slot(issuer_id, slot)
        except _STORE_TROUBLE:
            self.missed += 1

    async def close(self) -> None:
        """Finish what is queued."""
        await self._messages.drain()
        await self._refusals.drain()

    async def _flush_terminals(self, now: datetime) -> None:
        counted, self._trouble = self._trouble, Counter()
        if not counted:
            return
        minute = now.replace(second=0, microsecond=0)
        rows = [
            (*who, minute, *(counted[*who, what] for what in _TROUBLE))
            for who in {key[:2] for key in counted}
        ]
        await self._pool.execute(*_SQL["terminals"](**_columns(_STATS, rows)))

    async def _flush_alarms(self, now: datetime) -> None:
        alarms = dict(self._alarms)
        if alarms:
            await self._pool.execute(*opening(alarms.values(), now))
        for identity, written in alarms.items():
            if self._alarms.get(identity) is written:  # two flushes may be under way at once
                del self._alarms[identity]

    async def _put_slot(self, issuer_id: str, slot: HealthSlot) -> None:
        at = self._began + timedelta(seconds=slot.number * SLOT_S)
        await self._pool.execute(
            *_SQL["issuers"](
                issuer=issuer_id,
                node=self._node,
                slot=at,
                requests=slot.requests,
                approvals=slot.approvals,
                silent=slot.silent,
                not_sent=slot.not_sent,
                late=slot.late,
                faults=slot.faults,
                voids=slot.voids,
                void_approvals=slot.void_approvals,
                link_drops=slot.drops,
                garbled=slot.garbled,
                codes=slot.codes,
                latencies=slot.latencies,
                tail=list(slot.tail),
            )
        )

    async def _run_messages(self, items: list[KeptMessage]) -> list[None]:
        await self._pool.execute(*_SQL["messages"](**_columns(KeptMessage._fields, items)))
        return [None] * len(items)

    async def _run_refusals(self, items: list[DoorRefusal]) -> list[str]:
        columns = _columns(DoorRefusal._fields, items)
        rows = await self._pool.fetch(*_SQL["refusals"](**columns))
        kept = {(row["merchant_id"], row["digest"]): row["rrn"] for row in rows}
        return [kept.get((item.merchant_id, item.digest), "") for item in items]


def _columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    columns = zip(*rows, strict=True)
    return {name: list(column) for name, column in zip(names, columns, strict=True)}
