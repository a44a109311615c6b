"""When merchants' business days end by their contracts, as the database has it."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any, Final

from annul.domain.business_day import Calendar, CutOver, CutOvers
from annul.store.sql import load

_SQL: Final = load("annul.merchants", "cut_overs.sql")


async def agreed(connection: Any, merchant_id: str) -> CutOvers:
    """Read what was agreed on with a merchant; empty for who goes by the house, or is not known."""
    rows = await connection.fetch(*_SQL["agreed"](merchant=merchant_id))
    return tuple(CutOver(*row) for row in rows)


async def day_of(connection: Any, calendar: Calendar, merchant_id: str, at: datetime) -> date:
    """Give the business day of a moment for a merchant of this cell."""
    return calendar.business_date(at, await agreed(connection, merchant_id))


def by_merchant(rows: Iterable[Any]) -> dict[str, CutOvers]:
    """Sort rows of all merchants, of each the latest first."""
    found: dict[str, CutOvers] = {}
    for merchant_id, valid_from, at in rows:
        found[merchant_id] = (*found.get(merchant_id, ()), CutOver(valid_from, at))
    return found


async def latest(connection: Any, day: date) -> time | None:
    """Give the latest of merchants' own at which a day ends, None where there is none."""
    return await connection.fetchval(*_SQL["latest"](day=day))
