"""What a reversal (0400) finds, and what it is answered. Repeating it never has a second effect.

Source: UnionPay-style POS rules: 00, 25 and 12 all end a reversal at the terminal.
"""

from typing import Final

from .kinds import Kind
from .records import Transaction
from .rulings import ALLOWED, Ruling, refusal
from .states import State

ALREADY: Final = Ruling(
    ok=True, code="00", name="already_reversed",
    zh="已冲正", en="the reversal is owned already", next_zh="无需再冲正", next_en="nothing to do",
)  # fmt: skip


NOTHING: Final = refusal(
    "25", "nothing_to_reverse", "无可冲正的交易", "there is nothing to reverse",
    "冲正结束", "the reversal is done",
)  # fmt: skip
OTHER: Final = refusal(
    "12", "original_of_other_kind", "原交易类型不符", "the original is of another kind",
    "请核对", "check the request",
)  # fmt: skip
AMOUNT: Final = refusal(
    "64", "amount_differs", "金额与原交易不符", "the amount is not that of the original",
    "请核对", "check the request",
)  # fmt: skip
UNDONE: Final = refusal(
    "22", "already_undone", "原交易已撤销或已退货", "the original was voided or refunded meanwhile",
    "无需冲正", "nothing to reverse",
)  # fmt: skip

_OF_STATE: Final[dict[State, Ruling]] = {
    State.RECEIVED: ALLOWED,
    State.SENT: ALLOWED,
    State.UNKNOWN: ALLOWED,
    State.APPROVED: ALLOWED,
    State.REVERSING: ALREADY,
    State.REVERSED: ALREADY,
    State.DECLINED: NOTHING,
    State.VOIDED: UNDONE,
    State.PARTLY_REFUNDED: UNDONE,
    State.REFUNDED: UNDONE,
    State.COMPLETED: UNDONE,
}


def check(original: Transaction | None, kind: Kind, amount: int) -> Ruling:
    """Rule on the reversal of a transaction of `kind` over `amount` minor units."""
    if original is None:
        return NOTHING
    if original.kind != kind.name:
        return OTHER
    if original.amount != amount:
        return AMOUNT
    ruling = _OF_STATE[original.state]
    return UNDONE if ruling is ALLOWED and original.undone else ruling
