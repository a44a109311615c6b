"""What is done with a clearing file that counts: it is discarded, or matched anew by other rules.

Where much money is at stake by it, a second person confirms what the first has asked for.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from annul.domain.errors import AnnulError
from annul.resolve.second_person import second_person
from annul.settle.clearing.again import Again, Anew
from annul.settle.clearing.commit import SHOWN, Clearing, NotCommitted
from annul.settle.clearing.load import SQL as _FILES
from annul.settle.clearing.rules import ClearingRules

from . import over_cells
from .clearing import together
from .clearing_cells import NO_REASON, cells_of, in_each, rules_of, summed
from .clearing_reading import SQL as _SQL
from .desk import Desk, NothingThere
from .permission import NotAllowed, permit, staff
from .roles import Scope, Visitor

DISCARD, AGAIN = "discard", "again"
_DONE: Final[Mapping[str, str]] = {DISCARD: "discarded", AGAIN: "matched"}
_ACTIONS: Final[Mapping[str, str]] = {
    DISCARD: "discard-clearing-file",
    AGAIN: "match-clearing-file",
}
_COUNTS: Final = ("opened", "withdrawn", "stay", "reopened", "proved", "unproved", "at_stake")
_MOVED: Final = ("count", "money_before", "money_after", "decided")


class AskedBefore(AnnulError):
    """Something was asked of this file already, and waits for a second person."""

    code = "clearing.asked_before"
    next_step = "Let a second person confirm or reject that first."


class NothingAsked(AnnulError):
    """Nothing that waits for a second person is asked of this file. Nothing has changed."""

    code = "clearing.nothing_asked"
    next_step = "Look at the file for how it stands."


# Questions --------------------------------------------------------------------------------------


async def counted(desk: Desk, visitor: Visitor, day: date | None, name: str = "") -> list[UUID]:
    """Give the files that count, of a day or of a name; raises `NothingThere`, `NotAllowed`."""
    if visitor.merchant_id or not visitor.may(Scope.CLEARING_READ):
        raise NotAllowed
    asked = _SQL["counted"](day=day, name=name)
    found = over_cells.joined(await over_cells.each(desk, lambda one: one.pool.fetch(*asked)))
    if not found:
        message = f"no file counts that is called {name}" if name else f"no file of {day} counts"
        raise NothingThere(message)
    return list(dict.fromkeys(row["id"] for row in found))


async def preview(
    desk: Desk, visitor: Visitor, identity: UUID, rules: ClearingRules | None = None
) -> Again:
    """Say what would differ if a file were matched anew; by some rules, else by those in force.

    Raises `NotCommitted`, `LaterCommitted`, `NotAllowed`, `CellSilent`.
    """
    staff(visitor)
    await permit(desk.pool, visitor, Scope.CLEARING_WRITE, NO_REASON)
    cells = await cells_of(desk, identity, "committed")
    if not cells:
        raise NotCommitted
    return _together([await (await _anew(one, rules)).preview(identity) for one in cells])


def _together(found: list[Again]) -> Again:
    """Put together what differs in several cells."""
    first = found[0]
    if len(found) == 1:
        return first
    counts = {name: sum(getattr(one, name) for one in found) for name in _COUNTS}
    changes = over_cells.joined([one.changes for one in found])
    rows = over_cells.joined([one.changed for one in found])
    by_money = sorted(rows, key=lambda row: -abs(row["money_after"] - row["money_before"]))
    return replace(
        first,
        changes=summed(changes, ("before", "after", "currency"), _MOVED),
        changed=by_money[:SHOWN],
        result=together([one.result for one in found]),
        **counts,
    )


# Acts -------------------------------------------------------------------------------------------


async def discard(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> str:
    """Let a file count no longer: what it proved is undone, and its breaks are withdrawn.

    Gives `discarded`, or `asked` where that takes a second person. Raises `NotCommitted`,
    `LaterCommitted`, `AskedBefore`, `ReasonNeeded`, `NotAllowed`, and as `commit`.
    """
    await permit(desk.pool, visitor, Scope.CLEARING_WRITE, reason)
    at_stake = sum([await _taken_back(one, identity) for one in await _committed(desk, identity)])
    return await _ask_or_do(desk, visitor, identity, DISCARD, reason, at_stake)


async def again(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> str:
    """Match a file anew by the rules in force: what `preview` shows. Gives `matched`, or `asked`.

    Raises as `discard`.
    """
    await permit(desk.pool, visitor, Scope.CLEARING_WRITE, reason)
    at_stake = (await preview(desk, visitor, identity)).at_stake
    return await _ask_or_do(desk, visitor, identity, AGAIN, reason, at_stake)


async def confirm(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> str:
    """Let be done what was asked of a file, as second person; gives what that was.

    Raises `NothingAsked`, `SecondPersonNeeded`, and as `discard`.
    """
    what, asked_by = await _asked(desk, visitor, identity, reason)
    await second_person(desk.pool, asked_by, visitor.name)
    await _do(desk, visitor, identity, what, reason)
    return _DONE[what]


async def reject(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> None:
    """Leave a file as it is, as second person or as who had asked; raises as `confirm`."""
    _, asked_by = await _asked(desk, visitor, identity, reason)
    if asked_by != visitor.name:
        await second_person(desk.pool, asked_by, visitor.name)

    async def one(_: Desk, connection: Any) -> None:
        if await connection.fetchval(*_FILES["answered"](file=identity)) is None:
            raise NothingAsked

    named = ("reject-clearing-file", "committed", NotCommitted)
    await in_each(desk, visitor, identity, named, reason, one)


async def _ask_or_do(
    desk: Desk, visitor: Visitor, identity: UUID, what: str, reason: str, at_stake: int
) -> str:
    if at_stake < (await rules_of(desk)).rules.discard_second_person_from:
        await _do(desk, visitor, identity, what, reason)
        return _DONE[what]

    async def one(there: Desk, connection: Any) -> None:
        said = {"who": visitor.name, "reason": reason.strip(), "now": there.clock.now()}
        asked = _FILES["ask"](file=identity, **{"for": what}, **said)
        if await connection.fetchval(*asked) is None:
            raise AskedBefore

    named = ("ask-clearing-file", "committed", NotCommitted)
    await in_each(desk, visitor, identity, named, reason, one)
    return "asked"


async def _do(desk: Desk, visitor: Visitor, identity: UUID, what: str, reason: str) -> None:
    by = (visitor.name, reason.strip())

    async def one(there: Desk, connection: Any) -> None:
        await connection.execute(*_FILES["answered"](file=identity))
        await _STEPS[what](there, connection, identity, by)

    named = (_ACTIONS[what], "committed", NotCommitted)
    await in_each(desk, visitor, identity, named, reason, one)


async def _discard(there: Desk, connection: Any, identity: UUID, by: tuple[str, str]) -> None:
    found = await rules_of(there)
    clearing = Clearing(there.pool, there.calendar, there.clock, found.rules, found.version)
    await clearing.discard(connection, identity, *by)


async def _again(there: Desk, connection: Any, identity: UUID, by: tuple[str, str]) -> None:
    await (await _anew(there, None)).run(connection, identity, by)


_STEPS: Final[Mapping[str, Callable[[Desk, Any, UUID, tuple[str, str]], Awaitable[None]]]] = {
    DISCARD: _discard,
    AGAIN: _again,
}


async def _anew(desk: Desk, rules: ClearingRules | None) -> Anew:
    found = await rules_of(desk)
    return Anew(desk.pool, desk.calendar, desk.clock, rules or found.rules, found.version)


async def _committed(desk: Desk, identity: UUID) -> list[Desk]:
    cells = await cells_of(desk, identity, "committed")
    if not cells:
        raise NotCommitted
    return cells


async def _taken_back(desk: Desk, identity: UUID) -> int:
    return await desk.pool.fetchval(*_FILES["at_stake"](file=identity))


async def _asked(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> tuple[str, str]:
    """Give what was asked of a file, and who did; programs decide nothing."""
    staff(visitor)
    await permit(desk.pool, visitor, Scope.CLEARING_WRITE, reason)
    if not visitor.role:
        raise NotAllowed
    for one in await _committed(desk, identity):
        found = await one.pool.fetchrow(*_FILES["asked"](file=identity))
        if found is not None:
            return found["asked_for"], found["asked_by"]
    raise NothingAsked
