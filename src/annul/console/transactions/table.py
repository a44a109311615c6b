"""The list of transactions: what stands in it, on a page, on a phone and in a file."""

from typing import Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, join, link, tag
from annul.console.frame.tables import Column, Row, Table
from annul.console.shared import AMOUNT, ISSUER, MERCHANT, amount, transaction_state

from .chain import code_text, outcome


def _time(view: View, row: Row) -> Html:
    exact = view.at(row["received_at"], seconds=True)
    return join((exact, tag("small", view.ago(row["received_at"]), cls="under")))


def _reference(_: View, row: Row) -> Html:
    return link(row["rrn"], f"/transactions/{row['id']}", cls="mono row-link")


def _mono(name: str) -> Html:
    return tag("span", name, cls="mono")


TRANSACTIONS: Final = Table(
    "transactions",
    (
        Column(
            "time",
            "Time",
            _time,
            (("Time", lambda _, row: row["received_at"]),),
            order="received",
            line=3,
        ),
        Column(
            "kind",
            "Kind",
            lambda view, row: view.words(row["kind"]),
            (("Kind", lambda view, row: view.words(row["kind"])),),
            line=1,
        ),
        Column(
            "state",
            "State",
            lambda view, row: transaction_state(view, row["state"]),
            (("State", lambda view, row: view.words(row["state"])),),
            line=1,
        ),
        Column("amount", "Amount", amount, AMOUNT, right=True, line=1, end=True),
        Column("rrn", "RRN", _reference, (("RRN", lambda _, row: row["rrn"]),), line=3, end=True),
        Column(
            "voucher",
            "Voucher",
            lambda _, row: _mono(row["trace"]),
            (("Voucher", lambda _, row: row["trace"]),),
        ),
        Column(
            "card",
            "Card",
            lambda _, row: _mono(row["card_masked"]),
            (("Card", lambda _, row: row["card_masked"]),),
            line=2,
        ),
        MERCHANT,
        Column(
            "terminal",
            "Terminal",
            lambda _, row: _mono(row["terminal_id"]),
            (("Terminal", lambda _, row: row["terminal_id"]),),
        ),
        ISSUER,
        Column(
            "outcome",
            "Outcome",
            outcome,
            (
                ("Code", lambda _, row: row["response_code"]),
                (
                    "Outcome",
                    lambda view, row: (
                        code_text(view, row["response_code"])
                        if row["response_code"]
                        else view.words(row["why"] or "")
                    ),
                ),
                ("Authorisation code", lambda _, row: row["auth_code"]),
            ),
            line=2,
            end=True,
        ),
    ),
    lambda row: f"/transactions/{row['id']}",
    "id",
)
