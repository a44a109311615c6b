"""What the printable proof calls things, in both languages: states, accounts, sides."""

from collections.abc import Mapping
from typing import Any, Final

from annul.domain.ledger import (
    BANK,
    CHARGEBACK,
    CLEARING_DIFFERENCE,
    FEE_INCOME,
    ISSUER_RECEIVABLE,
    MERCHANT_AVAILABLE,
    MERCHANT_FROZEN,
    MERCHANT_IN_PAYOUT,
    MERCHANT_PENDING,
    MERCHANT_RESERVE,
    SCHEME_COST,
    SCHEME_PAYABLE,
    SUSPENSE,
    PostingKind,
)
from annul.domain.standing import Standing, standing
from annul.domain.states import State
from annul.domain.text import Text

from .case import RESOLVER

STATES: Final[Mapping[str, Text]] = {
    State.RECEIVED: Text("已收到", "received"),
    State.SENT: Text("已发出", "sent"),
    State.APPROVED: Text("成功", "approved"),
    State.DECLINED: Text("未成功", "declined"),
    State.UNKNOWN: Text("结果未知", "outcome not known"),
    State.REVERSING: Text("冲正中", "being reversed"),
    State.REVERSED: Text("已冲正", "reversed"),
    State.VOIDED: Text("已撤销", "voided"),
    State.PARTLY_REFUNDED: Text("部分退货", "refunded in part"),
    State.REFUNDED: Text("已退货", "refunded"),
    State.COMPLETED: Text("已完成", "completed"),
    State.DISPUTED: Text("有争议", "disputed"),
}
ACCOUNTS: Final[Mapping[str, Text]] = {
    ISSUER_RECEIVABLE: Text("应收发卡行", "due from issuer"),
    MERCHANT_PENDING: Text("商户在途", "merchant, pending"),
    MERCHANT_AVAILABLE: Text("商户可用", "merchant, available"),
    MERCHANT_IN_PAYOUT: Text("商户在途付款", "merchant, on its way"),
    MERCHANT_FROZEN: Text("商户冻结", "merchant, frozen"),
    MERCHANT_RESERVE: Text("商户准备金", "merchant, held back"),
    BANK: Text("银行存款", "bank"),
    FEE_INCOME: Text("手续费收入", "fee income"),
    SCHEME_COST: Text("卡组织手续费", "scheme fee"),
    SCHEME_PAYABLE: Text("应付卡组织", "due to scheme"),
    SUSPENSE: Text("暂挂", "suspense"),
    CHARGEBACK: Text("拒付暂扣", "held for chargebacks"),
    CLEARING_DIFFERENCE: Text("清算差额", "clearing differences"),
}
POSTINGS: Final[Mapping[str, Text]] = {
    PostingKind.APPROVAL: Text("交易成功", "approved"),
    PostingKind.REVERSAL: Text("冲正", "reversed"),
    PostingKind.ADJUSTMENT: Text("人工结论", "concluded by hand"),
    PostingKind.SETTLEMENT: Text("结算", "settled"),
    PostingKind.PAYOUT: Text("划付", "paid out"),
    PostingKind.PAID: Text("到账", "booked by the bank"),
    PostingKind.PAYOUT_RETURN: Text("付款退回", "came back"),
    PostingKind.RESERVE: Text("留存准备金", "held back"),
    PostingKind.RESERVE_RELEASE: Text("准备金转回", "given free"),
    PostingKind.CORRECTION: Text("更正", "corrected"),
    PostingKind.CHARGEBACK: Text("拒付", "charged back"),
    PostingKind.CLEARING: Text("对账调整", "follows the clearing file"),
    PostingKind.BREAK: Text("清算差异暂挂", "a break, into suspense"),
    PostingKind.BREAK_END: Text("清算差异转销", "a break, out of suspense"),
    PostingKind.TOLERANCE: Text("容差内差额入账", "a difference, accepted by a rule"),
    PostingKind.TOLERANCE_END: Text("容差内差额冲回", "a difference, accepted no longer"),
    PostingKind.CHARGEBACK_HOLD: Text("拒付暂扣", "held for a chargeback"),
    PostingKind.CHARGEBACK_RETURN: Text("拒付暂扣退还", "back from a chargeback"),
    PostingKind.CHARGEBACK_END: Text("拒付款转付发卡行", "chargeback, to the issuer"),
    PostingKind.FREEZE: Text("冻结", "held"),
    PostingKind.RELEASE: Text("解冻", "released"),
}
SIDES: Final[Mapping[str, Text]] = {
    "terminal_in": Text("终端→收单", "terminal to acquirer"),
    "terminal_out": Text("收单→终端", "acquirer to terminal"),
    "issuer_out": Text("收单→发卡行", "acquirer to issuer"),
    "issuer_in": Text("发卡行→收单", "issuer to acquirer"),
}
# What clearing files and people prove of a transaction.
PROVES: Final[Mapping[str, Text]] = {
    "done": Text("已成功", "it was done"),
    "not_done": Text("未成功", "it was not done"),
    "denied": Text("与发卡行的应答不符", "not as the issuer had answered"),
}
# What people write for each other: it explains nothing to others, and names those who work here.
NOTES: Final = frozenset({"note", "take", "hand-back", "taken", "handed_back"})
_STAFF: Final = Text("收单机构", "the acquirer")
_BY_ITSELF: Final = Text("系统", "annul")


def standing_in(whole: Mapping[str, Any]) -> Standing:
    """Say where the money of a case is, by the rows that were read with it."""
    case, rows = whole["case"], whole["transactions"]
    sale = case["original_id"] and str(case["original_id"])
    of = next((State(one["state"]) for one in rows if one["id"] == sale), None)
    return standing(of, (State(one["state"]) for one in rows if one["id"] != sale))


def who(name: str, *, names: bool) -> Text:
    """Say who did something: the system, or somebody of the acquirer, by name if wanted."""
    if name == RESOLVER:
        return _BY_ITSELF
    return Text(name, name) if names else _STAFF


def spoken(table: Mapping[str, Text], name: str) -> Text:
    """Give a name of a table, as it is when the table is older than what it reads."""
    return table.get(name, Text(name, name))
