"""Money in question as a list: what, how much, since when, and what is proposed of it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, card, facts, join, link, table, tag

from .chain import TONES
from .concluding import state_of, verdict_of


def in_question(view: View, rows: Sequence[Mapping[str, Any]]) -> Html:
    """List money whose outcome nobody has proved."""
    words = view.words
    shown = [
        (
            _place(row),
            words(row["kind"]),
            tag("span", view.amount(row["amount"], row["currency"]), cls="num"),
            _state(view, row),
            view.when(row["since"], seconds=True),
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
        cls="right-3",
        empty=words("No money is in question: every movement is proved."),
    )


def _place(row: Mapping[str, Any]) -> Html:
    identity: UUID | None = row["transaction_id"]
    if identity is None:
        return tag("span", row["rrn"], cls="mono")
    return link(row["rrn"], f"/transactions/{identity}", cls="mono")


def _state(view: View, row: Mapping[str, Any]) -> Html:
    words, state = view.words, row["state"]
    shown = badge(words(state), TONES.get(state, "")) if state else None
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


def sums(view: View, found: Sequence[Mapping[str, Any]]) -> str:
    """Say how much is in question, by currency."""
    return ", ".join(view.amount(one["amount"], one["currency"]) for one in found)


def summary(view: View, found: Sequence[Mapping[str, Any]]) -> Html:
    """Say what the list is, and how much stands on it."""
    words = view.words
    count = sum(one["count"] for one in found)
    return card(
        words("What this is"),
        tag(
            "p",
            words(
                "Movements of which nobody has proved yet whether they happened at the "
                "issuer: without an answer for twice its time-out, disputed, or of a case "
                "that ended unproved. Nothing else is done with them meanwhile; each stays "
                "here until the issuer says it or two people conclude it."
            ),
        ),
        facts(((words("Movements"), count or "0"), (words("Amount"), sums(view, found) or "–"))),
        cls="calm spaced",
    )
