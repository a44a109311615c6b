"""What a customer is told of a case: how it stands, then what its cause means to a customer.

Where the money is comes from the rows of the original and all that refers to it
(`annul.domain.standing`); a cause's own words never speak of it.
"""

from collections.abc import Mapping
from typing import Final

from annul.diagnose.causes import CAUSES, Cause
from annul.domain.kinds import COMPLETIONS, KINDS, REFUNDS, Money
from annul.domain.standing import Standing
from annul.domain.text import Text

from .case import UNPROVED

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
_NOT_NAMED: Final = Text("账目没有变动。", "On your card nothing has changed.")
_NOT_CHARGED: Final = Text("您没有被扣款。", "You have not been charged.")
_BEFORE: Final = Text(
    "这笔款项此前已原路退回，到账时间以银行为准。",
    "What was charged goes back the way you paid; when it shows is up to your bank.",
)
_PART: Final = Text(
    "这笔消费已部分原路退回，其余部分仍有效。",
    "A part goes back the way you paid; the rest of your payment stands.",
)
_CHARGED: Final = Text(
    "预授权已完成，款项已从卡上扣除。", "What was set aside on your card has been charged."
)
# Keys: what is open, how it ended, or (no text of its own) where the money is.
_OF_VOID: Final[Mapping[str, Text]] = {
    Standing.NOTHING_NAMED: _NOT_NAMED,
    Standing.NEVER_TAKEN: _NOT_CHARGED,
    Standing.BACK: _BEFORE,
    Standing.PART_BACK: _PART,
    Standing.CHARGED: _CHARGED,
    "": Text(
        "撤销还在办理，有结果之前原消费仍然有效。请保留小票。",
        "The cancellation is being dealt with; until it is settled your payment stands. Please "
        "keep your slip.",
    ),
    "voided": _VOIDED,
    "refunded": _REFUNDED,
    Standing.STANDS: Text(
        "撤销未成功，原消费仍有效，款项未退。",
        "The payment could not be cancelled: it stands, and nothing has been paid back.",
    ),
    WITHDRAWN: Text(
        "撤销已按要求取消，原消费有效。", "The cancellation was called off, so your payment stands."
    ),
    UNPROVED: _UNPROVED,
}
_OF_RELEASE: Final[Mapping[str, Text]] = _OF_VOID | {
    Standing.BACK: Text(
        "这笔预授权此前已撤销，没有扣款；冻结金额由银行解除，时间以银行为准。",
        "The pre-authorisation was cancelled before and nothing is charged. When the amount shows "
        "as free again is up to your bank.",
    ),
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
    Standing.STANDS: Text(
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
_OF_REFUND: Final[Mapping[str, Text]] = _OF_VOID | {
    "": Text(
        "退货还在办理，有结果之前款项按未退计算。请保留小票。",
        "The refund is being dealt with; until it is settled this money counts as not paid back. "
        "Please keep your slip.",
    ),
    "refunded": Text(
        "退货成功，款项原路退回，一般需要几个工作日，以银行为准。",
        "The refund went through: the money goes back the way you paid. That mostly takes a few "
        "working days and is up to your bank.",
    ),
    Standing.STANDS: Text(
        "退货未成功，这笔款项未退。",
        "The refund could not be made: this money has not been paid back.",
    ),
}
_OF_COMPLETION: Final[Mapping[str, Text]] = _OF_VOID | {
    Standing.BACK: Text(
        "预授权已撤销，没有扣款；冻结金额由银行解除，时间以银行为准。",
        "The pre-authorisation is cancelled and nothing is charged. When the amount shows as free "
        "again is up to your bank.",
    ),
    "": Text(
        "预授权完成还在办理，有结果之前是否扣款尚未确定。请保留小票。",
        "The charge of what is set aside on your card is being dealt with; whether it was made is "
        "not known yet. Please keep your slip.",
    ),
    Standing.STANDS: Text(
        "预授权没有完成，没有扣款；冻结金额到期自动解除。",
        "Nothing was charged. What is set aside on your card is free again when it lapses.",
    ),
}
# What a cause says is only true where the money is so.
_TRUE_OF: Final[Mapping[str, frozenset[Standing]]] = {
    "original_not_found": frozenset({Standing.NOTHING_NAMED}),
    "original_declined": frozenset({Standing.NEVER_TAKEN}),
    "already_undone": frozenset({Standing.BACK, Standing.PART_BACK}),
}
_ANOTHER_WAY: Final = Text(
    "目前不能这样办理，请与商户商量其他办法。",
    "It cannot be done this way; the shop may know another.",
)
_NOT_OF_VOIDS: Final[Mapping[str, Text]] = {
    cause.name: _ANOTHER_WAY for cause in CAUSES.values() if cause.patience == "day"
}


def stands(kind: str, ended: str, where: Standing) -> Text:
    """Say where a customer's money is; `ended` as of a case (empty: open), or `WITHDRAWN`."""
    texts = _of(kind)
    if not ended:
        return texts[""]
    if ended == UNPROVED or where is Standing.OPEN:
        return texts[UNPROVED]
    # What it ended as is said while the rows still have it so.
    said = {"voided": Standing.BACK, "refunded": Standing.BACK, WITHDRAWN: Standing.STANDS}
    return texts[ended if said.get(ended) is where and ended in texts else where]


def _of(kind: str) -> Mapping[str, Text]:
    if kind in COMPLETIONS:
        return _OF_COMPLETION
    if kind in REFUNDS:
        return _OF_REFUND
    return _OF_RELEASE if KINDS[kind].money is Money.RELEASE else _OF_VOID


def tell_customer(cause: Cause | None, kind: str, ended: str, where: Standing) -> Text:
    """Give what to say to a customer: where the money is, and what the cause means to them.

    `cause` is the confirmed or most probable one of the case, `kind` what was asked for, `ended`
    as the case has it, `where` the money of the original.
    """
    said = stands(kind, ended, where)
    if cause is None or ended not in {"", "refused"} or where is Standing.CHARGED:
        return said
    if where not in _TRUE_OF.get(cause.name, {where}):
        return said
    if cause.patience == "proof" and not ended:
        return said  # while it is open nothing is proved
    means = cause.customer
    if KINDS[kind].money is not Money.BACK or kind in REFUNDS:
        means = _NOT_OF_VOIDS.get(cause.name, means)
    return Text(f"{said.zh}{means.zh}", f"{said.en} {means.en}")
