"""When a merchant's business days end: by its contract, or as the house's do."""

from datetime import date, timedelta
from typing import Any, Final

from annul.domain.business_day import BadCutOver, CutOver
from annul.merchants.cut_overs import agreed, day_of
from annul.store.sql import load

from . import over_cells
from .audit import audit
from .desk import Desk
from .merchants import find
from .permission import NotValid, changing, staff
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "cut_overs.sql")
TAKEN_UP: Final = timedelta(minutes=1)  # hosts have read by then what was agreed on


@over_cells.the_one_that_knows
async def cut_overs(desk: Desk, visitor: Visitor, merchant_id: str) -> list[dict[str, Any]]:
    """Give what was agreed on, the latest first; none where the house's holds.

    A `cut_over` that is None is the house's. Raises `NothingThere`.
    """
    await find(desk, visitor, merchant_id)
    return [dict(row) for row in await desk.pool.fetch(*_SQL["told"](merchant=merchant_id))]


@over_cells.the_one_that_knows
async def today(desk: Desk, visitor: Visitor, merchant_id: str) -> date:
    """Give a merchant's business day of now; raises `NothingThere`."""
    await find(desk, visitor, merchant_id)
    return await day_of(desk.pool, desk.calendar, merchant_id, desk.clock.now())


@over_cells.in_its_cell
async def set_cut_over(
    desk: Desk, visitor: Visitor, merchant_id: str, new: CutOver, reason: str
) -> None:
    """Agree on when business days end from one on that has not begun; the same again is nothing.

    The day that is under way ends as it was to when it began, and the next one begins then: no
    moment is without a day, and no day ends twice. Raises `BadCutOver`, `NotValid`, `NothingThere`,
    `NotAllowed` and `ReasonNeeded`.
    """
    if new.at is not None and (new.at.second or new.at.microsecond or new.at.tzinfo):
        message = f"{new.at} is no hour and minute"
        raise BadCutOver(message)
    staff(visitor)
    await find(desk, visitor, merchant_id)
    said = {"valid_from": new.valid_from, "cut_over": new.at}
    scope = Scope.MERCHANTS_WRITE
    async with changing(desk, visitor, scope, reason, merchant_id) as connection:
        at = desk.clock.now()
        if await _known(connection, merchant_id, new):
            return
        begun = await day_of(connection, desk.calendar, merchant_id, at + TAKEN_UP)
        open_from = await connection.fetchval(*_SQL["open_from"]())
        if new.valid_from <= begun or new.valid_from < open_from:
            raise NotValid("a cut-over changes from a business day on that has not begun")
        adding = _SQL["add"](merchant=merchant_id, who=visitor.name, at=at, **said)
        if not await connection.fetchval(*adding):
            if await _known(connection, merchant_id, new):
                return
            raise NotValid("the merchant is moving to another cell")
        await connection.execute(*_SQL["changed"]())
        shown = {
            "valid_from": new.valid_from.isoformat(),
            "cut_over": f"{new.at:%H:%M}" if new.at else None,
        }
        await audit(
            connection, visitor, at, "set-cut-over", f"merchant {merchant_id}", reason, shown
        )


async def _known(connection: Any, merchant_id: str, new: CutOver) -> bool:
    """Say whether this has been agreed on already; raises `NotValid` for something else."""
    for one in await agreed(connection, merchant_id):
        if one.valid_from == new.valid_from:
            if one.at != new.at:
                raise NotValid("there is another cut-over from that day on already")
            return True
    return False
