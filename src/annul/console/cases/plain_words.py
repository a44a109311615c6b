"""Plain words about a case: for whoever reads it, and for a call to the issuer."""

from collections.abc import Mapping
from typing import Any, Final

from annul.console.frame.live import View
from annul.diagnose.causes import CAUSES
from annul.domain.kinds import COMPLETIONS, KINDS, REFUNDS, Role
from annul.resolve import words as of_kind
from annul.resolve.case import Case
from annul.resolve.requests import COMPLETED

_UNPROVED: Final = (
    "Nobody could prove what became of the money: the issuer has not said it. It stays among the "
    "money in question until two people conclude it with evidence, or the issuer says it."
)
_ENDED: Final = {
    "voided": "The sale is voided: the customer gets the money back.",
    "refunded": "The void did not go through, so the sale was refunded to the card instead.",
    "refused": "The sale was not voided. {money}",
    "unproved": _UNPROVED,
}
_OF_REFUND: Final = _ENDED | {
    "refunded": "The refund went through: the customer gets the money back.",
    "refused": "It was not refunded. {money}",
}
_OF_COMPLETION: Final = _ENDED | {"refused": "It was not completed. {money}"}
_COMPLETED: Final = "The completion went through after all: the money is taken."


_BEGAN: Final[Mapping[Role | None, str]] = {
    Role.VOID: "A void of {amount} was not approved at {when}.",
    Role.REFUND: "A refund of {amount} was not approved at {when}.",
    Role.COMPLETION: "A completion of {amount} was not approved at {when}.",
}


def plain_words(view: View, case: Case) -> list[str]:
    """Say what happened, where the money is, and what comes next, in that order."""
    words = view.words
    cause = CAUSES.get(case.confirmed or case.cause)
    money = words.of(of_kind.money(cause, case.kind)) if cause else ""
    title = words.of(of_kind.title(cause, case.kind)) if cause else ""
    following = words.of(of_kind.next_step(cause, case.kind)) if cause else ""
    amount = view.amount(case.amount, case.currency)
    began = words(_BEGAN[KINDS[case.kind].role], amount=amount, when=view.when(case.opened_at))
    if case.ended:
        ended = words(_end(case), money=money)
        why = words("Why: {cause}.", cause=title) if cause and case.step != COMPLETED else ""
        refused = case.ended == "refused" and case.step != COMPLETED
        return [f"{began} {ended}", *(one for one in (why, following if refused else "") if one)]
    step = words(case.step) if case.step else words("being looked at")
    lines = [f"{began} {money}"]
    if cause:
        lines.append(words("Most probable cause: {cause}.", cause=title))
    lines.append(
        words(
            "Now: {step}. Next look at {when}, to be ended by {due}.",
            step=step,
            when=view.when(case.next_action_at, seconds=True),
            due=view.when(case.due_at),
        )
    )
    if cause:
        lines.append(words("Tell the customer: {what}", what=following))
    return lines


def _end(case: Case) -> str:
    """Give the sentence for how a case ended, in the words of what was asked for."""
    if case.kind in REFUNDS:
        return _OF_REFUND[case.ended]
    if case.kind not in COMPLETIONS:
        return _ENDED[case.ended]
    return _COMPLETED if case.step == COMPLETED else _OF_COMPLETION[case.ended]


def call_script(view: View, case: Case, whole: dict[str, Any]) -> str:
    """Give what to say at the issuer's desk: who, which transaction, what is asked."""
    words = view.words
    original = next(
        (one for one in whole["transactions"] if one["id"] == str(case.original_id)), None
    )
    void = next((one for one in whole["transactions"] if one["id"] == str(case.id)), None)
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


def _kind(view: View, row: Mapping[str, Any]) -> str:
    return view.words.of(KINDS[row["kind"]].title)
