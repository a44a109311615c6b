"""The search for transactions, page by page."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from annul.console.frame.export import MOST, ExportedList
from annul.console.frame.filters import choice, cursor_of, day, field, picked, picker, search
from annul.console.frame.live import View, html
from annul.console.frame.markup import Html, join, link, tag
from annul.console.frame.tables import Sorted, drawn, tools
from annul.desk import transactions as views
from annul.desk.choices import the_one
from annul.desk.cursor import Listing
from annul.desk.roles import Scope
from annul.domain import money
from annul.domain.kinds import KINDS, Family
from annul.domain.states import State

from .table import TRANSACTIONS

_LIMIT: Final = 50
# What may be asked for, and how long it may be.
_ASKED: Final = {
    "rrn": 12,
    "trace": 6,
    "terminal": 8,
    "kind": 20,
    "state": 20,
    "last4": 4,
    "amount": 15,
    "from": 10,
    "until": 10,
    "order": 9,
}
_LATEST, _OLDEST = "-received", "received"
_KINDS: Final = [
    kind.name for kind in KINDS.values() if kind.family in {Family.FINANCIAL, Family.ADVICE}
]


Pickers = Mapping[str, Mapping[str, Any] | None]


async def transactions(view: View) -> None:
    """Show what is looked for, the latest or the oldest first."""
    asked = _asked(view)
    chosen = await _chosen(view)
    _, wrong = _amount(view, asked["amount"])
    html(_form(view, asked, chosen, wrong))
    if wrong:
        return
    found = await _page(view, cursor_of(view), _LIMIT)
    kept = {name: value for name, value in asked.items() if value}
    kept |= {name: number for name in chosen if (number := picked(view, name))}
    html(tools(view, TRANSACTIONS, export=f"/export/transactions?{urlencode(kept)}", most=MOST))
    html(_list(view, found, kept), "card")


def _asked(view: View) -> dict[str, str]:
    return {name: view.query.get(name, "").strip()[:most] for name, most in _ASKED.items()}


async def _chosen(view: View) -> Pickers:
    """Give whom the pickers mean."""
    return {
        name: await the_one(view.desk, view.visitor, f"{name}s", picked(view, name))
        for name in ("merchant", "issuer")
    }


async def _page(view: View, cursor: str, limit: int) -> Listing:
    asked, chosen = _asked(view), await _chosen(view)
    amount, _ = _amount(view, asked["amount"])
    numbers = {
        name: str(row["number"]) if row else picked(view, name) for name, row in chosen.items()
    }
    zone = view.desk.zone
    wanted = views.TransactionSearch(
        **{name: asked[name] for name in ("rrn", "trace", "terminal", "last4")},
        **numbers,
        kind=asked["kind"] if asked["kind"] in _KINDS else "",
        state=asked["state"] if asked["state"] in set(State) else "",
        amount=amount,
        since=day(asked["from"], zone),
        until=day(asked["until"], zone, end=True),
    )
    oldest = asked["order"] == _OLDEST
    return await views.search(view.desk, view.visitor, wanted, limit, cursor, oldest=oldest)


EXPORTED: Final = ExportedList(TRANSACTIONS, Scope.TRANSACTIONS_READ, _page)


def _amount(view: View, text: str) -> tuple[int | None, str]:
    """Read an amount; gives what is wrong with it beside."""
    if not text:
        return None, ""
    try:
        return money.parse(text.replace(",", "")), ""
    except money.AmountError:
        return None, view.words(
            "“{text}” is not an amount: enter it like 100 or 100.00.", text=text
        )


def _form(view: View, asked: Mapping[str, str], chosen: Pickers, wrong: str) -> Html:
    words = view.words
    any_ = words("any")
    kinds = {"": any_} | {name: words(name) for name in _KINDS}
    states = {"": any_} | {state.value: words(state.value) for state in State}
    digits = {"inputmode": "numeric"}

    def text(label: str, name: str, **more: object) -> Html:
        return field(label, name, asked[name], **more)

    pickers = (
        picker(view, words("Merchant"), "merchants", "merchant", chosen["merchant"]),
        picker(view, words("Issuer"), "issuers", "issuer", chosen["issuer"]),
    )
    looked_for = any(view.query.get(name) for name in (*_ASKED, *chosen) if name != "order")
    form = search(
        view,
        "/transactions",
        text(words("RRN"), "rrn", size=13, maxlength=12, **digits),
        text(words("Voucher"), "trace", size=7, maxlength=6, **digits),
        text(words("Amount"), "amount", size=9, inputmode="decimal"),
        text(words("Last four of the card"), "last4", size=5, maxlength=4, **digits),
        text(words("Terminal"), "terminal", size=9, maxlength=8),
        *(pickers if not view.visitor.merchant_id else ()),
        choice(words("Kind"), "kind", asked["kind"], kinds),
        choice(words("State"), "state", asked["state"], states),
        text(words("From"), "from", type="date"),
        text(words("Until"), "until", type="date"),
        clear="/transactions" if looked_for else "",
    )
    said = tag("p", wrong, cls="said", role="alert") if wrong else None
    head = tag("div", tag("h1", words("Transactions")), cls="head")
    return join((head, tag("section", form, said, cls="card calm spaced")))


def _list(view: View, found: Listing, kept: Mapping[str, str]) -> Html:
    words = view.words
    order = kept.get("order", "") if kept.get("order") == _OLDEST else _LATEST

    def address(**changes: str) -> str:
        return f"/transactions?{urlencode({**kept, **changes})}"

    by = Sorted(order, lambda other: address(order=other))
    listed = drawn(view, TRANSACTIONS, found.rows, by=by, empty=words("No transactions match."))
    said = words("Newer") if order == _OLDEST else words("Older")
    further = link(said, address(cursor=found.following), cls="button")
    return join((listed, tag("p", further, cls="following") if found.following else None))
