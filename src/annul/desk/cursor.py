"""Pages of a list by cursor: what comes after a row, whatever is added before it meanwhile."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from annul.domain.errors import AnnulError


class BadCursor(AnnulError):
    """This is no cursor that a page was given with."""

    code = "access.cursor"
    next_step = "Leave the cursor out to begin anew."


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page: its time and id."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        """Give it as it stands in an address."""
        return _written(self.at, self.id)

    @classmethod
    def after(cls, text: str) -> dict[str, Any]:
        """Give what a statement takes, `after_at` and `after_id`: None where a list begins."""
        last = cls.parse(text)
        return {"after_at": last and last.at, "after_id": last and last.id}

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """Read one, None for an empty text; raises `BadCursor`."""
        last = place(text, _moment)
        return cls(*last) if last else None


@dataclass(frozen=True, slots=True)
class Listing:
    """One page: its rows, and the cursor of the next one, empty at the end."""

    rows: list[dict[str, Any]]
    following: str


def listing(rows: Sequence[Any], limit: int, at: str) -> Listing:
    """Make a page of up to `limit` from rows of which one more was asked for."""
    return keyed(rows, limit, (at,))


# Lists in other orders ---------------------------------------------------------------------------


def _moment(value: Any) -> datetime:
    return datetime.fromisoformat(value).astimezone(UTC)


def _whole(value: Any) -> int:
    if type(value) is not int or not -_LARGEST <= value <= _LARGEST:
        raise TypeError
    return value


def _truth(value: Any) -> bool:
    if type(value) is not bool:
        raise TypeError
    return value


_LARGEST: Final = 2**63 - 1
# How the value of a column is read that says where a page ended.
KINDS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "opened_at": _moment,
    "due_at": _moment,
    "received_at": _moment,
    "amount": _whole,
    "waits": _truth,
}


def place(text: str, *kinds: Callable[[Any], Any]) -> tuple[Any, ...] | None:
    """Read where a page ended: its values, then the id; None to begin. Raises `BadCursor`."""
    if not text:
        return None
    try:
        *values, identity = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        read = [kind(value) for kind, value in zip(kinds, values, strict=True)]
        return (*read, UUID(identity))
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise BadCursor from error


def keyed(rows: Sequence[Any], limit: int, keys: Sequence[str]) -> Listing:
    """Make a page as `listing` does, of rows that are sorted by other columns."""
    shown = [dict(row) for row in rows[:limit]]
    more = len(rows) > limit
    last = shown[-1] if shown else None
    return Listing(
        shown, _written(*(last[key] for key in keys), last["id"]) if more and last else ""
    )


def _written(*values: Any) -> str:
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    text = json.dumps(plain, default=str).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")
