"""Money in question: every movement whose outcome nobody has proved, and what is proposed of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from annul.console.frame.live import Part, View, live
from annul.console.frame.markup import Html, badge, card, facts, join, link, number, table, tag
from annul.console.shared import amounts, transaction_state
from annul.desk import conclusions as views

from .conclusion import state_of, verdict_of
from .orders import Orders

_LIMIT: Final = 50


async def money(view: View) -> None:
    """Show the list, the oldest first; live."""
    top = Part(lambda: _top(view))
    orders = Orders(view)
    rows = Part(lambda: _rows(view), "card")

    async def refresh() -> None:
        await top.refresh()
        await orders.refresh()
        await rows.refresh()

    await refresh()
    live(view, refresh, at_least_s=5.0)


async def _top(view: View) -> Html:
    found = await views.sums(view.desk, view.visitor)
    title = tag("h1", view.words("Money in question"))
    return join((tag("div", title, cls="head"), _summary(view, found)))


async def _rows(view: View) -> Html:
    words = view.words
    found = await views.in_question(view.desk, view.visitor, _LIMIT, view.query.get("cursor", ""))
    following = urlencode({"cursor": found.following})
    newer = found.following and link(words("Newer"), f"/money?{following}", cls="button")
    return join(
        (
            _in_question(view, found.rows, found.following),
            tag("p", newer, cls="following") if newer else None,
        )
    )


def _in_question(view: View, rows: Sequence[Mapping[str, Any]], following: str) -> Html:
    """List money whose outcome nobody has proved."""
    words = view.words
    shown = [
        (
            _place(row),
            words(row["kind"]),
            number(view.amount(row["amount"], row["currency"])),
            _state(view, row),
            view.at(row["since"], seconds=True),
            tag("span", row["issuer_id"] or "–", cls="mono"),
            link(row["case_number"], f"/cases/{row['case_number']}", cls="mono")
            if row["case_number"]
            else "–",
            _proposed(view, row),
        )
        for row in rows
    ]
    names = ("Reference", "Kind", "Amount", "State", "Since", "Issuer", "Case", "Conclusion")
    return table(
        [words(name) for name in names],
        shown,
        sorts="" if view.query.get("cursor") or following else "money",
        empty=words("No money is in question: every outcome is proved."),
    )


def _place(row: Mapping[str, Any]) -> Html:
    identity: UUID | None = row["transaction_id"]
    if identity is None:
        return tag("span", row["rrn"], cls="mono")
    return link(row["rrn"], f"/transactions/{identity}", cls="mono")


def _state(view: View, row: Mapping[str, Any]) -> Html:
    words, state = view.words, row["state"]
    shown = transaction_state(view, state) if state else None
    unproved = badge(words("outcome unproved"), "warn") if row["case_ended"] == "unproved" else None
    return join((shown, " " if shown and unproved else None, unproved))


def _proposed(view: View, row: Mapping[str, Any]) -> Html | str:
    if row["conclusion_id"] is None:
        return "–"
    state = "confirmed" if row["confirmed_by"] else "proposed"
    by = ", ".join(one for one in (row["proposed_by"], row["confirmed_by"]) if one)
    return join(
        (
            state_of(view, state),
            " ",
            verdict_of(view, done=row["done"]),
            tag("small", by, cls="under"),
        )
    )


def _summary(view: View, found: Sequence[Mapping[str, Any]]) -> Html:
    """Say what the list is, and how much stands on it."""
    words = view.words
    count = sum(one["count"] for one in found)
    return card(
        words("What this is"),
        tag(
            "p",
            words(
                "Transactions whose outcome at the issuer is not proved yet: unanswered for "
                "twice the issuer's time-out, disputed, or left by a case that ended unproved. "
                "Nothing else is done with them meanwhile; each stays here until the issuer "
                "confirms it or two people conclude it."
            ),
        ),
        facts(
            (
                (words("Transactions in question"), count or "0"),
                (words("Amount"), amounts(view, found) or "–"),
            )
        ),
        cls="calm spaced",
    )
