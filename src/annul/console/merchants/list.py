"""The list of merchants: search, balances, terminals, open cases."""

from typing import Final
from urllib.parse import urlencode

from annul.console.frame.filters import field, search
from annul.console.frame.live import Part, View, live
from annul.console.frame.markup import Html, badge, join, link, table, tag
from annul.desk import merchants as views

_LIMIT: Final = 50


async def merchants(view: View) -> None:
    """Show merchants; their balances are live."""
    wanted = view.query.get("search", "")[:60]
    cursor = view.query.get("cursor", "")[:15]
    top = Part(lambda: _top(view, wanted))
    listed = Part(
        lambda: view.shared(("merchants", wanted, cursor), lambda: _list(view, wanted, cursor)),
        "card",
    )
    await top.refresh()
    await listed.refresh()
    live(view, listed.refresh, at_least_s=5.0)


async def _top(view: View, wanted: str) -> Html:
    words = view.words
    hint = words("name, merchant or terminal number")
    asked = field(words("Search"), "search", wanted, size=30, type="search", placeholder=hint)
    form = search(view, "/merchants", asked)
    return tag("div", tag("h1", words("Merchants")), tag("span", cls="grow"), form, cls="head")


async def _list(view: View, wanted: str, cursor: str) -> Html:
    words = view.words
    found = await views.search(view.desk, view.visitor, wanted, _LIMIT, cursor)

    def money(minor: int, currency: str, *, warn: bool = False) -> Html:
        cls = "num" if minor else "num muted"
        return tag("span", view.amount(minor, currency), cls=f"{cls} warn-ink" if warn else cls)

    rows = [
        (
            join(
                (
                    link(words.name(row), f"/merchants/{row['merchant_id']}", cls="strong"),
                    tag("small", row["merchant_id"], cls="mono under"),
                )
            ),
            badge(words("active"), "good")
            if row["active"]
            else badge(words("switched off"), "bad"),
            row["category"],
            row["terminals"],
            money(row["available"], row["currency"]),
            money(row["pending"], row["currency"]),
            money(row["frozen"], row["currency"], warn=bool(row["frozen"])),
            link(row["cases"], f"/cases?state=open&merchant={row['merchant_id']}")
            if row["cases"]
            else tag("span", "0", cls="muted"),
        )
        for row in found.rows
    ]
    names = [
        words(one)
        for one in (
            "Merchant",
            "State",
            "Category",
            "Terminals",
            "Available",
            "Pending",
            "Frozen",
            "Open cases",
        )
    ]
    following = urlencode({"search": wanted, "cursor": found.following})
    more = link(words("Further merchants"), f"/merchants?{following}", cls="button")
    return join(
        (
            table(
                names,
                rows,
                cls="right-4 right-5 right-6 right-7 right-8",
                empty=words("No merchant is called like that."),
            ),
            more if found.following else None,
        )
    )
