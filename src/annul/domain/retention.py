"""What is kept how long: one table of what goes, one of what stays, and why.

Every table of the database stands in one of them; a test holds both against the schema, so that
whoever adds a table has to decide. `annul.store.retention` lets go what is too old.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .text import Text


@dataclass(frozen=True, slots=True)
class Retained:
    """A subject that goes: the whole rows of `tables`, or what `columns` of the first one hold.

    `days` counts from the moment that `since` names. `least` is the shortest that a setting may
    choose: below it something would still be needed, or a rule broken.
    """

    subject: str
    title: Text
    tables: tuple[str, ...]
    since: str
    days: int
    least: int
    reason: Text
    columns: tuple[str, ...] = ()


_DISPUTES: Final = Text(
    "卡组织受理争议最长约540天，银联一般为180天；证据须保留到此时",
    "card networks take disputes up to 540 days after the transaction, UnionPay mostly up to 180: "
    "until then it is evidence",
)
_NOTICED: Final = Text(
    "一年内可查何人何时被告知；事件本身保留",
    "whom an outage was told to can be looked up for a year; incidents themselves stay",
)
_MAILED: Final = Text(
    "报表随时可重新生成；此记录只防重发",
    "a report can be made anew at any time; this is kept so that none is mailed twice",
)

RETENTION: Final = (
    Retained(
        "card_ciphers",
        Text("卡号密文、有效期、卡序号", "card numbers (encrypted), expiry, sequence"),
        ("transactions",),
        "received_at",
        days=3,
        least=2,
        reason=Text(
            "PCI DSS 3.2.1：卡数据只在业务需要时保存。可退货、可撤销的交易保存到退货期满；"
            "其余交易两天内仍可能被终端冲正",
            "PCI DSS 3.2.1: card data only as long as business needs it. What can be refunded or "
            "voided keeps it until its merchant's time for refunds is over; a terminal may "
            "reverse the rest for two days",
        ),
        columns=("card_cipher", "expiry", "card_sequence"),
    ),
    Retained(
        "messages",
        Text("失败交易的脱敏报文", "masked messages of what failed"),
        ("messages",),
        "at",
        days=540,
        least=180,
        reason=_DISPUTES,
    ),
    Retained(
        "signatures",
        Text("持卡人电子签名", "signatures of cardholders (sealed)"),
        ("signatures",),
        "received_at",
        days=540,
        least=180,
        reason=_DISPUTES,
    ),
    Retained(
        "refusals",
        Text("被拒请求的卡信息", "cards of what was refused at the door"),
        ("refusals",),
        "received_at",
        days=540,
        least=180,
        reason=_DISPUTES,
        columns=("card_hash", "card_masked"),
    ),
    Retained(
        "notices",
        Text("发给终端的通知", "what terminals were told"),
        ("notices",),
        "created_at",
        days=540,
        least=180,
        reason=_DISPUTES,
    ),
    Retained(
        "notifications",
        Text("发给商户的通知及其投递", "what merchants were told, and each delivery of it"),
        ("notifications", "webhook_outbox", "deliveries"),
        "created_at",
        days=540,
        least=180,
        reason=_DISPUTES,
    ),
    Retained(
        "case_evidence",
        Text("人工结论的证据文件", "evidence of conclusions by hand"),
        ("conclusions",),
        "confirmed_at, withdrawn_at",
        days=3650,
        least=1825,
        reason=Text(
            "反洗钱法（2024年修订）：交易记录保存十年；FATF建议11：至少五年",
            "China's anti-money-laundering law (revised 2024) asks for ten years of records of a "
            "transaction, FATF recommendation 11 for five",
        ),
        columns=("evidence",),
    ),
    Retained(
        "audit",
        Text("审计记录", "the audit log"),
        ("audit",),
        "at",
        days=1825,
        least=365,
        reason=Text(
            "PCI DSS 10.5.1：审计记录至少保存十二个月，最近三个月随时可查",
            "PCI DSS 10.5.1: at least twelve months, the latest three at hand",
        ),
    ),
    Retained(
        "idempotency",
        Text("程序请求的应答", "answers under an Idempotency-Key"),
        ("idempotency",),
        "created_at",
        days=7,
        least=7,
        reason=Text("接口承诺七天内同键同答", "the API promises the same answer for seven days"),
    ),
    Retained(
        "sessions",
        Text("已结束的登录", "sessions that are over"),
        ("sessions",),
        "ends_at",
        days=1,
        least=0,
        reason=Text("结束后不再有用", "nobody needs them once they are over"),
    ),
    Retained(
        "strangers",
        Text("陌生地址的错误口令", "wrong passwords from where nobody came in"),
        ("sign_in_tries",),
        "tried_at",
        days=1,
        least=1,
        reason=Text("锁定最长一小时", "a lock lasts an hour at most"),
    ),
    Retained(
        "sign_in_tries",
        Text("用户登录过的地址", "addresses from which users came in"),
        ("sign_in_tries",),
        "tried_at",
        days=90,
        least=90,
        reason=Text(
            "九十天内登录过的地址不受他人锁定影响",
            "from an address that was used within ninety days a name is not locked by strangers",
        ),
    ),
    Retained(
        "former_users",
        Text("离职用户的口令、语言、视图、地址", "what is kept of users who left, but the name"),
        ("users", "saved_views", "sign_in_tries", "report_subscriptions"),
        "left_at",
        days=90,
        least=0,
        reason=Text(
            "个人信息保护法：目的达成即删除。姓名留在审计中，不再给别人",
            "China's personal information protection law: gone once its purpose is. The name stays "
            "in the audit log, and is given to nobody else",
        ),
        columns=("password_hash", "language"),
    ),
    Retained(
        "contacts",
        Text("已停用发卡行的联系人", "whom to call at issuers that are switched off"),
        ("contacts",),
        "added_at",
        days=180,
        least=30,
        reason=Text(
            "个人信息保护法：目的达成即删除；争议期一般为180天",
            "China's personal information protection law: gone once its purpose is; disputes with "
            "an issuer come for 180 days mostly",
        ),
    ),
    Retained(
        "issuer_stats",
        Text("发卡行统计", "figures of issuers"),
        ("issuer_stats",),
        "slot",
        days=400,
        least=90,
        reason=Text("可与去年同期比较", "to compare with the same month a year ago"),
    ),
    Retained(
        "terminal_stats",
        Text("终端故障统计", "figures of terminals"),
        ("terminal_stats",),
        "minute",
        days=400,
        least=90,
        reason=Text("可与去年同期比较", "to compare with the same month a year ago"),
    ),
    Retained(
        "void_samples",
        Text("撤销与退货的应答样本", "samples of answers to voids and refunds"),
        ("void_samples",),
        "at",
        days=42,
        least=7,
        reason=Text(
            "六周内的应答足以看出发卡行的规则；规则本身保留",
            "six weeks of answers show an issuer's rules; the rules themselves stay",
        ),
    ),
    Retained(
        "notice_outbox",
        Text("已发送或不再发送的事件通知", "what channels were told of incidents"),
        ("notice_outbox",),
        "at",
        days=400,
        least=30,
        reason=_NOTICED,
    ),
    Retained(
        "notice_log",
        Text("消息发送记录", "each message over a channel, and what came of it"),
        ("notice_log",),
        "at",
        days=400,
        least=30,
        reason=_NOTICED,
    ),
    Retained(
        "report_mails",
        Text("已发送的报表邮件", "reports that were mailed, and to whom"),
        ("report_mails",),
        "owed_at",
        days=90,
        least=30,
        reason=_MAILED,
    ),
    Retained(
        "report_letters",
        Text("报表邮件的正文与附件", "text and files of reports that were mailed"),
        ("report_letters",),
        "leased_until",
        days=30,
        least=7,
        reason=_MAILED,
    ),
    Retained(
        "watched_hours",
        Text("各交易流每小时的计数", "hourly counts of each stream of traffic"),
        ("watched_hours",),
        "hour",
        days=60,
        least=7,
        reason=Text(
            "六周内的同一时段足以看出平常的样子",
            "six weeks of the same hour show what is usual",
        ),
    ),
    Retained(
        "watched",
        Text("不再有交易的流", "streams of traffic that have dried up"),
        ("watched",),
        "seen_at",
        days=60,
        least=7,
        reason=Text("之后从头学起", "whoever comes back after that is learnt anew"),
    ),
    Retained(
        "host_samples",
        Text("主机的分钟统计", "figures of host processes by the minute"),
        ("host_samples",),
        "at",
        days=60,
        least=14,
        reason=Text(
            "容量按最近几周的实测计算",
            "capacity is worked out from what was measured in the last weeks",
        ),
    ),
    Retained(
        "volumes",
        Text("每小时交易笔数", "numbers of transactions by the hour"),
        ("volumes",),
        "hour",
        days=1500,
        least=400,
        reason=Text(
            "春节等假日一年一次，预测要看过几次",
            "a holiday comes once a year, and a forecast needs to have seen some of them",
        ),
    ),
)  # fmt: skip

_BOOKS: Final = Text("账簿", "the books: what was asked, what moved, what is owed")
_CASES: Final = Text("案件及其哈希链", "how money came to its end, in a chain that proofs refer to")
_IN_FORCE: Final = Text("在用的设置", "settings in force; one that is changed is replaced")
_ANSWERS: Final = Text(
    "谁做了什么要能追溯", "who acted can be told by it; it lets nobody in once it has ended"
)
_LEARNT: Final = Text("谁学过什么", "who has learnt what, as a role or a terminal may require")
_NOW: Final = Text("当前状态，行数有限", "how things are now, in a bounded number of rows")

# Each table of which no row goes, and why.
KEPT: Final[Mapping[str, Text]] = {
    **dict.fromkeys(
        (
            "entries",
            "merchant_balances",
            "merchant_days",
            "payouts",
            "account_moves",
            "reserves",
            "returned_later",
            "payout_files",
            "bank_files",
            "bank_rows",
            "clearing_files",
            "clearing_bad_lines",
            "clearing_rows",
            "clearing_carried",
            "clearing_late",
            "clearing_proofs",
            "clearing_differences",
            "breaks",
            "foretold",
            "orders",
            "outbox",
            "batches",
            "batch_uploads",
            "batch_differences",
            "ic_uploads",
            "script_results",
            "incidents",
            "incident_heads",
            "incident_events",
            "playbook_runs",
            "playbook_steps",
        ),
        _BOOKS,
    ),
    **dict.fromkeys(
        (
            "cases",
            "case_events",
            "advice_answers",
            "chargebacks",
            "chargeback_events",
            "chargeback_evidence",
            "chargeback_proposals",
            "lessons",
            "seals",
        ),
        _CASES,
    ),
    **dict.fromkeys(
        (
            "issuers",
            "issuer_keys",
            "bins",
            "fee_rates",
            "settlement_terms",
            "cut_overs",
            "payout_accounts",
            "clearing_maps",
            "clearing_rules",
            "merchants",
            "terminals",
            "terminal_keys",
            "pending_keys",
            "policies",
            "interventions",
            "learnt_rules",
            "code_meanings",
            "ca_public_keys",
            "aid_parameters",
            "dialects",
            "channels",
            "rota",
            "escalations",
            "playbooks",
        ),
        _IN_FORCE,
    ),
    **dict.fromkeys(("api_keys", "webhooks"), _ANSWERS),
    **dict.fromkeys(("course_tasks", "certificates"), _LEARNT),
    "drill_runs": Text("各次演练的对比", "each drill beside the earlier ones"),
    **dict.fromkeys(
        (
            "reference",
            "books",
            "channel_states",
            "capacity_reports",
            "circuits",
            "clearing_staged",
            "clearing_before",
            "hosts",
            "issuer_links",
            "issuer_probes",
            "learning",
            "watch_counts",
            "watched_ways",
            "watched_traffic",
            "watch_turns",
            "master_key",
            "purges",
            "reset_links",
        ),
        _NOW,
    ),
}


def kept_days(chosen: Mapping[str, int]) -> dict[str, int]:
    """Give the days of each subject, those that were chosen in place of the table's.

    Raises `ValueError` for a subject that there is not, or fewer days than its least.
    """
    least = {one.subject: one.least for one in RETENTION}
    for subject, days in chosen.items():
        if subject not in least:
            message = f"{subject} is none of {', '.join(sorted(least))}"
            raise ValueError(message)
        if days < least[subject]:
            message = f"{subject} is kept for {least[subject]} days at least"
            raise ValueError(message)
    return {one.subject: chosen.get(one.subject, one.days) for one in RETENTION}
