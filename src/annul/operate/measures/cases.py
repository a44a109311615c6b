"""What is counted of cases, of incidents and of all that waits for somebody."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from annul.domain.text import Text
from annul.resolve.resolver import Resolver, ResolverCounts

from .backlog import Backlog, Waiting
from .series import Alert, Group, Reading, Series, counter, each, fields_of, gauge

_EVENTS: Final = {
    "opened": Text("立案", "opened"),
    "reopened": Text("重新立案", "opened again"),
    "advanced": Text("推进一步", "moved on by a step"),
    "ended": Text("结案", "ended"),
    "contended": Text("已被他人改动，重读", "changed by somebody else meanwhile, and read again"),
}
_NAMED: Final = {
    "open": Text("未结", "open"),
    "late": Text("按首个原因已逾期", "late by the time of its first cause"),
    "late_by_cause": Text("按当前原因已逾期", "late by the time of its cause now"),
    "asked": Text("转人工处理", "needing manual action"),
    "unproved": Text("结案但无人能证明资金去向", "ended, and nobody can prove where its money is"),
}
_ENDS: Final = {
    "cases": Text("立案", "opened"),
    "voided": Text("已撤销", "ended voided"),
    "refunded": Text("已退款", "ended refunded"),
    "refused": Text("有理由拒绝", "ended refused with a reason"),
    "in_time": Text("按时结案", "closed before they were due"),
}


def _promise(names: dict[str, Text]) -> Callable[[Resolver], Iterable[Reading]]:
    def read(resolver: Resolver) -> Iterable[Reading]:
        figures = resolver.promise.figures()
        return [((name,), figures[name]) for name in names]

    return read


def _told(name: str) -> Callable[[Resolver], Iterable[Reading]]:
    return lambda resolver: [((), resolver.promise.figures()[name])]


def _waits(value: Callable[[Waiting], Any]) -> Callable[[Backlog], Iterable[Reading]]:
    """Read what waits; nothing is told before the first look."""
    return lambda backlog: [((), value(backlog.waiting))] if backlog.waiting else []


def _waits_by(value: Callable[[Waiting], dict[Any, float]]) -> Callable[..., Iterable[Reading]]:
    def read(backlog: Backlog) -> Iterable[Reading]:
        found = value(backlog.waiting) if backlog.waiting else {}
        return [
            (labels if isinstance(labels, tuple) else (labels,), count)
            for labels, count in found.items()
        ]

    return read


def _alert(name: str, when: str, for_: str, severity: str, zh: str, en: str) -> Any:
    return (Alert(name, when, for_, severity, Text(zh, en)),)


def _shared(name: str, zh: str, en: str, read: Any, **more: Any) -> Series:
    of = more.pop("of", Backlog)
    return gauge(name, Text(zh, en), of, read, shared=True, **more)


CASES: Final = Group(
    Text("案件", "Cases"),
    (
        counter(
            "annul_case_events_total",
            Text("本进程对案件做的事", "What this process has done with cases"),
            Resolver,
            each(lambda resolver: fields_of(resolver.counts)),
            labels=("event",),
            values=_EVENTS,
            counts=ResolverCounts,
        ),
        _shared(
            "annul_cases",
            "案件数，按状况",
            "Cases, by how they stand",
            _promise(_NAMED),
            of=Resolver,
            labels=("standing",),
            values=_NAMED,
            alerts=_alert(
                "AnnulCasesLate",
                'max(annul_cases{standing="late"}) > 0',
                "5m",
                "critical",
                "有案件逾期未结",
                "Cases are late: they have not ended within their time",
            ),
        ),
        _shared(
            "annul_cases_day",
            "最近 24 小时的案件，按结果",
            "Cases of the last 24 hours, by their end",
            _promise(_ENDS),
            of=Resolver,
            labels=("end",),
            values=_ENDS,
        ),
        _shared(
            "annul_cases_oldest_seconds",
            "最早未结案件的时长",
            "Age of the oldest open case",
            _told("oldest_s"),
            of=Resolver,
        ),
        _shared(
            "annul_cases_in_question_minor_units",
            "未结和无法证明的案件涉及的金额（分）",
            "Money of open and unproved cases, in minor units",
            _told("in_question"),
            of=Resolver,
        ),
        _shared(
            "annul_incidents_open",
            "未关闭的事件，按严重程度和种类",
            "Open incidents, by severity and kind",
            _waits_by(lambda waiting: waiting.incidents),
            labels=("severity", "kind"),
            alerts=_alert(
                "AnnulCriticalIncident",
                'max by (kind) (annul_incidents_open{severity="critical"}) > 0',
                "0m",
                "critical",
                "有严重事件未关闭：{{ $labels.kind }}",
                "A critical incident is open: {{ $labels.kind }}",
            ),
        ),
    ),
)

WAITING: Final = Group(
    Text("等待中", "What waits"),
    (
        _shared(
            "annul_outbox_messages",
            "欠发卡行的报文，按种类",
            "Messages that are owed to issuers, by kind",
            _waits_by(lambda waiting: waiting.owed),
            labels=("kind",),
            values={"reversal": Text("冲正", "reversals"), "advice": Text("通知", "advices")},
        ),
        _shared(
            "annul_outbox_oldest_seconds",
            "欠发卡行最久的报文的时长",
            "Age of what is owed to issuers for longest",
            _waits(lambda waiting: waiting.owed_oldest_s),
            alerts=_alert(
                "AnnulOutboxOld",
                "max(annul_outbox_oldest_seconds) > 900",
                "5m",
                "critical",
                "有冲正或通知欠了 15 分钟以上",
                "A reversal or an advice has been owed for more than 15 minutes",
            ),
        ),
        _shared(
            "annul_deliveries_owed",
            "欠商户程序的通知",
            "Deliveries that are owed to webhooks",
            _waits(lambda waiting: waiting.deliveries),
        ),
        _shared(
            "annul_deliveries_oldest_seconds",
            "欠商户程序最久的通知的时长",
            "Age of the delivery that is owed for longest",
            _waits(lambda waiting: waiting.deliveries_oldest_s),
            alerts=_alert(
                "AnnulDeliveriesOld",
                "max(annul_deliveries_oldest_seconds) > 3600",
                "15m",
                "warning",
                "有通知一小时以上未能送达",
                "A delivery has been owed for more than an hour",
            ),
        ),
        _shared(
            "annul_payouts_waiting",
            "等待处理的付款，按状态",
            "Payouts that wait, by state",
            _waits_by(lambda waiting: waiting.payouts),
            labels=("state",),
            values={
                "held": Text("等待第二人", "for a second person"),
                "ready": Text("等待入文件", "for a file"),
            },
        ),
        _shared(
            "annul_payout_files_owed",
            "还没有交给银行的付款文件",
            "Files of payouts that the bank has not been given",
            _waits(lambda waiting: waiting.payout_files),
        ),
        _shared(
            "annul_payout_files_oldest_seconds",
            "最久未交给银行的付款文件的时长",
            "Age of the file of payouts that has waited for longest",
            _waits(lambda waiting: waiting.payout_files_oldest_s),
            alerts=_alert(
                "AnnulPayoutFileOld",
                "max(annul_payout_files_oldest_seconds) > 7200",
                "0m",
                "critical",
                "付款文件两小时未交给银行",
                "A file of payouts has not reached the bank for two hours",
            ),
        ),
        _shared(
            "annul_clearing_files_waiting",
            "读入后尚未提交或丢弃的清算文件，按状态",
            "Clearing files that are neither committed nor dropped, by state",
            _waits_by(lambda waiting: waiting.clearing_files),
            labels=("state",),
            values={
                "loading": Text("正在读入", "being read"),
                "staged": Text("等待提交", "waiting to be committed"),
            },
        ),
        _shared(
            "annul_clearing_proofs_waiting",
            "清算文件证明了、尚未执行的结果",
            "What clearing files prove and is not carried out yet",
            _waits(lambda waiting: waiting.proofs),
        ),
        _shared(
            "annul_breaks_open",
            "未了结的差错",
            "Breaks that are not ended",
            _waits(lambda waiting: waiting.breaks),
        ),
        _shared(
            "annul_breaks_overdue",
            "超过期限未了结的差错",
            "Breaks that are past their time",
            _waits(lambda waiting: waiting.breaks_overdue),
            alerts=_alert(
                "AnnulBreaksOverdue",
                "max(annul_breaks_overdue) > 0",
                "1h",
                "warning",
                "有差错超过期限",
                "Breaks are past their time",
            ),
        ),
        _shared(
            "annul_orders_waiting",
            "等待第二人或执行的撤销和退款",
            "Voids and refunds that wait for a second person or to be carried out",
            _waits(lambda waiting: waiting.orders),
        ),
    ),
)
# The figures of the promise that series show: a test holds that none is left out.
PROMISED: Final = {*_NAMED, *_ENDS, "oldest_s", "in_question"}
