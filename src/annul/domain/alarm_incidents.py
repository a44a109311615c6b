"""The kinds of incidents that alarms raise (docs/differences.md): by measure, or for silence."""

from typing import Final

from .incident import IncidentKind, Severity, Subject
from .text import Text

_SECTION: Final = "alarms"
_SAYS: Final = Text(
    "{stream}：{since:time}起{seen}%的交易{what}，通常为{usual}%（{count}笔中{bad}笔）；"
    "{cases}件案件未了结，金额{waiting}；{unknown}笔结果未知，金额{unsure}；原因：{cause}；系统自行：{itself}",
    "{stream}: since {since:time} {seen} % {what}, as a rule {usual} % ({bad} of {count}); "
    "{cases} open cases with {waiting}; {unknown} without an outcome with {unsure}; cause: {cause};"
    " done by itself: {itself}",
)
_IN_CASES: Final = Text(
    "未成功的撤销、退货都有案件，说明款项在哪里",
    "Voids and refunds that failed have their cases, which say where the money is.",
)
_CALL: Final = Text(
    "按所述原因和范围联系发卡行值班或商户；恢复正常后自动关闭",
    "Call the issuer's duty desk, or the shop, by the cause and scope named; it closes by itself"
    " once all is as usual.",
)

# kind, severity, subject; title, what it means for the money, what to do, what a row says; section
ALARM_INCIDENTS: Final = (
    IncidentKind(
        "approvals_dropped",
        Severity.WARNING,
        Subject.STREAM,
        Text("批准率下降", "Fewer approvals than usual"),
        _IN_CASES,
        _CALL,
        _SAYS,
        _SECTION,
    ),
    IncidentKind(
        "faults_rose",
        Severity.WARNING,
        Subject.STREAM,
        Text("故障应答增多", "More faults than usual"),
        _IN_CASES,
        _CALL,
        _SAYS,
        _SECTION,
    ),
    IncidentKind(
        "went_silent",
        Severity.WARNING,
        Subject.STREAM,
        Text("无应答增多", "More requests without an answer than usual"),
        Text(
            "结果未知的都在冲正；收到证明前不算未成交",
            "What nobody answered is being reversed; until that is proved it is not taken as not"
            " done.",
        ),
        _CALL,
        _SAYS,
        _SECTION,
    ),
    IncidentKind(
        "slowed",
        Severity.NOTICE,
        Subject.STREAM,
        Text("应答变慢", "Slower answers than usual"),
        Text("款项不受影响", "No money is concerned."),
        _CALL,
        _SAYS,
        _SECTION,
    ),
    IncidentKind(
        "traffic_stopped",
        Severity.WARNING,
        Subject.STREAM,
        Text("没有交易", "No requests at all"),
        Text("款项不受影响；没有人来付款", "No money is concerned: nobody asks for anything."),
        Text(
            "看主机、线路和路由是否正常，问商户是否营业；有交易后自动关闭",
            "See whether hosts, lines and routes work, and ask the shop whether it is open; it"
            " closes by itself with the next request.",
        ),
        Text(
            "{stream}：{since:time}起没有任何请求；此时段通常每小时至少{rate}笔，已少{missing}笔",
            "{stream}: no request since {since:time}; as a rule at least {rate} an hour at this"
            " time, {missing} are missing",
        ),
        _SECTION,
    ),
)
