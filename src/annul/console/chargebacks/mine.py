"""Chargebacks in a shop's own words, on My shop."""

from typing import Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, link, tag
from annul.desk import chargebacks as views
from annul.desk.roles import Scope

from .said import Row, amount, money, reason

_OWN: Final = 5


async def my_chargebacks(view: View, merchant: str) -> Html:
    """Say what banks claim back of a shop's payments; nothing where they claim nothing."""
    words = view.words
    if not merchant or not view.may(Scope.CLEARING_READ):
        return Html()
    rows = await views.by_deadline(view.desk, view.visitor, merchant, _OWN)
    if not rows:
        return Html()
    there = "/chargebacks" if view.visitor.merchant_id else f"/chargebacks?merchant={merchant}"
    every = link(words("All chargebacks"), there)
    return tag(
        "section",
        tag("header", tag("h2", words("Claimed back by banks"))),
        tag("ul", *(_own(view, row) for row in rows), cls="shop-rows differences"),
        tag("p", every, cls="following"),
        cls="card",
        id="chargebacks",
    )


def _own(view: View, row: Row) -> Html:
    said = tag(
        "span",
        tag("b", amount(view, row), cls="num"),
        tag("small", reason(view, row)),
        tag("small", row["rrn"], cls="mono"),
    )
    return tag("li", tag("a", said, money(view, row), href=f"/chargebacks/{row['id']}"))
