"""What a customer is told of a case: how it stands, then what its cause means to a customer.

Where the money is stands in one place only, so that no two sentences can contradict each other: the
cause's own words never speak of it, unless they say all there is to say (`_WHOLE`).
"""

from collections.abc import Mapping
from typing import Final

from annul.diagnose.causes import CAUSES, Cause
from annul.domain.kinds import COMPLETIONS, KINDS, REFUNDS, Money
from annul.domain.text import Text

from .case import UNPROVED
from .requests import COMPLETED

WITHDRAWN: Final = "withdrawn"  # how a void stands that its shop has taken back

_UNPROVED: Final = Text(
    "银行还没有确认这笔款项的结果，我们正在与银行核实。请保留小票。",
    "The bank has not confirmed yet where the money is. We are clearing it up with the bank; "
    "please keep your slip.",
)
_VOIDED: Final = Text(
    "这笔消费已撤销，已扣的款项原路退回，到账时间以银行为准。",
    "Your payment is cancelled. What was charged goes back the way you paid; when it shows is up "
    "to your bank.",
)
_REFUNDED: Final = Text(
    "这笔消费已改为退货，款项原路退回，一般需要几个工作日，以银行为准。",
    "Your payment is refunded the way you paid. That mostly takes a few working days and is up to "
    "your bank.",
)
_OF_VOID: Final[Mapping[str, Text]] = {
    "": Text(
        "撤销还在办理，有结果之前原消费仍然有效。请保留小票。",
        "The cancellation is being dealt with; until it is settled your payment stands. Please "
        "keep your slip.",
    ),
    "voided": _VOIDED,
    "refunded": _REFUNDED,
    "refused": Text(
        "撤销未成功，原消费仍有效，款项未退。",
        "The payment could not be cancelled: it stands, and nothing has been paid back.",
    ),
    WITHDRAWN: Text(
        "撤销已按要求取消，原消费有效。", "The cancellation was called off, so your payment stands."
    ),
    UNPROVED: _UNPROVED,
}
_OF_RELEASE: Final[Mapping[str, Text]] = {
    "": Text(
        "预授权撤销还在办理，有结果之前冻结金额仍在卡上，没有扣款。请保留小票。",
        "The release is being dealt with; until it is settled the amount stays set aside on your "
        "card. It is not a charge. Please keep your slip.",
    ),
    "voided": Text(
        "预授权已撤销，没有扣款；冻结金额由银行解除，时间以银行为准。",
        "The pre-authorisation is cancelled and nothing is charged. When the amount shows as free "
        "again is up to your bank.",
    ),
    "refunded": _REFUNDED,
    "refused": Text(
        "预授权撤销未成功，冻结金额仍在卡上，没有扣款；到期自动解除。",
        "The pre-authorisation could not be cancelled: the amount stays set aside on your card, is "
        "not a charge, and is free again when it lapses.",
    ),
    WITHDRAWN: Text(
        "撤销已按要求取消，预授权有效，冻结金额仍在卡上。",
        "The cancellation was called off: the pre-authorisation stands, and the amount stays set "
        "aside on your card.",
    ),
    UNPROVED: Text(
        "银行还没有确认冻结金额是否已解除，我们正在与银行核实。请保留小票。",
        "The bank has not confirmed yet whether the amount is free again. We are clearing it up "
        "with the bank; please keep your slip.",
    ),
}
_OF_REFUND: Final[Mapping[str, Text]] = {
    "": Text(
        "退货还在办理，有结果之前款项按未退计算。请保留小票。",
        "The refund is being dealt with; until it is settled this money counts as not paid back. "
        "Please keep your slip.",
    ),
    "voided": _VOIDED,
    "refunded": Text(
        "退货成功，款项原路退回，一般需要几个工作日，以银行为准。",
        "The refund went through: the money goes back the way you paid. That mostly takes a few "
        "working days and is up to your bank.",
    ),
    "refused": Text(
        "退货未成功，这笔款项未退。",
        "The refund could not be made: this money has not been paid back.",
    ),
    UNPROVED: _UNPROVED,
}
_OF_COMPLETION: Final[Mapping[str, Text]] = {
    "": Text(
        "预授权完成还在办理，有结果之前是否扣款尚未确定。请保留小票。",
        "The charge of what is set aside on your card is being dealt with; whether it was made is "
        "not known yet. Please keep your slip.",
    ),
    "refused": Text(
        "预授权没有完成，没有扣款；冻结金额到期自动解除。",
        "Nothing was charged. What is set aside on your card is free again when it lapses.",
    ),
    COMPLETED: Text(
        "预授权已完成，款项已从卡上扣除。", "What was set aside on your card has been charged."
    ),
    UNPROVED: _UNPROVED,
}
# Causes that say all there is to say, once a case has ended by them.
_WHOLE: Final = frozenset(cause.name for cause in CAUSES.values() if cause.patience == "proof")
_ANOTHER_WAY: Final = Text(
    "目前不能这样办理，请与商户商量其他办法。",
    "It cannot be done this way; the shop may know another.",
)
_NOT_OF_VOIDS: Final[Mapping[str, Text]] = {
    cause.name: _ANOTHER_WAY for cause in CAUSES.values() if cause.patience == "day"
}


def standing(kind: str, ended: str, step: str = "") -> Text:
    """Say where a customer's money is; `ended` as of a case (empty: open), or `WITHDRAWN`."""
    if kind in COMPLETIONS:
        how = COMPLETED if step == COMPLETED else ended
        return _OF_COMPLETION.get(how, _OF_COMPLETION["refused"])
    if kind in REFUNDS:
        return _OF_REFUND.get(ended, _OF_REFUND["refused"])
    return (_OF_RELEASE if KINDS[kind].money is Money.RELEASE else _OF_VOID)[ended]


def tell_customer(cause: Cause | None, kind: str, ended: str = "", step: str = "") -> Text:
    """Give what to say to a customer: where the money is, and what the cause means to them.

    `cause` is the confirmed or most probable one of the case, `kind` what was asked for, `ended`
    and `step` as the case has them.
    """
    stands = standing(kind, ended, step)
    if cause is None or ended not in {"", "refused"} or step == COMPLETED:
        return stands
    if cause.name in _WHOLE:
        return cause.customer if ended else stands  # while it is open nothing is proved
    said = cause.customer
    if KINDS[kind].money is not Money.BACK or kind in REFUNDS:
        said = _NOT_OF_VOIDS.get(cause.name, said)
    return Text(f"{stands.zh}{said.zh}", f"{stands.en} {said.en}")
