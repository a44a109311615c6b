"""Differences of money that rules accept: counted against their day, and posted to an account.

What is posted of a file is what counts of it less what is posted already, so that a repeat moves
nothing, and a discard or other rules take back just what they do not accept.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from annul.domain.business_day import Calendar
from annul.domain.states import STANDING
from annul.domain.tolerances import OWED
from annul.store.posting import PARTS
from annul.store.sql import listed, load

from . import standing
from .rules import Tolerance
from .standing import Before, By

_OWED: Final = {"differences": [str(one) for one in OWED], "owed": list(OWED.values())}


def _load(stand: Mapping[str, str]) -> By:
    parts = {**stand, **PARTS, "standing": listed(STANDING)}
    return load("annul.settle.clearing", "tolerating.sql", **parts)


SQL: Final = _load(standing.NOW)
BEFORE: Final = Before(_load(standing.BEFORE))


def columns(tolerances: Sequence[Tolerance]) -> dict[str, list[Any]]:
    """Give rules as statements take them, a list for each of their columns."""
    return {
        "kinds": [str(one.kind) for one in tolerances],
        "issuers": [one.issuer for one in tolerances],
        "currencies": [one.currency for one in tolerances],
        "up_tos": [one.up_to for one in tolerances],
        "per_milles": [one.per_mille for one in tolerances],
        "per_days": [one.per_day for one in tolerances],
        "accounts": [one.account for one in tolerances],
    }


async def post(connection: Any, calendar: Calendar, file: UUID, now: datetime) -> int:
    """Post what counts of a file's differences, and take back what does not; gives how much is new.

    In the caller's transaction, in which nobody else counts a file.
    """
    day = calendar.business_date(now)
    posting = SQL["post"](file=file, business_date=day, now=now, **_OWED)
    return await connection.fetchval(*posting)
