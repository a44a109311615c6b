"""What several subjects show alike: states, rows of cases, causes, due times, steps, sums."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, join, link, tag
from annul.diagnose.causes import CAUSES
from annul.domain.records import Origin
from annul.resolve import ends
from annul.resolve import words as of_kind
from annul.resolve.requests import COMPLETED

_CASE_TONES: Final = {
    "voided": "good",
    "refunded": "good",
    "refused": "bad",
    "unproved": "warn",
    "": "info",
}

TRANSACTION_TONES: Final[Mapping[str, str]] = {
    "received": "info",
    "sent": "info",
    "approved": "good",
    "completed": "good",
    "declined": "bad",
    "unknown": "warn",
    "reversing": "warn",
    "reversed": "",
    "voided": "info",
    "refunded": "info",
    "partly_refunded": "info",
    "disputed": "bad",
}
HEALTH_TONES: Final = {"up": "good", "degraded": "warn", "down": "bad"}
# Who asked for a transaction.
ORIGINS: Final = {
    Origin.TERMINAL: "its terminal",
    Origin.PROGRAM: "a program",
    Origin.RESOLVER: "annul, for its case",
    Origin.PERSON: "somebody, for its case",
}
CARD_TYPES: Final = {"debit": "debit card", "credit": "credit card", "qr": "QR code"}
# What a case does next, in plain words for people at a till.
STEPS: Final = {
    "": "being looked at",
    "await_outcome": "waiting for the outcome of what is under way",
    "await_original": "the sale itself is finished first",
    "back_off": "a short wait before the next try",
    "retry": "trying the void again",
    "other_route": "trying the void another way",
    "wait_window": "waiting until the bank's maintenance is over",
    "wait_health": "waiting until the bank works again",
    "wait_rule": "waiting until the bank allows it",
    "wait_funds": "waiting until the shop's balance covers it",
    "refund": "refunding it to the card instead",
    "wait_cut_over": "refunding it to the card after the end of the business day",
    "ask_sign_in": "the terminal is asked to sign in again",
    "ask_parameters": "the terminal is asked to download its settings",
    "ask_update": "the terminal is asked to update its software",
    "wait_terminal": "waiting for the terminal",
    "wait_set_up": "waiting until the terminal's settings are put right",
    "ask_person": "a person at the acquirer looks after it",
    "held": "a person at the acquirer looks after it",
    "order_dropped": "being looked at",
    "not_allowed": "waiting until a rule allows it",
    "ask_shop": "the shop says whether it still wants the void: do it again at the till, or "
    "withdraw it",
}

GOES_ON: Final = frozenset({"", "unproved"})  # whose money is still in question


def case_heads(view: View) -> list[str]:
    """Give the heads of a table of cases."""
    words = view.words
    return [
        words(one) for one in ("Case", "State", "Amount", "Card", "Cause", "Step", "Opened", "Due")
    ]


def case_rows(view: View, rows: Iterable[Mapping[str, Any]]) -> list[Sequence[object]]:
    """Give a table's rows, one for each case."""
    return [
        (
            link(row["number"], f"/cases/{row['number']}", cls="mono"),
            case_state(
                view,
                row["ended"],
                row["kind"],
                row["step"],
                asked=bool(row["task"] or row["proposed"]),
            ),
            tag("span", view.amount(row["amount"], row["currency"]), cls="num"),
            tag("span", row["card_masked"], cls="mono"),
            cause_name(view, row["confirmed"] or row["cause"], row["kind"]),
            view.words(row["step"]) if row["step"] else "–",
            view.when(row["opened_at"]),
            case_due(view, row["due_at"], row["first_due_at"]) if row["ended"] in GOES_ON else "",
        )
        for row in rows
    ]


def case_state(view: View, ended: str, kind: str, step: str, *, asked: bool = False) -> Html:
    """Show the state of a case about a kind of request."""
    said = ends.ended(ended, kind, step)
    tone = "good" if step == COMPLETED else _CASE_TONES[ended]
    shown = badge(view.words.of(said), tone)
    wants = badge(view.words("needs a person"), "warn") if asked and ended in GOES_ON else None
    return join((shown, " ", wants)) if wants else shown


def case_due(view: View, due_at: datetime, first_due_at: datetime) -> Html | str:
    """Show when a case is due; beside it the due time of its first cause where that differs."""
    now, first = view.when(due_at), view.when(first_due_at)
    if now == first:
        return now
    said = view.words("at first {when}", when=first)
    return join((now, tag("small", said, cls="under")))


def cause_name(view: View, name: str, kind: str = "void") -> str:
    """Name a cause, in the words of what was asked for."""
    return view.words.of(of_kind.title(CAUSES[name], kind)) if name in CAUSES else "–"


def step_said(view: View, step: str) -> str:
    """Say what a case does next, for people at a till."""
    return view.words(STEPS.get(step, STEPS[""]))


def transaction_state(view: View, state: str) -> Html:
    """Show the state of a transaction."""
    return badge(view.words(state), TRANSACTION_TONES.get(state, ""))


def amounts(view: View, sums: Iterable[Mapping[str, Any]]) -> str:
    """Write sums of several currencies."""
    return ", ".join(view.amount(one["amount"], one["currency"]) for one in sums)
