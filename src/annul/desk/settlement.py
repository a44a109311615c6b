"""When a merchant gets its money: closed business days, and the terms of its contract."""

from dataclasses import asdict
from datetime import date
from typing import Any, Final

from annul.domain.settlement import Terms
from annul.merchants.cut_overs import day_of
from annul.store.sql import load

from . import over_cells
from .audit import audit
from .cursor import Listing
from .desk import Desk
from .merchants import find
from .permission import NotValid, changing, staff
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "settlement.sql")
_RESERVES: Final = 200  # days, which are held for fewer


@over_cells.the_one_that_knows
async def days(
    desk: Desk, visitor: Visitor, merchant_id: str, limit: int, cursor: str = ""
) -> Listing:
    """Give closed business days, the latest first; the cursor is the last one's date.

    Raises `NothingThere`.
    """
    await find(desk, visitor, merchant_id)
    before = date.fromisoformat(cursor) if cursor else date.max
    rows = await desk.pool.fetch(
        *_SQL["days"](merchant=merchant_id, before=before, limit=limit + 1)
    )
    shown = [dict(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Listing(shown, shown[-1]["business_date"].isoformat() if more else "")


@over_cells.the_one_that_knows
async def terms(desk: Desk, visitor: Visitor, merchant_id: str) -> list[dict[str, Any]]:
    """Give a merchant's terms, the latest first; none where T+1 holds. Raises `NothingThere`."""
    await find(desk, visitor, merchant_id)
    return [dict(row) for row in await desk.pool.fetch(*_SQL["terms"](merchant=merchant_id))]


@over_cells.the_one_that_knows
async def reserves(desk: Desk, visitor: Visitor, merchant_id: str) -> list[dict[str, Any]]:
    """Give what of business days is held back, why and until when, what is free first before.

    `held` is all of a currency, `reason` the numbers of `domain.reserve.Share`, or the contract's
    share. Raises `NothingThere`.
    """
    await find(desk, visitor, merchant_id)
    rows = await desk.pool.fetch(*_SQL["reserves"](merchant=merchant_id, limit=_RESERVES))
    return [dict(row) for row in rows]


@over_cells.in_its_cell
async def set_terms(
    desk: Desk, visitor: Visitor, merchant_id: str, new: Terms, reason: str
) -> None:
    """Agree on terms from a business day on that is not closed; the same ones again change nothing.

    Raises `NotValid`, `NothingThere`, `NotAllowed` and `ReasonNeeded`.
    """
    staff(visitor)
    await find(desk, visitor, merchant_id)
    said = asdict(new)
    scope = Scope.MERCHANTS_WRITE
    async with changing(desk, visitor, scope, reason, merchant_id) as connection:
        open_from = await connection.fetchval(*_SQL["open_from"]())
        rows = await connection.fetch(*_SQL["terms"](merchant=merchant_id))
        known = next((row for row in rows if row["valid_from"] == new.valid_from), None)
        if known is not None:
            if all(known[name] == value for name, value in said.items()):
                return
            raise NotValid("there are other terms from that day on already")
        today = await day_of(connection, desk.calendar, merchant_id, desk.clock.now())
        if new.valid_from < max(open_from, today):
            raise NotValid("terms begin on a business day that has not ended")
        who, at = visitor.name, desk.clock.now()
        if await connection.fetchval(*_SQL["add"](merchant=merchant_id, who=who, at=at, **said)):
            about = f"merchant {merchant_id}"
            shown = said | {"valid_from": new.valid_from.isoformat()}
            await audit(connection, visitor, at, "set-terms", about, reason, shown)
