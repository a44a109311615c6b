"""The kinds of incidents of notices themselves (docs/differences.md)."""

from typing import Final

from .incident import IncidentKind, Severity, Subject
from .text import Text

# kind, severity, subject; title, what it means for the money, what to do, what a row says; section
NOTICE_INCIDENTS: Final = (
    IncidentKind(
        "channel_refused",
        Severity.WARNING,
        Subject.CHANNEL,
        Text("通知渠道无法送达", "A channel does not take messages"),
        Text(
            "与款项无关；只靠此渠道的人未被告知",
            "No effect on money; who relies on this channel alone is not told.",
        ),
        Text(
            "按错误修正渠道地址或对方设置，再发测试消息；恢复后补发并自动关闭",
            "Mend its address, or the other side, and send a test message. What is owed follows "
            "once it works, and this closes.",
        ),
        Text(
            "渠道{name}：连续{failures}次失败，最近：{error}",
            "Channel {name}: {failures} failures in a row, the latest: {error}",
        ),
        "processes-and-webhooks",
    ),
    IncidentKind(
        "report_not_mailed",
        Severity.NOTICE,
        Subject.CHANNEL,
        Text("报表邮件无法送达", "A report can not be mailed"),
        Text("与款项无关；订阅人未收到报表", "No effect on money; who asked for it has no report."),
        Text(
            "请订阅人核对邮箱地址（我的账户），或修正邮件渠道；恢复后补发并自动关闭",
            "Have the person look at the address (My account), or mend the mail channel. The "
            "report follows once it works, and this closes.",
        ),
        Text(
            "{name}的报表邮件：{tries}次未被接收，最近：{error}",
            "Reports for {name}: not taken {tries} times, the latest: {error}",
        ),
        "processes-and-webhooks",
    ),
)
