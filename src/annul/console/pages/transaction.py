"""One transaction: its chain as a picture and as a list, its details, what it moved."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from annul.console.chain import TONES, boxes, code_text, drawing, listing, reversal_reason
from annul.console.concluding import concluding
from annul.console.frame.live import View, html
from annul.console.frame.markup import Html, badge, card, facts, join, link, table, tag
from annul.console.frame.page import page
from annul.desk import transactions as views
from annul.desk.desk import Unknown
from annul.desk.roles import Scope

_CARDS: Final = {"debit": "debit card", "credit": "credit card", "qr": "QR code"}


@page("/transactions/{transaction}", Scope.TRANSACTIONS_READ, "Transaction")
async def transaction(view: View) -> None:
    """Show one transaction with all that it belongs to."""
    identity = _identity(view.params["transaction"])
    chain = await views.chain(view.desk, view.visitor, identity)
    rows = [chain["original"], *chain["attempts"]]
    row = next(one for one in rows if one["id"] == identity)
    words, here = view.words, str(identity)
    html(_head(view, row, chain["case_number"]))
    made = boxes(view, rows, here)
    if view.may(Scope.CASES_READ):
        await concluding(view, here)
    html(
        join(
            (
                card(words("How it hangs together"), drawing(view, made)),
                card(words("The same as a list"), listing(view, rows, here, empty="")),
                tag("div", _details(view, row), cls="half"),
                tag("div", _entries(view, rows, chain["entries"]), cls="half"),
            )
        ),
        "grid",
    )


def _identity(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        message = f"there is no transaction {text[:40]}"
        raise Unknown(message) from None


def _head(view: View, row: Mapping[str, Any], case_number: str) -> Html:
    words = view.words
    case = None
    if case_number and view.may(Scope.CASES_READ):
        case = link(
            words("Case {number}", number=case_number), f"/cases/{case_number}", cls="button"
        )
    return tag(
        "div",
        tag("h1", words(row["kind"]), cls="capital"),
        tag("span", row["rrn"], cls="mono muted"),
        badge(words(row["state"]), TONES.get(row["state"], "")),
        tag("span", cls="grow"),
        case,
        cls="head",
    )


def _details(view: View, row: Mapping[str, Any]) -> Html:
    words, currency = view.words, row["currency"]
    mono = "mono"
    merchant: Html | str = tag("span", row["merchant_id"], cls=mono)
    if view.may(Scope.MERCHANTS_READ):
        merchant = link(row["merchant_id"], f"/merchants/{row['merchant_id']}", cls=mono)
    issuer: Html | str = tag("span", row["issuer_id"] or "–", cls=mono)
    if row["issuer_id"] and view.may(Scope.ISSUERS_READ):
        issuer = link(row["issuer_id"], f"/issuers/{row['issuer_id']}", cls=mono)
    code = row["response_code"]
    spent = ""
    if row["answered_at"] is not None:
        taken = (row["answered_at"] - row["received_at"]).total_seconds()
        spent = words("{n} ms after it came", n=f"{taken * 1000:.0f}")

    def amount(name: str) -> str:
        return view.amount(row[name], currency) if row[name] else ""

    return card(words("Details"), facts((
        (words("Amount"), tag("b", view.amount(row["amount"], currency))),
        (words("Given back or held"), amount("undone")),
        (words("Merchant's fee"), amount("fee")),
        (words("Card"), join((tag("span", row["card_masked"], cls=mono), " ",
                              tag("span", words(_CARDS.get(row["card_type"], "")), cls="muted")))),
        (words("Merchant"), merchant),
        (words("Terminal"), tag("span", row["terminal_id"], cls=mono)),
        (words("Batch and voucher"), tag("span", f"{row['batch']} {row['trace']}", cls=mono)),
        (words("RRN"), tag("span", row["rrn"], cls=mono)),
        (words("Trace at the issuer"),
         tag("span", row["issuer_trace"], cls=mono) if row["issuer_trace"] else ""),
        (words("Authorisation"), tag("span", row["auth_code"], cls=mono) if row["auth_code"]
         else ""),
        (words("Issuer"), issuer),
        (words("To the issuer"), words(row["sent"])),
        (words("Response code"), f"{code} {code_text(view, code)}" if code else ""),
        (words("Ended here because of"), words(row["why"]) if row["why"] else ""),
        (words("Reason of the reversal"),
         f"{row['reversal_reason']} {reversal_reason(view, row)}".strip()),
        (words("Answer that came too late"), row["late_code"]),
        (words("Entry mode"), row["entry_mode"]),
        (words("Business day"), str(row["business_date"])),
        (words("Received"), view.when(row["received_at"], seconds=True)),
        (words("Answered"), spent),
        (words("Ended"), view.when(row["ended_at"], seconds=True)),
    )))  # fmt: skip


def _entries(view: View, rows: list[dict[str, Any]], entries: list[dict[str, Any]]) -> Html:
    words = view.words
    kinds = {row["id"]: row["kind"] for row in rows}
    shown = [
        (
            view.when(one["posted_at"], seconds=True),
            words(kinds.get(one["transaction_id"], "")),
            words(one["cause"]),
            words(one["debit"]),
            words(one["credit"]),
            tag("span", view.amount(one["amount"], one["currency"]), cls="num"),
        )
        for one in entries
    ]
    names = [words(n) for n in ("Time", "Of", "Because of", "Debit", "Credit", "Amount")]
    return card(
        words("Ledger of the chain"),
        table(names, shown, cls="right-6", empty=words("No money has moved.")),
    )
