"""A case in plain words, the outcome first: how it stands, the money, the cause, what is next."""

from collections.abc import Mapping
from typing import Any, Final

from annul.console.frame.live import View
from annul.diagnose.causes import CAUSES, Cause
from annul.domain.kinds import COMPLETIONS, KINDS, REFUNDS, Role
from annul.domain.text import Text
from annul.resolve import words as of_kind
from annul.resolve.case import UNPROVED, Case
from annul.resolve.customer import tell_customer
from annul.resolve.proof_words import standing_in
from annul.resolve.requests import COMPLETED

# How it ended, and nothing of where the money is: that is said beside it, by the rows.
_ENDED: Final = {
    "voided": "Voided: {amount}",
    "refunded": "Refunded instead: {amount}",
    "refused": "Not voided: {amount}",
    "unproved": "Outcome unproved: {amount}",
}
_OF_REFUND: Final = _ENDED | {"refunded": "Refunded: {amount}", "refused": "Not refunded: {amount}"}
_OF_COMPLETION: Final = _ENDED | {"refused": "Not completed: {amount}"}
_COMPLETED: Final = "Completed after all: {amount}"
_OPEN: Final[Mapping[Role | None, str]] = {
    Role.VOID: "Void of {amount} in progress",
    Role.REFUND: "Refund of {amount} in progress",
    Role.COMPLETION: "Completion of {amount} in progress",
}
# What people are asked, where it is not what the cause says.
_TASKS: Final = {
    "late": "Overdue. Find out what is holding it up, and decide.",
    "merchant_funds": "The merchant's balance does not cover it: get it funded, or close the case.",
    "outcome_unproved": "Get the issuer's answer in writing, then conclude by hand.",
    "void_taken_back": "Ask the shop whether it still wants the void: retry it, or withdraw it.",
    "advice_declined": (
        "The issuer declined what the terminal had been told was approved: tell the shop."
    ),
    "refund_again": "Ask the shop to repeat the refund.",
    "completion_again": "Ask the shop to repeat the completion.",
}


def cause_of(case: Case) -> Cause | None:
    """Give the cause that a case goes by."""
    return CAUSES.get(case.confirmed or case.cause)


def headline(view: View, case: Case) -> str:
    """Say how a case stands, in one line."""
    said = _end(case) if case.ended else _OPEN[KINDS[case.kind].role]
    return view.words(said, amount=view.amount(case.amount, case.currency))


def _end(case: Case) -> str:
    """Give the sentence for how a case ended, in the words of what was asked for."""
    if case.kind in REFUNDS:
        return _OF_REFUND[case.ended]
    if case.kind not in COMPLETIONS:
        return _ENDED[case.ended]
    return _COMPLETED if case.step == COMPLETED else _OF_COMPLETION[case.ended]


def money(view: View, whole: Mapping[str, Any]) -> str:
    """Say where the money is."""
    return view.words.of(Text(**whole["money"]))


def why(view: View, case: Case, whole: dict[str, Any]) -> str:
    """Name the cause and how sure it is, as its evidence below has it."""
    cause = cause_of(case)
    if cause is None:
        return view.words("Not diagnosed yet.")
    title = view.words.of(of_kind.title(cause, case.kind))
    if case.confirmed:
        return view.words("{cause} (confirmed)", cause=title)
    ranked = (whole["diagnosis"] or {}).get("causes", ())
    known = {found["cause"]: found["probability"] for found in ranked}
    return f"{title} ({known.get(cause.name, case.probability):.0%})"


def following(view: View, case: Case) -> str:
    """Say what comes next: what a person is asked, else what annul does."""
    words, cause = view.words, cause_of(case)
    if case.proposed:
        return words("A second person approves or rejects it.")
    if case.task:
        return asked(view, case)
    if case.ended:
        refused = case.ended == "refused" and case.step != COMPLETED
        if refused and cause:
            return words.of(of_kind.next_step(cause, case.kind))
        return words("None: it is done.")
    said = words(case.step) if case.step else words("in progress")
    return f"{said[:1].upper()}{said[1:]}"


def asked(view: View, case: Case) -> str:
    """Say what a person is asked to do."""
    known, cause = _TASKS.get(case.task), cause_of(case)
    if known or cause is None:
        return view.words(known or case.task)
    return view.words.of(cause.support)


def for_customer(view: View, case: Case, whole: Mapping[str, Any]) -> str:
    """Give what the customer is told."""
    where = standing_in(whole)
    return view.words.of(tell_customer(cause_of(case), case.kind, case.ended, where))


def for_cashier(view: View, case: Case) -> str:
    """Give what the cashier is told."""
    cause = cause_of(case)
    if cause and case.ended in {"", "refused"} and case.step != COMPLETED:
        return view.words.of(of_kind.next_step(cause, case.kind))
    if case.ended == UNPROVED:
        return view.words(
            "Do not repeat it and do not pay out cash: the acquirer is investigating."
        )
    return view.words("Nothing more to do. Give the customer the slip.")


def for_issuer(view: View, case: Case, whole: dict[str, Any]) -> str:
    """Give what to say at the issuer's desk: who, which transaction, what is asked."""
    words = view.words
    original = transaction_of(whole, case.original_id)
    void = transaction_of(whole, case.id)
    parts = [
        words(
            "This is the acquirer of merchant {merchant}, terminal {terminal}.",
            merchant=case.merchant_id,
            terminal=case.terminal_id,
        ),
    ]
    if original is not None:
        parts.append(
            words(
                "The {kind} of {amount} with card {card}, reference {rrn}, authorisation {auth}, "
                "was approved at {when}.",
                kind=_kind(view, original),
                amount=view.amount(case.amount, case.currency),
                card=case.card_masked,
                rrn=original["rrn"],
                auth=original["auth_code"] or "–",
                when=view.when(original["received_at"], seconds=True),
            )
        )
    if void is not None:
        parts.append(
            words(
                "Then the {kind}, reference {rrn}, trace {trace}, got {code} at {when}.",
                kind=_kind(view, void),
                rrn=void["rrn"],
                trace=void["issuer_trace"] or void["trace"],  # by which the issuer knows it
                code=void["response_code"] or words("no answer"),
                when=view.when(void["received_at"], seconds=True),
            )
        )
    parts.append(words("Please say whether it is in your books, and why it was refused."))
    return " ".join(parts)


def transaction_of(whole: dict[str, Any], identity: object) -> dict[str, Any] | None:
    """Find a transaction of a case by its id."""
    return next((one for one in whole["transactions"] if one["id"] == str(identity)), None)


def _kind(view: View, row: Mapping[str, Any]) -> str:
    return view.words.of(KINDS[row["kind"]].title)
