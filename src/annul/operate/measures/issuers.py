"""What is counted at the issuers' side: lines, answers, and what is owed to them."""

from collections.abc import Iterable
from typing import Any, Final

from annul.domain.text import Text
from annul.host.host import Host
from annul.issuers.forward import ForwardCounts, Forwarder
from annul.issuers.health import Condition
from annul.issuers.limits import LinkCounts
from annul.issuers.lines import Issuers

from .series import Alert, Group, Reading, counter, each, fields_of, gauge, histogram, one

_LINK: Final = {
    "sent": Text("发出的请求", "requests sent"),
    "answered": Text("按时的应答", "answers in time"),
    "timed_out": Text("没有按时应答的请求", "requests without an answer in time"),
    "late": Text("无人等待的应答", "answers that nobody awaited any more"),
    "bad_mac": Text("MAC 不成立的报文", "messages whose MAC does not hold"),
    "garbled": Text("无法解读的报文", "messages that nobody can read"),
    "unexpected": Text("annul 没有的发卡行请求", "requests of the issuer that annul lacks"),
    "bad_frames": Text("不成帧的字节", "bytes that are no frame"),
    "refused": Text("因上限未发出的请求", "requests not sent because of a limit"),
    "connects": Text("建立的连接", "connections made"),
    "connect_failures": Text("失败的连接", "connections that could not be made"),
    "sign_on_refusals": Text("被拒的签到", "sign-ons that were refused"),
    "losses": Text("断开的连接", "connections lost"),
}
_FORWARD: Final = {
    "tries": Text("尝试", "tries"),
    "acknowledged": Text("发卡行已确认", "acknowledged by the issuer"),
    "postponed": Text("推迟", "postponed"),
    "given_back": Text("没有发出，稍后再试", "not sent, tried again soon"),
    "retired": Text("交易已另有结果，不再欠", "owed no more: the transaction has moved on"),
}
_LATE: Final = {
    "delivered": Text("已处理", "decided"),
    "failed": Text("推迟重试", "postponed, and tried again"),
}


def _health(issuers: Issuers) -> Iterable[Reading]:
    for issuer, line in issuers.lines.items():
        for condition in Condition:
            yield (issuer, condition.value), float(line.health.state is condition)


def _events(issuers: Issuers) -> Iterable[Reading]:
    for issuer, line in issuers.lines.items():
        for event, count in fields_of(line.link.counts).items():
            yield (issuer, event), count


def _odd(issuers: Issuers) -> dict[str, float]:
    return {
        issuer: sum(one["count"] for one in line.odd.snapshot().values())
        for issuer, line in issuers.lines.items()
    }


def _by_issuer(value: Any) -> Any:
    return each(lambda issuers: {name: value(line) for name, line in issuers.lines.items()})


ISSUERS: Final = Group(
    Text("发卡行", "Issuers"),
    (
        histogram(
            "annul_issuer_answer_seconds",
            Text("发卡行应答的时间", "Time until an issuer answers"),
            Issuers,
            _by_issuer(lambda line: line.health.answers),
            labels=("issuer",),
        ),
        gauge(
            "annul_issuer_up",
            Text("线路是否已通并签到", "Whether an issuer's line is up and signed on"),
            Issuers,
            _by_issuer(lambda line: float(line.link.up)),
            labels=("issuer",),
            alerts=(
                Alert(
                    "AnnulIssuerDown",
                    "max by (issuer) (annul_issuer_up) == 0",
                    "2m",
                    "critical",
                    Text(
                        "所有进程到发卡行 {{ $labels.issuer }} 的线路都不通",
                        "No process has a line to issuer {{ $labels.issuer }}",
                    ),
                ),
            ),
        ),
        gauge(
            "annul_issuer_condition",
            Text(
                "发卡行最近一分钟的状况（当前状况为 1）",
                "How an issuer is by its last minute: 1 for what it is",
            ),
            Issuers,
            _health,
            labels=("issuer", "condition"),
            values={
                "up": Text("正常", "up"),
                "degraded": Text("变差", "degraded"),
                "down": Text("中断", "down"),
            },
            alerts=(
                Alert(
                    "AnnulIssuerDegraded",
                    'max by (issuer) (annul_issuer_condition{condition=~"degraded|down"}) == 1',
                    "5m",
                    "warning",
                    Text(
                        "发卡行 {{ $labels.issuer }} 五分钟来应答变差或中断",
                        "Issuer {{ $labels.issuer }} has answered badly or not at all for five"
                        " minutes",
                    ),
                ),
            ),
        ),
        counter(
            "annul_issuer_line_events_total",
            Text("发卡行线路上发生的事", "What happened on an issuer's line"),
            Issuers,
            _events,
            labels=("issuer", "event"),
            values=_LINK,
            counts=LinkCounts,
            alerts=(
                Alert(
                    "AnnulIssuerSilent",
                    'sum by (issuer) (rate(annul_issuer_line_events_total{event="timed_out"}[5m]))'
                    " > 0.05 * sum by (issuer)"
                    ' (rate(annul_issuer_line_events_total{event="sent"}[5m]))',
                    "5m",
                    "warning",
                    Text(
                        "发卡行 {{ $labels.issuer }} 超过 5% 的请求没有按时应答",
                        "Issuer {{ $labels.issuer }} leaves more than 5 % of requests without an"
                        " answer in time",
                    ),
                ),
            ),
        ),
        counter(
            "annul_issuer_odd_fields_total",
            Text("发卡行应答中没有意义的域", "Fields of an issuer that made no sense"),
            Issuers,
            each(_odd),
            labels=("issuer",),
        ),
        gauge(
            "annul_issuer_in_flight",
            Text("等待发卡行应答的请求", "Requests that await an issuer's answer"),
            Issuers,
            _by_issuer(lambda line: line.link.in_flight),
            labels=("issuer",),
        ),
        gauge(
            "annul_issuer_keys_refused",
            Text(
                "连续被拒的密钥报文",
                "Key messages of an issuer that were refused in a row",
            ),
            Host,
            each(lambda host: host.issuers.keys.refused if host.issuers.keys else {}),
            labels=("issuer",),
        ),
        counter(
            "annul_late_answers_total",
            Text("迟到的应答", "Answers that came too late"),
            Issuers,
            each(lambda issuers: {name: getattr(issuers.late, name) for name in _LATE}),
            labels=("outcome",),
            values=_LATE,
        ),
        gauge(
            "annul_late_answers_waiting",
            Text("等待处理的迟到应答", "Late answers that wait to be decided"),
            Issuers,
            one(lambda issuers: len(issuers.late)),
        ),
        counter(
            "annul_forward_events_total",
            Text(
                "冲正和通知的转发",
                "What became of reversals and advices that are owed to issuers",
            ),
            Forwarder,
            each(lambda forwarder: fields_of(forwarder.counts)),
            labels=("event",),
            values=_FORWARD,
            counts=ForwardCounts,
        ),
    ),
)
