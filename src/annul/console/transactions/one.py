"""One transaction: its chain as a picture and as a list, its details, what it moved."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from annul.console.claims import claims
from annul.console.clearing.elsewhere import told
from annul.console.frame.live import View, html
from annul.console.frame.markup import Html, card, details, facts, join, link, table, tag
from annul.console.frame.tables import drawn
from annul.console.money.conclusion import concluding
from annul.console.shared import CARD_TYPES, ORIGINS, transaction_state, tried
from annul.desk import transactions as views
from annul.desk.desk import NothingThere
from annul.desk.roles import Scope
from annul.domain.records import Origin
from annul.resolve.tries import MANY, attempts

from .chain import boxes, code_text, drawing, folded, reversal_reason
from .table import TRANSACTIONS


async def transaction(view: View) -> None:
    """Show one transaction with all that it belongs to."""
    identity = _identity(view.params["transaction"])
    chain = await views.chain(view.desk, view.visitor, identity)
    rows = [chain["original"], *chain["attempts"]]
    row = next(one for one in rows if one["id"] == identity)
    words, here = view.words, str(identity)
    kept = await views.kept(view.desk, view.visitor, row["merchant_id"], identity)
    html(_head(view, row, chain["case_number"]))
    files = await told(view, row["merchant_id"], identity)
    claimed = await claims(view, row["merchant_id"], [one["id"] for one in rows])
    made, few = boxes(view, rows, here), folded(view, rows, here)
    if view.may(Scope.CASES_READ):
        await concluding(view, here)
    html(
        join(
            (
                card(
                    words("Related transactions"),
                    drawing(view, few),
                    details(words("Each try by itself"), drawing(view, made, "every"))
                    if len(few) < len(made)
                    else None,
                ),
                card(words("As a list"), *_listed(view, rows, here)),
                tag("div", _details(view, row), cls="half"),
                tag("div", _entries(view, rows, chain["entries"]), cls="half"),
                files,
                claimed,
                _kept(view, kept) if any(kept.values()) else None,
            )
        ),
        "grid",
    )


def _listed(view: View, rows: list[dict[str, Any]], here: str) -> Iterator[Html]:
    """List the chain; annul's own tries in a row are one line that opens."""
    parts = attempts(rows, here)
    yield drawn(view, TRANSACTIONS, [part[0] for part in parts if len(part) < MANY])
    for run in parts:
        if len(run) >= MANY:
            yield details(tried(view, run), drawn(view, TRANSACTIONS, run))


def _identity(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        message = f"there is no transaction {text[:40]}"
        raise NothingThere(message) from None


def _head(view: View, row: Mapping[str, Any], case_number: str) -> Html:
    words = view.words
    case = None
    if case_number and view.may(Scope.CASES_READ):
        case = link(
            words("Case {number}", number=case_number), f"/cases/{case_number}", cls="button"
        )
    title = f"{row['rrn']} · {words(row['kind'])} · {words(row['state'])}"
    return tag(
        "div",
        tag("h1", words(row["kind"]), cls="capital", data_title=title),
        tag("span", view.copied(row["rrn"]), cls="muted"),
        transaction_state(view, row["state"]),
        tag("span", cls="grow"),
        case,
        cls="head",
    )


def _details(view: View, row: Mapping[str, Any]) -> Html:
    words, code = view.words, row["response_code"]

    def mono(text: str) -> Html | str:
        return tag("span", text, cls="mono") if text else ""

    def amount(name: str) -> str:
        return view.amount(row[name], row["currency"]) if row[name] else ""

    def when(name: str) -> Html | str:
        return view.at(row[name], seconds=True)

    place = f"/merchants/{row['merchant_id']}" if view.may(Scope.MERCHANTS_READ) else ""
    terminal = f"{place}#terminal-{row['terminal_id']}" if place else ""
    issuer = mono(row["issuer_id"] or "–")
    if row["issuer_id"] and view.may(Scope.ISSUERS_READ):
        issuer = link(row["issuer_id"], f"/issuers/{row['issuer_id']}", cls="mono")
    spent = ""
    if row["answered_at"] is not None:
        taken = (row["answered_at"] - row["received_at"]).total_seconds()
        spent = words("{n} ms after receipt", n=f"{taken * 1000:.0f}")
    card_type = tag("span", words(CARD_TYPES.get(row["card_type"], "")), cls="muted")
    reversal = f"{row['reversal_reason']} {reversal_reason(view, row)}".strip()
    pairs = (
        (words("Amount"), tag("b", view.amount(row["amount"], row["currency"]))),
        (words("Given back or held"), amount("undone")),
        (words("Merchant's fee"), amount("fee")),
        (words("Card"), join((mono(row["card_masked"]), " ", card_type))),
        (words("Merchant"), view.copied(row["merchant_id"], place)),
        (words("Terminal"), view.copied(row["terminal_id"], terminal)),
        (words("Requested by"), _asked_by(view, row)),
        (words("Batch"), mono(row["batch"])),
        (words("Voucher"), view.copied(row["trace"])),
        (words("RRN"), view.copied(row["rrn"])),
        (words("Trace at the issuer"), mono(row["issuer_trace"])),
        (words("Authorisation code"), view.copied(row["auth_code"])),
        (words("Issuer"), issuer),
        (words("Sent to the issuer"), words(row["sent"])),
        (words("Response code"), f"{code} {code_text(view, code)}" if code else ""),
        (words("Ended here by"), words(row["why"]) if row["why"] else ""),
        (words("Reason of the reversal"), reversal),
        (words("Late answer"), row["late_code"]),
        (words("Entry mode"), row["entry_mode"]),
        (words("Business day"), str(row["business_date"])),
        (words("Received"), when("received_at")),
        (words("Answered"), spent),
        (words("Ended"), when("ended_at")),
    )
    return card(words("Details"), facts(pairs))


def _kept(view: View, kept: Mapping[str, Any]) -> Html:
    """Show what the terminal gave after the transaction; of a signature no more than that."""
    words = view.words

    def mono(*lines: str) -> Html | str:
        return join(tag("div", line, cls="mono") for line in lines if line)

    size = words("{n} bytes, sealed", n=str(kept["signature_size"]))
    said = {True: "approved by the chip", False: "refused by the chip", None: ""}
    pairs = (
        (words("Cardholder's signature"), size if kept["signature_size"] else ""),
        ("SHA-256", mono(*kept["signature_digests"])),
        (words("The chip's last word"), words(said[kept["chip_approved"]])),
        (words("Chip data"), mono(kept["chip"])),
        (words("Script results"), mono(*kept["script_results"])),
    )
    return card(words("From the terminal"), facts(pairs))


def _asked_by(view: View, row: Mapping[str, Any]) -> str:
    """Name who has asked for it, and the second person where it took one."""
    names = ", ".join(one for one in (row["asked_by"], row["approved_by"]) if one)
    said = view.words(ORIGINS[Origin(row["origin"])])
    return f"{said}: {names}" if names else said


def _entries(view: View, rows: list[dict[str, Any]], entries: list[dict[str, Any]]) -> Html:
    words = view.words
    kinds = {row["id"]: row["kind"] for row in rows}
    shown = [
        (
            view.at(one["posted_at"], seconds=True),
            words(kinds.get(one["transaction_id"], "")),
            words(one["cause"]),
            words(one["debit"]),
            words(one["credit"]),
            tag("span", view.amount(one["amount"], one["currency"]), cls="num"),
        )
        for one in entries
    ]
    names = [words(n) for n in ("Time", "Transaction", "Booked for", "Debit", "Credit", "Amount")]
    return card(
        words("Ledger"),
        table(names, shown, sorts="entries", empty=words("No money has moved.")),
    )
