"""The kinds of incidents that annul finds by looking at itself and at its issuers."""

from typing import Final

from .incident import IncidentKind, Severity, Subject
from .text import Text

# kind, severity, subject; title, what it means for the money, what to do, what a row says; section
WATCH_INCIDENTS: Final = (
    IncidentKind(
        "issuer_in_trouble",
        Severity.WARNING,
        Subject.ISSUER,
        Text("发卡行异常", "An issuer is in trouble"),
        Text(
            "新交易可能失败；结果未知的由系统冲正或再问，撤销自动重试",
            "Payments may fail. What has no outcome is reversed or asked again; voids are retried.",
        ),
        Text(
            "联系发卡行值班；有维护窗口的登记窗口。恢复后自动关闭",
            "Call the issuer's duty desk; announce a window if there is one. It closes by itself.",
        ),
        Text("发卡行{issuer}：{how:way}", "Issuer {issuer}: {how:way}"),
        "issuers-and-queues",
        ways={
            "line": Text("线路中断", "the line is down"),
            "down": Text("没有应答", "it does not answer"),
            "degraded": Text("多数应答为错误", "it answers with errors"),
        },
    ),
    IncidentKind(
        "circuit_open",
        Severity.WARNING,
        Subject.ISSUER,
        Text("发卡行的撤销暂停，逐个试探", "Voids of an issuer wait behind an open circuit"),
        Text(
            "案件在等待，款项见案件；试探成功后自动继续",
            "Its cases wait and say where the money is; they go on once a probe succeeds.",
        ),
        Text(
            "联系发卡行值班；恢复后自动关闭",
            "Call the issuer's duty desk; it closes by itself once the issuer works.",
        ),
        Text(
            "发卡行{issuer}：{cases}件案件等待，下次试探{probe_at:time}",
            "Issuer {issuer}: {cases} cases wait, the next probe is at {probe_at:time}",
        ),
        "issuers-and-queues",
    ),
    IncidentKind(
        "outbox_full",
        Severity.WARNING,
        Subject.ISSUER,
        Text("待发给发卡行的冲正与通知积压", "Reversals and advices for an issuer pile up"),
        Text(
            "冲正未到发卡行之前，持卡人的钱可能仍被占用",
            "Until a reversal has reached the issuer, it may still have the cardholder's money.",
        ),
        Text(
            "看线路与发卡行是否正常；主机负载过高的增加主机",
            "See whether line and issuer work; add a host if this one is overloaded.",
        ),
        Text(
            "发卡行{issuer}：{count}条待发，最早{since:time}",
            "Issuer {issuer}: {count} wait to be sent, the oldest since {since:time}",
        ),
        "issuers-and-queues",
    ),
    IncidentKind(
        "deliveries_full",
        Severity.NOTICE,
        Subject.DELIVERY,
        Text("网络回调积压", "Webhook deliveries pile up"),
        Text("与款项无关，商户较晚收到通知", "No effect on money; merchants are told late."),
        Text(
            "看接收方是否正常（控制台，网络回调）；增加主机",
            "See whether the receivers work (console, webhooks); add a host.",
        ),
        Text(
            "{count}条待投递，最早{since:time}", "{count} are owed, the oldest since {since:time}"
        ),
        "issuers-and-queues",
    ),
    IncidentKind(
        "sign_ins_refused",
        Severity.WARNING,
        Subject.ACCESS,
        Text("多次登录失败：可能有人猜口令", "Many sign-ins are refused: passwords may be guessed"),
        Text("未动账，没有人因此登录", "No money moved; nobody came in by these."),
        Text(
            "在审计中看名字与地址；可疑的停用用户。十分钟没有再试自动关闭",
            "See names and addresses in the audit log; stop the user if in doubt. It closes by"
            " itself ten minutes after the last.",
        ),
        Text(
            "十分钟内{count}次失败，{names}个用户，{addresses}个地址",
            "{count} failed within ten minutes, {names} users, {addresses} addresses",
        ),
        "issuers-and-queues",
    ),
)
