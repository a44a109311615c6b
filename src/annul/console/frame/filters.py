"""What lists share: reading dates, cursors and choices of an address, and drawing their forms."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from annul.desk.cursor import BadCursor, Cursor

from .live import View
from .markup import Html, link, tag


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


def search(view: View, action: str, *fields: object, clear: str = "") -> Html:
    """Build the form of a list's search; `clear` is where the list stands without it."""
    find = tag("button", view.words("Find"), type="submit", cls="button primary")
    all_ = link(view.words("Clear"), clear, cls="button") if clear else None
    named = {"cls": "filters", "method": "get", "action": action, "role": "search"}
    card = view.words("Full card numbers cannot be searched; the last four digits are enough.")
    return tag("form", *fields, find, all_, data_card=card, **named)


def field(label: str, name: str, value: str = "", **attributes: object) -> Html:
    """Build a labelled field of a search."""
    return tag("label", label, tag("input", name=name, value=value, **attributes))


def choice(label: str, name: str, value: str, choices: Mapping[str, str]) -> Html:
    """Build a labelled choice of a search."""
    options = [
        tag("option", text, value=key, selected=key == value) for key, text in choices.items()
    ]
    return tag("label", label, tag("select", *options, name=name))


# Pickers: something is found by its name or its number, however many there are --------------------

_APART = " · "  # between number and name in a picker


def picker(view: View, label: str, what: str, name: str, row: Mapping[str, object] | None) -> Html:
    """Build a field that finds merchants or issuers as one types (lists.js, `/choices/`)."""
    known = f"choices-{name}"
    value = option(view, row) if row else view.query.get(name, "")[:80]
    box = tag(
        "input",
        name=name,
        value=value,
        list=known,
        autocomplete="off",
        size=22,
        placeholder=view.words("name or number"),
        data_choices=what,
    )
    return tag("label", label, box, tag("datalist", id=known))


def option(view: View, row: Mapping[str, object]) -> str:
    """Write a choice as a picker has it: `number`, then the name."""
    return f"{row['number']}{_APART}{view.words.name(row)}"


def picked(view: View, name: str) -> str:
    """Give the number that a picker was left with; what is neither found nor chosen stays."""
    return view.query.get(name, "").partition(_APART)[0].strip()[:40]
