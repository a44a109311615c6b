"""Which clearing files are expected today, which have come, and which are late."""

from typing import Any

from annul.settle.clearing.expecting import now_expected

from . import over_cells
from .desk import Desk
from .permission import NotAllowed
from .roles import Scope, Visitor


async def expected(desk: Desk, visitor: Visitor) -> list[dict[str, Any]]:
    """Give files that are expected, the earliest due first; none to merchants.

    What came in one cell has come: a file is split among them. Raises `NotAllowed`.
    """
    if not visitor.may(Scope.CLEARING_READ):
        raise NotAllowed
    if visitor.merchant_id:
        return []

    async def ask(one: Desk) -> list[dict[str, Any]]:
        found = await now_expected(one.pool, one.calendar, one.clearing_files, one.clock.now())
        return [row._asdict() for row in found]

    rows: dict[Any, dict[str, Any]] = {}
    for row in over_cells.joined(await over_cells.each(desk, ask)):
        key = (row["layout"], row["issuers"], row["settles_on"])
        if key not in rows or row["came_at"] is not None:
            rows[key] = row
    return sorted(rows.values(), key=lambda row: (row["due_at"], row["layout"], row["issuers"]))
