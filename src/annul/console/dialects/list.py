"""The list of dialects: annul's own, and those that somebody brought along."""

from collections.abc import Mapping
from typing import Any

from annul.console.frame.live import View, html
from annul.console.frame.markup import Html, badge, join, link, number, table, tag
from annul.desk import dialects as views


async def dialects(view: View) -> None:
    """Show every dialect: what it extends, who set it, and which issuers speak it."""
    words = view.words
    rows = [_row(view, row) for row in await views.listing(view.desk)]
    names = ("Dialect", "Extends", "Fields", "Issuers", "Version", "Set by", "Reason")
    html(tag("div", tag("h1", words("Dialects")), cls="head"))
    html(table([words(name) for name in names], rows), "card")
    about = words(
        "annul dialect import FILE adds one: a packager file, a JSON specification, TOML."
    )
    html(tag("p", about, cls="muted note"))


def _row(view: View, row: Mapping[str, Any]) -> tuple[object, ...]:
    words, name = view.words, row["name"]
    broken = badge(words("not valid"), "bad") if row["fault"] else None
    extends = row["extends"]
    return (
        join((link(name, f"/dialects/{name}", cls="mono strong"), " ", broken)),
        link(extends, f"/dialects/{extends}", cls="mono") if extends else "–",
        number(row["fields"]),
        speakers(row["issuers"]),
        number(row["version"]) if row["version"] else badge(words("built in")),
        join((tag("span", row["set_by"]), " ", view.at(row["set_at"]))) if row["version"] else "–",
        row["note"],
    )


def speakers(issuers: list[str]) -> Html:
    """Link the issuers that speak a dialect."""
    if not issuers:
        return tag("span", "–", cls="muted")
    return join(tag("div", link(one, f"/issuers/{one}", cls="mono")) for one in issuers)
