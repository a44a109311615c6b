"""Breaks: where a clearing file and the books differ, why, and how one ends."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from .text import Text


class BreakKind(StrEnum):
    """How a file and the books differ."""

    STATE = "state"
    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    AMOUNT = "amount"
    TWICE = "twice"
    CURRENCY = "currency"
    FEE = "fee"
    DATE = "date"


KINDS: Final[Mapping[BreakKind, Text]] = {
    BreakKind.STATE: Text("状态不符", "state differs"),
    BreakKind.MISSING_HERE: Text("我方无此交易", "missing here"),
    BreakKind.MISSING_THERE: Text("对方无此交易", "missing at the issuer"),
    BreakKind.AMOUNT: Text("金额不符", "amount differs"),
    BreakKind.TWICE: Text("重复清算", "cleared twice"),
    BreakKind.CURRENCY: Text("币种不符", "currency differs"),
    BreakKind.FEE: Text("手续费不符", "fee differs"),
    BreakKind.DATE: Text("日期不符", "day differs"),
}


class BreakState(StrEnum):
    """How a break stands."""

    OPEN = "open"
    ASKED = "asked"  # its end waits for a second person
    RESOLVED = "resolved"
    AGREED = "agreed"  # a later file put it right
    WITHDRAWN = "withdrawn"  # its file was discarded


BREAK_STATES: Final[Mapping[BreakState, Text]] = {
    BreakState.OPEN: Text("待处理", "open"),
    BreakState.ASKED: Text("待复核", "waits for a second person"),
    BreakState.RESOLVED: Text("已处理", "resolved"),
    BreakState.AGREED: Text("后续文件已一致", "agreed by a later file"),
    BreakState.WITHDRAWN: Text("文件已作废", "its file was discarded"),
}
WAITING: Final = frozenset({BreakState.OPEN, BreakState.ASKED})


class Resolution(StrEnum):
    """How a break ends, by people."""

    THEIRS_STAND = "theirs_stand"  # the issuer is right: the merchant's account follows
    OURS_STAND = "ours_stand"  # the books are right: the issuer corrects its own
    EXPLAINED = "explained"  # nobody owes anything: it was told in another way


RESOLUTIONS: Final[Mapping[Resolution, Text]] = {
    Resolution.THEIRS_STAND: Text(
        "以发卡行为准，商户账随之调整", "the issuer is right; the merchant's account follows"
    ),
    Resolution.OURS_STAND: Text(
        "以我方为准，由发卡行更正", "our books are right; the issuer corrects its own"
    ),
    Resolution.EXPLAINED: Text("已说明，无款项往来", "explained; nobody owes anything"),
}
# The same in as few words as a cell of a table takes.
DECISIONS: Final[Mapping[Resolution, Text]] = {
    Resolution.THEIRS_STAND: Text("以发卡行为准", "issuer is right"),
    Resolution.OURS_STAND: Text("以我方为准", "our books are right"),
    Resolution.EXPLAINED: Text("已说明", "explained"),
}


class Cause(StrEnum):
    """Why a break came about, by what was seen on the wire."""

    LATE_ANSWER = "late_answer"
    REVERSAL_OPEN = "reversal_open"
    REVERSAL_REFUSED = "reversal_refused"
    REVERSAL_FOUND_NOTHING = "reversal_found_nothing"
    REVERSAL_NOT_BOOKED = "reversal_not_booked"
    DECLINED_AND_BOOKED = "declined_and_booked"
    POSSIBLY_SENT = "possibly_sent"
    REVERSED_THERE = "reversed_there"
    APPROVED_NOT_BOOKED = "approved_not_booked"
    NEVER_ARRIVED = "never_arrived"
    CONCLUDED = "concluded"
    UNKNOWN_SHOP = "unknown_shop"
    NO_REQUEST = "no_request"
    TERMINAL_AMOUNT = "terminal_amount"
    OTHER_AMOUNT = "other_amount"
    NETTED_THERE = "netted_there"
    BOOKED_TWICE = "booked_twice"
    OTHER_CURRENCY = "other_currency"
    FEE_TABLE = "fee_table"
    LATE_PRESENTED = "late_presented"


CAUSES: Final[Mapping[Cause, Text]] = {
    Cause.LATE_ANSWER: Text(
        "发卡行批准的应答迟到，我方当时已按失败处理",
        "The issuer's approval came late, after the transaction was taken for failed.",
    ),
    Cause.REVERSAL_OPEN: Text(
        "冲正尚未被发卡行确认", "Its reversal has not been acknowledged by the issuer yet."
    ),
    Cause.REVERSAL_REFUSED: Text("发卡行拒绝了冲正", "The issuer has refused its reversal."),
    Cause.REVERSAL_FOUND_NOTHING: Text(
        "冲正时发卡行称无此交易，之后却入账",
        "The issuer had nothing to reverse, and booked the transaction afterwards.",
    ),
    Cause.REVERSAL_NOT_BOOKED: Text(
        "发卡行确认了冲正，但未入账", "The issuer acknowledged the reversal and did not book it."
    ),
    Cause.DECLINED_AND_BOOKED: Text(
        "发卡行答拒绝，却入了账", "The issuer declined it, and booked it."
    ),
    Cause.POSSIBLY_SENT: Text(
        "请求可能已送达，未收到应答", "The request may have arrived; no answer came."
    ),
    Cause.REVERSED_THERE: Text(
        "发卡行冲正了我方已成功的交易", "The issuer reversed what stands here."
    ),
    Cause.APPROVED_NOT_BOOKED: Text(
        "发卡行答批准，却未入账", "The issuer approved it, and did not book it."
    ),
    Cause.NEVER_ARRIVED: Text(
        "请求未到达或未被处理", "The request never arrived, or was not processed."
    ),
    Cause.CONCLUDED: Text("两人以手工认定其结果", "Two people had concluded its outcome by hand."),
    Cause.UNKNOWN_SHOP: Text("我方无此商户", "There is no such shop here."),
    Cause.NO_REQUEST: Text("我方从未收到该请求", "No such request was ever received here."),
    Cause.TERMINAL_AMOUNT: Text(
        "终端批上送的金额与发卡行一致", "The terminal's batch has the issuer's amount."
    ),
    Cause.OTHER_AMOUNT: Text("发卡行按另一金额入账", "The issuer booked another amount."),
    Cause.NETTED_THERE: Text(
        "发卡行按扣除退货后的净额入账", "The issuer booked what was left after what went back."
    ),
    Cause.BOOKED_TWICE: Text("发卡行入账两次", "The issuer booked it twice."),
    Cause.OTHER_CURRENCY: Text("发卡行按另一币种入账", "The issuer booked it in another currency."),
    Cause.FEE_TABLE: Text(
        "发卡行或卡组织的费率与我方费率表不同",
        "The issuer or its scheme charges by another rate than the fee table has.",
    ),
    Cause.LATE_PRESENTED: Text(
        "发卡行所记日期与交易日期不符", "The issuer has another day than the transaction's."
    ),
}
# What is suggested, by cause; people decide.
SUGGESTED: Final[Mapping[Cause, Resolution]] = {
    Cause.LATE_ANSWER: Resolution.THEIRS_STAND,
    Cause.DECLINED_AND_BOOKED: Resolution.OURS_STAND,
    Cause.POSSIBLY_SENT: Resolution.THEIRS_STAND,
    Cause.REVERSAL_OPEN: Resolution.OURS_STAND,
    Cause.REVERSAL_REFUSED: Resolution.OURS_STAND,
    Cause.REVERSAL_FOUND_NOTHING: Resolution.OURS_STAND,
    Cause.REVERSAL_NOT_BOOKED: Resolution.OURS_STAND,
    Cause.REVERSED_THERE: Resolution.THEIRS_STAND,
    Cause.APPROVED_NOT_BOOKED: Resolution.OURS_STAND,
    Cause.NEVER_ARRIVED: Resolution.EXPLAINED,
    Cause.CONCLUDED: Resolution.THEIRS_STAND,
    Cause.UNKNOWN_SHOP: Resolution.OURS_STAND,
    Cause.NO_REQUEST: Resolution.OURS_STAND,
    Cause.TERMINAL_AMOUNT: Resolution.THEIRS_STAND,
    Cause.OTHER_AMOUNT: Resolution.OURS_STAND,
    Cause.NETTED_THERE: Resolution.EXPLAINED,
    Cause.BOOKED_TWICE: Resolution.OURS_STAND,
    Cause.OTHER_CURRENCY: Resolution.OURS_STAND,
    Cause.FEE_TABLE: Resolution.EXPLAINED,
    Cause.LATE_PRESENTED: Resolution.EXPLAINED,
}
