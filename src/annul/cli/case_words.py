"""What `annul cases`, `annul case` and `annul promise` call things, in both languages."""

from collections.abc import Mapping
from typing import Final

from annul.diagnose.causes import CAUSES
from annul.domain.incidents import INCIDENTS

LABELS: Final = {
    "number": ("案件号", "case"),
    "state": ("状态", "state"),
    "amount": ("金额", "amount"),
    "card": ("卡号", "card"),
    "cause": ("原因", "cause"),
    "step": ("当前步骤", "now"),
    "opened": ("立案", "opened"),
    "due": ("处理时限", "due by"),
    "first_due": ("最初时限", "first due by"),
    "task": ("转人工处理", "needs manual action"),
    "money": ("资金", "money"),
    "next": ("下一步", "next"),
    "again": ("下次自动处理", "next automatic check"),
    "allowed": ("可做的操作", "what may be done"),
    "whole": ("日志完整", "log intact"),
    "broken": ("日志第{}条被改动", "the log was changed at line {}"),
    "likely": ("可能的原交易", "the likely original"),
    "waits": ("等待第二人复核", "awaiting second approval"),
}
PROMISE: Final = {
    "cases": ("立案", "cases"),
    "open": ("处理中", "open"),
    "voided": ("已撤销", "voided"),
    "refunded": ("已改为退货", "refunded instead"),
    "refused": ("未撤销", "not voided"),
    "unproved": ("结果待证", "outcome unproved"),
    "in_time": ("按时结案", "closed on time"),
    "late": ("超时", "late"),
    "late_by_cause": ("按当前原因超时", "late by the current cause"),
    "asked": ("转人工处理", "needs manual action"),
    "oldest_s": ("最久(秒)", "oldest (s)"),
    "in_question": ("款项待证", "money in question"),
}
# What a case is doing, and what stands in its history, by the name that is stored.
STEPS: Final[Mapping[str, tuple[str, str]]] = {
    "": ("处理中", "in progress"),
    "opened": ("立案", "opened"),
    "diagnosed": ("判断原因", "cause found"),
    "await_outcome": ("等待在途结果", "waiting for an outcome"),
    "await_original": ("等待原交易结果", "waiting for the original"),
    "probe": ("探测发卡行", "asking the issuer for a sign of life"),
    "second_look": ("再看一次", "looking once more"),
    "back_off": ("稍候再试", "waiting to try again"),
    "retry": ("重试撤销", "trying again"),
    "other_route": ("换线路撤销", "trying another route"),
    "wait_window": ("等维护结束", "waiting for a window"),
    "wait_health": ("等发卡行恢复", "waiting for the issuer"),
    "wait_rule": ("等规则允许", "waiting for a rule"),
    "wait_funds": ("等余额足够", "waiting for funds"),
    "wait_cut_over": ("等日切后退货", "refund after cut-over"),
    "wait_terminal": ("等待终端", "waiting for the terminal"),
    "wait_set_up": ("等设置更正", "waiting for the set-up"),
    "not_allowed": ("等规则允许", "waiting for a rule"),
    "ask_sign_in": ("要求重新签到", "sign-in asked for"),
    "ask_parameters": ("要求下载参数", "parameters asked for"),
    "ask_update": ("要求更新软件", "update asked for"),
    "ask_person": ("转人工处理", "needs manual action"),
    "ask_shop": ("请商户选择", "the shop decides"),
    "held": ("人工处理中", "handled by a person"),
    "refund": ("改为退货", "refunding instead"),
    "order_dropped": ("要求无法执行", "order dropped"),
    "turned_back": ("迟到批准已冲回", "late approval taken back"),
    "late": ("已超时限", "overdue"),
    "proven": ("原因已证实", "cause proved"),
    "ended_voided": ("结案：已撤销", "closed: voided"),
    "ended_refunded": ("结案：已退货", "closed: refunded"),
    "ended_refused": ("结案：未成功", "closed: not done"),
    "ended_completed": ("结案：已完成", "closed: completed"),
    "ended_unproved": ("结果待证", "outcome unproved"),
    "proposed": ("提交复核", "proposed"),
    "note": ("备注", "note"),
    "look": ("立即处理", "checked now"),
    "close": ("人工结案", "closed by a person"),
    "reject": ("复核驳回", "rejected"),
    "withdraw": ("撤回撤销", "void withdrawn"),
    "confirm-cause": ("确认原因", "cause confirmed"),
    "take": ("接手", "taken"),
    "hand-back": ("交回", "handed back"),
    "recall": ("撤回申请", "proposal withdrawn"),
}


def step(name: str, at: int) -> str:
    """Say a step in words; one that no table has is said as it is."""
    return STEPS.get(name, (name, name.replace("_", " ").replace("-", " ")))[at]


def task(name: str, at: int) -> str:
    """Say what is asked of people: a kind of incident, a cause, a step, or as it is."""
    if name in CAUSES:
        return CAUSES[name].title[at]
    found = INCIDENTS.get(name) or INCIDENTS.get(f"case_{name}")
    return found.title[at] if found else step(name, at)
