"""Clearing files that are expected: which have come, and which are late."""

from collections.abc import Mapping, Sequence
from typing import Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, card, join, table, tag
from annul.desk import clearing_expected as views
from annul.domain.expected_files import ENOUGH, FileState

from .said import Row

_SHOWN: Final = 20
_STATES: Final[Mapping[FileState, tuple[str, str]]] = {
    FileState.EXPECTED: ("not here yet", "info"),
    FileState.CAME: ("has come", "good"),
    FileState.LATE: ("overdue", "bad"),
}


async def expected_files(view: View) -> Html:
    """Show what is late first, then what is to come, then what came lately."""
    words = view.words
    found = await views.expected(view.desk, view.visitor)
    heads = ("File", "Day", "Due at", "State")
    rows = [_line(view, row) for row in _in_order(found)[:_SHOWN]]
    none = words(
        "None: of each layout and issuer files of {n} days must have come, or it is declared in "
        "[clearing_files].",
        n=ENOUGH,
    )
    shown = table([words(head) for head in heads], rows, cls="files", empty=none)
    return card(words("Expected files"), shown)


def _in_order(rows: Sequence[Row]) -> list[Row]:
    """Put what came behind the rest, the latest first."""
    came = [row for row in rows if row["state"] is FileState.CAME]
    rest = [row for row in rows if row["state"] is not FileState.CAME]
    rest.sort(key=lambda row: row["state"] is not FileState.LATE)
    return rest + came[::-1]


def _line(view: View, row: Row) -> list[object]:
    words = view.words
    state, tone = _STATES[row["state"]]
    of = ", ".join(row["issuers"]) or words("all issuers")
    declared = words("by the settings") if row["declared"] else words("as those before")
    layout = tag("span", row["layout"] or words("any layout"), cls="mono")
    came = tag("small", view.at(row["came_at"]), cls="under") if row["came_at"] else None
    return [
        join((layout, tag("small", of, cls="under"))),
        str(row["settles_on"]),
        join((view.at(row["due_at"]), tag("small", declared, cls="under"))),
        join((badge(words(state), tone), came)),
    ]
