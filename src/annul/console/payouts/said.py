"""How payouts and moves are said, wherever they are shown."""

from collections.abc import Mapping
from typing import Any, Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, join, number, tag
from annul.domain.payouts import MOVES, STATES, MoveKind, PayoutState

Row = Mapping[str, Any]

TONES: Final[Mapping[PayoutState, str]] = {
    PayoutState.HELD: "warn",
    PayoutState.READY: "info",
    PayoutState.FILED: "info",
    PayoutState.PAID: "good",
    PayoutState.REJECTED: "bad",
    PayoutState.RETURNED: "bad",
    PayoutState.CANCELLED: "",
}


# What shops are told in place of what the desk does.
_PLAIN: Final[Mapping[PayoutState, str]] = {
    PayoutState.HELD: "being checked",
    PayoutState.READY: "goes to the bank next",
}


def state_said(view: View, row: Row) -> str:
    """Say how a payout stands."""
    now = PayoutState(row["state"])
    if view.visitor.merchant_id and now in _PLAIN:
        return view.words(_PLAIN[now])
    return view.words.of(STATES[now])


def state(view: View, row: Row) -> Html:
    """Show how a payout stands."""
    return badge(state_said(view, row), TONES[PayoutState(row["state"])])


def ends_in(row: Row) -> Html:
    """Show what people may see of an account's number."""
    return tag("span", f"**** {row['shown']}", cls="mono account")


def account(row: Row) -> Html:
    """Show an account by its last four and its holder."""
    return join((ends_in(row), tag("small", row["holder"], cls="under")))


def move(view: View, row: Row) -> str:
    """Name a move."""
    return view.words.of(MOVES[MoveKind(row["kind"])])


def signed(view: View, row: Row) -> Html:
    """Show a move's amount by what it does to what is available."""
    plus = "+" if row["amount"] > 0 else ""
    return number(f"{plus}{view.amount(row['amount'], row['currency'])}")


def bank_said(row: Row) -> str:
    """Give the bank's reason, as it stands in its file."""
    return " · ".join(one for one in (row["bank_code"], row["bank_text"]) if one)
