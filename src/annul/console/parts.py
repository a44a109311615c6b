"""Parts that several pages show: rows of cases, states, causes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from annul.diagnose.causes import CAUSES

from .markup import Html, badge, join, link, tag
from .view import View

_TONES: Final = {"voided": "good", "refunded": "good", "refused": "bad", "": "info"}
_STATES: Final = {
    "": "open", "voided": "voided", "refunded": "refunded instead", "refused": "not voided",
}  # fmt: skip


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
            state(view, row["ended"], asked=bool(row["task"] or row["proposed"])),
            tag("span", view.amount(row["amount"], row["currency"]), cls="num"),
            tag("span", row["card_masked"], cls="mono"),
            cause(view, row["confirmed"] or row["cause"]),
            view.words(row["step"]) if row["step"] else "–",
            view.when(row["opened_at"]),
            view.when(row["due_at"]) if not row["ended"] else "",
        )
        for row in rows
    ]


def state(view: View, ended: str, *, asked: bool = False) -> Html:
    """Show the state of a case."""
    shown = badge(view.words(_STATES[ended]), _TONES[ended])
    wants = badge(view.words("needs a person"), "warn") if asked and not ended else None
    return join((shown, " ", wants)) if wants else shown


def cause(view: View, name: str) -> str:
    """Name a cause."""
    return view.words.of(CAUSES[name].title) if name in CAUSES else "–"
