"""Parts that several pages show: rows of cases, states, causes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, join, link, tag
from annul.diagnose.causes import CAUSES
from annul.resolve import ends
from annul.resolve import words as of_kind
from annul.resolve.requests import COMPLETED

_TONES: Final = {
    "voided": "good",
    "refunded": "good",
    "refused": "bad",
    "unproved": "warn",
    "": "info",
}

GOES_ON: Final = frozenset({"", "unproved"})  # whose money is still in question


def heads(view: View) -> list[str]:
    """Give the heads of a table of cases."""
    words = view.words
    return [
        words(one) for one in ("Case", "State", "Amount", "Card", "Cause", "Step", "Opened", "Due")
    ]


def case_rows(view: View, rows: Iterable[Mapping[str, Any]]) -> list[Sequence[object]]:
    """Give a table's rows, one for each case."""
    return [
        (
            link(row["number"], f"/cases/{row['number']}", cls="mono"),
            state(
                view,
                row["ended"],
                row["kind"],
                row["step"],
                asked=bool(row["task"] or row["proposed"]),
            ),
            tag("span", view.amount(row["amount"], row["currency"]), cls="num"),
            tag("span", row["card_masked"], cls="mono"),
            cause(view, row["confirmed"] or row["cause"], row["kind"]),
            view.words(row["step"]) if row["step"] else "–",
            view.when(row["opened_at"]),
            due(view, row["due_at"], row["first_due_at"]) if row["ended"] in GOES_ON else "",
        )
        for row in rows
    ]


def state(view: View, ended: str, kind: str, step: str, *, asked: bool = False) -> Html:
    """Show the state of a case about a kind of request."""
    said = ends.ended(ended, kind, step)
    tone = "good" if step == COMPLETED else _TONES[ended]
    shown = badge(view.words.of(said), tone)
    wants = badge(view.words("needs a person"), "warn") if asked and ended in GOES_ON else None
    return join((shown, " ", wants)) if wants else shown


def due(view: View, due_at: datetime, first_due_at: datetime) -> Html | str:
    """Show when a case is due; beside it the due time of its first cause where that differs."""
    now, first = view.when(due_at), view.when(first_due_at)
    if now == first:
        return now
    said = view.words("at first {when}", when=first)
    return join((now, tag("small", said, cls="under")))


def cause(view: View, name: str, kind: str = "void") -> str:
    """Name a cause, in the words of what was asked for."""
    return view.words.of(of_kind.title(CAUSES[name], kind)) if name in CAUSES else "–"
