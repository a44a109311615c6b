"""Transactions as people look for them, and one with all that it belongs to. No card is shown."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from annul.store.sql import Statement, load

from . import over_cells
from .cursor import Cursor, Listing, listing
from .desk import Desk, NothingThere
from .roles import Visitor

_DESC: Final = {"way": "DESC", "beyond": "<"}
_ASC: Final = {"way": "ASC", "beyond": ">"}
_SQL: Final = load("annul.desk", "transactions.sql", conditions="true", **_DESC)


@dataclass(frozen=True, slots=True)
class TransactionSearch:
    """What to look for; empty means any. `amount` in minor units, `until` is not included."""

    rrn: str = ""
    trace: str = ""
    terminal: str = ""
    merchant: str = ""
    kind: str = ""
    state: str = ""
    last4: str = ""
    amount: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    issuer: str = ""

    def query(self) -> dict[str, str]:
        """Give what stands in an address."""
        return {name: str(value) for name, value in asdict(self).items() if value}


async def search(
    desk: Desk,
    visitor: Visitor,
    wanted: TransactionSearch,
    limit: int,
    cursor: str = "",
    *,
    oldest: bool = False,
) -> Listing:
    """Give transactions, the latest or `oldest` first, of the visitor's merchant or all."""
    pages = await over_cells.each(
        desk, lambda one: _page(one, visitor, wanted, limit, cursor, oldest=oldest)
    )
    return over_cells.paged(pages, limit, ("received_at",), falling=not oldest)


async def _page(
    desk: Desk,
    visitor: Visitor,
    wanted: TransactionSearch,
    limit: int,
    cursor: str,
    *,
    oldest: bool,
) -> Listing:
    after = Cursor.parse(cursor)
    asked = {one.name: getattr(wanted, one.name) for one in fields(wanted)}
    values = {name: value for name, value in asked.items() if value not in {"", None}}
    if visitor.merchant_id:
        values["seen"] = visitor.merchant_id
    conditions = tuple(values)
    if after is not None:
        conditions += ("after",)
        values |= {"after_at": after.at, "after_id": after.id}
    rows = await desk.pool.fetch(*_search(conditions, oldest=oldest)(**values, limit=limit + 1))
    return listing(rows, limit, "received_at")


@over_cells.the_one_that_knows
async def chain(desk: Desk, visitor: Visitor, identity: UUID) -> dict[str, Any]:
    """Give a transaction with what it belongs to; raises `NothingThere`.

    `original` is what it began with, `attempts` everything that refers to it, oldest first,
    `entries` the ledger rows of all of them, `case_number` that of their case or empty.
    """
    found = await desk.pool.fetchrow(*_SQL["find"](id=identity))
    if found is None or not visitor.sees(found["merchant_id"]):
        message = f"there is no transaction {identity}"
        raise NothingThere(message)
    merchant_id = found["merchant_id"]
    rows = await desk.pool.fetch(*_SQL["chain"](merchant=merchant_id, id=identity))
    ids = [row["id"] for row in rows]
    entries = await desk.pool.fetch(*_SQL["entries"](merchant=merchant_id, ids=ids))
    number = await desk.pool.fetchval(*_SQL["case_number"](merchant=merchant_id, ids=ids))
    first = next(row for row in rows if row["original_id"] not in ids)
    return {
        "original": dict(first),
        "attempts": [dict(row) for row in rows if row["id"] != first["id"]],
        "entries": [dict(row) for row in entries],
        "case_number": number or "",
    }


@over_cells.the_one_that_knows
async def kept(desk: Desk, visitor: Visitor, merchant_id: str, identity: UUID) -> dict[str, Any]:
    """Give what a terminal gave of a transaction after it; raises `NothingThere`.

    Of a signature the size and the SHA-256 of its parts: the picture itself stays sealed. What a
    chip said is as it may be shown.
    """
    row = await desk.pool.fetchrow(*_SQL["kept"](merchant=merchant_id, id=identity))
    if row is None or not visitor.sees(merchant_id):
        message = f"there is no transaction {identity}"
        raise NothingThere(message)
    return dict(row)


@cache
def _search(conditions: tuple[str, ...], *, oldest: bool = False) -> Statement:
    """Put a search together from its named conditions."""
    wanted = " AND ".join(f"{{{name}}}" for name in conditions) or "true"
    way = _ASC if oldest else _DESC
    return load("annul.desk", "transactions.sql", conditions=wanted, **way)["search"]
