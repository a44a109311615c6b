"""The turn that gathers what was raised into one head for each outage, and looks after these.

Any process may do it; one does at a time, by a lock that ends with its transaction, so that one
that is killed leaves nothing half done. What was raised, the head that it joins and what its
timeline says of it are one commit.
"""

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
import structlog
from uuid_utils.compat import uuid7

from annul.domain.head_kinds import OUTAGES, gathering_of
from annul.domain.heads import OF_CAUSE, EventKind, HeadScope, Place, RaisedRow, higher, place_of
from annul.domain.incident import Severity
from annul.domain.incidents import INCIDENTS
from annul.store.clock import Clock
from annul.store.incidents import joining
from annul.store.loop import Loop, Loops
from annul.store.sql import load

from . import downtimes
from .keeping import COLUMNS, Head, HeadEvent, hold, keep, open_heads, tell

log = structlog.get_logger(__name__)

_SQL: Final = load("annul.operate.incidents", "gathering.sql", columns=COLUMNS)
_LIMIT: Final = 5000  # rows in one transaction
_EVERY_S: Final = 1.0
QUIET: Final = timedelta(minutes=5)
# Causes that can be an outage's; what one customer or shop has done is none.
_CAUSES: Final = [
    name for name, how in OF_CAUSE.items() if how.scope is HeadScope.ISSUER and name != "unknown"
]
_LEADS: Final = 0.5  # the share of its cases from which on another cause takes the place of one
# What is the matter as long as no case says more.
_OF_TROUBLE: Final = {"line": "issuer_link", "down": "issuer_down"}
_FIRST_NUMBER: Final = 100_000


class Gathered(NamedTuple):
    """What one turn has done: rows that found their head, heads opened and closed."""

    joined: int = 0
    opened: int = 0
    closed: int = 0


class _Loose(NamedTuple):
    """A row that belongs to no head yet, and where it belongs."""

    id: UUID
    kind: str
    merchant_id: str
    opened_at: datetime
    open: bool
    cause: str
    place: Place


class HeadGatherer:
    """Gathers every second. A head closes once all of it has been over for `quiet`."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        clock: Clock,
        *,
        quiet: timedelta = QUIET,
        playbooks: Mapping[str, str] | None = None,
        loops: Loops | None = None,
    ) -> None:
        """`playbooks` names the playbook that meets a kind of what is raised."""
        self._pool = pool
        self._clock = clock
        self._quiet = quiet
        self._playbooks = playbooks or {}
        self._loops = loops or Loops(clock)
        self._loop: Loop | None = None

    def start(self) -> None:
        """Begin."""
        self._loop = self._loops.start("incidents", self._turn, first_s=0.5, every_s=_EVERY_S)

    async def stop(self) -> None:
        """End; what was not gathered is by the next one."""
        if self._loop is not None:
            await self._loop.stop()

    async def _turn(self) -> None:
        while (done := await self.run()) is not None and done.joined >= _LIMIT:
            pass

    async def run(self) -> Gathered | None:
        """Gather, and look after what is open; None while another process does."""
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(*_SQL["alone"]()):
                return None
            now = self._clock.now()
            joined, opened = await self._gather(connection, now)
            closed = await self._look(connection, now)
        if opened or closed:
            log.info("incidents_gathered", joined=joined, opened=opened, closed=closed)
        return Gathered(joined, opened, closed)

    # Gathering ------------------------------------------------------------------------------------

    async def _gather(self, connection: Any, now: datetime) -> tuple[int, int]:
        rows = [_loose(row) for row in await connection.fetch(*_SQL["loose"](limit=_LIMIT))]
        if not rows:
            return 0, 0
        places: dict[Place, list[_Loose]] = {}
        for row in rows:
            places.setdefault(row.place, []).append(row)
        known = await self._known(connection, places)
        made = [
            _new(place, some, self._playbooks)
            for place, some in places.items()
            if place not in known
        ]
        opened = await open_heads(connection, made)
        known |= {
            Place(HeadScope(head.scope), head.member, head.merchant_id): head.key
            for head in made
            if head.key in opened
        }
        held = await hold(connection, set(known.values()))
        joined = {
            place: held[key]
            for place, key in known.items()
            if key in held and held[key].closed_at is None  # else the next turn opens another
        }
        under = [
            (one.id, one.merchant_id, joined[one.place].id) for one in rows if one.place in joined
        ]
        await connection.execute(*joining(under))
        heads = {head.key: head for head in joined.values()}
        events: list[HeadEvent] = []
        for place, head in joined.items():
            new = head.key in opened
            heads[head.key] = _grown(heads[head.key], places[place], now, new, events)
        await keep(connection, heads.values())
        await tell(connection, events)
        return sum(len(places[place]) for place in joined), len(opened)

    async def _known(
        self, connection: Any, places: Mapping[Place, Sequence[_Loose]]
    ) -> dict[Place, tuple[UUID, str]]:
        asked = _SQL["open_at"](
            scopes=[str(one.scope) for one in places],
            members=[one.member for one in places],
            merchants=[one.merchant_id for one in places],
        )
        return {
            Place(HeadScope(row["scope"]), row["member"], row["place_merchant"]): (
                row["id"],
                row["merchant_id"],
            )
            for row in await connection.fetch(*asked)
        }

    # Looking after --------------------------------------------------------------------------------

    async def _look(self, connection: Any, now: datetime) -> int:
        asked = _SQL["look"](
            outages=list(OUTAGES),
            issuer=str(HeadScope.ISSUER),
            causes=_CAUSES,
            known=list(OF_CAUSE),
            now=now,
        )
        seen = {(row["id"], row["merchant_id"]): row for row in await connection.fetch(*asked)}
        # Only what changes is held and written.
        wanting = {
            key
            for key, row in seen.items()
            if self._seen(Head(**{name: row[name] for name in Head._fields}), row, now)[1]
        }
        if not wanting:
            return 0
        changed: list[Head] = []
        events: list[HeadEvent] = []
        for key, head in (await hold(connection, wanting)).items():
            if head.closed_at is None or head.merged_into is not None:
                after, told = self._seen(head, seen[key], now)
                changed.append(after)
                events += told
        await keep(connection, changed)
        await tell(connection, events)
        for event in events:
            if event.kind in downtimes.WEBHOOKS:
                head = next(one for one in changed if one.id == event.head_id)
                await connection.execute(
                    *_SQL["downtime"](
                        head=head.id,
                        event=downtimes.WEBHOOKS[event.kind],
                        payload=downtimes.payload(head),
                        now=now,
                    )
                )
        return sum(one.closed_at is not None and one.merged_into is None for one in changed)

    def _seen(
        self, head: Head, row: Mapping[str, Any], now: datetime
    ) -> tuple[Head, list[HeadEvent]]:
        """Give a head as it has become by what is seen of it, and the events of that."""
        told: list[HeadEvent] = []

        def event(what: EventKind, /, **params: Any) -> None:
            told.append(HeadEvent(head.id, head.merchant_id, now, what, params=params))

        down = head.down_since is not None and head.up_at is None
        if row["down_at"] is not None and not down:
            event(EventKind.DOWN, issuer=head.member)
            head = head._replace(down_since=head.down_since or row["down_at"], up_at=None)
        elif row["down_at"] is None and down:
            event(EventKind.UP, issuer=head.member)
            head = head._replace(up_at=now)
        if head.closed_at is not None:
            return head, told
        leading, cases = row["leading"], row["cases"] or 0
        if leading and leading != head.cause and (not head.cause or cases > _LEADS * row["of_all"]):
            share = round(100 * cases / row["of_all"])
            event(EventKind.CAUSE_NAMED, cause=leading, share=share, of=row["of_all"])
            head = head._replace(cause=leading)
        if row["until"] is not None and row["until"] != head.ends_at:
            event(EventKind.WINDOW_KNOWN, ends_at=row["until"].isoformat())
            head = head._replace(ends_at=row["until"])
        if row["open"]:
            return head, told
        if head.quiet_since is None:
            event(EventKind.QUIET)
            head = head._replace(quiet_since=now)
        elif head.reopened_at is None and now - head.quiet_since >= self._quiet:
            event(EventKind.CLOSED, why="")
            head = head._replace(closed_at=now)
        return head, told


def _loose(row: Mapping[str, Any]) -> _Loose:
    raised = RaisedRow(
        row["kind"],
        row["merchant_id"],
        row["subject"],
        row["params"],
        row["issuer"],
        row["terminal"],
        row["cause"],
    )
    said = row["params"].get("cause")
    said = said.get("name") if isinstance(said, dict) else said
    cause = said if isinstance(said, str) and said in OF_CAUSE else row["cause"]
    cause = cause or _OF_TROUBLE.get(str(row["params"].get("how")), "")
    return _Loose(
        row["id"],
        row["kind"],
        row["merchant_id"],
        row["opened_at"],
        row["closed_at"] is None,
        cause,
        place_of(raised, gathering_of(row["kind"])),
    )


def severity_of(kind: str) -> str:
    """Give the severity of a kind; one that nobody here knows is a warning."""
    known = INCIDENTS.get(kind)
    return str(known.severity if known else Severity.WARNING)


def new_number(at: datetime) -> str:
    """Give a number for people: the day and six digits; one that is taken is tried anew."""
    return f"E{at:%y%m%d}-{_FIRST_NUMBER + secrets.randbelow(9 * _FIRST_NUMBER)}"


def _new(place: Place, rows: Sequence[_Loose], playbooks: Mapping[str, str]) -> Head:
    first = min(row.opened_at for row in rows)
    gravest = rows[0].kind
    for row in rows[1:]:
        if higher(severity_of(row.kind), severity_of(gravest)) != severity_of(gravest):
            gravest = row.kind
    return Head(
        uuid7(),
        place.merchant_id,
        new_number(first),
        str(place.scope),
        place.member,
        severity_of(gravest),
        first,
        first,
        playbook=playbooks.get(gravest, ""),
    )


def _grown(
    head: Head, rows: Sequence[_Loose], now: datetime, new: bool, events: list[HeadEvent]
) -> Head:
    """Give a head with rows that have joined it, and add the events of that."""

    def event(what: EventKind, /, **params: Any) -> None:
        events.append(HeadEvent(head.id, head.merchant_id, now, what, params=params))

    for place, (kind, count) in enumerate(Counter(row.kind for row in rows).items()):
        first = new and place == 0
        event(EventKind.OPENED if first else EventKind.JOINED, kind=kind, count=count)
    for kind in {row.kind for row in rows}:
        risen = higher(head.severity, severity_of(kind))
        if risen != head.severity:
            event(EventKind.SEVERITY_ROSE, severity=risen, was=head.severity)
            head = head._replace(severity=risen)
    causes = Counter(row.cause for row in rows if row.cause and row.cause != "unknown")
    if not head.cause and causes:
        [(cause, count)] = causes.most_common(1)
        share = round(100 * count / causes.total())
        event(EventKind.CAUSE_NAMED, cause=cause, share=share, of=causes.total())
        head = head._replace(cause=cause)
    joined = max(head.joined_at, *(row.opened_at for row in rows))
    quiet = None if any(row.open for row in rows) else head.quiet_since
    return head._replace(joined_at=joined, quiet_since=quiet)
