"""A clearing file in the cells that have rows of it: what is done in each, and put together."""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from annul.domain.errors import AnnulError
from annul.settle.clearing.rules import InForce, in_force

from . import over_cells
from .audit import audit
from .clearing_reading import SQL as _SQL
from .desk import Desk
from .permission import permit, staff
from .roles import Scope, Visitor

NO_REASON: Final = "no reason is asked for"  # what `permit` takes in its place
_SUMS: Final = ("count", "money", "in_question", "foretold")
OF_TOLERATED: Final = ("kind", "account", "currency")
# How a file stands that is not alike in all cells: as in the one where the most is left to do.
_BEHIND: Final = ("loading", "staged", "committed", "discarded", "dropped")


async def rules_of(desk: Desk) -> InForce:
    """Give the rules by which files are judged in a cell."""
    return await in_force(desk.pool, desk.clearing)


async def in_each(
    desk: Desk,
    visitor: Visitor,
    identity: UUID,
    named: tuple[str, str, type[AnnulError]],
    reason: str,
    act: Callable[[Desk, Any], Awaitable[None]],
) -> list[Desk]:
    """Do something with a file in each cell where it stands so, and give these.

    `named`: how the act is called, how the file stands, what is raised where it does nowhere.
    """
    staff(visitor)
    await permit(desk.pool, visitor, Scope.CLEARING_WRITE, reason.strip() or NO_REASON)
    action, state, otherwise = named
    cells = await cells_of(desk, identity, state)
    if not cells:
        raise otherwise
    done: list[Desk] = []
    left: list[str] = []
    for there in cells:
        try:
            async with there.pool.acquire() as connection, connection.transaction():
                await act(there, connection)
                file = await connection.fetchval(*_SQL["name"](id=identity))
                now, detail = there.clock.now(), {"id": str(identity)}
                await audit(connection, visitor, now, action, f"file {file}", reason, detail)
            done.append(there)
        except (AnnulError, *over_cells.NO_ANSWER) as error:
            if len(cells) == 1:
                raise
            left.append(f"{there.cell} ({error})" if isinstance(error, AnnulError) else there.cell)
    if left:
        raise over_cells.NotEverywhere(", ".join(left))
    return done


async def cells_of(desk: Desk, identity: UUID, state: str) -> list[Desk]:
    """Give the desks of the cells in which a file stands so; raises `CellSilent`."""

    async def ask(one: Desk) -> list[Desk]:
        found = await one.pool.fetchval(*_SQL["state"](id=identity))
        return [one] if found == state else []

    answers = await over_cells.each(desk, ask)
    if len(answers) < len(desk.every):  # it may have rows of it
        raise over_cells.CellSilent(", ".join(desk.silent))
    return over_cells.joined(answers)


# Put together ------------------------------------------------------------------------------------


def in_cell(row: Any, cell: str) -> dict[str, Any]:
    """Give a file as one cell has it, named."""
    here = {"cell": cell, "state": row["state"], "rows": row["rows"], "bad": row["bad"]}
    return {**row, "cells": [here]}


def whole(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Put together how a file stands in its cells."""
    first = min(rows, key=lambda row: _BEHIND.index(row["state"]))
    if len(rows) == 1:
        return first
    results = [row["result"] for row in rows if row["result"]]
    sums = {
        "outcomes": of_all_cells([one["outcomes"] for one in results], ("outcome", "currency")),
        "kinds": of_all_cells([one["kinds"] for one in results], ("kind", "cause", "currency")),
        # A file that was committed before there were any has none.
        "tolerated": of_all_cells([one.get("tolerated", []) for one in results], OF_TOLERATED),
        **{name: sum(one[name] for one in results) for name in ("carried", "proofs")},
    }
    return first | {
        "rows": sum(row["rows"] for row in rows),
        "bad": sum(row["bad"] for row in rows),
        "result": sums if results else {},
        "cells": over_cells.joined([row["cells"] for row in rows]),
    }


def of_all_cells(
    answers: list[list[dict[str, Any]]], keys: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Add up what several cells have counted."""
    return summed(over_cells.joined(answers), keys)


def summed(
    rows: list[dict[str, Any]], keys: tuple[str, ...], names: tuple[str, ...] = _SUMS
) -> list[dict[str, Any]]:
    """Add up counts and money of rows that are of the same."""
    sums: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        had = sums.setdefault(tuple(row[key] for key in keys), {key: row[key] for key in keys})
        for name in names:
            if name in row:
                had[name] = had.get(name, 0) + row[name]
    return [sums[key] for key in sorted(sums)]
