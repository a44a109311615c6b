"""Closed business days of a merchant: what each came to, why it is less than was sold, and when.


Each can be taken away as a statement, and so can the months that they are in.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, details, facts, join, link, tag
from annul.desk import settlement as views
from annul.desk.roles import Scope

_SHOWN: Final = 14  # days
_MONTHS: Final = 3
_FORMS: Final = ("pdf", "xlsx", "csv")


async def days_list(view: View, merchant_id: str) -> Html:
    """List the latest closed business days, each with what it came to, and why."""
    words = view.words
    found = await views.days(view.desk, view.visitor, merchant_id, _SHOWN)
    if not found.rows:
        return tag("p", words("No business day has been closed yet."), cls="empty")
    days = listed(view, merchant_id, found.rows)
    if not view.may(Scope.TRANSACTIONS_READ):
        return days
    latest: date = found.rows[0]["business_date"]
    return join([days, *(_month(view, merchant_id, one) for one in _months(latest))])


def listed(view: View, merchant_id: str, rows: Sequence[dict[str, Any]]) -> Html:
    """List business days, each with what it came to, and why."""
    return tag("div", *(_day(view, merchant_id, row) for row in rows), cls="merchant-days")


def _months(latest: date) -> Iterable[str]:
    """Give the month of the latest closed day, and those before it."""
    whole = latest.year * 12 + latest.month - 1
    for month in range(whole, whole - _MONTHS, -1):
        yield f"{month // 12:04d}-{month % 12 + 1:02d}"


def _month(view: View, merchant_id: str, month: str) -> Html:
    said = view.words("Statement of {period}:", period=month)
    return tag("p", said, " ", _files(view, merchant_id, month), cls="statement")


def _files(view: View, merchant_id: str, period: str) -> Html:
    """Link to a statement, in each form, in the language that is read here."""
    path = f"/api/v1/merchants/{merchant_id}/statements/{period}"
    language = view.words.language
    return join(
        [
            tag("span", link(form.upper(), f"{path}?format={form}&lang={language}"), " ")
            for form in _FORMS
        ]
    )


def _day(view: View, merchant_id: str, row: dict[str, Any]) -> Html:
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
    if view.may(Scope.TRANSACTIONS_READ):
        files = _files(view, merchant_id, row["business_date"].isoformat())
        parts.append((words("Statement"), files))
    head = tag(
        "span",
        tag("b", str(row["business_date"])),
        " ",
        tag("span", when, cls="muted"),
        tag("b", money(row["net"] - row["fee"]), cls="day-net"),
        cls="day-head",
    )
    return details(head, facts(parts), cls="merchant-day")
