"""How an incident is said on its pages: what it is about, how grave, how it stands."""

from collections.abc import Mapping
from typing import Any, Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge
from annul.desk import incidents as views
from annul.domain.incident import Severity

Row = Mapping[str, Any]
TONES: Final[Mapping[str, str]] = {
    Severity.CRITICAL: "bad",
    Severity.WARNING: "warn",
    Severity.NOTICE: "info",
}


def title(view: View, row: Row) -> str:
    """Say what it is about."""
    return view.words.of(views.title(row))


def severity(view: View, row: Row) -> Html:
    """Show how grave it is."""
    return badge(view.words.of(Severity(row["severity"]).text), TONES[row["severity"]])


def cause(view: View, row: Row) -> str:
    """Say its cause; empty where none is known."""
    return view.words.of(views.cause_of(row["cause"]))


def state(view: View, row: Row) -> Html:
    """Show how it stands."""
    words = view.words
    if row["merged_into"] is not None:
        return badge(words("merged"), "info")
    if row["closed_at"] is not None:
        return badge(words("closed"), "good")
    if row["quiet_since"] is not None:
        return badge(words("over, closes by itself"), "good")
    if row["acknowledged_at"] is not None:
        return badge(words("acknowledged"), "info")
    return badge(words("going on"), TONES[row["severity"]])
