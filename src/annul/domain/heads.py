"""Incidents as people know them: what a head is about, what happens to it, who may do what. Pure.

Each kind of what is raised (`INCIDENTS`) says in `head_kinds.py` by what it is gathered. One head
is open for each scope, member and merchant; what is about one customer's mistake or one shop's
terminal is gathered by these and joins no outage.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from .alarm_streams import Scope, Stream
from .incident import Severity
from .text import Text


class HeadScope(StrEnum):
    """What an incident is about; `member` says which one of these."""

    ISSUER = "issuer"  # its health, by which all fails alike: heals by itself
    ANSWERS = "answers"  # what an issuer said, or its rules: people clear it up
    TERMINAL = "terminal"
    MERCHANT = "merchant"
    CASE = "case"  # one customer's matter
    PROCESS = "process"
    SYSTEM = "system"  # a fault of annul's own
    BOOKS = "books"  # what contradicts, by its kind
    BANK = "bank"
    FILE = "file"
    WEBHOOK = "webhook"
    CHANNEL = "channel"  # of notices
    ACCESS = "access"
    STREAM = "stream"  # of transactions, as an alarm names it
    RESOURCE = "resource"  # what the installation has only so much of
    PICKED = "picked"  # by people, out of another one; nothing joins it by itself

    @property
    def text(self) -> Text:
        """Its name for people."""
        return _SCOPES[self]


_SCOPES: Final[Mapping[HeadScope, Text]] = {
    HeadScope.ISSUER: Text("发卡行", "issuer"),
    HeadScope.ANSWERS: Text("发卡行应答", "answers of an issuer"),
    HeadScope.TERMINAL: Text("终端", "terminal"),
    HeadScope.MERCHANT: Text("商户", "merchant"),
    HeadScope.CASE: Text("案件", "case"),
    HeadScope.PROCESS: Text("主机进程", "process"),
    HeadScope.SYSTEM: Text("本系统", "annul itself"),
    HeadScope.BOOKS: Text("账簿", "books"),
    HeadScope.BANK: Text("付款银行", "bank"),
    HeadScope.FILE: Text("文件", "file"),
    HeadScope.WEBHOOK: Text("网络回调", "webhook"),
    HeadScope.CHANNEL: Text("通知渠道", "channel of notices"),
    HeadScope.ACCESS: Text("登录安全", "sign-in"),
    HeadScope.STREAM: Text("交易流", "stream of transactions"),
    HeadScope.RESOURCE: Text("资源", "resource"),
    HeadScope.PICKED: Text("人工拆出", "split off by hand"),
}
_OF_MERCHANT: Final = frozenset(
    {HeadScope.TERMINAL, HeadScope.MERCHANT, HeadScope.CASE, HeadScope.WEBHOOK}
)


class By(StrEnum):
    """From what of a raised row its member is taken."""

    ISSUER = "issuer"  # of its transaction or case, else as it says
    TERMINAL = "terminal"  # as it says, else the first word of the subject
    MERCHANT = "merchant"  # the row's, else the subject
    CAUSE = "cause"  # of its case: `OF_CAUSE` says by what
    SUBJECT = "subject"
    PROCESS = "process"  # the first word of the subject
    KIND = "kind"
    WEBHOOK = "webhook"
    STREAM = "stream"  # of the stream of transactions that it names: its issuer, its merchant
    ONE = "one"  # there is just one


class Ends(StrEnum):
    """What closes a raised row."""

    ITSELF = "itself"  # annul sees that it is over
    PEOPLE = "people"  # nothing closes it but the people who close its head


@dataclass(frozen=True, slots=True)
class Gathering:
    """How a kind is gathered. `outage`: while one is open its issuer's cards have trouble."""

    scope: HeadScope
    by: By
    ends: Ends = Ends.ITSELF
    outage: bool = False


class RaisedRow(NamedTuple):
    """What is known of a row of `incidents`; issuer, terminal, cause of its transaction or case."""

    kind: str
    merchant_id: str
    subject: str
    params: Mapping[str, Any]
    issuer: str = ""
    terminal: str = ""
    cause: str = ""


class Place(NamedTuple):
    """Under which head a row belongs. `merchant_id` is empty unless it is about one merchant."""

    scope: HeadScope
    member: str
    merchant_id: str = ""


# By what that is gathered which a case's cause explains. Whom an issuer's rule meets is one by one
# a matter of that issuer's answers; what makes all fail alike is its health.
_ISSUER: Final = Gathering(HeadScope.ISSUER, By.ISSUER)
_ANSWERS: Final = Gathering(HeadScope.ANSWERS, By.ISSUER)
_CASE: Final = Gathering(HeadScope.CASE, By.SUBJECT)
_MERCHANT: Final = Gathering(HeadScope.MERCHANT, By.MERCHANT)
_TERMINAL: Final = Gathering(HeadScope.TERMINAL, By.TERMINAL)
OF_CAUSE: Final[Mapping[str, Gathering]] = {
    "original_unfinished": _ISSUER,
    "original_declined": _CASE,
    "original_not_found": _CASE,
    "original_mismatch": _CASE,
    "already_undone": _CASE,
    "already_settled": _CASE,
    "merchant_balance_low": _MERCHANT,
    "funds_frozen": _MERCHANT,
    "funds_not_arrived": _MERCHANT,
    "terminal_link": _TERMINAL,
    "issuer_link": _ISSUER,
    "timeout": _ISSUER,
    "late_answer": _ISSUER,
    "issuer_maintenance": _ISSUER,
    "end_of_day": _ISSUER,
    "issuer_down": _ISSUER,
    "issuer_limit_amount": _ANSWERS,
    "issuer_limit_count": _ANSWERS,
    "repeated_too_soon": _ANSWERS,
    "outside_void_window": _ANSWERS,
    "policy_changed": _ANSWERS,
    "issuer_unsupported": _ANSWERS,
    "risk_refusal": _CASE,
    "card_problem": _CASE,
    "terminal_misconfigured": _TERMINAL,
    "terminal_outdated": _TERMINAL,
    "keys_out_of_step": _TERMINAL,
    "not_registered": _TERMINAL,
    "acquirer_fault": Gathering(HeadScope.SYSTEM, By.ONE),
    "issuer_error": _ANSWERS,
    "unknown": _ISSUER,
}


def place_of(row: RaisedRow, how: Gathering) -> Place:
    """Say under which head a row belongs; what names no member goes by its subject."""
    if how.by is By.CAUSE:
        how = OF_CAUSE.get(row.cause, _ISSUER)
    if how.by is By.STREAM:
        return _of_stream(row)
    member = _member(row, how.by)
    if not member:
        return Place(HeadScope.CASE, row.subject, row.merchant_id)
    merchant = row.merchant_id if how.scope in _OF_MERCHANT else ""
    if how.scope is HeadScope.MERCHANT:
        merchant = "" if not row.merchant_id else member
    return Place(how.scope, member, merchant)


def _of_stream(row: RaisedRow) -> Place:
    scope, _, member = row.subject.partition(" ")
    stream = Stream(Scope(scope), member)
    if stream.issuer_id:
        return Place(HeadScope.ISSUER, stream.issuer_id)
    if stream.scope is Scope.MERCHANT:
        return Place(HeadScope.MERCHANT, member, row.merchant_id)
    return Place(HeadScope.STREAM, row.subject)


def _member(row: RaisedRow, by: By) -> str:
    first = row.subject.partition(" ")[0]
    said: Mapping[By, str] = {
        By.ISSUER: row.issuer or str(row.params.get("issuer") or ""),
        By.TERMINAL: row.terminal or str(row.params.get("terminal") or "") or first,
        By.MERCHANT: row.merchant_id or first,
        By.SUBJECT: row.subject,
        By.PROCESS: first,
        By.KIND: row.kind,
        By.WEBHOOK: str(row.params.get("webhook") or row.subject),
        By.ONE: "annul",
    }
    return said.get(by, "")


def higher(one: str, other: str) -> str:
    """Give the graver of two severities."""
    order = list(Severity)
    return min(Severity(one), Severity(other), key=order.index).value


# What happens -----------------------------------------------------------------------------------


class EventKind(StrEnum):
    """What stands in a timeline."""

    OPENED = "opened"
    JOINED = "joined"
    SEVERITY_ROSE = "severity_rose"
    ACKNOWLEDGED = "acknowledged"
    OWNER_CHANGED = "owner_changed"
    CAUSE_NAMED = "cause_named"
    WINDOW_KNOWN = "window_known"
    DOWN = "down"
    UP = "up"
    NOTE = "note"
    TOLD = "told"
    ESCALATED = "escalated"
    QUIET = "quiet"
    CLOSED = "closed"
    REOPENED = "reopened"
    MERGED = "merged"
    SPLIT = "split"
    LEARNT = "learnt"
    PLAYBOOK_STARTED = "playbook_started"
    PLAYBOOK_STEP = "playbook_step"
    PLAYBOOK_TOLD = "playbook_told"
    PLAYBOOK_ENDED = "playbook_ended"


@dataclass(frozen=True, slots=True)
class EventText:
    """How an event is told: `text` has places for `params`, each named with what it holds.

    `{kind}`, `{cause}`, `{severity}` are told by their names, `{ends_at}` as a time.
    """

    text: Text
    params: tuple[str, ...] = ()


EVENTS: Final[Mapping[EventKind, EventText]] = {
    EventKind.OPENED: EventText(
        Text("发生：{kind}（{count}项）", "Opened: {kind} ({count})"), ("kind", "count")
    ),
    EventKind.JOINED: EventText(
        Text("又有：{kind}（{count}项）", "Joined: {kind} ({count})"), ("kind", "count")
    ),
    EventKind.SEVERITY_ROSE: EventText(
        Text("等级升为{severity}", "Severity is now {severity}"), ("severity", "was")
    ),
    EventKind.ACKNOWLEDGED: EventText(Text("已确认收到", "Acknowledged")),
    EventKind.OWNER_CHANGED: EventText(Text("负责人：{owner}", "Owner: {owner}"), ("owner", "was")),
    EventKind.CAUSE_NAMED: EventText(
        Text("原因：{cause}（{share}%）", "Cause: {cause} ({share} %)"), ("cause", "share", "of")
    ),
    EventKind.WINDOW_KNOWN: EventText(
        Text("预计{ends_at}结束", "Expected to end at {ends_at}"), ("ends_at",)
    ),
    EventKind.DOWN: EventText(
        Text("发卡行{issuer}的卡交易异常，已通知商户", "Cards of issuer {issuer} have trouble"),
        ("issuer",),
    ),
    EventKind.UP: EventText(
        Text("发卡行{issuer}已恢复", "Issuer {issuer} works again"), ("issuer",)
    ),
    EventKind.NOTE: EventText(Text("{text}", "{text}"), ("text",)),
    EventKind.TOLD: EventText(
        Text("已通知{channel}：{who}", "Told by {channel}: {who}"), ("channel", "who")
    ),
    EventKind.ESCALATED: EventText(
        Text(
            "{minutes}分钟无人确认，升级到第{step}步",
            "Nobody acknowledged it for {minutes} min: escalated, step {step}",
        ),
        ("step", "minutes"),
    ),
    EventKind.QUIET: EventText(Text("所含各项均已结束", "All of it is over")),
    EventKind.CLOSED: EventText(Text("已关闭：{why}", "Closed: {why}"), ("why",)),
    EventKind.REOPENED: EventText(Text("重新打开：{why}", "Reopened: {why}"), ("why",)),
    EventKind.MERGED: EventText(
        Text("合并：{from}并入{into}", "Merged: {from} into {into}"), ("from", "into", "why")
    ),
    EventKind.SPLIT: EventText(
        Text("拆分：{count}项从{from}移至{into}", "Split: {count} from {from} into {into}"),
        ("from", "into", "count", "why"),
    ),
    EventKind.LEARNT: EventText(Text("总结：{text}", "Learnt: {text}"), ("text", "links")),
    EventKind.PLAYBOOK_STARTED: EventText(
        Text("启动预案“{playbook}”（{run}）", "Playbook started: {playbook} ({run})"),
        ("playbook", "run", "why"),
    ),
    EventKind.PLAYBOOK_STEP: EventText(
        Text("预案{run}：{step}：{how}", "Playbook {run}: {step}: {how}"), ("run", "step", "how")
    ),
    EventKind.PLAYBOOK_TOLD: EventText(
        Text("预案{run}通知：{text}", "Playbook {run} tells: {text}"), ("run", "text")
    ),
    EventKind.PLAYBOOK_ENDED: EventText(
        Text("预案{run}：{how}", "Playbook {run}: {how}"), ("run", "how", "why")
    ),
}
BY_ITSELF: Final = Text("自动关闭", "by itself")


# What was learnt ----------------------------------------------------------------------------------

# What a lesson may lead to: its name, and where it stands in the console.
LINKS: Final[Mapping[str, tuple[Text, str]]] = {
    "case": (Text("案件", "case"), "/cases/{ref}"),
    "lesson": (Text("诊断学习", "diagnosis learning"), "/cases/{ref}"),
    "policy": (Text("发卡行规则", "issuer's rule"), "/issuers/{ref}"),
    "playbook": (Text("预案", "playbook"), ""),
    "incident": (Text("事件", "incident"), "/incidents/{ref}"),
    "act": (Text("审计", "audit log"), "/audit?object={ref}"),
}
