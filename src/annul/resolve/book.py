"""The book of cases: opened from what failed, leased to whoever works on them, written with events.

Every writing is guarded by the number of events that the writer has seen, so that of two who act
on one case the second one finds out and looks again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from annul.domain.errors import AnnulError
from annul.domain.incident import Incident
from annul.domain.incidents import INCIDENTS
from annul.domain.kinds import CASED, REFUNDS, VOIDS
from annul.domain.records import OF_SHOPS, Transaction
from annul.domain.states import STANDING, UNFINISHED
from annul.domain.text import Text
from annul.store.incidents import CLOSE_ENDED, OPEN_RAISED, Ended, closing, opening
from annul.store.sql import listed, load

from .case import UNPROVED, Case, Event, chained

_CHANGED: Final = (
    *(
        "next_action_at",
        "step",
        "tries",
        "cause",
        "probability",
        "named_at",
        "confirmed",
        "task",
        "ordered",
    ),
    *(
        "proposed",
        "proposed_by",
        "assigned_to",
        "assigned_until",
        "ended",
        "ended_at",
        "due_at",
        "first_due_at",
        "events",
        "head",
    ),
)
_SQL: Final = load(
    "annul.resolve",
    "book.sql",
    columns=", ".join(f"t.{name}" for name in Case._fields),
    changed=", ".join(f"{name} = :{name}" for name in _CHANGED),
    open_raised=OPEN_RAISED,
    close_ended=CLOSE_ENDED,
    cased=listed(CASED),
    voids=listed(VOIDS),
    refunds=listed(REFUNDS),
    standing=listed(STANDING),
    of_shops=listed(OF_SHOPS),
)
# What is over when a case ends, the second one only when its outcome is proved.
_OF_OPEN_CASES: Final = tuple(kind for kind in INCIDENTS if kind.startswith("case_"))
_UNPROVED: Final = "outcome_unproved"
_BATCH: Final = 200
REOPENED: Final = "reopened"
_CONTRADICTED: Final = Text(
    "结案后查明结果与此不同，重新处理",
    "it was found to have come to something else than this ended as; it is taken up again",
)
_DECIDED: Final = Text(
    "在途的都有了结果，继续处理到结案",
    "what was under way has its outcome now; it goes on to its end",
)


class CaseUnknown(AnnulError):
    """There is no case with this number."""

    code = "resolve.case_unknown"
    next_step = "Give the number that stands on the slip, or look it up with annul cases."

    def __init__(self, number: str) -> None:
        super().__init__(f"there is no case {number}")


def identity_of(named: str) -> UUID | None:
    """Give the id that a name is, None when it is a number."""
    try:
        return UUID(named)
    except ValueError:
        return None


@dataclass(slots=True)
class CaseEntry:
    """What is written to a case in one commit: its new state, events, and who is told."""

    case: Case
    events: list[Event] = field(default_factory=list)
    notice: str = ""
    notification: Mapping[str, Any] | None = None
    incident: Incident | None = None
    leased_until: datetime | None = None  # for whoever goes on with it
    gets_on: bool = False  # so that what has stopped it is over
    act: Mapping[str, Any] | None = None  # a person's act for the audit: who, role, action, reason


class Book:
    """Reads and writes cases. `due_in` is how long a case may take until its cause is known."""

    def __init__(self, pool: asyncpg.Pool, due_in: timedelta, node: int = 0) -> None:
        self._pool = pool
        self._node = node
        self._due_in = due_in

    @property
    def pool(self) -> asyncpg.Pool:
        """The database."""
        return self._pool

    async def open(self, now: datetime) -> int:
        """Open what is owed a case; give how many were opened or joined by a further attempt."""
        opened = 0
        while True:
            asked = {"now": now, "due_in": self._due_in, "limit": _BATCH}
            failed = await self._pool.fetch(*_SQL["open_failed"](**asked))
            refused = await self._pool.fetch(*_SQL["open_refused"](**asked))
            opened += len(failed) + len(refused)
            if max(len(failed), len(refused)) < _BATCH // 2:
                return opened

    async def reopen(self, now: datetime) -> int:
        """Take up what had ended unproved and of which nothing is under way any more."""
        query = _SQL["unproved"](states=sorted(UNFINISHED), limit=_BATCH)
        rows = await self._pool.fetch(*query)
        reopened = [await self._reopened(Case.of(row), _DECIDED, now) for row in rows]
        return sum(reopened)

    async def take_up_again(self, case: Case, transaction: Transaction, now: datetime) -> bool:
        """Reopen a case that ended otherwise than its void or refund has; False where it agrees."""
        asked = _SQL["contradicted"](**_key(case), id=transaction.id)
        if not await self._pool.fetchval(*asked):
            return False
        return await self._reopened(case, _CONTRADICTED, now)

    async def _reopened(self, before: Case, why: Text, now: datetime) -> bool:
        event = Event(REOPENED, why, evidence={"ended_at": before.ended_at})
        case, added = _with_events(before, CaseEntry(before, [event]), now)
        query = _SQL["reopen"](
            now=now, ended=before.ended, events=case.events, head=case.head, **added
        )
        try:
            return await self._pool.fetchval(*query) is not None
        except asyncpg.UniqueViolationError:  # another case of its original was opened meanwhile
            return False

    async def claim(self, now: datetime, lease: timedelta, limit: int) -> list[Case]:
        """Take up to `limit` due cases; whoever dies with one gives it back by time."""
        query = _SQL["claim"](now=now, until=now + lease, limit=limit, node=self._node)
        rows = await self._pool.fetch(*query)
        return [Case.of(row) for row in rows]

    async def free_node(self, now: datetime) -> None:
        """Give back what an earlier process of this node held when it ended."""
        await self._pool.execute(*_SQL["free_node"](node=self._node, now=now))

    async def release(self, case: Case, at: datetime) -> None:
        """Give a case back, to be looked at from `at` on."""
        await self._pool.execute(*_SQL["release"](**_key(case), at=at))

    async def next_due(self) -> datetime | None:
        """Say when the next case is due."""
        return await self._pool.fetchval(*_SQL["next_due"]())

    async def find(self, number: str) -> Case:
        """Find a case by number or id; raises `CaseUnknown`."""
        row = await self._pool.fetchrow(*_SQL["find"](number=number, id=identity_of(number)))
        if row is None:
            raise CaseUnknown(number)
        return Case.of(row)

    async def reread(self, case: Case) -> Case:
        """Give the case as it is now."""
        row = await self._pool.fetchrow(*_SQL["by_id"](**_key(case)))
        assert row is not None, "cases are never deleted"
        return Case.of(row)

    async def of_original(self, merchant_id: str, original_id: UUID) -> Case | None:
        """Find the case of an original."""
        query = _SQL["of_original"](merchant=merchant_id, original=original_id)
        row = await self._pool.fetchrow(*query)
        return None if row is None else Case.of(row)

    async def of_void(self, void: Transaction) -> Case | None:
        """Find the case that a void opened, or that of its original."""
        row = await self._pool.fetchrow(*_SQL["by_id"](**_key(void)))
        if row is not None:
            return Case.of(row)
        if void.original_id is None:
            return None
        return await self.of_original(void.merchant_id, void.original_id)

    async def latest(self, *, only_open: bool, limit: int) -> list[Case]:
        """Give cases, the most urgent first."""
        rows = await self._pool.fetch(*_SQL["list"](only_open=only_open, limit=limit))
        return [Case.of(row) for row in rows]

    async def history(self, case: Case) -> list[tuple[str, bytes]]:
        """Give the events of a case as they are kept: body and hash."""
        rows = await self._pool.fetch(*_SQL["events"](**_key(case)))
        return [(row["body"], row["hash"]) for row in rows]

    async def whole(self, case: Case) -> tuple[Case, list[tuple[str, bytes]]]:
        """Give the case with its events, all as they stood at one moment."""
        rows = await self._pool.fetch(*_SQL["whole"](**_key(case)))
        assert rows, "cases are never deleted"
        *columns, _, _ = rows[0]
        history = [(row["event_body"], row["event_hash"]) for row in rows]
        return Case.of(columns), [] if history[0][0] is None else history

    async def fault(self, case: Case, error: BaseException, at: datetime) -> None:
        """Tell somebody that a case can not go on; it is over once it does."""
        incident = Incident.of_case("case_fault", case, error=type(error).__name__)
        await self._pool.execute(*opening([incident], at))

    async def repair(self, case: Case, at: datetime) -> bool:
        """Let an open case be looked at now if its original is no longer as it was."""
        return await self._pool.fetchval(*_SQL["repair"](**_key(case), at=at)) is not None

    async def nudge(self, case: Case, at: datetime) -> None:
        """Let a case be looked at now."""
        await self._pool.execute(*_SQL["nudge"](**_key(case), at=at))

    async def write(self, before: Case, entry: CaseEntry, at: datetime) -> Case | None:
        """Write a case that is open; None when somebody else has written it meanwhile."""
        case, added = _with_events(before, entry, at)
        query = _SQL["write"](
            **{name: getattr(case, name) for name in _CHANGED},
            leased_until=entry.leased_until,
            gets_on=entry.gets_on,
            **added,
            **_besides(case, entry, at),
        )
        if not case.ended:
            return None if await self._pool.fetchval(*query) is None else case
        over = (*_OF_OPEN_CASES, *(() if case.ended == UNPROVED else (_UNPROVED,)))
        about = (case.merchant_id, str(case.id))
        async with self._pool.acquire() as connection, connection.transaction():
            if await connection.fetchval(*query) is None:
                return None
            # Also what was raised with the end itself, which one statement would not see.
            await connection.execute(*closing((Ended(kind, *about) for kind in over), at))
        return case

    async def append(self, before: Case, entry: CaseEntry, at: datetime) -> bool:
        """Add to the history of a case, also one that has ended; False as for `write`."""
        case, added = _with_events(before, entry, at)
        query = _SQL["append"](
            events=case.events,
            head=case.head,
            confirmed=case.confirmed,
            **added,
            **_besides(case, entry, at),
        )
        return await self._pool.fetchval(*query) is not None


def _key(row: Case | Transaction) -> dict[str, Any]:
    return {"merchant": row.merchant_id, "case": row.id}


def _with_events(before: Case, entry: CaseEntry, at: datetime) -> tuple[Case, dict[str, Any]]:
    """Chain the new events to the ones before; gives the case, and what adds them to it."""
    head, bodies, hashes = before.head, list[str](), list[bytes]()
    for event in entry.events:
        bodies.append(event.body(at))
        head = chained(head, bodies[-1])
        hashes.append(head)
    events = before.events + len(bodies)
    lines = list(range(before.events + 1, events + 1))
    added = {"seen": before.events, "lines": lines, "bodies": bodies, "hashes": hashes}
    case = entry.case._replace(events=events, head=head)
    return case, _key(before) | added


def _besides(case: Case, entry: CaseEntry, at: datetime) -> dict[str, Any]:
    """Give who else is told of it; what is empty is told to nobody."""
    payload, raised = entry.notification, entry.incident
    act = entry.act or dict.fromkeys(("who", "role", "action", "reason"), "")
    return {
        "at": at,
        "notice": entry.notice,
        "event": case.ended or case.step,
        "payload": None if payload is None else dict(payload),
        "incident": raised.kind if raised else "",
        "subject": raised.subject if raised else "",
        "params": raised.params if raised else {},
        "transaction": raised.transaction_id if raised else None,
        **act,
    }
