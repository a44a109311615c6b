"""What people do with an incident: take it on, note, close, reopen, merge, split, learn.

Each act takes a role, is kept in the audit log and in the timeline, in one commit with its effect.
An act that carries an id (`act`) and is asked for again has no second effect.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from annul.domain.errors import AnnulError
from annul.domain.head_kinds import gathering_of
from annul.domain.heads import LINKS, Ends, EventKind, HeadScope, higher
from annul.operate.incidents.gathering import new_number, severity_of
from annul.operate.incidents.keeping import Head, HeadEvent, hold, keep, open_heads, tell
from annul.operate.playbooks.reading import playbook_of
from annul.store.incidents import closing_of, joining, moving

from . import over_cells
from .audit import audit
from .desk import Desk, NothingThere
from .incidents import SQL, reads
from .permission import NotAllowed, NotValid, permit, staff
from .roles import ROLES, Scope, Visitor

_NONE: Final = "no reason is asked for"  # what `permit` takes in its place
_REOPENED_WITHIN: Final = timedelta(days=7)
_LINKS: Final = 20
_TEXT: Final = 2000
_WORKERS: Final = [name for name, scopes in ROLES.items() if Scope.INCIDENTS_WRITE in scopes]


class IncidentClosed(AnnulError):
    """This incident is closed. Nothing was changed."""

    code = "incidents.closed"
    next_step = "Reopen it first, or act on the one that is open."


class GoingOn(AnnulError):
    """What it is about still goes on, so the incident was not closed."""

    code = "incidents.going_on"
    next_step = "It closes by itself once that is over. What does not belong to it, split it off."


class AnotherOpen(AnnulError):
    """Another incident about the same is open, so this one was not reopened."""

    code = "incidents.another_open"
    next_step = "Go on with the one that is open, and merge what belongs together."


class NotReopened(AnnulError):
    """This incident is open, was merged, or was closed too long ago. Nothing was changed."""

    code = "incidents.not_reopened"
    next_step = "Act on the one that is open, or on the one that it was merged into."


class Lesson(NamedTuple):
    """What was learnt: a text, and what it leads to by kind (`LINKS`) and number."""

    text: str
    links: Sequence[Mapping[str, str]] = ()


class _Doing(NamedTuple):
    """An act under way: in whose transaction, by whom, when, on which head, under which id."""

    connection: Any
    visitor: Visitor
    now: datetime
    head: Head
    act: str

    def event(self, kind: EventKind, /, **params: Any) -> HeadEvent:
        """Make an event of the head by who acts."""
        return self.of(self.head, kind, **params)

    def of(self, head: Head, kind: EventKind, /, **params: Any) -> HeadEvent:
        """Make one of another head."""
        kept = params | ({"act": self.act} if self.act else {})
        return HeadEvent(head.id, head.merchant_id, self.now, kind, self.visitor.name, kept)


_Change = Callable[[_Doing], Awaitable[tuple[Iterable[Head], Iterable[HeadEvent]]]]


# Acts -------------------------------------------------------------------------------------------


async def acknowledge(
    desk: Desk, visitor: Visitor, number: str, act: UUID | None = None, reason: str = ""
) -> None:
    """Say that somebody has seen it; once. Raises `NothingThere`, `IncidentClosed`."""

    async def change(do: _Doing) -> tuple[list[Head], list[HeadEvent]]:
        _is_open(do.head)
        if do.head.acknowledged_at is not None:
            return [], []
        seen = do.head._replace(acknowledged_by=do.visitor.name, acknowledged_at=do.now)
        return [seen], [do.event(EventKind.ACKNOWLEDGED)]

    await _do(desk, visitor, number, "acknowledge-incident", reason.strip() or _NONE, change, act)


async def own(
    desk: Desk,
    visitor: Visitor,
    number: str,
    owner: str,
    act: UUID | None = None,
    reason: str = "",
) -> None:
    """Say who works on it, nobody if empty. Raises `NotValid` where nobody of that name may."""
    staff(visitor)
    names = {"names": [owner], "roles": _WORKERS}
    if owner and not await desk.pool.fetch(*SQL["workers"](**names)):
        message = f"nobody called {owner} may work on incidents"
        raise NotValid(message)

    async def change(do: _Doing) -> tuple[list[Head], list[HeadEvent]]:
        _is_open(do.head)
        if do.head.owner == owner:
            return [], []
        was = do.head.owner
        event = do.event(EventKind.OWNER_CHANGED, owner=owner, was=was)
        return [do.head._replace(owner=owner)], [event]

    await _do(desk, visitor, number, "assign-incident", reason.strip() or _NONE, change, act)


async def note(
    desk: Desk,
    visitor: Visitor,
    number: str,
    text: str,
    act: UUID | None = None,
    reason: str = "",
) -> None:
    """Add to its timeline what somebody has to say; also to one that is closed."""
    said = _said(text)

    async def change(do: _Doing) -> tuple[list[Head], list[HeadEvent]]:
        return [], [do.event(EventKind.NOTE, text=said)]

    await _do(desk, visitor, number, "note-incident", reason.strip() or said, change, act)


async def close(
    desk: Desk,
    visitor: Visitor,
    number: str,
    reason: str,
    learnt: Lesson | None = None,
    act: UUID | None = None,
) -> None:
    """Close it, with what was raised that only people close.

    Raises `GoingOn` where something is open that annul itself sees the end of.
    """
    lesson = _checked(learnt)

    async def change(do: _Doing) -> tuple[list[Head], list[HeadEvent]]:
        _is_open(do.head)
        still = await do.connection.fetch(*SQL["still"](head=do.head.id))
        on = [row["kind"] for row in still if gathering_of(row["kind"]).ends is Ends.ITSELF]
        if on:
            message = ", ".join(sorted(on))
            raise GoingOn(message)
        kinds = [row["kind"] for row in still]
        if kinds:
            await do.connection.execute(*closing_of(do.head.id, kinds, do.now))
        over = do.head._replace(closed_at=do.now, closed_by=do.visitor.name)
        events = [do.event(EventKind.CLOSED, why=reason.strip())]
        if lesson is not None:
            over = over._replace(learnt=lesson)
            events.append(do.event(EventKind.LEARNT, **lesson))
        return [over], events

    await _do(desk, visitor, number, "close-incident", reason, change, act)


async def learn(
    desk: Desk, visitor: Visitor, number: str, learnt: Lesson, act: UUID | None = None
) -> None:
    """Keep what was learnt of it, in the place of what was kept before; also once it is closed."""
    lesson = _checked(learnt)
    assert lesson is not None, "it was given"

    async def change(do: _Doing) -> tuple[list[Head], list[HeadEvent]]:
        kept = do.head._replace(learnt=lesson)
        return [kept], [do.event(EventKind.LEARNT, **lesson)]

    await _do(desk, visitor, number, "learn-incident", learnt.text, change, act)


async def reopen(
    desk: Desk, visitor: Visitor, number: str, reason: str, act: UUID | None = None
) -> None:
    """Open it again, within a week; from then on only people close it.

    Raises `NotReopened` and `AnotherOpen`.
    """

    async def change(do: _Doing) -> tuple[list[Head], list[HeadEvent]]:
        head = do.head
        if head.closed_at is None or head.merged_into is not None:
            raise NotReopened
        if do.now - head.closed_at > _REOPENED_WITHIN:
            raise NotReopened
        place = {"scope": head.scope, "member": head.member, "merchant": head.merchant_id}
        if await do.connection.fetchval(*SQL["another"](**place)):
            raise AnotherOpen
        again = head._replace(closed_at=None, closed_by="", reopened_at=do.now, quiet_since=None)
        return [again], [do.event(EventKind.REOPENED, why=reason.strip())]

    await _do(desk, visitor, number, "reopen-incident", reason, change, act)


async def merge(
    desk: Desk, visitor: Visitor, number: str, into: str, reason: str, act: UUID | None = None
) -> None:
    """Put all of it under another one that is open, of one cell; this one is closed by that."""

    async def change(do: _Doing) -> tuple[list[Head], list[HeadEvent]]:
        head, other = do.head, await _other(do, into)
        _is_open(head)
        _is_open(other)
        await do.connection.execute(*moving(head.id, other.id))
        await do.connection.execute(*SQL["repoint"](head=head.id, into=other.id))
        gone = head._replace(closed_at=do.now, closed_by=do.visitor.name, merged_into=other.id)
        grown = other._replace(
            severity=higher(head.severity, other.severity),
            opened_at=min(head.opened_at, other.opened_at),
            joined_at=max(head.joined_at, other.joined_at),
            quiet_since=None,
            cause=other.cause or head.cause,
        )
        said: dict[str, Any] = {"from": head.number, "into": other.number, "why": reason.strip()}
        kind = EventKind.MERGED
        return [gone, grown], [do.event(kind, **said), do.of(other, kind, **said)]

    await _do(desk, visitor, number, "merge-incident", reason, change, act, beside=into)


async def split(
    desk: Desk,
    visitor: Visitor,
    number: str,
    reason: str,
    *,
    ids: Sequence[UUID] = (),
    kinds: Sequence[str] = (),
    act: UUID | None = None,
) -> str:
    """Put some of what was raised, by ids or kinds, under a new one; gives its number.

    Raises `NotValid` where nothing of it is picked, or all of it.
    """

    async def change(do: _Doing) -> tuple[list[Head], list[HeadEvent]]:
        _is_open(do.head)
        picked = SQL["picked"](head=do.head.id, ids=list(ids), kinds=list(kinds))
        rows = await do.connection.fetch(*picked)
        if not rows or len(rows) == rows[0]["of_all"]:
            message = "pick some of what it has gathered, and leave some"
            raise NotValid(message)
        new = _split_off(do, rows)
        await open_heads(do.connection, [new])
        await do.connection.execute(
            *joining((row["id"], row["merchant_id"], new.id) for row in rows)
        )
        said: dict[str, Any] = {
            "from": do.head.number,
            "into": new.number,
            "count": len(rows),
            "why": reason.strip(),
        }
        kind = EventKind.SPLIT
        return [do.head._replace(quiet_since=None)], [
            do.event(kind, **said),
            do.of(new, kind, **said),
        ]

    said = await _do(desk, visitor, number, "split-incident", reason, change, act)
    return str(said["into"])


def _split_off(do: _Doing, rows: Sequence[Mapping[str, Any]]) -> Head:
    merchants = {row["merchant_id"] for row in rows}
    severity = severity_of(rows[0]["kind"])
    for row in rows:
        severity = higher(severity, severity_of(row["kind"]))
    number = new_number(do.now)
    return Head(
        uuid7(),
        next(iter(merchants)) if len(merchants) == 1 else "",
        number,
        HeadScope.PICKED,
        number,
        severity,
        min(row["opened_at"] for row in rows),
        do.now,
        playbook=playbook_of().get(rows[0]["kind"], ""),
    )


# How they are done --------------------------------------------------------------------------------


async def _do(
    desk: Desk,
    visitor: Visitor,
    number: str,
    action: str,
    reason: str,
    change: _Change,
    act: UUID | None,
    beside: str = "",
) -> dict[str, Any]:
    """Do an act in the cell that has the incident, unless its id says that it is done.

    Gives what it says in the timeline.
    """
    reads(visitor)
    if not visitor.may(Scope.INCIDENTS_WRITE):
        raise NotAllowed
    await permit(desk.pool, visitor, Scope.INCIDENTS_WRITE, reason)
    return await _there(desk, visitor, number, action, reason, change, act, beside)


@over_cells.the_one_that_knows
async def _there(
    desk: Desk,
    visitor: Visitor,
    number: str,
    action: str,
    reason: str,
    change: _Change,
    act: UUID | None,
    beside: str,
) -> dict[str, Any]:
    async with desk.pool.acquire() as connection, connection.transaction():
        keys = [await _key(connection, one) for one in (number, beside) if one]
        held = await hold(connection, keys)
        head = held[keys[0]]
        name = str(act) if act else ""
        done = SQL["done"](head=head.id, merchant=head.merchant_id, act=name)
        if name and (before := await connection.fetchval(*done)) is not None:
            return dict(before)
        now = desk.clock.now()
        changed, events = await change(_Doing(connection, visitor, now, head, name))
        told = list(events)
        try:
            await keep(connection, changed)
        except asyncpg.UniqueViolationError as error:
            raise AnotherOpen from error
        await tell(connection, told)
        if told:
            why = "" if reason == _NONE else reason
            detail = {"event": told[0].kind, **told[0].params}
            thing = f"incident {number}"
            await audit(connection, visitor, now, action, thing, why, detail)
    return dict(told[0].params) if told else {}


async def _key(connection: Any, number: str) -> tuple[UUID, str]:
    row = await connection.fetchrow(*SQL["key"](number=number))
    if row is None:
        message = f"there is no incident {number}"
        raise NothingThere(message)
    return row["id"], row["merchant_id"]


async def _other(do: _Doing, number: str) -> Head:
    """Give the other one, which is held as well."""
    key = await _key(do.connection, number)
    if key == do.head.key:
        message = "an incident is not merged into itself"
        raise NotValid(message)
    return (await hold(do.connection, [key]))[key]


def _is_open(head: Head) -> None:
    if head.closed_at is not None:
        raise IncidentClosed


def _said(text: str) -> str:
    said = text.strip()
    if not 0 < len(said) <= _TEXT:
        message = f"a text has 1 to {_TEXT} characters"
        raise NotValid(message)
    return said


def _checked(learnt: Lesson | None) -> dict[str, Any] | None:
    if learnt is None:
        return None
    links = [{"kind": str(one["kind"]), "ref": str(one["ref"])} for one in learnt.links]
    if len(links) > _LINKS or any(one["kind"] not in LINKS or not one["ref"] for one in links):
        message = f"at most {_LINKS} links, each of {', '.join(LINKS)}"
        raise NotValid(message)
    return {"text": _said(learnt.text), "links": links}
