"""Why something is reversed: the terminal's two characters and the interbank four digits.

Source: UnionPay-style POS field 39 of a 0400, and interbank reversal reason codes.
"""

from typing import Final

TIMED_OUT: Final = "4354"
LATE_ANSWER: Final = "4353"
BAD_MAC: Final = "4355"

# code -> what it says, zh and en
REASONS: Final[dict[str, tuple[str, str]]] = {
    "4003": ("报文格式有误", "the message was malformed"),
    "4004": ("只完成了一部分", "only a part was completed"),
    "4005": ("原交易金额不符", "the original amount was wrong"),
    "4006": ("应答来得太迟", "the answer came too late"),
    "4007": ("终端无法完成交易", "the terminal could not finish"),
    "4013": ("应答送不到终端", "the answer could not be delivered to the terminal"),
    "4014": ("疑似故障，卡被留下", "suspected fault, card kept"),
    "4015": ("疑似故障，卡已退还", "suspected fault, card given back"),
    "4017": ("疑似故障，未出钞", "suspected fault, no cash given"),
    "4020": ("应答内容无效", "the answer made no sense"),
    "4021": ("等待应答超时", "no answer within the time limit"),
    "4351": ("终端要求全额冲正", "the terminal reverses the full amount"),
    "4352": ("终端要求部分冲正", "the terminal reverses a part"),
    "4353": ("收单机构收到迟到的应答", "the acquirer received a late answer"),
    "4354": ("收单机构等待超时", "the acquirer's time ran out"),
    "4355": ("收单机构验证应答MAC失败", "the acquirer found a wrong MAC in the answer"),
    "4356": ("收单机构无法向终端下达指令", "the acquirer could not command the terminal"),
    "4360": ("转接中心收到迟到的应答", "the switch received a late answer"),
    "4361": ("转接中心等待发卡行超时", "the switch's time for the issuer ran out"),
    "4362": ("转接中心验证发卡行MAC失败", "the switch found a wrong MAC from the issuer"),
    "4363": ("转接中心无法转发应答", "the switch could not pass the answer on"),
    "4364": ("转接中心无法转给转入方", "the switch could not reach the receiving party"),
    "4365": ("出钞模块钞票用尽", "the dispenser ran out of notes"),
    "4366": ("转入方拒绝", "the receiving party refused"),
}

# Field 39 of a terminal's reversal: no answer, wrong MAC, system fault, anything else.
_OF_TERMINAL: Final = {"98": "4021", "A0": "4355", "96": "4007", "06": "4351"}


def interbank_reason(terminal_reason: str) -> str:
    """Give the interbank reason for what a terminal states in field 39 of its reversal."""
    return _OF_TERMINAL.get(terminal_reason, "4351")
