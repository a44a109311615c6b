"""Merchants: their money, what annul may do for them unasked, the set-up of their terminals."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from operator import itemgetter
from typing import Any, Final

from annul.domain.money import LARGEST
from annul.store.sql import load

from . import over_cells
from .audit import audit
from .checks import findings
from .cursor import Listing
from .desk import Desk, NothingThere
from .orders import propose_limit
from .permission import NotValid, changing
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "merchants.sql")
_QUALITY: Final = timedelta(hours=24)
ASKS: Final = ("sign_in", "parameters", "ca_keys", "aids", "update")
# What becomes of a void that its terminal took back: the shop is asked, it is done all the same, or
# the sale stands.
REVERSED_VOIDS: Final = ("ask", "void", "stand")


async def search(desk: Desk, visitor: Visitor, text: str, limit: int, cursor: str = "") -> Listing:
    """Give merchants by number, the visitor's own or all; the cursor is the last one's number."""
    pages = await over_cells.each(desk, lambda one: _page(one, visitor, text, limit, cursor))
    if len(pages) == 1:
        return pages[0]
    rows = sorted((row for page in pages for row in page.rows), key=itemgetter("merchant_id"))
    more = len(rows) > limit or any(page.following for page in pages)
    return Listing(rows[:limit], rows[:limit][-1]["merchant_id"] if more else "")


async def _page(desk: Desk, visitor: Visitor, text: str, limit: int, cursor: str) -> Listing:
    asked = {"merchant": visitor.merchant_id, "text": text.strip(), "after": cursor}
    rows = await desk.pool.fetch(*_SQL["search"](**asked, limit=limit + 1))
    shown = [dict(row) for row in rows[:limit]]
    return Listing(shown, shown[-1]["merchant_id"] if len(rows) > limit else "")


@over_cells.the_one_that_knows
async def find(desk: Desk, visitor: Visitor, merchant_id: str) -> dict[str, Any]:
    """Find a merchant with its money; raises `NothingThere`, also for somebody else's."""
    row = None
    if visitor.sees(merchant_id):
        row = await desk.pool.fetchrow(*_SQL["find"](merchant=merchant_id))
    if row is None:
        message = f"there is no merchant {merchant_id}"
        raise NothingThere(message)
    return dict(row)


@over_cells.the_one_that_knows
async def terminals(desk: Desk, visitor: Visitor, merchant_id: str) -> list[dict[str, Any]]:
    """Give a merchant's terminals, each with its `findings`, the worst first."""
    await find(desk, visitor, merchant_id)
    now = desk.clock.now()
    rows = await desk.pool.fetch(*_SQL["terminals"](merchant=merchant_id, since=now - _QUALITY))
    return [{**row, "findings": findings(dict(row), now)} for row in rows]


@dataclass(frozen=True, slots=True)
class Unasked:
    """What annul may do unasked for a merchant; amounts in minor units."""

    retry_voids: bool
    refund_instead_limit: int
    void_needs_balance: bool
    pending_covers: bool
    second_person_from: int
    reversed_voids: str  # one of `REVERSED_VOIDS`


@over_cells.in_its_cell
async def allow(
    desk: Desk, visitor: Visitor, merchant_id: str, allowed: Unasked, reason: str
) -> None:
    """Set it; running hosts take it up. A higher limit for two persons waits for a second one.

    Raises `NotValid`, `NotAllowed` and `ReasonNeeded`.
    """
    if not 0 <= allowed.refund_instead_limit <= LARGEST:
        raise NotValid("the limit for refunds cannot be below zero")
    if not 0 < allowed.second_person_from <= LARGEST:
        raise NotValid("the amount for dual approval must be above zero")
    if allowed.reversed_voids not in REVERSED_VOIDS:
        raise NotValid("a reversed void is asked about, voided anyway, or left")
    scope, after = Scope.MERCHANTS_WRITE, asdict(allowed)
    async with changing(desk, visitor, scope, reason, merchant_id) as connection:
        before = await connection.fetchrow(*_SQL["allowed"](merchant=merchant_id))
        if before is None:
            message = f"there is no merchant {merchant_id}"
            raise NothingThere(message)
        changed = {
            name: {"before": before[name], "after": value}
            for name, value in after.items()
            if before[name] != value
        }
        if not changed:
            return
        if allowed.second_person_from > before["second_person_from"]:
            del changed["second_person_from"]
            after["second_person_from"] = before["second_person_from"]
            limit = allowed.second_person_from
            await propose_limit(connection, desk, visitor, merchant_id, limit, reason)
        await connection.execute(*_SQL["allow"](merchant=merchant_id, **after))
        await connection.execute(*_SQL["changed"]())
        await audit(
            connection,
            visitor,
            desk.clock.now(),
            "set-allowed",
            f"merchant {merchant_id}",
            reason,
            changed,
        )


@over_cells.in_its_cell
async def ask(
    desk: Desk,
    visitor: Visitor,
    merchant_id: str,
    terminal_id: str,
    what: str,
    reason: str,
    software: str = "",
) -> None:
    """Ask a terminal at its next contact to sign in, to download parameters, or to update.

    `what` empty takes it back; `software` is the version that it should have from now on.
    """
    if what and what not in ASKS:
        message = f"a terminal cannot be asked for {what!r}"
        raise NotValid(message)
    scope = Scope.MERCHANTS_WRITE
    async with changing(desk, visitor, scope, reason, merchant_id) as connection:
        asked = {"merchant": merchant_id, "terminal": terminal_id, "wants": what}
        wanted = await connection.fetchval(*_SQL["ask"](**asked, software=software.strip()[:40]))
        if wanted is None:
            message = f"merchant {merchant_id} has no terminal {terminal_id}"
            raise NothingThere(message)
        if what == "update" and not wanted:
            raise NotValid("an update needs the required version")
        await connection.execute(*_SQL["changed"]())
        await audit(
            connection,
            visitor,
            desk.clock.now(),
            "ask-terminal",
            f"terminal {merchant_id} {terminal_id}",
            reason,
            {"ask": what, "software": wanted},
        )
