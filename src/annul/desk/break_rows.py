"""What clearing files told of a transaction, and what that proved."""

from typing import Any, Final

from annul.store.sql import load

from . import over_cells
from .desk import Desk
from .permission import NotAllowed
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "break_rows.sql")
_MOST: Final = 20


@over_cells.together(over_cells.joined)
async def told_of(
    desk: Desk, visitor: Visitor, merchant_id: str, transaction: object
) -> list[dict[str, Any]]:
    """Give rows of committed files that tell of a transaction; raises `NotAllowed`.

    `proves` and `was` are none where a row proved nothing. Who belongs to a merchant is told of no
    file.
    """
    if not visitor.may(Scope.CLEARING_READ) or not visitor.sees(merchant_id):
        raise NotAllowed
    asked = _SQL["told_of"](merchant=merchant_id, transaction=transaction, limit=_MOST)
    hidden = {"file_id": None, "name": ""} if visitor.merchant_id else {}
    return [{**row, **hidden} for row in await desk.pool.fetch(*asked)]
