"""The search for transactions, page by page."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from annul.console.frame.filters import choice, cursor_of, day, field
from annul.console.frame.live import View, html
from annul.console.frame.markup import Html, join, link, tag
from annul.desk import transactions as views
from annul.domain import money
from annul.domain.kinds import KINDS, Family
from annul.domain.states import State

from .chain import listing

_LIMIT: Final = 50
# What may be asked for, and how long it may be.
_ASKED: Final = {
    "rrn": 12,
    "trace": 6,
    "terminal": 8,
    "merchant": 15,
    "kind": 20,
    "state": 20,
    "last4": 4,
    "amount": 15,
    "from": 10,
    "until": 10,
}
_KINDS: Final = [
    kind.name for kind in KINDS.values() if kind.family in {Family.FINANCIAL, Family.ADVICE}
]


async def transactions(view: View) -> None:
    """Show what is looked for, the latest first."""
    asked = {name: view.query.get(name, "").strip()[:most] for name, most in _ASKED.items()}
    amount, wrong = _amount(view, asked["amount"])
    html(_form(view, asked, wrong))
    if wrong:
        return
    found = await views.search(
        view.desk, view.visitor, _wanted(view, asked, amount), _LIMIT, cursor_of(view)
    )
    kept = {name: value for name, value in asked.items() if value}
    html(_list(view, found.rows, kept, found.following), "card")


def _wanted(view: View, asked: Mapping[str, str], amount: int | None) -> views.TransactionSearch:
    zone = view.desk.zone
    return views.TransactionSearch(
        **{name: asked[name] for name in ("rrn", "trace", "terminal", "merchant", "last4")},
        kind=asked["kind"] if asked["kind"] in _KINDS else "",
        state=asked["state"] if asked["state"] in set(State) else "",
        amount=amount,
        since=day(asked["from"], zone),
        until=day(asked["until"], zone, end=True),
    )


def _amount(view: View, text: str) -> tuple[int | None, str]:
    """Read an amount; gives what is wrong with it beside."""
    if not text:
        return None, ""
    try:
        return money.parse(text.replace(",", "")), ""
    except money.AmountError:
        return None, view.words(
            "“{text}” is not an amount: write it like 100 or 100.00.", text=text
        )


def _form(view: View, asked: Mapping[str, str], wrong: str) -> Html:
    words = view.words
    any_ = words("any")
    kinds = {"": any_} | {name: words(name) for name in _KINDS}
    states = {"": any_} | {state.value: words(state.value) for state in State}
    form = tag(
        "form",
        field(words("RRN"), "rrn", asked["rrn"], size=13, maxlength=12, inputmode="numeric"),
        field(words("Voucher"), "trace", asked["trace"], size=7, maxlength=6, inputmode="numeric"),
        field(words("Amount"), "amount", asked["amount"], size=9, inputmode="decimal"),
        field(
            words("Last four of the card"),
            "last4",
            asked["last4"],
            size=5,
            maxlength=4,
            inputmode="numeric",
        ),
        field(words("Terminal"), "terminal", asked["terminal"], size=9, maxlength=8),
        field(words("Merchant"), "merchant", asked["merchant"], size=16, maxlength=15)
        if not view.visitor.merchant_id
        else None,
        choice(words("Kind"), "kind", asked["kind"], kinds),
        choice(words("State"), "state", asked["state"], states),
        field(words("From"), "from", asked["from"], type="date"),
        field(words("Until"), "until", asked["until"], type="date"),
        tag("button", words("Find"), type="submit", cls="button primary"),
        link(words("Clear"), "/transactions", cls="button") if any(asked.values()) else None,
        cls="filters",
        method="get",
        action="/transactions",
        role="search",
    )
    return join(
        (
            tag("div", tag("h1", words("Transactions")), cls="head"),
            tag(
                "section",
                form,
                tag("p", wrong, cls="said", role="alert") if wrong else None,
                cls="card calm spaced",
            ),
        )
    )


def _list(view: View, rows: list[dict[str, Any]], kept: dict[str, str], following: str) -> Html:
    words = view.words
    address = f"/transactions?{urlencode({**kept, 'cursor': following})}"
    older = link(words("Older"), address, cls="button")
    return join(
        (
            listing(view, rows, "", empty=words("No transaction fits.")),
            tag("p", older, cls="following") if following else None,
        )
    )
