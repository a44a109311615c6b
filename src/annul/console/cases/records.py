"""The records of a case: transactions, ledger, messages, and who was told; each folded."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, details, join, link, table, tag
from annul.console.shared import transaction_state, tried
from annul.domain.kinds import KINDS
from annul.resolve.tries import MANY, attempts

from .exchange import exchange

_DIRECTIONS: Final = {
    "terminal_in": "Terminal → host",
    "issuer_out": "Host → issuer",
    "issuer_in": "Issuer → host",
    "terminal_out": "Host → terminal",
}


def records(view: View, whole: dict[str, Any]) -> Html:
    """Build them; each says how many there are before it is opened."""
    words = view.words
    parts = (
        ("transactions", words("Transactions"), whole["transactions"], _transactions),
        ("ledger", words("Ledger"), whole["ledger"], _ledger),
        ("exchange", words("Who said what to whom"), whole["messages"], _exchange),
        ("messages", words("Messages, masked"), whole["messages"], _messages),
        ("told", words("Notifications"), whole["told"], _told),
    )
    shown = [
        details(
            join((tag("b", head), " ", tag("span", len(rows), cls="muted num"))),
            draw(view, whole),
            cls="case-record",
            id=f"case-{name}",
        )
        for name, head, rows, draw in parts
    ]
    return tag("section", *shown, cls="card case-records")


def _transactions(view: View, whole: dict[str, Any]) -> Html:
    parts = attempts(whole["transactions"])
    shown = [_rows(view, [part[0] for part in parts if len(part) < MANY])]
    shown += [details(tried(view, run), _rows(view, run)) for run in parts if len(run) >= MANY]
    return join(shown)


def _rows(view: View, transactions: Sequence[Mapping[str, Any]]) -> Html:
    words = view.words
    rows = [
        (
            view.when(row["received_at"], seconds=True),
            words.of(KINDS[row["kind"]].title),
            transaction_state(view, row["state"]),
            link(row["rrn"], f"/transactions/{row['id']}", cls="mono"),
            tag("span", row["trace"], cls="mono"),
            tag("span", row["auth_code"] or "–", cls="mono"),
            tag("span", view.amount(row["amount"], row["currency"]), cls="num"),
            row["response_code"] or words(row["why"]) or "–",
        )
        for row in transactions
    ]
    heads = ("Time", "Kind", "State", "RRN", "Voucher", "Authorisation code", "Amount", "Code")
    return table([words(n) for n in heads], rows, cls="right-7", empty=words("None."))


def _ledger(view: View, whole: dict[str, Any]) -> Html:
    words = view.words
    rows = [
        (
            view.when(row["posted_at"], seconds=True),
            words(row["debit"]),
            words(row["credit"]),
            tag("span", view.amount(row["amount"], row["currency"]), cls="num"),
            words(row["cause"]),
        )
        for row in whole["ledger"]
    ]
    heads = [words(n) for n in ("Time", "Debit", "Credit", "Amount", "Booked for")]
    return table(heads, rows, cls="right-4", empty=words("No money has moved."))


def _exchange(view: View, whole: dict[str, Any]) -> Html:
    return exchange(view, whole)


def _messages(view: View, whole: dict[str, Any]) -> Html:
    from annul.wire.names import name_of

    words, shown = view.words, []
    for message in whole["messages"]:
        rows = []
        for number, value in message["fields"].items():
            zh, en = name_of(int(number))
            named = zh if words.language == "zh" else en
            rows.append((number, named, tag("span", value, cls="mono")))
        said = f"{words(_DIRECTIONS[message['direction']])} · {message['mti']}"
        at = tag("span", view.when(message["at"], seconds=True), cls="muted")
        fields = table((words("Field"), words("Name"), words("Value")), rows)
        shown.append(details(join((said, " ", at)), fields))
    return join(shown) if shown else tag("p", words("No messages were kept."), cls="empty")


def _told(view: View, whole: dict[str, Any]) -> Html:
    words = view.words
    rows = [
        (
            view.when(row["created_at"], seconds=True),
            row["whom"],
            row["said"],
            view.when(row["delivered_at"], seconds=True) or words("not yet"),
        )
        for row in whole["told"]
        if row["whom"].startswith("terminal")
    ]
    heads = [words(n) for n in ("Time", "To whom", "What", "Delivered")]
    return table(heads, rows, empty=words("Nothing yet."))
