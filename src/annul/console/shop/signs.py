"""What each standing of a voucher looks and reads like to a shop, and what to tell the customer.

Where the money is comes from how the voucher stands and what it is about, never from a cause, so
that no page says both that the sale stands and that the money goes back.
"""

from dataclasses import dataclass, replace
from typing import Final

from annul.desk.shop import Standing, Voucher
from annul.diagnose.causes import CAUSES, Cause
from annul.domain import standing as money
from annul.domain.kinds import CASED, COMPLETIONS, KINDS, REFUNDS, VOIDS, Money
from annul.domain.states import State
from annul.domain.text import Text
from annul.resolve.case import UNPROVED
from annul.resolve.customer import WITHDRAWN, tell_customer


@dataclass(frozen=True, slots=True)
class Sign:
    """What a standing looks and reads like; the texts are the catalogue's keys."""

    icon: str
    tone: str
    title: str
    money: str


SIGNS: Final = {
    Standing.VOIDED: Sign(
        "check",
        "good",
        "Voided",
        "The sale is cancelled. What was charged goes back the way it was paid.",
    ),
    Standing.REFUNDED: Sign(
        "check",
        "good",
        "Refunded",
        "The whole amount goes back the way it was paid, as a refund.",
    ),
    Standing.PARTLY: Sign(
        "check",
        "good",
        "Refunded in part",
        "{part} goes back the way it was paid; the rest of the sale stands.",
    ),
    Standing.WORKING: Sign(
        "dots", "warn", "In progress", "Not decided yet: until then the sale stands."
    ),
    Standing.UNPROVED: Sign(
        "question",
        "warn",
        "Outcome unproved",
        "The bank has not said where the money is. It is being cleared up with the bank; this page "
        "shows it as soon as it is known.",
    ),
    Standing.REFUSED: Sign(
        "exclamation", "bad", "Not voided", "The sale stands: the money has not gone back."
    ),
    Standing.WITHDRAWN: Sign(
        "yuan",
        "info",
        "Void withdrawn",
        "The sale stands, as the shop has said. No money has gone back.",
    ),
    Standing.STANDS: Sign(
        "yuan",
        "info",
        "The sale stands",
        "It was paid, and no void or refund was requested.",
    ),
    Standing.NOTHING: Sign(
        "dash",
        "info",
        "Nothing was charged",
        "The sale did not go through or was taken back. No money is owed either way.",
    ),
}
# Where the money is when it is about something else than a sale: title, and the text.
_ASIDE: Final = {
    Standing.VOIDED: (
        "Voided",
        "The pre-authorisation is cancelled: nothing is charged, and the amount is set free.",
    ),
    Standing.WORKING: (
        "In progress",
        "Not decided yet: until then the amount stays set aside on the card. It is no charge.",
    ),
    Standing.REFUSED: (
        "Not voided",
        "The amount stays set aside on the card. It is no charge, and lapses by itself.",
    ),
    Standing.WITHDRAWN: (
        "Void withdrawn",
        "The pre-authorisation stands, as the shop has said: the amount stays set aside.",
    ),
    Standing.STANDS: (
        "Set aside",
        "The amount is set aside on the card. It is no charge.",
    ),
}
_REFUND: Final = {
    Standing.WORKING: (
        "In progress",
        "Not decided yet: until then this money counts as not refunded.",
    ),
    Standing.REFUSED: (
        "Not refunded",
        "The refund did not go through: the money has not gone back.",
    ),
}
_COMPLETION: Final = {
    Standing.WORKING: (
        "In progress",
        "Not decided yet: whether the amount was charged is being cleared up.",
    ),
}
_PLAIN: Final = {
    Standing.WORKING: (
        "In progress",
        "Whether it was charged is not known yet. It is being cleared up with the bank.",
    ),
}
_CHARGED: Final = ("Charged", "The pre-authorisation was completed: the amount was charged.")
_NO_SALE: Final = ("Not done", "No sale was found under what was keyed in: nothing has moved.")

_TOLD: Final = {
    Standing.VOIDED: "voided",
    Standing.REFUNDED: "refunded",
    Standing.WORKING: "",
    Standing.UNPROVED: UNPROVED,
    Standing.REFUSED: "refused",
    Standing.WITHDRAWN: WITHDRAWN,
}
_TELL: Final = {
    Standing.PARTLY: Text(
        "{part}原路退回，一般需要几个工作日，以银行为准；其余部分仍有效。",
        "{part} goes back the way you paid, mostly within a few working days; that is up to your "
        "bank. The rest of your payment stands.",
    ),
    Standing.STANDS: Text("您已付款，没有取消。", "You have paid; nothing has been cancelled."),
    Standing.NOTHING: Text("没有扣您的钱。", "You have not been charged."),
    Standing.WORKING: Text(
        "银行还没有确认这笔付款，我们正在核实。请保留小票。",
        "The bank has not confirmed this payment yet; we are clearing it up. Please keep your "
        "slip.",
    ),
    Standing.UNPROVED: Text(
        "银行还没有确认这笔款项的结果，我们正在与银行核实。请保留小票。",
        "The bank has not confirmed yet where the money is. We are clearing it up with the bank; "
        "please keep your slip.",
    ),
}
_TELL_ASIDE: Final = Text(
    "金额已在卡上冻结，没有扣款。", "The amount is set aside on your card. It is not a charge."
)


_UNDONE: Final = frozenset({Standing.VOIDED, Standing.REFUNDED})
_COMPLETED: Final = frozenset({Standing.REFUSED, Standing.WITHDRAWN, Standing.STANDS})
_WHERE: Final = {
    Standing.VOIDED: money.Standing.BACK,
    Standing.REFUNDED: money.Standing.BACK,
    Standing.PARTLY: money.Standing.PART_BACK,
    Standing.REFUSED: money.Standing.STANDS,
    Standing.WITHDRAWN: money.Standing.STANDS,
    Standing.STANDS: money.Standing.STANDS,
    Standing.NOTHING: money.Standing.NEVER_TAKEN,
}


def cause_of(one: Voucher) -> Cause | None:
    """Give the cause by which a void or refund is worked on, or was refused."""
    if one.standing not in {Standing.WORKING, Standing.REFUSED}:
        return None
    return CAUSES.get(one.about["confirmed"] or one.about["cause"] or "")


def sign_of(one: Voucher) -> Sign:
    """Give how it looks and reads, by what was asked for."""
    sign, standing = SIGNS[one.standing], one.standing
    if _where(one) is money.Standing.CHARGED:
        title, said = _CHARGED
    elif standing is Standing.REFUSED and one.about["sale_state"] is None:
        title, said = _NO_SALE
    else:
        title, said = _others(one).get(standing, (sign.title, sign.money))
    return replace(sign, title=title, money=said)


def _where(one: Voucher) -> money.Standing:
    """Say where the money of its sale is, as its rows and its case have it."""
    state = one.about["sale_state"]
    if state == State.COMPLETED and one.standing in _COMPLETED:
        return money.Standing.CHARGED
    if state is None and one.standing is Standing.REFUSED:
        return money.Standing.NOTHING_NAMED
    return _WHERE.get(one.standing, money.Standing.OPEN)


def _others(one: Voucher) -> dict[Standing, tuple[str, str]]:
    if one.about["sale_kind"] == "preauth" or KINDS[one.kind].money is Money.RELEASE:
        return _ASIDE
    if one.kind in REFUNDS:
        return _REFUND
    if one.kind in COMPLETIONS:
        return _COMPLETION
    return {} if one.kind in CASED else _PLAIN


def tell(one: Voucher) -> Text:
    """Give what to say to the customer: the same as where the money is, and what the cause means.

    Of a refund in part it has a place for the part.
    """
    ended, kind = _TOLD.get(one.standing), one.kind
    if kind not in CASED and one.standing in _UNDONE:
        kind = KINDS[kind].voided_by or VOIDS[0]
    if ended is not None and kind in CASED:
        named = one.about["sale_state"] is not None
        cause = cause_of(one) if named else CAUSES["original_not_found"]
        return tell_customer(cause, kind, ended, _where(one))
    if one.standing is Standing.STANDS and one.row["kind"] == "preauth":
        return _TELL_ASIDE
    return _TELL.get(one.standing, _TELL[Standing.STANDS])
