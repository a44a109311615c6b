"""What lists share: reading dates and cursors from an address, and drawing forms that search."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from annul.desk.cursor import BadCursor, Cursor

from .live import View
from .markup import Html, tag


def cursor_of(view: View) -> str:
    """Give the cursor of an address, empty when it is none."""
    text = view.query.get("cursor", "")
    try:
        Cursor.parse(text)
    except BadCursor:
        return ""
    return text


def day(text: str, zone: ZoneInfo, *, end: bool = False) -> datetime | None:
    """Read a date as its beginning, or as its end; None when it is no date."""
    try:
        at = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=zone)
    except ValueError:
        return None
    return at + timedelta(days=1) if end else at


def search(view: View, action: str, *fields: object) -> Html:
    """Build the form of a list's search."""
    find = tag("button", view.words("Find"), type="submit", cls="button primary")
    named = {"cls": "filters", "method": "get", "action": action, "role": "search"}
    return tag("form", *fields, find, **named)


def field(label: str, name: str, value: str = "", **attributes: object) -> Html:
    """Build a labelled field of a search."""
    return tag("label", label, tag("input", name=name, value=value, **attributes))


def choice(label: str, name: str, value: str, choices: Mapping[str, str]) -> Html:
    """Build a labelled choice of a search."""
    options = [
        tag("option", text, value=key, selected=key == value) for key, text in choices.items()
    ]
    return tag("label", label, tag("select", *options, name=name))
