"""Gathers, for a failed void, what annul's database knows: each fact with the row it came from.

A refund or completion that failed is gathered for as well, without what only concerns voids.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

import asyncpg

from annul.domain.business_day import Calendar
from annul.domain.errors import AnnulError
from annul.domain.kinds import CASED, REFUNDS, VOIDABLE, VOIDS
from annul.domain.learnt import ROLE_OF
from annul.domain.policies import Policy
from annul.domain.records import Transaction
from annul.domain.response_codes import BOOKED, FAULTS
from annul.domain.states import UNFINISHED, State
from annul.store.clock import Clock
from annul.store.sql import listed, load

from .boundaries import OUTAGE
from .facts import Facts
from .learnt import asked_back, learnt_facts
from .observe import Known, original_facts, void_facts
from .rank import Look
from .splits import MOST
from .surroundings import (
    AFTER,
    Shared,
    Surroundings,
    as_opened,
    bin_of,
    clock_facts,
    near_of,
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
    booked=listed(BOOKED),
    faults=listed(FAULTS),
    outage=str(OUTAGE),
    most=str(MOST),
)
_HOUR: Final = timedelta(hours=1)
_FAILED: Final = frozenset(
    {State.DECLINED, State.UNKNOWN, State.REVERSING, State.REVERSED, State.DISPUTED}
)
_KEEP_S: Final = 0.2  # how long what many cases share is kept
_BESIDE: Final = "being_undone"
_LOOKS: Final = 9  # attempts of a case that are judged together, the latest
_PAST: Final = 4_096  # attempts whose surroundings are kept, as they do not change any more
# What many cases share, and what is made of it as it was read.
_SHARED: Final[Mapping[str, Callable[[Any], Any]]] = {
    "shared": Shared.of,
    "slots": slots_of,
    "software": dict,
    "near": near_of,
}
# Refusals before it was looked for which original the void names.
_NOT_NAMED: Final = frozenset(
    {"mac_wrong", "mac_missing", "merchant_unknown", "terminal_unknown", "reversal_came_first"}
)


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

    All of it was read in one snapshot, but for what many cases share, which may be a fifth of a
    second older. `looks` are the attempts that failed alike, oldest first,
    each with its facts as of then; `void` and `facts` are those of the last one. `now` is what a
    step is decided on: the shop's money and set-up as they are by now.
    """

    void: Transaction
    original: Transaction | None
    attempts: tuple[Transaction, ...]
    policies: tuple[Policy, ...]
    facts: Facts
    owed: Mapping[UUID, Owed] = field(default_factory=dict)
    looks: tuple[Look, ...] = ()
    now: Facts = field(default_factory=lambda: Facts({}))


Connection = asyncpg.pool.PoolConnectionProxy


class Failed(Protocol):
    """What bears the id of what failed: this itself, or the case that it opened."""

    @property
    def id(self) -> UUID:
        """The id."""
        ...

    @property
    def issuer_id(self) -> str:
        """The issuer that was asked, empty where none was."""
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
        flush: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._pool = pool
        self._calendar = calendar
        self._clock = clock
        self._flush = flush
        self._flushed: dict[str, float] = {}
        self._kept: dict[tuple[str, str], tuple[float, Any]] = {}
        self._kept_past: dict[UUID, Surroundings] = {}

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

    async def picture(self, about: Failed, *, newest: Sequence[str] = ()) -> Picture:
        """Gather everything that is known of a void at this moment, in one snapshot.

        With kinds in `newest` it is about the series of failed ones of these of the same original,
        if there is any: the newest counts now, and those before it say what they say.
        """
        await self._flush_now_and_then(about.issuer_id)
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            series = await self._series(connection, about.id)
            *before, last = _failed(series, newest)
            # With kinds it is about a case, which was opened by what it is about.
            found = await self._surroundings(
                connection, last, series.original, case=about.id if newest else None
            )
            past = [await self._past(connection, one, series.original) for one in before]
        # What is shared is that of now, of an earlier attempt as well.
        past = [replace(one, shared=found.shared) for one in past]
        known = self._known(last, series, found)
        looks = [
            Look(void, Facts({**self._known(void, series, around), **found.opened}))
            for void, around in zip([*before, last], [*past, found], strict=True)
        ]
        return Picture(
            last,
            series.original,
            series.attempts,
            found.shared.policies,
            looks[-1].facts,
            series.owed,
            tuple(looks),
            Facts(known),
        )

    async def policies(self, issuer_id: str) -> tuple[Policy, ...]:
        """Give every rule of an issuer."""
        text = await self._pool.fetchval(*_SQL["shared"](issuer=issuer_id, since=self._clock.now()))
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

    def _known(self, void: Transaction, series: _Series, found: Surroundings) -> Known:
        """Give the facts of one attempt."""
        original, attempts = series.original, series.attempts
        source = "refusals" if not void.issuer_id and not void.original_id else "transactions"
        known: Known = void_facts(void, attempts, f"{source} {void.rrn}")
        # A sale names no original, and cannot have named a wrong one.
        named = (
            void.kind in CASED
            and void.why not in _NOT_NAMED
            and not void.why.startswith("missing_")
        )
        if named or original is not None:
            known |= original_facts(void, original, attempts)
        age = known.get("original.age")
        issuer_id = _issuer(void, original)
        known |= surrounding_facts(void, issuer_id, float(age.value) if age else None, found)
        if void.kind in ROLE_OF and original is not None:
            voids, since = known.get("card.voids_today"), known.get("card.since_last_void")
            asked = asked_back(
                void,
                original,
                self._calendar,
                int(voids.value) if voids else None,
                float(since.value) if since else None,
            )
            known |= learnt_facts(found.shared.learnt, asked, void.received_at)
        return known | clock_facts(void, self._calendar, found.merchant)

    async def _series(self, connection: Connection, identity: UUID) -> _Series:
        """Read what failed, its original and all that refers to it, as they stood at one moment."""
        failed, found, owed = None, list[Transaction](), dict[UUID, Owed]()
        for row in await connection.fetch(*_SQL["series"](id=identity)):
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

    async def _past(
        self, connection: Connection, void: Transaction, original: Transaction | None
    ) -> Surroundings:
        """Read what surrounds an earlier attempt: it does not change once its time has passed."""
        known = self._kept_past.get(void.id)
        if known is not None:
            return known
        found = await self._surroundings(connection, void, original)
        if self._clock.now() >= (void.answered_at or void.received_at) + AFTER:
            self._kept_past[void.id] = found
            if len(self._kept_past) > _PAST:
                del self._kept_past[next(iter(self._kept_past))]
        return found

    async def _surroundings(
        self,
        connection: Connection,
        void: Transaction,
        original: Transaction | None,
        case: UUID | None = None,
    ) -> Surroundings:
        """Read all else, and the first diagnosis of a case.

        What many cases share is read a few times a second.
        """
        issuer_id = _issuer(void, original)
        at = void.answered_at or void.received_at
        until, prefix = at + AFTER, bin_of(void) if void.kind in VOIDS else ""
        lately = self._clock.now() < until
        keys = {
            "shared": issuer_id,
            "slots": issuer_id,
            "software": issuer_id,
            "near": f"{issuer_id}{prefix}" if issuer_id and prefix else "",
        }
        # The rest is shared as long as what happens now still tells why it failed.
        sharing = {"shared", *(("slots", "software", "near") if lately else ())}
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
            case=case,
            **{what: bool(key) and what not in have for what, key in keys.items()},
        )
        read = json.loads(await connection.fetchval(*query))
        for what, make in _SHARED.items():
            if read[what] is not None:
                have[what] = make(read[what])
                if what in sharing:
                    self._kept[what, keys[what]] = (now + _KEEP_S, have[what])
        parts: dict[str, Any] = {"shared": Shared()} | have
        opened = as_opened(read["opened"]) if read["opened"] else {}
        return Surroundings(
            read["card"], read["terminal"], read["merchant"], opened=opened, **parts
        )

    async def _flush_now_and_then(self, issuer_id: str) -> None:
        now = self._clock.monotonic()
        if self._flush is not None and now >= self._flushed.get(issuer_id, now):
            self._flushed[issuer_id] = now + _KEEP_S
            await self._flush(issuer_id)


def _failed(series: _Series, kinds: Sequence[str]) -> list[Transaction]:
    """Choose the latest that failed of these kinds; what the series is about if there is none."""
    failed = [one for one in series.attempts if one.kind in kinds and one.state in _FAILED]
    if series.failed not in failed and (series.failed.kind in kinds or not failed):
        failed = [series.failed, *failed]
    # That another was under way says why this one was refused, and nothing of that one.
    plain = [one for one in failed if one.why != _BESIDE]
    return sorted(plain or failed, key=lambda one: one.received_at)[-_LOOKS:]


def _issuer(void: Transaction, original: Transaction | None) -> str:
    return void.issuer_id or (original.issuer_id if original else "")
