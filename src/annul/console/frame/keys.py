"""The keyboard: one table that draws the sheet of shortcuts and tells the script what to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from .markup import Html, join, tag
from .texts import Words

GO: Final = "g"  # then the letter of a page


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A key, as browsers name it, what the script does then, and that in words.

    `held`: together with Ctrl, or Command on a Mac; such a one works also while one types.
    """

    key: str
    does: str
    said: str
    held: bool = False


SHORTCUTS: Final = (
    Shortcut("/", "search", "Search"),
    Shortcut("k", "palette", "Commands: pages, acts, search", held=True),
    Shortcut("j", "next", "Next row of the list"),
    Shortcut("k", "previous", "Previous row of the list"),
    Shortcut("Enter", "open", "Open the row"),
    Shortcut("n", "note", "Write a note, on a case"),
    Shortcut("?", "sheet", "This list of shortcuts"),
    Shortcut("Escape", "close", "Close the dialog or menu"),
)
# The letter of each page that stands alone, by its address.
LETTERS: Final[Mapping[str, str]] = {
    "/": "o",
    "/incidents": "n",
    "/playbooks": "k",
    "/interventions": "v",
    "/cases": "c",
    "/money": "q",
    "/transactions": "t",
    "/issuers": "i",
    "/dialects": "d",
    "/merchants": "m",
    "/pos": "p",
    "/shop": "s",
    "/payouts": "y",
    "/clearing": "f",
    "/clearing/rules": "x",
    "/breaks": "b",
    "/notices": "w",
    "/reports": "e",
    "/chargebacks": "g",
    "/capacity": "h",
    "/admin": "a",
    "/audit": "l",
    "/training": "z",
    "/drills": "j",
    "/account": "u",
    "/api": "r",
}


def told(places: Iterable[str]) -> dict[str, dict[str, str]]:
    """Give what the script has to know: what each key does, and where each letter leads to."""
    return {
        "keys": {one.key: one.does for one in SHORTCUTS if not one.held},
        "held": {one.key: one.does for one in SHORTCUTS if one.held},
        "go": {LETTERS[place]: place for place in places if place in LETTERS},
    }


def sheet(words: Words, pages: Iterable[tuple[str, str]]) -> Html:
    """Draw the sheet; `pages` are address and title of each that one may go to."""
    acts = [(_key(one), words(one.said)) for one in SHORTCUTS]
    ways = [
        (
            join((tag("kbd", GO), " ", tag("kbd", LETTERS[place]))),
            words("Go to: {page}", page=words(title)),
        )
        for place, title in pages
        if place in LETTERS
    ]
    rows = [tag("div", tag("dt", keys), tag("dd", said)) for keys, said in (*acts, *ways)]
    return tag("dl", *rows, cls="shortcuts")


def _key(one: Shortcut) -> Html:
    if one.held:
        return join((tag("kbd", "Ctrl"), " / ", tag("kbd", "⌘"), " ", tag("kbd", one.key.upper())))
    return tag("kbd", {"Escape": "Esc"}.get(one.key, one.key))
