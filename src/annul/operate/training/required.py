"""What somebody must have learnt before they get a role, and a shop before it gets a terminal."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from annul.domain.courses import Certificate, missing
from annul.domain.errors import AnnulError
from annul.store.sql import load

_SQL: Final = load("annul.operate.training", "required.sql")
# All courses, in the order in which they are told.
NAMES: Final = ("cashier", "owner", "support", "operator", "administrator")
TERMINAL: Final = "terminal"  # what the courses for a terminal are called among those of roles
Required = Mapping[str, Sequence[str]]  # courses by role, and by `terminal`
NOTHING: Final[Required] = {}


class NotCertified(AnnulError):
    """A certificate is missing that this needs. Nothing was changed."""

    code = "training.not_certified"
    next_step = (
        "Let them finish the courses that are named, at Training in the sandbox; "
        "annul training open starts it, and brings certificates back."
    )


async def for_role(
    connection: Any, required: Required, person: str, role: str, now: datetime
) -> None:
    """Let nobody get a role without its courses; raises `NotCertified`."""
    if courses := required.get(role):
        rows = await connection.fetch(*_SQL["of_person"](person=person))
        _refuse(person, courses, rows, now)


async def for_terminal(
    connection: Any, required: Required, merchant_id: str, terminal_id: str, now: datetime
) -> None:
    """Let no shop get a terminal unless its people have finished the courses, each by somebody.

    One that it has already needs nothing. Raises `NotCertified`.
    """
    whose = {"merchant": merchant_id, "terminal": terminal_id}
    courses = required.get(TERMINAL)
    if courses and not await connection.fetchval(*_SQL["terminal"](**whose)):
        rows = await connection.fetch(*_SQL["of_merchant"](merchant=merchant_id))
        _refuse(merchant_id, courses, rows, now)


def _refuse(who: str, courses: Sequence[str], rows: Sequence[Any], now: datetime) -> None:
    lacking = missing(courses, (Certificate(**row) for row in rows), now)
    if lacking:
        message = f"{who} has no valid certificate of: {', '.join(lacking)}"
        raise NotCertified(message)
