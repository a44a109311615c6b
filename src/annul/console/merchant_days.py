"""Closed business days of a merchant: what each came to, why it is less than was sold, and when."""

from collections.abc import Sequence
from typing import Any, Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, details, facts, tag
from annul.desk import settlement as views

_SHOWN: Final = 14  # days


async def days_list(view: View, merchant_id: str) -> Html:
    """List the latest closed business days, each with what it came to, and why."""
    words = view.words
    found = await views.days(view.desk, view.visitor, merchant_id, _SHOWN)
    if not found.rows:
        return tag("p", words("No business day has been closed yet."), cls="empty")
    return listed(view, found.rows)


def listed(view: View, rows: Sequence[dict[str, Any]]) -> Html:
    """List business days, each with what it came to, and why."""
    return tag("div", *(_day(view, row) for row in rows), cls="merchant-days")


def _day(view: View, row: dict[str, Any]) -> Html:
    words = view.words

    def money(minor_units: int) -> Html:
        return tag("span", view.amount(minor_units, row["currency"]), cls="num")

    came = row["available_at"]
    when = (
        words("available since {time}", time=view.dated(came))
        if came
        else words("available on {day}", day=row["due_on"])
    )
    parts: list[tuple[object, object]] = [
        (words("Sold"), money(row["taken"])),
        (words("Given back (voids, refunds)"), money(-row["given_back"])),
        (words("Fees"), money(-row["fees"])),
    ]
    if row["fee"]:
        parts.append((words("Fee for early settlement"), money(-row["fee"])))
    parts.append((words("You get"), money(row["net"] - row["fee"])))
    head = tag(
        "span",
        tag("b", str(row["business_date"])),
        " ",
        tag("span", when, cls="muted"),
        tag("b", money(row["net"] - row["fee"]), cls="day-net"),
        cls="day-head",
    )
    return details(head, facts(parts), cls="merchant-day")
