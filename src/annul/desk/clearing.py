"""Clearing files: read, looked at, committed, in each cell whose merchants they tell of.

They are of no merchant: who belongs to one neither sees nor does anything here.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from annul.settle.clearing.columns import ColumnMap
from annul.settle.clearing.commit import SHOWN, Clearing, NotStaged
from annul.settle.clearing.counting import Result
from annul.settle.clearing.table import Look

from . import clearing_wrong, over_cells
from .audit import audit
from .clearing_cells import (
    NO_REASON,
    OF_TOLERATED,
    cells_of,
    in_cell,
    in_each,
    of_all_cells,
    rules_of,
    summed,
    whole,
)
from .clearing_reading import SQL as _SQL
from .clearing_reading import Readable, Source, Taken, beside, loader_of, look, take_in
from .cursor import BadCursor, Cursor, Listing, listing
from .desk import Desk, NothingThere
from .permission import NotAllowed, NotValid, changing, permit, staff
from .roles import Scope, Visitor

FIRST_BAD: Final = 20  # bad lines that are given with a file
_MAPS: Final = 200
_LONGEST: Final = 60  # characters of a map's name


# Questions --------------------------------------------------------------------------------------


async def files(desk: Desk, visitor: Visitor, limit: int = 50, cursor: str = "") -> Listing:
    """Give files, the latest first, each with the cells that have rows of it; none to merchants."""
    if not _of_all(visitor):
        return Listing([], "")

    async def page(one: Desk) -> Listing:
        asked = _SQL["files"](limit=limit + 1, **Cursor.after(cursor))
        rows = [in_cell(row, one.cell) for row in await one.pool.fetch(*asked)]
        return listing(rows, limit, "read_at")

    pages = await over_cells.each(desk, page)
    of_cells: dict[UUID, list[dict[str, Any]]] = {}
    for row in over_cells.joined([found.rows for found in pages]):
        of_cells.setdefault(row["id"], []).append(row)
    told = [
        Listing([whole(of_cells[row["id"]]) for row in one.rows], one.following) for one in pages
    ]
    return over_cells.paged(told, limit, ("read_at",), falling=True)


async def find(desk: Desk, visitor: Visitor, identity: UUID) -> dict[str, Any]:
    """Give a file with `breaks` by kind, cause and state, `tolerated` by kind and account.

    Also its first bad lines.

    Raises `NothingThere`.
    """
    if not _of_all(visitor):
        raise _unknown(identity)

    async def ask(one: Desk) -> list[dict[str, Any]]:
        row = await one.pool.fetchrow(*_SQL["find"](id=identity))
        if row is None:
            return []
        breaks = await one.pool.fetch(*_SQL["breaks"](id=identity))
        asked = _SQL["bad_lines"](id=identity, after=0, limit=FIRST_BAD)
        tolerated = await one.pool.fetch(*_SQL["tolerated"](id=identity))
        more = {
            "breaks": [dict(b) for b in breaks],
            "tolerated": [dict(t) for t in tolerated],
            "bad_lines": await one.pool.fetch(*asked),
        }
        return [in_cell(row, one.cell) | more]

    found = over_cells.joined(await over_cells.each(desk, ask))
    if not found:
        raise _unknown(identity)
    breaks = over_cells.joined([one["breaks"] for one in found])
    tolerated = over_cells.joined([one["tolerated"] for one in found])
    lines = over_cells.joined([one["bad_lines"] for one in found])
    return {
        **whole(found),
        "tolerated": summed(tolerated, OF_TOLERATED),
        "breaks": summed(breaks, ("kind", "cause", "currency", "state")),
        "bad_lines": [dict(line) for line in lines[:FIRST_BAD]],
    }


async def bad_lines(
    desk: Desk, visitor: Visitor, identity: UUID, limit: int = 100, cursor: str = ""
) -> Listing:
    """Give lines of a file that are no rows, in their order, as far as they are kept."""
    return await _in_order(desk, visitor, identity, ("bad_lines", "line"), limit, cursor)


async def differences(
    desk: Desk, visitor: Visitor, identity: UUID, limit: int = 100, cursor: str = ""
) -> Listing:
    """Give differences of money with a file that rules accept, in the order of its rows.

    Each as terminal's batch (`claimed`), host and issuer have it, with the account that bears it.
    """
    return await _in_order(desk, visitor, identity, ("differences", "place"), limit, cursor)


async def _in_order(
    desk: Desk, visitor: Visitor, identity: UUID, named: tuple[str, str], limit: int, cursor: str
) -> Listing:
    """Give a page of what a file has, by a statement and the number that orders it."""
    statement, place = named
    if not _of_all(visitor):
        raise _unknown(identity)
    if cursor and not cursor.isdecimal():
        raise BadCursor
    asked = _SQL[statement](id=identity, after=min(int(cursor or 0), 2**31 - 1), limit=limit + 1)
    found = await over_cells.each(desk, lambda one: one.pool.fetch(*asked))
    rows = sorted((dict(row) for row in over_cells.joined(found)), key=lambda row: row[place])
    more = len(rows) > limit
    return Listing(rows[:limit], str(rows[limit - 1][place]) if more else "")


async def maps(desk: Desk, visitor: Visitor) -> dict[str, ColumnMap]:
    """Give maps of columns that were saved, by name."""
    if not _of_all(visitor):
        return {}
    rows = await desk.pool.fetch(*_SQL["maps"](limit=_MAPS))
    return {row["name"]: ColumnMap.of_json(row["map"]) for row in rows}


async def look_at(
    desk: Desk, visitor: Visitor, stream: Readable, name: str
) -> tuple[str, Look | None]:
    """Say which layout a file has, and what it looks like where it is a table, with cards masked.

    Nothing is kept. Raises `ClearingUnreadable`, `NotAllowed`.
    """
    staff(visitor)
    await permit(desk.pool, visitor, Scope.CLEARING_WRITE, NO_REASON)
    async with beside() as run:
        form, seen = await run(look, Source(stream), name)
    return form, seen


async def preview(desk: Desk, visitor: Visitor, identity: UUID) -> Result:
    """Say what a commit would do, of all cells together; nothing is kept.

    Raises `NotStaged`, `RowsGone`, `NotAllowed`, `CellSilent`.
    """
    staff(visitor)
    await permit(desk.pool, visitor, Scope.CLEARING_WRITE, NO_REASON)
    waiting = await cells_of(desk, identity, "staged")
    if not waiting:
        raise NotStaged
    return together([await (await _clearing(one)).preview(identity) for one in waiting])


def together(results: list[Result]) -> Result:
    """Put together what came of a file in several cells."""
    first = results[0]
    if len(results) == 1:
        return first
    breaks = over_cells.joined([one.breaks for one in results])
    return replace(
        first,
        covers_from=min(one.covers_from for one in results),
        settles_on=max(one.settles_on for one in results),
        rows=sum(one.rows for one in results),
        bad=sum(one.bad for one in results),
        outcomes=of_all_cells([one.outcomes for one in results], ("outcome", "currency")),
        kinds=of_all_cells([one.kinds for one in results], ("kind", "cause", "currency")),
        tolerated=of_all_cells([one.tolerated for one in results], OF_TOLERATED),
        carried=sum(one.carried for one in results),
        proofs=sum(one.proofs for one in results),
        breaks=sorted(breaks, key=lambda row: -abs(row["money"]))[:SHOWN],
    )


# Acts -------------------------------------------------------------------------------------------


async def read(
    desk: Desk,
    visitor: Visitor,
    stream: Readable,
    name: str,
    *,
    layout: str = "",
    map: ColumnMap | str | None = None,  # noqa: A002 - the field's own name
    issuers: tuple[str, ...] = (),
    settles_on: date | None = None,
    again: bool = False,
    told: Callable[[int], None] | None = None,
    file: UUID | None = None,
) -> Taken:
    """Read a file of any size; it counts once it is committed. `told` is called with bytes done.

    `stream` is read in a thread. `map` is a map of a table's columns, or the name of one that was
    saved; without it they are guessed. `file` is a number for it. Raises `ClearingUnreadable`,
    `MapNeeded`, `DayNeeded`, `AlreadyThere`, `NameTaken` unless `again`, `NotAllowed`,
    `CellSilent`; then nothing of it is kept.
    """
    staff(visitor)
    await permit(desk.pool, visitor, Scope.CLEARING_WRITE, NO_REASON)
    async with clearing_wrong.told_of(desk, name) as well:
        done = await take_in(
            desk,
            stream,
            name,
            visitor.name,
            layout=layout,
            columns=await _map(desk, map) if isinstance(map, str) else map,
            issuers=issuers,
            settles_on=settles_on,
            again=again,
            told=told,
            file=file,
        )
        well(done.wrong)
    detail = {"id": str(done.id), "layout": done.layout, "rows": done.rows, "bad": done.bad}
    now = desk.clock.now()
    await audit(desk.pool, visitor, now, "read-clearing-file", f"file {name}", "", detail)
    return done


async def _map(desk: Desk, name: str) -> ColumnMap | None:
    if not name:
        return None
    found = await desk.pool.fetchval(*_SQL["map"](name=name))
    if found is None:
        message = f"there is no map of columns {name}"
        raise NothingThere(message)
    return ColumnMap.of_json(found)


async def commit(desk: Desk, visitor: Visitor, identity: UUID, reason: str = "") -> Result:
    """Let a file count, in each cell that has rows of it; raises `NotStaged`, `RowsGone`.

    Where one cell refuses, `NotEverywhere` names it: committing once more completes it.
    """
    results: list[Result] = []

    async def one(there: Desk, connection: Any) -> None:
        results.append(await (await _clearing(there)).commit(connection, identity, visitor.name))

    named = ("commit-clearing-file", "staged", NotStaged)
    cells = await in_each(desk, visitor, identity, named, reason, one)
    for there in cells:
        await (await _clearing(there)).unstage(identity)
    return together(results)


async def drop(desk: Desk, visitor: Visitor, identity: UUID, reason: str = "") -> None:
    """Forget a file that does not count; raises `NotStaged`, `NotAllowed`."""

    async def one(there: Desk, _: Any) -> None:
        await loader_of(there).drop(identity, visitor.name, reason)

    named = ("drop-clearing-file", "staged", NotStaged)
    await in_each(desk, visitor, identity, named, reason, one)


async def save_map(desk: Desk, visitor: Visitor, name: str, columns: ColumnMap) -> None:
    """Save a map of columns under a name; another one of that name is replaced.

    Raises `NotValid`, `NotAllowed`.
    """
    staff(visitor)
    named = name.strip()
    if not 0 < len(named) <= _LONGEST or not named.isprintable():
        message = f"a map has a name of up to {_LONGEST} characters"
        raise NotValid(message)
    async with changing(desk, visitor, Scope.CLEARING_WRITE, NO_REASON) as connection:
        now, told = desk.clock.now(), columns.as_json()
        save = _SQL["save_map"](name=named, map=told, who=visitor.name, now=now)
        await connection.execute(*save)
        await audit(connection, visitor, now, "save-clearing-map", f"map {named}", "", told)


async def forget_map(desk: Desk, visitor: Visitor, name: str) -> None:
    """Remove a map that was saved; raises `NothingThere`, `NotAllowed`."""
    staff(visitor)
    async with changing(desk, visitor, Scope.CLEARING_WRITE, NO_REASON) as connection:
        if await connection.fetchval(*_SQL["forget_map"](name=name)) is None:
            message = f"there is no map of columns {name}"
            raise NothingThere(message)
        now = desk.clock.now()
        await audit(connection, visitor, now, "forget-clearing-map", f"map {name}", "")


async def _clearing(desk: Desk) -> Clearing:
    found = await rules_of(desk)
    return Clearing(desk.pool, desk.calendar, desk.clock, found.rules, found.version)


def _of_all(visitor: Visitor) -> bool:
    if not visitor.may(Scope.CLEARING_READ):
        raise NotAllowed
    return not visitor.merchant_id


def _unknown(identity: UUID) -> NothingThere:
    message = f"there is no clearing file {identity}"
    return NothingThere(message)
