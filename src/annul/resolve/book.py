"""The book of cases: opened from what failed, leased to whoever works on them, written with events.

Every writing is guarded by the number of events that the writer has seen, so that of two who act
on one case the second one finds out and looks again.
"""

from collections.abc import Mapping, Sequence
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
from annul.domain.states import UNFINISHED
from annul.domain.text import Text
from annul.store.incidents import CLOSE_ENDED, Ended, closing, opening
from annul.store.sql import listed, load

from .case import UNPROVED, Case, Event, chained

_COLUMNS: Final = ", ".join(f"t.{name}" for name in Case._fields)
_QUERIES: Final = {
    name: statement.sql
    for name, statement in load(
        "annul.resolve",
        "book.sql",
        columns=_COLUMNS,
        close_ended=CLOSE_ENDED,
        cased=listed(CASED),
        voids=listed(VOIDS),
        refunds=listed(REFUNDS),
        of_shops=listed(OF_SHOPS),
    ).items()
}
# What is over when a case ends, the second one only when its outcome is proved.
_OF_OPEN_CASES: Final = tuple(kind for kind in INCIDENTS if kind.startswith("case_"))
_UNPROVED: Final = "outcome_unproved"
_BATCH: Final = 200
REOPENED: Final = "reopened"
_DECIDED: Final = Text(
    "在途的都有了结果，继续处理到结案",
    "what was under way has its outcome now; it goes on to its end",
)


class CaseUnknown(AnnulError):
    """There is no case with this number."""

    code = "resolve.case_unknown"
    next_step = "Give the number that stands on the slip, or look it up with annul cases."


@dataclass(slots=True)
class Entry:
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

    async def open(self, now: datetime) -> int:
        """Open what is owed a case; give how many were opened or joined by a further attempt."""
        opened = 0
        while True:
            failed = await self._pool.fetch(_QUERIES["open_failed"], now, self._due_in, _BATCH)
            refused = await self._pool.fetch(_QUERIES["open_refused"], now, self._due_in, _BATCH)
            opened += len(failed) + len(refused)
            if max(len(failed), len(refused)) < _BATCH // 2:
                return opened

    async def reopen(self, now: datetime) -> int:
        """Take up what had ended unproved and of which nothing is under way any more."""
        states = sorted(UNFINISHED)
        rows = await self._pool.fetch(_QUERIES["unproved"], states, _BATCH)
        reopened = [await self._reopened(Case.of(row), now) for row in rows]
        return sum(reopened)

    async def _reopened(self, before: Case, now: datetime) -> bool:
        event = Event(REOPENED, _DECIDED, evidence={"ended_at": before.ended_at})
        case, lines = _with_events(before, Entry(before, [event]), now)
        identity = (case.merchant_id, case.id)
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                written = await connection.fetchval(
                    _QUERIES["reopen"], *identity, before.events, now, case.events, case.head
                )
                for line in lines if written else ():
                    await connection.execute(_QUERIES["event"], *identity, *line)
        except asyncpg.UniqueViolationError:  # another case of its original was opened meanwhile
            return False
        return written is not None

    async def claim(self, now: datetime, lease: timedelta, limit: int) -> list[Case]:
        """Take up to `limit` due cases; whoever dies with one gives it back by time."""
        rows = await self._pool.fetch(_QUERIES["claim"], now, now + lease, limit, self._node)
        return [Case.of(row) for row in rows]

    async def free_node(self, now: datetime) -> None:
        """Give back what an earlier process of this node held when it ended."""
        await self._pool.execute(_QUERIES["free_node"], self._node, now)

    async def release(self, case: Case, at: datetime) -> None:
        """Give a case back, to be looked at from `at` on."""
        await self._pool.execute(_QUERIES["release"], case.merchant_id, case.id, at)

    async def next_due(self) -> datetime | None:
        """Say when the next case is due."""
        return await self._pool.fetchval(_QUERIES["next_due"])

    async def find(self, number: str) -> Case:
        """Find a case by number or id; raises `CaseUnknown`."""
        try:
            identity: UUID | None = UUID(number)
        except ValueError:
            identity = None
        row = await self._pool.fetchrow(_QUERIES["find"], number, identity)
        if row is None:
            message = f"there is no case {number}"
            raise CaseUnknown(message)
        return Case.of(row)

    async def reread(self, case: Case) -> Case:
        """Give the case as it is now."""
        row = await self._pool.fetchrow(_QUERIES["by_id"], case.merchant_id, case.id)
        assert row is not None, "cases are never deleted"
        return Case.of(row)

    async def of_original(self, merchant_id: str, original_id: UUID) -> Case | None:
        """Find the case of an original."""
        row = await self._pool.fetchrow(_QUERIES["of_original"], merchant_id, original_id)
        return None if row is None else Case.of(row)

    async def of_void(self, void: Transaction) -> Case | None:
        """Find the case that a void opened, or that of its original."""
        row = await self._pool.fetchrow(_QUERIES["by_id"], void.merchant_id, void.id)
        if row is not None:
            return Case.of(row)
        if void.original_id is None:
            return None
        return await self.of_original(void.merchant_id, void.original_id)

    async def latest(self, *, only_open: bool, limit: int) -> list[Case]:
        """Give cases, the most urgent first."""
        rows = await self._pool.fetch(_QUERIES["list"], only_open, limit)
        return [Case.of(row) for row in rows]

    async def history(self, case: Case) -> list[tuple[str, bytes]]:
        """Give the events of a case as they are kept: body and hash."""
        rows = await self._pool.fetch(_QUERIES["events"], case.merchant_id, case.id)
        return [(row["body"], row["hash"]) for row in rows]

    async def whole(self, case: Case) -> tuple[Case, list[tuple[str, bytes]]]:
        """Give the case with its events, all as they stood at one moment."""
        rows = await self._pool.fetch(_QUERIES["whole"], case.merchant_id, case.id)
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
        row = await self._pool.fetchval(_QUERIES["repair"], case.merchant_id, case.id, at)
        return row is not None

    async def nudge(self, case: Case, at: datetime) -> None:
        """Let a case be looked at now."""
        await self._pool.execute(_QUERIES["nudge"], case.merchant_id, case.id, at)

    async def write(self, before: Case, entry: Entry, at: datetime) -> Case | None:
        """Write a case that is open; None when somebody else has written it meanwhile."""
        case, lines = _with_events(before, entry, at)
        async with self._pool.acquire() as connection, connection.transaction():
            written = await connection.fetchval(
                _QUERIES["write"],
                case.merchant_id, case.id, before.events, case.next_action_at, case.step,
                case.tries, case.cause, case.probability, case.confirmed, case.task, case.ordered,
                case.proposed, case.proposed_by, case.ended, case.ended_at, case.due_at,
                case.first_due_at, case.events, case.head, entry.leased_until, entry.gets_on, at,
            )  # fmt: skip
            if written is None:
                return None
            await self._rest(connection, case, entry, lines, at)
            if case.ended:
                over = (*_OF_OPEN_CASES, *(() if case.ended == UNPROVED else (_UNPROVED,)))
                about = (case.merchant_id, str(case.id))
                await connection.execute(*closing((Ended(kind, *about) for kind in over), at))
        return case

    async def append(self, before: Case, entry: Entry, at: datetime) -> bool:
        """Add to the history of a case, also one that has ended; False as for `write`."""
        case, lines = _with_events(before, entry, at)
        async with self._pool.acquire() as connection, connection.transaction():
            written = await connection.fetchval(
                _QUERIES["append"],
                case.merchant_id,
                case.id,
                before.events,
                case.events,
                case.head,
                case.confirmed,
            )
            if written is None:
                return False
            await self._rest(connection, case, entry, lines, at)
        return True

    async def _rest(
        self,
        connection: Any,
        case: Case,
        entry: Entry,
        lines: Sequence[tuple[int, str, bytes]],
        at: datetime,
    ) -> None:
        identity = (case.merchant_id, case.id)
        for line in lines:
            await connection.execute(_QUERIES["event"], *identity, *line)
        if entry.notice:
            await connection.execute(
                _QUERIES["notice"], case.merchant_id, case.terminal_id, case.id, entry.notice, at
            )
        if entry.notification is not None:
            event = case.ended or case.step
            await connection.execute(
                _QUERIES["notification"], *identity, event, dict(entry.notification), at
            )
        if entry.incident is not None:
            await connection.execute(*opening([entry.incident], at))
        if entry.act is not None:
            act = entry.act
            await connection.execute(
                _QUERIES["audit"],
                at,
                act["who"],
                act["role"],
                act["action"],
                f"case {case.number}",
                act["reason"],
                {"case": str(case.id)},
            )


def _with_events(
    before: Case, entry: Entry, at: datetime
) -> tuple[Case, list[tuple[int, str, bytes]]]:
    """Chain the new events to the ones before."""
    head, lines = before.head, []
    for line, event in enumerate(entry.events, before.events + 1):
        body = event.body(at)
        head = chained(head, body)
        lines.append((line, body, head))
    return entry.case._replace(events=before.events + len(lines), head=head), lines
