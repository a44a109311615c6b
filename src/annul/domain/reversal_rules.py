"""What a reversal (0400) finds, and what it is answered. Repeating it never has a second effect.

Source: UnionPay-style POS rules: 00, 25 and 12 all end a reversal at the terminal. Any other code
would be answered by the same reversal, and no sale could be made before it.
"""

from typing import Final

from .kinds import Kind
from .records import Transaction
from .rulings import ALLOWED, Ruling, refusal
from .states import State
from .text import Text

CONCLUDED: Final = "concluded_by_hand"  # what ended it: two people, with evidence
PROVED: Final = "proved_by_clearing"  # a row of the issuer's clearing file

ALREADY: Final = Ruling(
    ok=True,
    code="00",
    name="already_reversed",
    said=Text("已冲正", "the reversal is owned already"),
    todo=Text("无需再冲正", "nothing to do"),
)


NOTHING: Final = refusal(
    "25",
    "nothing_to_reverse",
    "无可冲正的交易",
    "there is nothing to reverse",
    "冲正结束",
    "the reversal is done",
)
OTHER: Final = refusal(
    "12",
    "original_of_other_kind",
    "原交易类型不符",
    "the original is of another kind",
    "请核对",
    "check the request",
)
AMOUNT: Final = refusal(
    "64",
    "amount_differs",
    "金额与原交易不符",
    "the amount is not that of the original",
    "请核对",
    "check the request",
)
# What the terminal wants is true already: nothing of it stands.
UNDONE: Final = Ruling(
    ok=True,
    code="00",
    name="already_undone",
    said=Text("原交易已撤销或已退货", "the original was voided or refunded meanwhile"),
    todo=Text("无需冲正", "nothing to do"),
)
# The terminal goes on without it while it stands, or while a part of it was given back.
STANDS: Final = refusal(
    "12",
    "reversal_not_possible",
    "原交易已部分退货、完成、被拒付或正在撤销",
    "the original is refunded in part, completed, charged back, or being undone",
    "请核对",
    "compare both",
)

NOT_ITS_OWN: Final = refusal(
    "25",
    "reversal_of_another",
    "该凭证号属于另一张卡的交易",
    "the number is that of a transaction with another card",
    "冲正结束",
    "the reversal is done",
)

_OF_STATE: Final[dict[State, Ruling]] = {
    State.RECEIVED: ALLOWED,
    State.SENT: ALLOWED,
    State.UNKNOWN: ALLOWED,
    State.APPROVED: ALLOWED,
    State.REVERSING: ALREADY,
    State.REVERSED: ALREADY,
    State.DECLINED: NOTHING,
    State.DISPUTED: ALREADY,
    State.VOIDED: UNDONE,
    State.PARTLY_REFUNDED: STANDS,
    State.REFUNDED: UNDONE,
    State.COMPLETED: STANDS,
}


def check(
    original: Transaction | None, kind: Kind, amount: int, card_hash: bytes = b"", age_days: int = 0
) -> Ruling:
    """Rule on the reversal of a transaction of `kind` over `amount` minor units.

    `card_hash` is empty when the terminal names no card; `age_days` are those since the original.
    """
    if original is None:
        return NOTHING
    if card_hash and card_hash != original.card_hash:
        return NOT_ITS_OWN  # a number that was used again: that request never came
    if original.why == CONCLUDED or age_days > 1:
        return STANDS
    if original.kind != kind.name:
        return OTHER
    if original.amount != amount:
        return AMOUNT
    ruling = _OF_STATE[original.state]
    held = original.undone or original.charged_back
    return STANDS if ruling is ALLOWED and held else ruling
