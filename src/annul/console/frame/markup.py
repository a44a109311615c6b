"""HTML as text, escaped by default: what a page shows is built here, what it does is NiceGUI's."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from .icons import ICONS

_VOID: Final = frozenset({"br", "hr", "img", "input"})


class Html(str):
    """Text that is markup already; any other text is escaped when it is put into markup."""

    __slots__ = ()


def tag(element: str, /, *children: object, **attributes: object) -> Html:
    """Build an element. `cls` is `class`, `_` in names of attributes is `-`; False leaves out."""
    parts: list[str] = []
    for key, value in attributes.items():
        if value is False or value is None:
            continue
        spelt = {"cls": "class", "for_": "for"}.get(key, key.replace("_", "-"))
        parts.append(f" {spelt}" if value is True else f' {spelt}="{escape(str(value))}"')
    opened = f"<{element}{''.join(parts)}>"
    if element in _VOID:
        return Html(opened)
    return Html(f"{opened}{join(children)}</{element}>")


def join(children: Iterable[object]) -> Html:
    """Put children behind each other; None and False are left out."""
    return Html(
        "".join(_text(child) for child in children if child is not None and child is not False)
    )


def _text(child: object) -> str:
    return child if isinstance(child, Html) else escape(str(child))


def icon(name: str) -> Html:
    """Draw an icon; what it says stands beside it in words, or is the name of what it stands in."""
    path = tag("path", d=ICONS[name])
    return tag("svg", path, viewBox="0 0 24 24", cls=f"icon icon-{name}", aria_hidden="true")


def details(summary: object, *children: object, cls: str = "", **attributes: object) -> Html:
    """Build what opens when its summary is clicked; `open=True`: it is open already."""
    head = tag("summary", icon("open"), summary)
    return tag("details", head, *children, cls=cls or False, **attributes)


def table(
    heads: Sequence[object],
    rows: Iterable[Sequence[object]],
    *,
    cls: str = "",
    empty: object = "",
    sorts: str = "",
) -> Html:
    """Build a table; each cell keeps its head, so that a phone can show rows as cards.

    Columns of amounts stand at the right, heads too. With a name under which the browser keeps it
    (`sorts`), a table that shows all there is sorts in the browser.
    """
    listed = [list(row) for row in rows]
    if not listed:
        return tag("p", empty, cls="empty")
    right = [any(_is_number(row[place]) for row in listed) for place in range(len(heads))]
    sides = ["right" if one else False for one in right]
    shown = [
        tag(
            "tr",
            *(
                tag("td", cell, data_head=head, cls=side)
                for head, cell, side in zip(heads, row, sides, strict=True)
            ),
        )
        for row in listed
    ]
    named = [tag("th", one, scope="col", cls=side) for one, side in zip(heads, sides, strict=True)]
    built = tag(
        "table",
        tag("thead", tag("tr", *named)),
        tag("tbody", *shown),
        cls=f"table {cls}",
        data_table=sorts or False,
        data_sorts=bool(sorts),
    )
    # What scrolls is reached by the keyboard: through a link in it, else itself.
    return tag("div", built, cls="scroll", tabindex=False if "<a " in str(built) else 0)


def number(text: object, *, cls: str = "") -> Html:
    """Build an amount or a count, which stands at the right of its column."""
    return tag("span", text, cls=f"num {cls}".rstrip())


def _is_number(cell: object) -> bool:
    return isinstance(cell, Html) and cell.startswith('<span class="num')


def facts(pairs: Iterable[tuple[object, object]]) -> Html:
    """Build a list of names and values; empty values are left out."""
    shown = (
        join((tag("dt", name), tag("dd", value)))
        for name, value in pairs
        if value not in ("", None, False)
    )
    return tag("dl", *shown, cls="facts")


def badge(text: object, tone: str = "") -> Html:
    """Build a small label; tones: good, bad, warn, info."""
    return tag("span", text, cls=f"badge {tone}")


def card(title: object, *children: object, cls: str = "", aside: object = "") -> Html:
    """Build a framed part of a page with its heading."""
    head = tag("header", tag("h2", title), aside)
    return tag("section", head, *children, cls=f"card {cls}")


def link(text: object, there: str, **attributes: object) -> Html:
    """Build a link."""
    return tag("a", text, href=there, **attributes)
