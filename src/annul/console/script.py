"""Plain words about a case: for whoever reads it, and for a call to the issuer."""

from typing import Any, Final

from annul.diagnose.causes import CAUSES
from annul.resolve.case import Case

from .view import View

_ENDED: Final = {
    "voided": "The sale is voided: the customer gets the money back.",
    "refunded": "The void did not go through, so the sale was refunded to the card instead.",
    "refused": "The sale was not voided. {money}",
}


def plain_words(view: View, case: Case) -> list[str]:
    """Say what happened, where the money is, and what comes next, in that order."""
    words = view.words
    cause = CAUSES.get(case.confirmed or case.cause)
    money = words.of(cause.money) if cause else ""
    amount = view.amount(case.amount, case.currency)
    began = words("A void of {amount} was not approved at {when}.", amount=amount,
                  when=view.when(case.opened_at))  # fmt: skip
    if case.ended:
        ended = words(_ENDED[case.ended], money=money)
        why = words("Why: {cause}.", cause=words.of(cause.title)) if cause else ""
        nxt = words.of(cause.cashier) if cause and case.ended == "refused" else ""
        return [f"{began} {ended}", *(one for one in (why, nxt) if one)]
    step = words(case.step) if case.step else words("being looked at")
    lines = [f"{began} {money}"]
    if cause:
        lines.append(words("Most probable cause: {cause}.", cause=words.of(cause.title)))
    lines.append(
        words("Now: {step}. Next look at {when}, to be ended by {due}.", step=step,
              when=view.when(case.next_action_at, seconds=True), due=view.when(case.due_at))
    )  # fmt: skip
    if cause:
        lines.append(words("Tell the customer: {what}", what=words.of(cause.cashier)))
    return lines


def call_script(view: View, case: Case, whole: dict[str, Any]) -> str:
    """Give what to say at the issuer's desk: who, which transaction, what is asked."""
    words = view.words
    original = next(
        (one for one in whole["transactions"] if one["id"] == str(case.original_id)), None
    )
    void = next((one for one in whole["transactions"] if one["id"] == str(case.id)), None)
    parts = [
        words("This is the acquirer of merchant {merchant}, terminal {terminal}.",
              merchant=case.merchant_id, terminal=case.terminal_id),
    ]  # fmt: skip
    if original is not None:
        parts.append(
            words("The sale of {amount} with card {card}, reference {rrn}, authorisation {auth}, "
                  "was approved at {when}.",
                  amount=view.amount(case.amount, case.currency), card=case.card_masked,
                  rrn=original["rrn"], auth=original["auth_code"] or "–",
                  when=view.when(original["received_at"], seconds=True))
        )  # fmt: skip
    if void is not None:
        parts.append(
            words("Its void, reference {rrn}, trace {trace}, got {code} at {when}.",
                  rrn=void["rrn"], trace=void["trace"],
                  code=void["response_code"] or words("no answer"),
                  when=view.when(void["received_at"], seconds=True))
        )  # fmt: skip
    parts.append(words("Please say whether the void is in your books, and why it was refused."))
    return " ".join(parts)
