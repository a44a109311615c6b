"""The kinds of incidents that alarms raise (docs/differences.md): one for each measure."""

from typing import Final

from .incident import IncidentKind, Severity, Subject
from .text import Text

_SECTION: Final = "alarms"
_SAYS: Final = Text(
    "{stream}：{since:time}起{seen}%的交易{what}，通常为{usual}%（{count}笔中{bad}笔）；"
    "{cases}件案件未了结，金额{waiting}；原因：{cause}；系统自行：{itself}",
    "{stream}: since {since:time} {seen} % {what}, as a rule {usual} % ({bad} of {count}); "
    "{cases} open cases with {waiting}; cause: {cause}; done by itself: {itself}",
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
)
