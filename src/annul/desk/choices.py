"""Merchants and issuers as pickers find them: by name or number."""

from collections.abc import Mapping
from typing import Any, Final

from annul.store.sql import load

from . import over_cells
from .desk import Desk
from .permission import NotAllowed
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "choices.sql")
CHOICES: Final[Mapping[str, Scope]] = {
    "merchants": Scope.MERCHANTS_READ,
    "issuers": Scope.ISSUERS_READ,
}
MOST: Final = 20


def _few(answers: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Put what the cells found together, each once; what begins with the text stays first."""
    rows: dict[str, dict[str, Any]] = {}
    for row in over_cells.joined(answers):
        rows.setdefault(row["number"], row)
    return sorted(rows.values(), key=lambda row: (row["inside"], row["number"]))[:MOST]


@over_cells.together(_few)
async def choices(desk: Desk, visitor: Visitor, what: str, text: str) -> list[dict[str, Any]]:
    """Give `number`, `name_zh` and `name_en` of what a text fits; raises `NotAllowed`.

    `inside` says that it only fits in the middle.
    """
    if visitor.merchant_id or not visitor.may(CHOICES[what]):
        raise NotAllowed
    rows = await desk.pool.fetch(*_SQL[what](text=text.replace("\0", "").strip()[:60], limit=MOST))
    return [dict(row) for row in rows]


async def the_one(desk: Desk, visitor: Visitor, what: str, text: str) -> dict[str, Any] | None:
    """Give the one that a text means: of this number or name, or the only one that it fits."""
    if not text or visitor.merchant_id or not visitor.may(CHOICES[what]):
        return None
    rows = await choices(desk, visitor, what, text)
    exact = [row for row in rows if text in {row["number"], row["name_zh"], row["name_en"]}]
    found = exact or rows
    return found[0] if len(found) == 1 else None
