"""Money in question: every movement whose outcome nobody has proved, and what is proposed of it."""

from typing import Final
from urllib.parse import urlencode

from annul.console.frame.live import Part, View, live
from annul.console.frame.markup import Html, join, link, tag
from annul.console.frame.page import page
from annul.console.money_parts import in_question, summary
from annul.desk import conclusions as views
from annul.desk.roles import Scope

_LIMIT: Final = 50


@page("/money", Scope.CASES_READ, "Money in question")
async def money(view: View) -> None:
    """Show the list, the oldest first; live."""
    top = Part(lambda: _top(view))
    rows = Part(lambda: _rows(view), "card")

    async def refresh() -> None:
        await top.refresh()
        await rows.refresh()

    await refresh()
    live(view, refresh, at_least_s=5.0)


async def _top(view: View) -> Html:
    found = await views.sums(view.desk, view.visitor)
    title = tag("h1", view.words("Money in question"))
    return join((tag("div", title, cls="head"), summary(view, found)))


async def _rows(view: View) -> Html:
    words = view.words
    found = await views.in_question(view.desk, view.visitor, _LIMIT, view.query.get("cursor", ""))
    following = urlencode({"cursor": found.following})
    newer = found.following and link(words("Newer"), f"/money?{following}", cls="button")
    return join(
        (in_question(view, found.rows), tag("p", newer, cls="following") if newer else None)
    )
