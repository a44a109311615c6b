"""Where a terminal's batch differs from the host's books, row by row, and how each row ends."""

from typing import Any, Final, NamedTuple
from uuid import UUID

from annul.domain.batch_differences import Resolution
from annul.domain.errors import AnnulError
from annul.store.incidents import CLOSE_ENDED
from annul.store.sql import load

from . import over_cells
from .audit import audit
from .cursor import Cursor, Listing, listing
from .desk import Desk, NothingThere
from .merchants import find
from .permission import NotAllowed, changing, staff
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "batches.sql", close_ended=CLOSE_ENDED)
_BOOKINGS: Final = 100


class AlreadyResolved(AnnulError):
    """Somebody has resolved this difference. Nothing was changed by this."""

    code = "batches.resolved"
    next_step = "Look at the batch for how it ended."


class BookingNeeded(AnnulError):
    """That the terminal stands takes the booking by which it does, and only that takes one."""

    code = "batches.booking"
    next_step = (
        "Name a correction of this merchant that was made, or a confirmed conclusion about this "
        "transaction that says the same."
    )


class Row(NamedTuple):
    """Which difference: by terminal, batch and trace."""

    terminal: str
    batch: str
    trace: str

    def batch_of(self, merchant_id: str) -> dict[str, str]:
        """Name its batch for a statement."""
        return {"merchant": merchant_id, "terminal": self.terminal, "batch": self.batch}


class Found(NamedTuple):
    """What it was found to be; `booked_by`: what booked it, if the terminal stands."""

    how: Resolution
    booked_by: UUID | None = None


async def search(
    desk: Desk,
    visitor: Visitor,
    *,
    merchant_id: str = "",
    terminal: str = "",
    batch: str = "",
    resolved: bool = False,
    limit: int = 50,
    cursor: str = "",
) -> Listing:
    """Give differences, the oldest first: open ones, or all; of the visitor's merchant, or all.

    Raises `NotAllowed`, and `NothingThere` for a merchant that the visitor does not see.
    """
    if not visitor.may(Scope.PAYOUTS_READ):
        raise NotAllowed
    merchant_id = merchant_id or visitor.merchant_id
    if merchant_id:
        await find(desk, visitor, merchant_id)
    asked = {
        "merchant": merchant_id,
        "terminal": terminal,
        "batch": batch,
        "resolved": resolved,
        "limit": limit + 1,
        **Cursor.after(cursor),
    }

    async def page(one: Desk) -> Listing:
        return listing(await one.pool.fetch(*_SQL["search"](**asked)), limit, "found_at")

    pages = await over_cells.each(desk, page)
    return over_cells.paged(pages, limit, ("found_at",), falling=False)


@over_cells.the_one_that_knows
async def bookings(
    desk: Desk, visitor: Visitor, merchant_id: str, row: Row
) -> list[dict[str, Any]]:
    """Give what may have booked a difference for which the terminal stands, the latest first.

    Corrections with their amount, conclusions without. Raises `NotAllowed` and `NothingThere`.
    """
    if not visitor.may(Scope.PAYOUTS_READ):
        raise NotAllowed
    await find(desk, visitor, merchant_id)
    kept = await _one(desk.pool, merchant_id, row)
    return [dict(one) for one in await desk.pool.fetch(*_bookings(merchant_id, kept))]


@over_cells.in_its_cell
async def resolve(
    desk: Desk, visitor: Visitor, merchant_id: str, row: Row, found: Found, reason: str
) -> None:
    """Say what a difference was, once; with the last one of a batch its incident closes.

    Moves no money. Raises `NothingThere`, `AlreadyResolved`, `BookingNeeded`, `NotAllowed` and
    `ReasonNeeded`.
    """
    staff(visitor)
    scope = Scope.PAYOUTS_WRITE
    key = row.batch_of(merchant_id)
    async with changing(desk, visitor, scope, reason, merchant_id) as connection:
        await connection.execute(*_SQL["lock"](**key))
        kept = await _one(connection, merchant_id, row)
        if kept["resolved_at"]:
            raise AlreadyResolved
        await _check_booking(connection, merchant_id, kept, found)
        now = desk.clock.now()
        resolve = _SQL["resolve"](
            **key,
            trace=row.trace,
            how=found.how,
            booked_by=found.booked_by,
            reason=reason,
            who=visitor.name,
            now=now,
        )
        if not await connection.fetchval(*resolve):
            raise AlreadyResolved
        detail = {
            "merchant": merchant_id,
            "how": found.how,
            "claimed": kept["claimed"],
            "kept": kept["kept"],
            "booked_by": found.booked_by and str(found.booked_by),
        }
        about = f"batch {row.terminal} {row.batch} {row.trace}"
        await audit(connection, visitor, now, "resolve-difference", about, reason, detail)


async def _one(connection: Any, merchant_id: str, row: Row) -> Any:
    asked = _SQL["one"](**row.batch_of(merchant_id), trace=row.trace)
    kept = await connection.fetchrow(*asked)
    if kept is None:
        raise NothingThere("there is no such difference")
    return kept


async def _check_booking(connection: Any, merchant_id: str, kept: Any, found: Found) -> None:
    if (found.how is Resolution.TERMINAL_STANDS) != (found.booked_by is not None):
        raise BookingNeeded
    if found.booked_by is not None and not await connection.fetch(
        *_bookings(merchant_id, kept, found.booked_by)
    ):
        raise BookingNeeded


def _bookings(merchant_id: str, kept: Any, identity: UUID | None = None) -> tuple[Any, ...]:
    return _SQL["bookings"](
        merchant=merchant_id,
        id=identity,
        transaction=kept["transaction_id"],
        claimed=kept["claimed"] is not None,
        limit=_BOOKINGS,
    )
