"""What a response code (field 39) means to a cashier, and what to do next, in both languages.

Source: UnionPay-style POS and interbank tables; the texts are our own. What is certain about the
money stands in the column `money`, which alone decides whether a request counts as declined.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .text import Text


class Group(StrEnum):
    """What a code means for the request."""

    APPROVED = "approved"
    RETRY = "retry"  # no approval, may be tried again
    FINAL = "final"  # no approval, trying again does not help
    OPERATOR = "operator"  # no approval, the cashier has something to do
    SYSTEM = "system"  # a fault of a system on the way


class Effect(StrEnum):
    """What a code proves about the money of the request that it answers."""

    DONE = "done"  # moved, as asked
    PART = "part"  # moved, but less than asked: field 4 of the answer says how much
    NOT_DONE = "not_done"  # the issuer's own word that nothing was booked
    UNKNOWN = "unknown"  # said instead of the issuer, or of another message: nothing is proved


@dataclass(frozen=True, slots=True)
class ResponseCode:
    """One code with the text to show and the next step."""

    code: str
    group: Group
    money: Effect
    title: Text
    advice: Text


_ADVICE: Final[Mapping[str, Text]] = {  # what to do
    "done": Text("交易已完成", "Done."),
    "part": Text(
        "核对小票金额，差额另付",
        "Check the amount on the slip; the rest is paid another way.",
    ),
    "call_issuer": Text(
        "未动账。请持卡人致电发卡行",
        "No money moved. The cardholder calls the issuer.",
    ),
    "call_acquirer": Text("未动账。请联系收单机构", "No money moved. Call the acquirer."),
    "other_card": Text(
        "未动账。请换卡或换付款方式", "No money moved. Use another card or way to pay."
    ),
    "keep_card": Text(
        "未动账。请留卡并联系收单机构",
        "No money moved. Keep the card, call the acquirer.",
    ),
    "check_card": Text("未动账。核对卡号后重试", "No money moved. Check the card and try again."),
    "check_amount": Text(
        "未动账。核对金额后重试", "No money moved. Check the amount and try again."
    ),
    "check_pin": Text("未动账。请重新输入密码", "No money moved. Enter the PIN again."),
    "check_original": Text(
        "未动账。核对原凭证号、卡号、金额和当前状态",
        "No money moved. Check the original's voucher, card, amount and state.",
    ),
    "refund": Text(
        "未撤销，原交易仍有效。请改做退货",
        "Not voided, the sale stands. Refund it instead.",
    ),
    "nothing_left": Text(
        "原交易已撤销或冲正，无需再做",
        "The original was undone before; there is nothing left to do.",
    ),
    "nothing_owed": Text("未动账。没有欠费可缴", "No money moved. There is nothing to pay."),
    "later": Text("未动账。请几分钟后再试", "No money moved. Try again in a few minutes."),
    "taken_back": Text(
        "未成交，如动账会自动冲回。请稍后再试",
        "Not done. Money that moved is taken back by itself. Try again soon.",
    ),
    "wait": Text(
        "主机会自动处理到底，款项不会丢。稍后查结果",
        "The host settles it by itself, no money is lost. Look again soon.",
    ),
    "sign_in": Text("未动账。请重新签到后再做", "No money moved. Sign in again and repeat."),
    "same": Text("勿重复提交，请查原交易结果", "Do not send it again; look up the first one."),
    "offline": Text("按脱机结果处理", "Go by the result of the card."),
}

_A, _B, _C, _D, _E = Group.APPROVED, Group.RETRY, Group.FINAL, Group.OPERATOR, Group.SYSTEM

_DONE, _PART, _NOT, _OPEN = Effect.DONE, Effect.PART, Effect.NOT_DONE, Effect.UNKNOWN

# code, group, money, advice, zh, en
_ROWS: Final[tuple[tuple[str, Group, Effect, str, str, str], ...]] = (
    ("00", _A, _DONE, "done", "交易成功", "Approved"),
    ("01", _C, _NOT, "call_issuer", "请联系发卡行", "Refer to the issuer"),
    (
        "02",
        _C,
        _NOT,
        "call_issuer",
        "请联系发卡行（特殊情况）",
        "Refer to the issuer, special case",
    ),
    ("03", _C, _NOT, "call_acquirer", "商户无效", "Merchant not valid"),
    ("04", _D, _NOT, "keep_card", "请留下此卡", "Keep the card"),
    ("05", _C, _NOT, "call_issuer", "发卡行不予承兑", "Not honoured by the issuer"),
    ("06", _E, _OPEN, "taken_back", "发卡行出错", "Error at the issuer"),
    ("07", _D, _NOT, "keep_card", "特殊情况，请留下此卡", "Special case, keep the card"),
    ("09", _B, _OPEN, "wait", "交易处理中", "Still in progress"),
    ("10", _A, _PART, "part", "仅批准部分金额", "Approved in part"),
    ("11", _A, _DONE, "done", "交易成功（贵宾）", "Approved (VIP)"),
    ("12", _C, _NOT, "check_original", "原交易不允许此操作", "The original does not allow this"),
    ("13", _B, _NOT, "check_amount", "金额无效", "Amount not valid"),
    (
        "14",
        _B,
        _NOT,
        "check_card",
        "卡号无效或与原交易不符",
        "Card not valid or not the original's",
    ),
    ("15", _C, _NOT, "other_card", "无此发卡行", "No such issuer"),
    ("19", _C, _NOT, "later", "请重做交易", "Enter the transaction anew"),
    ("20", _C, _OPEN, "taken_back", "应答无效", "The answer made no sense"),
    ("21", _C, _NOT, "other_card", "卡未启用", "Card not activated"),
    (
        "22",
        _C,
        _NOT,
        "nothing_left",
        "原交易已撤销或状态不符",
        "The original was undone or does not match",
    ),
    ("23", _C, _NOT, "call_acquirer", "手续费不被接受", "Fee not acceptable"),
    ("25", _C, _NOT, "check_original", "找不到原交易", "Original not found"),
    ("30", _C, _NOT, "call_acquirer", "报文格式有误", "Message format wrong"),
    ("31", _C, _NOT, "other_card", "不支持此银行", "Bank not supported"),
    ("33", _D, _NOT, "keep_card", "卡已过期，请留卡", "Card expired, keep the card"),
    ("34", _D, _NOT, "keep_card", "疑似欺诈，请留卡", "Suspected fraud, keep the card"),
    ("35", _D, _NOT, "keep_card", "请联系收单机构安全部门", "Call the acquirer's security"),
    ("36", _D, _NOT, "keep_card", "受限制的卡，请留卡", "Restricted card, keep the card"),
    ("37", _D, _NOT, "keep_card", "请留卡并致电安全部门", "Keep the card and call security"),
    ("38", _D, _NOT, "keep_card", "密码错误次数超限，请留卡", "Too many wrong PINs, keep the card"),
    ("39", _C, _NOT, "other_card", "无信用账户", "No credit account"),
    ("40", _C, _NOT, "refund", "发卡行不支持此交易", "The issuer does not support this"),
    ("41", _D, _NOT, "keep_card", "挂失卡，请留卡", "Lost card, keep the card"),
    ("42", _B, _NOT, "check_card", "无此账户", "No such account"),
    ("43", _D, _NOT, "keep_card", "被盗卡，请留卡", "Stolen card, keep the card"),
    ("44", _C, _NOT, "other_card", "无投资账户", "No investment account"),
    ("45", _C, _NOT, "other_card", "请插芯片，不可降级刷卡", "Use the chip; the stripe is refused"),
    ("47", _C, _NOT, "call_acquirer", "收单机构限制退货", "Refund restricted by the acquirer"),
    ("48", _C, _NOT, "call_acquirer", "超过收单机构期限", "Over the acquirer's time limit"),
    ("49", _C, _NOT, "call_acquirer", "当日不可退货", "No refund on the same day"),
    ("51", _C, _NOT, "other_card", "余额不足", "Not enough funds"),
    ("52", _C, _NOT, "other_card", "无支票账户", "No cheque account"),
    ("53", _C, _NOT, "other_card", "无储蓄账户", "No savings account"),
    ("54", _C, _NOT, "other_card", "卡已过期", "Card expired"),
    ("55", _C, _NOT, "check_pin", "密码错误", "Wrong PIN"),
    ("56", _C, _NOT, "other_card", "查无此卡", "No record of this card"),
    ("57", _C, _NOT, "call_issuer", "此卡不允许做此交易", "Not permitted with this card"),
    ("58", _C, _NOT, "call_acquirer", "此终端不允许做此交易", "Not permitted on this terminal"),
    ("59", _C, _NOT, "call_issuer", "疑似欺诈", "Suspected fraud"),
    ("60", _C, _NOT, "call_acquirer", "请联系收单机构", "Call the acquirer"),
    ("61", _C, _NOT, "check_amount", "超出金额限制", "Over the amount limit"),
    ("62", _C, _NOT, "call_issuer", "受限制的卡", "Restricted card"),
    ("63", _C, _NOT, "call_acquirer", "违反安全规定", "Security violation"),
    ("64", _C, _NOT, "check_original", "金额与原交易不符", "Amount is not the original's"),
    ("65", _C, _NOT, "call_issuer", "超出交易次数限制", "Too many transactions"),
    ("66", _C, _NOT, "call_acquirer", "请致电收单机构安全部门", "Call the acquirer's security"),
    ("67", _C, _NOT, "keep_card", "请留下此卡", "Keep the card"),
    ("68", _E, _OPEN, "wait", "发卡行应答超时", "The issuer's answer came too late"),
    ("69", _C, _NOT, "call_acquirer", "收单机构拒绝", "Declined by the acquirer"),
    ("70", _C, _NOT, "call_acquirer", "收单机构拒绝", "Declined by the acquirer"),
    ("73", _C, _NOT, "call_acquirer", "收单机构拒绝", "Declined by the acquirer"),
    ("74", _C, _NOT, "call_acquirer", "收单机构拒绝", "Declined by the acquirer"),
    ("75", _C, _NOT, "call_issuer", "密码错误次数超限", "Too many wrong PINs"),
    ("76", _C, _NOT, "call_acquirer", "收单机构拒绝", "Declined by the acquirer"),
    ("77", _D, _NOT, "sign_in", "批次不符，请重新签到", "Batch out of step, sign in again"),
    ("79", _C, _NOT, "call_acquirer", "脱机对账不平", "Offline totals do not balance"),
    ("90", _E, _NOT, "later", "系统日终处理中", "End-of-day processing"),
    ("91", _E, _OPEN, "taken_back", "发卡行暂不能处理", "The issuer cannot process this now"),
    ("92", _E, _NOT, "later", "到发卡行的线路不通", "No route to the issuer"),
    ("93", _C, _NOT, "call_acquirer", "交易违规", "Against the rules"),
    ("94", _C, _OPEN, "same", "重复交易", "Duplicate transaction"),
    ("95", _C, _NOT, "call_acquirer", "对账控制有误", "Reconciliation error"),
    ("96", _E, _OPEN, "taken_back", "系统故障", "System fault"),
    ("97", _D, _NOT, "call_acquirer", "终端未登记", "Terminal not registered"),
    ("98", _E, _OPEN, "wait", "收不到发卡行应答", "No answer from the issuer"),
    ("99", _B, _NOT, "check_pin", "密码格式错误", "PIN format wrong"),
    ("A0", _B, _NOT, "sign_in", "MAC校验失败，请重新签到", "MAC check failed, sign in again"),
    ("A1", _C, _NOT, "call_acquirer", "转账币种不一致", "Transfer currencies differ"),
    ("A2", _A, _DONE, "done", "交易成功，请留意后续通知", "Approved; a note will follow"),
    ("A3", _C, _NOT, "check_card", "入账行无此账户", "No such account at the receiving bank"),
    ("A4", _A, _DONE, "done", "交易成功，请留意后续通知", "Approved; a note will follow"),
    ("A5", _A, _DONE, "done", "交易成功，请留意后续通知", "Approved; a note will follow"),
    ("A6", _A, _DONE, "done", "交易成功，请留意后续通知", "Approved; a note will follow"),
    ("A7", _C, _NOT, "sign_in", "密钥处理失败", "Key handling failed"),
    ("A8", _C, _NOT, "call_acquirer", "缺少转入卡归属信息", "Region of the receiving card missing"),
    ("B1", _C, _NOT, "nothing_owed", "没有欠费", "Nothing is owed"),
    ("C1", _C, _NOT, "call_acquirer", "受理方状态异常", "Acquirer not open"),
    ("N1", _C, _NOT, "call_issuer", "未登折笔数超限", "Too many entries not in the passbook"),
    ("P1", _C, _NOT, "call_issuer", "未在发卡行留存手机号", "No phone number at the issuer"),
    ("Y1", _A, _OPEN, "offline", "脱机交易成功", "Approved offline"),
    ("Y3", _A, _OPEN, "offline", "无法联机，脱机成功", "Could not go online, approved offline"),
    ("Z1", _C, _NOT, "other_card", "脱机交易失败", "Declined offline"),
    ("Z3", _C, _NOT, "other_card", "无法联机，脱机失败", "Could not go online, declined offline"),
)

RESPONSE_CODES: Final[Mapping[str, ResponseCode]] = {
    code: ResponseCode(code, group, money, Text(zh, en), _ADVICE[advice])
    for code, group, money, advice, zh, en in _ROWS
}
# What an issuer books as it was asked.
APPROVED: Final = frozenset(code for code, row in RESPONSE_CODES.items() if row.money is _DONE)
# By which an issuer says that it has booked something, or all of it.
BOOKED: Final = APPROVED | {code for code, row in RESPONSE_CODES.items() if row.money is _PART}
# By which an issuer or the network says that it can not work just now.
FAULTS: Final = frozenset(code for code, row in RESPONSE_CODES.items() if row.group is _E)

# Codes that are named in more than one place of the code.
SENSELESS: Final = "20"  # of an answer that contradicts its request, or has no code of ours
NO_ORIGINAL: Final = "25"  # what it refers to is not known
NOT_REACHED: Final = "91"  # the line to the issuer is down: nothing was sent
FAULT: Final = "96"  # of this host, before anything was sent
NO_ANSWER: Final = "98"  # there may be an outcome; without field 37 a terminal asks again


def effect_of(code: str) -> Effect:
    """Say what a code proves about the money; one that no table knows proves nothing."""
    found = RESPONSE_CODES.get(code)
    return _OPEN if found is None else found.money


def describe(code: str) -> ResponseCode:
    """Give the row of a code; one that no table knows is no approval, and proves nothing."""
    found = RESPONSE_CODES.get(code)
    if found is not None:
        return found
    return ResponseCode(
        code, _C, _OPEN, Text(f"交易失败（{code}）", f"Declined ({code})"), _ADVICE["taken_back"]
    )
