"""A break in plain words, for the shop whose transaction it is: no names, nothing to decide."""

from collections.abc import Mapping
from typing import Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, card, facts, join, link, tag
from annul.domain.breaks import WAITING, BreakKind, BreakState, Resolution

from .said import Row

# What differs, as one says it in a shop; `here` what the acquirer has, `amount` what it is about.
_DIFFERS: Final[Mapping[BreakKind, str]] = {
    BreakKind.STATE: "The bank's file tells something else of this {what} than what you were told.",
    BreakKind.MISSING_HERE: "The bank's file has a payment at your shop that we have never seen.",
    BreakKind.MISSING_THERE: "The bank's file does not have this {what} yet.",
    BreakKind.AMOUNT: "The bank's file has another amount for this {what}.",
    BreakKind.TWICE: "The bank's file has this {what} twice.",
    BreakKind.CURRENCY: "The bank's file has this {what} in another currency.",
    BreakKind.FEE: "The bank charges another fee for this {what}. It does not concern your money.",
    BreakKind.DATE: "The bank's file has another day for this {what}.",
}
_ENDED: Final[Mapping[str, str]] = {
    Resolution.THEIRS_STAND: "The bank was right; your account has followed.",
    Resolution.OURS_STAND: "What you were told stands; the bank corrects its own.",
    Resolution.EXPLAINED: "It was explained: nobody owes anything.",
}
_TONES: Final[Mapping[BreakState, str]] = {BreakState.OPEN: "warn", BreakState.ASKED: "warn"}


def difference(view: View, row: Row) -> str:
    """Say what differs."""
    words = view.words
    transaction = row.get("transaction")
    what = words(transaction["kind"]) if transaction else words("payment")
    return words(_DIFFERS[BreakKind(row["kind"])], what=what)


def standing(view: View, row: Row) -> str:
    """Say what is done about it, and until when; or how it ended."""
    words, state = view.words, BreakState(row["state"])
    if state in WAITING:
        when = view.when(row["due_at"])
        return words("We ask the bank. You hear of it by {when}; you need do nothing.", when=when)
    if state is BreakState.RESOLVED and row["under_way"]:
        return words("It is decided, and being carried out.")
    if state is BreakState.RESOLVED:
        return words(_ENDED[Resolution(row["resolved_as"])])
    return words("A later file of the bank has put it right.")


def mark(view: View, row: Row) -> Html:
    """Show whether it is still open."""
    waits = row["state"] in WAITING
    said = view.words("being asked") if waits else view.words("settled")
    return badge(said, _TONES.get(BreakState(row["state"]), "good"))


def plain(view: View, row: Row) -> Html:
    """Draw it whole."""
    words, transaction = view.words, row["transaction"]
    amount = row["of_amount"] if row["of_amount"] is not None else abs(row["money"])
    shown = ""
    if transaction is not None:
        said = f"{words(transaction['kind'])} · {words(transaction['state'])}"
        shown = link(said, f"/transactions/{transaction['id']}")
    card_ = transaction["card_masked"] if transaction else (row["row"] or {}).get("card_masked")
    pairs = (
        (words("Amount"), view.amount(amount, row["currency"])),
        (words("Transaction"), shown),
        (words("Card"), tag("span", card_, cls="mono") if card_ else ""),
        (words("Voucher"), tag("span", transaction["trace"], cls="mono") if transaction else ""),
        (words("Found"), view.at(row["opened_at"])),
    )
    title = words("Difference with the bank")
    head = tag("div", tag("h1", title, data_title=title), mark(view, row), cls="head")
    body = card(
        difference(view, row),
        tag("p", standing(view, row), cls="strong"),
        facts(pairs),
    )
    back = link(words("All differences"), "/breaks")
    return join((head, body, tag("p", back)))
