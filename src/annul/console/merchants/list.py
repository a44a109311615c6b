"""The list of merchants: search, balances, terminals, open cases."""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from annul.console.frame.export import MOST, ExportedList
from annul.console.frame.filters import field, search
from annul.console.frame.live import Part, View, html, live
from annul.console.frame.markup import Html, badge, join, link, number, tag
from annul.console.frame.tables import Column, Row, Sorted, Table, drawn, tools
from annul.console.shared import decimal, letters
from annul.desk import merchants as views
from annul.desk.cursor import Listing
from annul.desk.roles import Scope

_LIMIT: Final = 50


def _name(view: View, row: Row) -> Html:
    there = link(view.words.name(row), f"/merchants/{row['merchant_id']}", cls="strong row-link")
    return join((there, tag("small", row["merchant_id"], cls="mono under")))


def _state(view: View, row: Row) -> Html:
    if row["active"]:
        return badge(view.words("active"), "good")
    return badge(view.words("switched off"), "bad")


def _is_active(view: View, row: Row) -> str:
    return view.words("active") if row["active"] else view.words("switched off")


def _cases(_: View, row: Row) -> Html:
    if not row["cases"]:
        return number("0", cls="muted")
    return link(row["cases"], f"/cases?state=open&merchant={row['merchant_id']}", cls="num")


def _money(name: str, *, warn: bool = False) -> Callable[[View, Row], Html]:
    def shown(view: View, row: Row) -> Html:
        cls = "muted" if not row[name] else "warn-ink" if warn else ""
        return number(view.amount(row[name], row["currency"]), cls=cls)

    return shown


MERCHANTS: Final = Table(
    "merchants",
    (
        Column(
            "merchant",
            "Merchant",
            _name,
            (
                ("Merchant number", lambda _, row: row["merchant_id"]),
                ("Merchant", lambda view, row: view.words.name(row)),
            ),
            line=1,
        ),
        Column("state", "State", _state, (("State", _is_active),), line=1, end=True),
        Column(
            "category",
            "Category",
            lambda _, row: row["category"],
            (("Category", lambda _, row: row["category"]),),
        ),
        Column(
            "terminals",
            "Terminals",
            lambda _, row: number(row["terminals"]),
            (("Terminals", lambda _, row: row["terminals"]),),
            right=True,
        ),
        Column(
            "available",
            "Available",
            _money("available"),
            (("Available", lambda _, row: decimal(row, "available")),),
            right=True,
            line=2,
            told=True,
        ),
        Column(
            "pending",
            "Pending",
            _money("pending"),
            (("Pending", lambda _, row: decimal(row, "pending")),),
            right=True,
        ),
        Column(
            "frozen",
            "Frozen",
            _money("frozen", warn=True),
            (
                ("Frozen", lambda _, row: decimal(row, "frozen")),
                ("Currency", lambda _, row: letters(row)),
            ),
            right=True,
        ),
        Column(
            "cases",
            "Open cases",
            _cases,
            (("Open cases", lambda _, row: row["cases"]),),
            right=True,
            line=2,
            told=True,
            end=True,
        ),
    ),
    lambda row: f"/merchants/{row['merchant_id']}",
    "merchant_id",
)


def _wanted(view: View) -> str:
    return view.query.get("search", "")[:60]


async def _page(view: View, cursor: str, limit: int) -> Listing:
    return await views.search(view.desk, view.visitor, _wanted(view), limit, cursor)


EXPORTED: Final = ExportedList(MERCHANTS, Scope.MERCHANTS_READ, _page)


async def merchants(view: View) -> None:
    """Show merchants; their balances are live."""
    wanted = _wanted(view)
    cursor = view.query.get("cursor", "")[:15]
    html(_top(view, wanted))
    export = f"/export/merchants?{urlencode({'search': wanted})}"
    html(tools(view, MERCHANTS, export=export, most=MOST))
    listed = Part(
        lambda: view.shared(("merchants", wanted, cursor), lambda: _list(view, wanted, cursor)),
        "card",
    )
    await listed.refresh()
    live(view, listed.refresh, at_least_s=5.0)


def _top(view: View, wanted: str) -> Html:
    words = view.words
    hint = words("name, merchant or terminal number")
    asked = field(words("Search"), "search", wanted, size=30, type="search", placeholder=hint)
    form = search(view, "/merchants", asked, clear="/merchants" if wanted else "")
    return tag("div", tag("h1", words("Merchants")), tag("span", cls="grow"), form, cls="head")


async def _list(view: View, wanted: str, cursor: str) -> Html:
    words = view.words
    found = await _page(view, cursor, _LIMIT)
    following = urlencode({"search": wanted, "cursor": found.following})
    more = link(words("Further merchants"), f"/merchants?{following}", cls="button")
    whole = not cursor and not found.following
    empty = words("No merchant matches.")
    listed = drawn(view, MERCHANTS, found.rows, by=None if whole else Sorted(), empty=empty)
    return join((listed, tag("p", more, cls="following") if found.following else None))
