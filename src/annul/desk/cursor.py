"""Pages of a list by cursor: what comes after a row, whatever is added before it meanwhile."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
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
        text = json.dumps([self.at.isoformat(), str(self.id)]).encode()
        return base64.urlsafe_b64encode(text).decode().rstrip("=")

    @classmethod
    def after(cls, text: str) -> dict[str, Any]:
        """Give what a statement takes, `after_at` and `after_id`: None where a list begins."""
        last = cls.parse(text)
        return {"after_at": last and last.at, "after_id": last and last.id}

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """Read one, None for an empty text; raises `BadCursor`."""
        if not text:
            return None
        try:
            at, identity = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            return cls(datetime.fromisoformat(at).astimezone(UTC), UUID(identity))
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise BadCursor from error


@dataclass(frozen=True, slots=True)
class Listing:
    """One page: its rows, and the cursor of the next one, empty at the end."""

    rows: list[dict[str, Any]]
    following: str


def listing(rows: Sequence[Any], limit: int, at: str) -> Listing:
    """Make a page of up to `limit` from rows of which one more was asked for."""
    shown = [dict(row) for row in rows[:limit]]
    more = len(rows) > limit
    last = shown[-1] if shown else None
    return Listing(shown, str(Cursor(last[at], last["id"])) if more and last else "")
