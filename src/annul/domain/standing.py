"""Where the money of an original is: by its own state and those of all that refers to it, alone.

Why something failed says nothing of the money, so no cause has a word in it. Who shows it beside
anything else reads these states in the same snapshot as that.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from .kinds import KINDS, Money, Role
from .states import STANDING, UNFINISHED, State
from .text import Text


class Standing(StrEnum):
    """How the money of an original stands."""

    NOTHING_NAMED = "nothing_named"  # no original is known
    OPEN = "open"  # of it, or of something that refers to it, nobody knows yet
    NEVER_TAKEN = "never_taken"
    BACK = "back"
    PART_BACK = "part_back"
    STANDS = "stands"
    CHARGED = "charged"  # a pre-authorisation that was completed


_BY_STATE: Final[Mapping[State, Standing]] = {
    State.APPROVED: Standing.STANDS,
    State.DECLINED: Standing.NEVER_TAKEN,
    State.REVERSED: Standing.BACK,
    State.VOIDED: Standing.BACK,
    State.REFUNDED: Standing.BACK,
    State.PARTLY_REFUNDED: Standing.PART_BACK,
    State.COMPLETED: Standing.CHARGED,
} | dict.fromkeys(UNFINISHED, Standing.OPEN)
# What only something else can have brought about.
_BROUGHT_ABOUT: Final = frozenset(
    {State.VOIDED, State.REFUNDED, State.PARTLY_REFUNDED, State.COMPLETED}
)


def standing(original: State | None, others: Iterable[State]) -> Standing:
    """Say where the money of an original is; `others` are the states of all that refers to it.

    What counts as given back or charged while nothing is seen that has done it is open.
    """
    seen = frozenset(others)
    if seen & UNFINISHED or (original in _BROUGHT_ABOUT and not seen & STANDING):
        return Standing.OPEN
    return Standing.NOTHING_NAMED if original is None else _BY_STATE[original]


_NOTHING: Final = Text("此次请求没有动账。", "This request has moved nothing.")
_OF_VOID: Final[Mapping[Standing, Text]] = {
    Standing.NOTHING_NAMED: _NOTHING,
    Standing.OPEN: Text(
        "结果未定，发卡行尚未证实；证实之前原交易按有效计。",
        "The outcome is open: the issuer has not proved it yet. Until then the sale counts.",
    ),
    Standing.NEVER_TAKEN: Text("没有扣款，不需要退。", "No money was taken, so none is owed back."),
    Standing.BACK: Text(
        "款项已退回原卡，不会再退一次。",
        "The money goes back to the card; it will not go back twice.",
    ),
    Standing.PART_BACK: Text(
        "款项已部分退回原卡，其余部分仍有效。",
        "A part goes back to the card; the rest stands.",
    ),
    Standing.STANDS: Text(
        "原交易仍有效，钱还没有退回。", "The sale stands; nothing has been given back."
    ),
    Standing.CHARGED: Text("预授权已完成扣款。", "The pre-authorisation was charged."),
}
_OF_RELEASE: Final = _OF_VOID | {
    Standing.OPEN: Text(
        "结果未定，发卡行尚未证实；证实之前冻结金额按仍在卡上计，没有扣款。",
        "The outcome is open: the issuer has not proved it yet. Until then the amount counts as "
        "set aside on the card; it is no charge.",
    ),
    Standing.NEVER_TAKEN: Text(
        "卡上没有冻结，不需要解除。", "Nothing was set aside, so nothing is to be set free."
    ),
    Standing.BACK: Text(
        "预授权已撤销，没有扣款，冻结金额由发卡行解除。",
        "The pre-authorisation is cancelled: nothing is charged, and the issuer sets the amount "
        "free.",
    ),
    Standing.STANDS: Text(
        "预授权金额仍冻结在卡上，没有扣款。",
        "The amount stays set aside on the card; nothing is charged.",
    ),
}
_OF_REFUND: Final = _OF_VOID | {
    Standing.OPEN: Text(
        "结果未定，发卡行尚未证实；证实之前按未退计。",
        "The outcome is open: the issuer has not proved it yet. Until then it counts as not "
        "refunded.",
    ),
    Standing.STANDS: Text(
        "原交易仍有效，顾客没有收到退款。",
        "The sale stands; nothing has been refunded.",
    ),
}
_OF_COMPLETION: Final = _OF_VOID | {
    Standing.OPEN: Text(
        "结果未定，发卡行尚未证实是否扣款。",
        "The outcome is open: the issuer has not proved yet whether it was charged.",
    ),
    Standing.NEVER_TAKEN: Text(
        "卡上没有冻结，没有扣款。", "Nothing was set aside and nothing is charged."
    ),
    Standing.BACK: Text(
        "预授权已撤销或冲正，没有扣款。",
        "The pre-authorisation was cancelled or reversed; nothing is charged.",
    ),
    Standing.STANDS: Text(
        "没有扣款；卡上冻结的金额到期自动解除。",
        "Nothing was charged; what is set aside on the card is free again when it lapses.",
    ),
}
_OF: Final[Mapping[Role, Mapping[Standing, Text]]] = {
    Role.VOID: _OF_VOID,
    Role.REFUND: _OF_REFUND,
    Role.COMPLETION: _OF_COMPLETION,
}


def told(standing: Standing, kind: str) -> Text:
    """Say where the money is, in the words of what was asked for: a void, a refund, ..."""
    asked = KINDS[kind]
    assert asked.role is not None, "it is about what refers to an original"
    return (_OF_RELEASE if asked.money is Money.RELEASE else _OF[asked.role])[standing]
