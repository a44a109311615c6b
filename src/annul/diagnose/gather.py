"""Gathers, for a failed void, what annul's database knows: each fact with the row it came from.

A refund or completion that failed is gathered for as well, without what only concerns voids.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

import asyncpg

from annul.domain.business_day import Calendar
from annul.domain.errors import AnnulError
from annul.domain.kinds import CASED, REFUNDS, VOIDABLE, VOIDS
from annul.domain.policies import Policy
from annul.domain.records import Transaction
from annul.domain.states import UNFINISHED, State
from annul.store.clock import Clock
from annul.store.sql import listed, load

from .facts import Facts
from .observe import Known, original_facts, void_facts
from .surroundings import (
    AFTER,
    Shared,
    Surroundings,
    bin_of,
    clock_facts,
    slots_of,
    surrounding_facts,
)

_COLUMNS: Final = ", ".join(f"t.{name}" for name in Transaction._fields)
_SQL: Final = load(
    "annul.diagnose",
    "gather.sql",
    columns=_COLUMNS,
    voids=listed(VOIDS),
    refunds=listed(REFUNDS),
)
_HOUR: Final = timedelta(hours=1)
_FAILED: Final = frozenset(
    {State.DECLINED, State.UNKNOWN, State.REVERSING, State.REVERSED, State.DISPUTED}
)
_KEEP_S: Final = 1.0  # how long what many cases share is kept
# What many cases share, and what is made of it as it was read.
_SHARED: Final[Mapping[str, Callable[[Any], Any]]] = {
    "shared": Shared.of,
    "slots": slots_of,
    "codes": dict,
}
# Refusals before it was looked for which original the void names.
_NOT_NAMED: Final = frozenset({"mac_wrong", "mac_missing", "merchant_unknown", "terminal_unknown"})


class VoidUnknown(AnnulError):
    """annul has no void, refund or completion with this id or reference number."""

    code = "diagnose.void_unknown"
    next_step = "Give the id or the reference number (field 37) that stands on the slip."


@dataclass(frozen=True, slots=True)
class Owed:
    """What the issuer is still asked for a transaction: how often, and what it last answered."""

    kind: str  # reversal or advice
    attempts: int
    last_code: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A failed void, refund or completion with all that it is judged by.

    The original, its attempts and what is `owed` of those without an outcome were read in one
    statement, so they agree with each other.
    """

    void: Transaction
    original: Transaction | None
    attempts: tuple[Transaction, ...]
    policies: tuple[Policy, ...]
    facts: Facts
    owed: Mapping[UUID, Owed] = field(default_factory=dict)


class Failed(Protocol):
    """What bears the id of what failed: this itself, or the case that it opened."""

    @property
    def id(self) -> UUID:
        """The id."""
        ...


class _Series(NamedTuple):
    """What failed, with its original and all that refers to that."""

    failed: Transaction
    original: Transaction | None
    attempts: tuple[Transaction, ...]
    owed: Mapping[UUID, Owed]


class Gatherer:
    """Reads facts. `flush` writes down first what this process still has in memory."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        calendar: Calendar,
        clock: Clock,
        flush: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._pool = pool
        self._calendar = calendar
        self._clock = clock
        self._flush = flush
        self._flushed_until = float("-inf")
        self._kept: dict[tuple[str, str], tuple[float, Any]] = {}

    async def find(self, named: str) -> Transaction:
        """Find what refers to an original, by id or reference number; also one refused before."""
        try:
            identity: UUID | None = UUID(named)
        except ValueError:
            identity = None
            query = _SQL["void_by_rrn"](rrn=named, kinds=CASED)
        else:
            query = _SQL["void"](id=identity)
        row = await self._pool.fetchrow(*query)
        if row is None:
            row = await self._pool.fetchrow(*_SQL["refusal"](id=identity, rrn=named))
        if row is None:
            message = f"there is no void {named}"
            raise VoidUnknown(message)
        return Transaction.of(row)

    async def picture(self, failed: Failed, *, newest: Sequence[str] = ()) -> Picture:
        """Gather everything that is known of a void at this moment, in two round trips.

        With kinds in `newest` it is about the newest failed one of these of the same original, if
        there is any: its cause counts now.
        """
        await self._flush_now_and_then()
        series = await self._series(failed.id)
        void = _newest(series, newest)
        original, attempts = series.original, series.attempts
        source = "refusals" if not void.issuer_id and not void.original_id else "transactions"
        known: Known = void_facts(void, attempts, f"{source} {void.rrn}")
        named = void.why not in _NOT_NAMED and not void.why.startswith("missing_")
        if named or original is not None:
            known |= original_facts(void, original, attempts)
        issuer_id = void.issuer_id or (original.issuer_id if original else "")
        found = await self._surroundings(void, issuer_id)
        age = known.get("original.age")
        known |= surrounding_facts(void, issuer_id, float(age.value) if age else None, found)
        known |= clock_facts(void, self._calendar)
        return Picture(void, original, attempts, found.shared.policies, Facts(known), series.owed)

    async def policies(self, issuer_id: str) -> tuple[Policy, ...]:
        """Give every rule of an issuer."""
        text = await self._pool.fetchval(*_SQL["shared"](issuer=issuer_id))
        return Shared.of(json.loads(text)).policies

    async def likely(self, void: Transaction) -> list[Transaction]:
        """Give the sales that a void with a wrong voucher number may have meant."""
        if not void.card_hash:
            return []
        query = _SQL["likely"](
            merchant=void.merchant_id,
            card=void.card_hash,
            amount=void.amount,
            since=void.received_at - timedelta(days=1),
            kinds=VOIDABLE,
        )
        return [Transaction.of(row) for row in await self._pool.fetch(*query)]

    # Parts ----------------------------------------------------------------------------------

    async def _series(self, identity: UUID) -> _Series:
        """Read what failed, its original and all that refers to it, as they stood at one moment."""
        failed, found, owed = None, list[Transaction](), dict[UUID, Owed]()
        for row in await self._pool.fetch(*_SQL["series"](id=identity)):
            *columns, at_the_door, asked, tries, code = row
            one = Transaction.of(columns)
            if one.id == identity:
                failed = one
            if not at_the_door:
                found.append(one)
            if asked is not None and one.state in UNFINISHED:
                owed[one.id] = Owed(asked, tries, code)
        if failed is None:
            message = f"there is no void {identity}"
            raise VoidUnknown(message)
        of = failed.original_id
        if of is None:
            return _Series(failed, None, (), {})
        original = next((one for one in found if one.id == of), None)
        attempts = tuple(one for one in found if one.original_id == of)
        return _Series(failed, original, attempts, owed)

    async def _surroundings(self, void: Transaction, issuer_id: str) -> Surroundings:
        """Read all else; what many cases share is read at most once a second."""
        at = void.answered_at or void.received_at
        until, prefix = at + AFTER, bin_of(void) if void.kind in VOIDS else ""
        keys = {
            "shared": issuer_id,
            "slots": issuer_id,
            "codes": f"{issuer_id}{prefix}" if issuer_id and prefix else "",
        }
        # Slots and codes are shared as long as what happens now still tells why it failed.
        sharing = {"shared", *(("slots", "codes") if self._clock.now() < until else ())}
        now = self._clock.monotonic()
        kept = {what: self._kept.get((what, keys[what]), (now, None)) for what in sharing}
        have: dict[str, Any] = {what: one for what, (ends, one) in kept.items() if now < ends}
        midnight = self._calendar.local(void.received_at).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        query = _SQL["surroundings"](
            card=void.card_hash or None,
            midnight=midnight,
            voids=VOIDS,
            void=void.id,
            at=void.received_at,
            merchant=void.merchant_id,
            terminal=void.terminal_id,
            issuer=issuer_id,
            prefix=prefix,
            since=at - _HOUR,
            until=until,
            **{what: bool(key) and what not in have for what, key in keys.items()},
        )
        read = json.loads(await self._pool.fetchval(*query))
        for what, make in _SHARED.items():
            if read[what] is not None:
                have[what] = make(read[what])
                if what in sharing:
                    self._kept[what, keys[what]] = (now + _KEEP_S, have[what])
        parts: dict[str, Any] = {"shared": Shared()} | have
        return Surroundings(read["card"], read["terminal"], read["merchant"], **parts)

    async def _flush_now_and_then(self) -> None:
        now = self._clock.monotonic()
        if self._flush is not None and now >= self._flushed_until:
            await self._flush()
            self._flushed_until = now + _KEEP_S


def _newest(series: _Series, kinds: Sequence[str]) -> Transaction:
    """Choose the newest that failed of these kinds; what the series is about if there is none."""
    failed = [one for one in series.attempts if one.kind in kinds and one.state in _FAILED]
    if series.failed.kind in kinds or not failed:
        failed = [series.failed, *failed]
    return max(failed, key=lambda one: one.received_at)
