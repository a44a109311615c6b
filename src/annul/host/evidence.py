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

from annul.domain.guesses import (
    IN_A_ROW_WITHIN_S,
    MANY_WITHIN_S,
    QUIET_S,
    WAYS,
    Guesses,
    alarm,
)
from annul.domain.incident import Incident
from annul.domain.records import Transaction
from annul.issuers.health import SLOT_S, HealthSlot
from annul.issuers.lines import Issuers
from annul.store.batcher import LOST, Batcher, StoreOverloaded
from annul.store.clock import Clock
from annul.store.incidents import CLOSE_ENDED, opening
from annul.store.sql import load
from annul.wire.codec import Value
from annul.wire.show import masked

log = structlog.get_logger(__name__)

_SQL: Final = load("annul.host", "evidence.sql", close_ended=CLOSE_ENDED)
_STORE_TROUBLE: Final = (*LOST, StoreOverloaded)
# Within this time a terminal can not fill the table of refusals with more rows than this.
_QUOTA_S: Final = 60.0
_QUOTA: Final = 30
_POSTPONED: Final = 1_000  # refusals that wait for the database; beyond, they are missed
_NUMBERS: Final = 4_096  # of the latest refusals, by digest
_TROUBLE: Final = ("link_drops", "reversals", "wrong_mac", "guessed", "fitting", "in_row")
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
        self._postponed: list[DoorRefusal] = []
        self._alarms: dict[tuple[str, str, str], Incident] = {}
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

    def postpone(self, refusal: DoorRefusal) -> None:
        """Keep a refusal with the next flush, unless what it refused has left a row after all."""
        if len(self._postponed) >= _POSTPONED:
            self.missed += 1
        else:
            self._postponed.append(refusal)

    def alarm(self, incident: Incident) -> None:
        """Open an incident about a terminal with the next flush, unless one is open."""
        self._alarms[incident.kind, incident.merchant_id, incident.subject] = incident

    def trouble(self, merchant_id: str, terminal_id: str, what: str) -> None:
        """Count trouble with a terminal: link_drops, reversals or wrong_mac."""
        self._trouble[merchant_id, terminal_id, what] += 1

    def named(self, merchant_id: str, terminal_id: str, *, right: bool) -> None:
        """Count a request by whether it names what may be given back, or only guesses."""
        self.trouble(merchant_id, terminal_id, "fitting" if right else "guessed")
        in_row = (merchant_id, terminal_id, "in_row")
        self._trouble[in_row] = 0 if right else self._trouble[in_row] + 1

    async def flush(self, issuers: Issuers) -> None:
        """Write the counts of terminals and issuers as they are now."""
        now = self._clock.now()
        try:
            await self._flush_terminals(now)
            await self._flush_alarms(now)
            await self._flush_postponed()
            for issuer_id, line in issuers.lines.items():
                await self._flush_slots(issuers, issuer_id)
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
        except _STORE_TROUBLE:
            self.missed += 1

    async def flush_for(self, issuers: Issuers, issuer_id: str) -> None:
        """Write what a void of one issuer is judged by, as it is now."""
        try:
            await self._flush_terminals(self._clock.now())
            await self._flush_slots(issuers, issuer_id)
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
        guessing = [row[:2] for row in rows if counted[*row[:2], "guessed"]]
        if guessing:
            await self._flush_guesses(guessing, now)

    async def _flush_guesses(self, terminals: list[tuple[str, str]], now: datetime) -> None:
        """Raise an alarm where many were guessed, by what all hosts have counted."""
        query = _SQL["guesses"](
            **_columns(("merchant_id", "terminal_id"), terminals),
            row_since=now - timedelta(seconds=IN_A_ROW_WITHIN_S),
            since=now - timedelta(seconds=MANY_WITHIN_S),
        )
        for merchant_id, terminal_id, *seen in await self._pool.fetch(*query):
            found = alarm(Guesses(*seen))
            if found is not None:
                self.alarm(
                    Incident.of(
                        "vouchers_guessed",
                        merchant_id,
                        terminal_id,
                        terminal=terminal_id,
                        how=WAYS[found[0]],
                        count=found[1],
                    )
                )

    async def _flush_postponed(self) -> None:
        postponed, self._postponed = self._postponed, []
        if not postponed:
            return
        keys = ("merchant_id", "terminal_id", "batch", "trace")
        columns = {name: [getattr(one, name) for one in postponed] for name in keys}
        try:
            rows = await self._pool.fetch(*_SQL["without_row"](**columns))
        except _STORE_TROUBLE:
            self._postponed = [*postponed, *self._postponed][:_POSTPONED]
            raise
        await asyncio.gather(*(self.refused(postponed[row["place"] - 1]) for row in rows))

    async def _flush_slots(self, issuers: Issuers, issuer_id: str) -> None:
        line = issuers.lines.get(issuer_id)
        for slot in line.health.changed() if line else ():
            await self._put_slot(issuer_id, slot)

    async def _flush_alarms(self, now: datetime) -> None:
        alarms = dict(self._alarms)
        if alarms:
            await self._pool.execute(*opening(alarms.values(), now))
        for identity, written in alarms.items():
            if self._alarms.get(identity) is written:  # two flushes may be under way at once
                del self._alarms[identity]
        await self._pool.execute(*_SQL["quiet"](now=now, since=now - timedelta(seconds=QUIET_S)))

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
                tail=slot.tail,
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
