"""What to say to whom: customer, cashier and issuer, each to copy; and whom to call."""

from typing import Any

from annul.console.frame.live import View
from annul.console.frame.markup import Html, card, tag
from annul.desk import issuers
from annul.resolve.case import Case

from .helped import asked
from .plain_words import for_cashier, for_customer, for_issuer


async def scripts(view: View, case: Case, whole: dict[str, Any]) -> Html:
    """Build the card."""
    words = view.words
    said: list[tuple[str, str, Html | None]] = [
        (words("To the customer"), for_customer(view, case, whole), None),
        (words("To the cashier"), for_cashier(view, case), None),
    ]
    if case.issuer_id and not view.visitor.merchant_id:
        told = for_issuer(view, case, whole)
        said.append((words("To the issuer"), told, await _contacts(view, case)))
    shown = [
        tag(
            "section",
            tag("h3", head, " ", view.copy_button(text, words("Copy: {what}", what=head))),
            tag("p", text),
            more,
        )
        for head, text, more in said
    ]
    helped = await asked(view, case.id)
    told = tag("div", *shown, cls="case-scripts")
    return card(words("What to say"), told, helped, cls="case-said")


async def _contacts(view: View, case: Case) -> Html:
    words = view.words
    rows = await issuers.contacts(view.desk, case.issuer_id)
    if not rows:
        return tag("p", words("No contact is on file for this issuer."), cls="muted")
    lines = [
        tag(
            "li",
            " · ".join(str(row[name]) for name in ("duty", "name", "hours") if row[name]),
            " ",
            view.copied(row["phone"]),
            " ",
            row["mail"],
        )
        for row in rows
    ]
    return tag("ul", *lines, cls="case-contacts")
