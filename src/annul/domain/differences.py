"""The kinds of differences that the sweep looks for, see docs/differences.md.

Each is an incident whose row says in figures what contradicts. A new one needs a row here, a row in
`annul.resolve.differences` and its question in `annul/resolve/audit.sql` or `audit_payouts.sql`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from .incident import IncidentKind, Severity, Subject
from .issuer_incidents import CONCLUDE
from .text import Text

AUDIT: Final = "audit_"

_EXPLAIN: Final = Text(
    "问发卡行是否入账，此处未成交的须退回；了结后 annul audit --explain 参考号",
    "Ask the issuer; it gives back what is not done here. Then annul audit --explain NUMBER.",
)
_OUR_FAULT: Final = Text(
    "先不要手工改账。保存该笔记录与日志，报annul维护者；商户余额以分录为准",
    (
        "Change nothing by hand; report rows and log as a fault of annul. The entries "
        "are authoritative."
    ),
)

_CALLED: Final[Mapping[str, Text]] = {
    "kind": Text("类型 {kind:word}", "kind {kind:word}"),
    "state": Text("状态 {state:word}", "state {state:word}"),
    "amount": Text("金额 {amount:money}", "amount {amount:money}"),
    "code": Text("应答码 {code}", "answered {code}"),
    "late_code": Text("迟到应答码 {late_code}", "answered late {late_code}"),
    "late_at": Text("迟到应答时间 {late_at:time}", "at {late_at:time}"),
    "acknowledged": Text("冲正应答码 {acknowledged}", "reversal answered {acknowledged}"),
    "node": Text("主机 {node}", "node {node}"),
    "received_at": Text("收到 {received_at:time}", "received {received_at:time}"),
    "receivable": Text("分录应收 {receivable:money}", "by its entries {receivable:money}"),
    "fee": Text("手续费 {fee:money}", "fee {fee:money}"),
    "income": Text("分录手续费 {income:money}", "fee by its entries {income:money}"),
    "undone": Text("已退或占用 {undone:money}", "undone {undone:money}"),
    "held": Text("引用它的占用 {held:money}", "held by what refers to it {held:money}"),
    "undoing": Text("在途 {undoing:money}", "on its way {undoing:money}"),
    "under_way": Text("引用它的在途 {under_way:money}", "of what refers to it {under_way:money}"),
    "left_over": Text(
        "失败者仍占用 {left_over:money}", "left over by what failed {left_over:money}"
    ),
    "voids": Text("撤销笔数 {voids}", "voids {voids}"),
    "refunds": Text("退货笔数 {refunds}", "refunds {refunds}"),
    "completions": Text("完成笔数 {completions}", "completions {completions}"),
    "back": Text("已退回 {back:money}", "given back {back:money}"),
    "beside": Text("此外退回 {beside:money}", "beside it {beside:money}"),
    "returned": Text("已退手续费 {returned:money}", "fee given back {returned:money}"),
    "ended": Text("结案 {ended:word}", "ended {ended:word}"),
    "ended_at": Text("结案时间 {ended_at:time}", "at {ended_at:time}"),
    "step": Text("步骤 {step:word}", "step {step:word}"),
    "due_look": Text("下次自动处理 {due_look:time}", "next automatic check {due_look:time}"),
    "terminal": Text("终端 {terminal}", "terminal {terminal}"),
    "trace": Text("流水号 {trace}", "trace {trace}"),
    "told": Text("曾确认为 {told:word}", "was confirmed as {told:word}"),
    "told_at": Text("确认时间 {told_at:time}", "at {told_at:time}"),
    "how": Text("不符 {how:word}", "found {how:word}"),
    "what": Text("内容 {what}", "in {what}"),
    "line": Text("第几条 {line}", "line {line}"),
    "pending": Text("待结 {pending:money}", "pending {pending:money}"),
    "pending_entries": Text("按分录 {pending_entries:money}", "by entries {pending_entries:money}"),
    "available": Text("可用 {available:money}", "available {available:money}"),
    "available_entries": Text(
        "按分录 {available_entries:money}", "by entries {available_entries:money}"
    ),
    "frozen": Text("冻结 {frozen:money}", "frozen {frozen:money}"),
    "frozen_entries": Text("按分录 {frozen_entries:money}", "by entries {frozen_entries:money}"),
    "in_payout": Text("在途付款 {in_payout:money}", "on its way {in_payout:money}"),
    "in_payout_entries": Text(
        "按分录 {in_payout_entries:money}", "by entries {in_payout_entries:money}"
    ),
    "rolling_reserve": Text("准备金 {rolling_reserve:money}", "held back {rolling_reserve:money}"),
    "rolling_reserve_entries": Text(
        "按分录 {rolling_reserve_entries:money}", "by entries {rolling_reserve_entries:money}"
    ),
    "waits": Text("未处理差异 {waits:money}", "open breaks {waits:money}"),
    "suspended": Text("暂挂 {suspended:money}", "in suspense {suspended:money}"),
    "accepted": Text("接受的差额 {accepted:money}", "accepted {accepted:money}"),
    "borne": Text("账户承担 {borne:money}", "borne {borne:money}"),
    "live": Text("未了结拒付 {live:money}", "live chargebacks {live:money}"),
    "holding": Text("拒付暂扣 {holding:money}", "held for chargebacks {holding:money}"),
    "charged_back": Text("记为被拒付 {charged_back:money}", "charged back {charged_back:money}"),
    "claims": Text("按拒付记录 {claims:money}", "by its chargebacks {claims:money}"),
    "items": Text("按明细 {items:money}", "by what is in it {items:money}"),
    "on_its_way": Text("分录在途 {on_its_way:money}", "on its way {on_its_way:money}"),
    "at_bank": Text("分录已付 {at_bank:money}", "paid by its entries {at_bank:money}"),
    "taken": Text("收款 {taken:money}", "taken {taken:money}"),
    "taken_entries": Text("按分录 {taken_entries:money}", "by entries {taken_entries:money}"),
    "given_back": Text("退出 {given_back:money}", "given back {given_back:money}"),
    "given_back_entries": Text(
        "按分录 {given_back_entries:money}", "by entries {given_back_entries:money}"
    ),
    "net": Text("净额 {net:money}", "net {net:money}"),
    "net_entries": Text("按分录 {net_entries:money}", "by entries {net_entries:money}"),
    "reserved": Text("预留 {reserved:money}", "reserved {reserved:money}"),
    "reserved_needed": Text("应预留 {reserved_needed:money}", "needed {reserved_needed:money}"),
}


def _difference(
    name: str,
    title: Text,
    money: Text,
    advice: Text,
    facts: Sequence[str],
    section: str,
    *,
    subject: Subject = Subject.TRANSACTION,
    severity: Severity = Severity.CRITICAL,
) -> IncidentKind:
    """Give a row that tells its facts after its reference: number, case or currency."""
    told = [_CALLED[fact] for fact in facts]
    says = Text(
        "{reference}：" + "，".join(one.zh for one in told),
        "{reference}: " + ", ".join(one.en for one in told),
    )
    return IncidentKind(AUDIT + name, severity, subject, title, money, advice, says, section)


# name; title, what it means for the money, what to do; facts in the order of telling; section
DIFFERENCES: Final = (
    _difference(
        "lost",
        Text("数据库已确认，现已不存在", "Confirmed by the database, and not there any more"),
        Text(
            "发卡行和终端可能已入账，此处没有或停在之前的状态；数据库切换或恢复时丢失",
            "Issuer and till may have booked it; a failover or a restore of the database lost it.",
        ),
        Text(
            "向发卡行和商户核对该笔，据实退款或补记；了结后 annul audit --explain 参考号",
            "Ask issuer and shop; pay back or book it. Then annul audit --explain NUMBER.",
        ),
        ("kind", "amount", "terminal", "trace", "told", "told_at", "state"),
        "database",
    ),
    _difference(
        "late_approval",
        Text("已结束，但发卡行后来批准，且无人处理", "Ended, approved late, and nothing is owed"),
        Text("发卡行动了账，此处按未成交计", "The issuer moved money; here it counts as not done."),
        _EXPLAIN,
        ("kind", "state", "amount", "late_code", "late_at"),
        "issuer-and-annul",
    ),
    _difference(
        "reversed_but_approved",
        Text(
            "此处已冲正，发卡行批准过却不认这笔冲正",
            "Reversed here, while the issuer approved it and denies the reversal",
        ),
        Text(
            "分录已冲回，发卡行可能还占用持卡人的钱",
            "The entries were mirrored; the issuer may still have the cardholder's money.",
        ),
        _EXPLAIN,
        ("kind", "amount", "code", "late_code", "acknowledged"),
        "issuer-and-annul",
    ),
    _difference(
        "approved_then_declined",
        Text(
            "此处有效，发卡行后来说未入账",
            "It stands here; the issuer said later that it booked nothing",
        ),
        Text(
            "商户已入账，发卡行可能不付这笔钱",
            "The merchant has the money; the issuer may not pay it.",
        ),
        _EXPLAIN,
        ("kind", "state", "amount", "code", "late_code", "late_at"),
        "issuer-and-annul",
    ),
    _difference(
        "dispute_untold",
        Text("有争议的交易没有未关闭的事件", "A dispute without an open incident"),
        Text("双方说法不一，且没有人看到", "Both sides say different things, and nobody sees it."),
        CONCLUDE,
        ("kind", "amount", "code", "late_code"),
        "issuer-and-annul",
    ),
    _difference(
        "unknown_without_outbox",
        Text("结果未知，且没有待发报文", "No outcome, and nothing is owed to the issuer"),
        Text("不会有人再问，原交易一直被占用", "Nobody asks any more; its original stays locked."),
        Text(
            "看是否有主机在运行（/health）；仍未变的作人工结论",
            "See that a host serves (/health); what stays as it is, two people conclude.",
        ),
        ("kind", "state", "amount", "node", "received_at"),
        "issuer-and-annul",
    ),
    _difference(
        "hold_without_holder",
        Text(
            "原交易的占用额与引用它的交易不符",
            "What an original holds is not what refers to it holds",
        ),
        Text(
            "多占用则退不了款，少占用则可能退两次",
            "Too much: it cannot be given back. Too little: it could be given back twice.",
        ),
        _OUR_FAULT,
        ("state", "amount", "undone", "held", "undoing", "under_way", "left_over"),
        "originals",
    ),
    _difference(
        "undone_without_proof",
        Text(
            "原交易的状态没有相应的交易证明",
            "An original's state and what was done to it do not agree",
        ),
        Text(
            "显示已退而没有退，或已退而未显示",
            "It shows money given back that was not, or the other way round.",
        ),
        _OUR_FAULT,
        ("state", "amount", "undone", "voids", "refunds", "completions"),
        "originals",
    ),
    _difference(
        "given_back_twice",
        Text("一笔原交易退回超过原金额", "More was given back than was taken"),
        Text(
            "持卡人多得，商户或收单机构亏损",
            "The cardholder has too much; merchant or acquirer pays.",
        ),
        _EXPLAIN,
        ("state", "amount", "back", "beside"),
        "originals",
    ),
    _difference(
        "fee_returned",
        Text("退回的手续费多于收取的", "More of a fee was given back than was taken"),
        Text("收单机构少收手续费", "The acquirer has lost the difference."),
        Text(
            "旧版本按次舍入所致，差额由收单机构承担或调账",
            "Older versions rounded each refund by itself: bear the difference or adjust it.",
        ),
        ("state", "amount", "fee", "returned"),
        "originals",
    ),
    _difference(
        "entries",
        Text("交易与其分录不符", "A transaction and its entries do not agree"),
        Text("账上多记或少记这笔金额", "The books have its amount too much or too little."),
        _OUR_FAULT,
        ("kind", "state", "amount", "receivable", "fee", "income"),
        "books",
    ),
    _difference(
        "balance",
        Text("商户余额与分录不符", "A merchant's balance is unlike its entries"),
        Text("可撤销、可结算的金额算错", "What covers voids and payouts is counted wrong."),
        _OUR_FAULT,
        (
            "pending",
            "pending_entries",
            "available",
            "available_entries",
            "frozen",
            "frozen_entries",
            "in_payout",
            "in_payout_entries",
            "rolling_reserve",
            "rolling_reserve_entries",
            "reserved",
            "reserved_needed",
        ),
        "books",
        subject=Subject.BALANCE,
    ),
    _difference(
        "available",
        Text("可用余额与未付明细不符", "What is available is not what no payout has taken"),
        Text("付款暂停，或商户多收少收", "The merchant is not paid, or paid wrongly."),
        _OUR_FAULT,
        ("available", "items"),
        "books",
        subject=Subject.BALANCE,
    ),
    _difference(
        "suspense",
        Text("暂挂款与未处理的清算差异不符", "Suspense is not what open breaks come to"),
        Text(
            "应收发卡行的款项有误",
            "What issuers owe by the books is not what their files say.",
        ),
        _OUR_FAULT,
        ("waits", "suspended"),
        "books",
        subject=Subject.BALANCE,
    ),
    _difference(
        "tolerance",
        Text("容差内差额与其分录不符", "Accepted differences are not what is posted of them"),
        Text(
            "应收发卡行、应付卡组织或承担账户有误",
            "What issuers owe, or schemes are owed, is wrong by the books, or who bears it.",
        ),
        _OUR_FAULT,
        ("accepted", "borne"),
        "books",
        subject=Subject.BALANCE,
    ),
    _difference(
        "chargeback_money",
        Text(
            "拒付暂扣与未了结拒付不符", "What is held for chargebacks is not what live ones come to"
        ),
        Text("商户或发卡行多得或少得", "A merchant or an issuer has too much or too little."),
        _OUR_FAULT,
        ("live", "holding"),
        "books",
        subject=Subject.BALANCE,
    ),
    _difference(
        "charged_back",
        Text(
            "交易的拒付占用与其拒付不符",
            "What is charged back of it is not what its chargebacks hold",
        ),
        Text(
            "该交易可能退回两次，或该退的退不了",
            "It may be given back twice, or what should go back cannot.",
        ),
        _OUR_FAULT,
        ("state", "amount", "charged_back", "claims"),
        "books",
    ),
    _difference(
        "chargeback_chain",
        Text("拒付的历史被改动", "The history of a chargeback was changed"),
        Text("该拒付的证明不可信", "What it says of the money proves nothing."),
        _OUR_FAULT,
        ("line",),
        "books",
        subject=Subject.SEAL,
    ),
    _difference(
        "payout_items",
        Text("付款金额与其明细不符", "A payout is not the sum of what is in it"),
        Text("商户多收或少收差额", "The merchant gets the difference too much or too little."),
        _OUR_FAULT,
        ("state", "amount", "items"),
        "books",
        subject=Subject.PAYOUT,
    ),
    _difference(
        "payout_state",
        Text("付款状态与分录不符", "A payout and its entries do not agree"),
        Text("这笔钱可能付了两次，或没有付", "It may have been paid twice, or not at all."),
        Text(
            "问银行是否入账、是否退回，取当日对账单读入；仍不符的报annul维护者",
            "Ask the bank for its statement of that day and read it in; report what stays.",
        ),
        ("state", "amount", "on_its_way", "at_bank", "back"),
        "books",
        subject=Subject.PAYOUT,
    ),
    _difference(
        "counted_day",
        Text("已结营业日与其分录不符", "A closed business day is not what its entries come to"),
        Text("结算给商户的金额有误", "The merchant was settled too much or too little."),
        _OUR_FAULT,
        ("taken", "taken_entries", "given_back", "given_back_entries", "net", "net_entries"),
        "books",
        subject=Subject.BALANCE,
    ),
    _difference(
        "failed_without_case",
        Text(
            "失败的撤销、退货或完成没有案件", "A failed void, refund or completion without a case"
        ),
        Text(
            "没有人处理，顾客的钱可能没有退回",
            "Nobody is following it up; the customer's money may not be back.",
        ),
        Text(
            "看处理案件的进程是否在运行（设置 resolver）",
            "See that a process works on cases (setting resolver).",
        ),
        ("kind", "state", "amount", "code", "received_at"),
        "cases",
        severity=Severity.WARNING,
    ),
    _difference(
        "case_without_look",
        Text("案件无人处理", "A case that nothing handles"),
        Text("款项没有变动，也不会自行变动", "No money has moved, and none will by itself."),
        Text(
            "看处理案件的进程是否在运行（设置 resolver）；结果待证的见款项待证",
            "See that a process works on cases (setting resolver); conclude what ended unproved.",
        ),
        ("ended", "step", "amount", "due_look"),
        "cases",
        subject=Subject.CASE,
        severity=Severity.WARNING,
    ),
    _difference(
        "case_end",
        Text("案件说已退回，原交易却仍有效", "A case says that the money is back; the sale stands"),
        Text("顾客以为已退，实际没有", "The customer was told it is back, and it is not."),
        Text("告知商户，重做撤销或退货", "Tell the shop, and void or refund it again."),
        ("ended", "amount", "ended_at", "state"),
        "cases",
        subject=Subject.CASE,
    ),
    _difference(
        "case_chain",
        Text("案件的事件链被改动", "The history of a case was changed"),
        Text(
            "与款项无关；该案件的证明不可信",
            "Not about money; proofs of this case cannot be trusted.",
        ),
        Text(
            "与备份及已导出的证明对照，查谁写过数据库",
            "Compare it with a backup and exported proofs; find out who wrote to the database.",
        ),
        ("line",),
        "cases",
        subject=Subject.CASE,
        severity=Severity.WARNING,
    ),
    _difference(
        "sealed",
        Text("审计日志或案件经过与封存不符", "The audit log or a history does not fit its seal"),
        Text(
            "未必与款项有关；有人改写、删除或补写了数据库中的记录",
            "Perhaps not about money; somebody has rewritten, removed or added rows.",
        ),
        Text(
            "与备份及导出的封存对照，查谁写过数据库，并更换数据库的密码",
            "Compare it with a backup and the exported seals; find out who wrote to the database.",
        ),
        ("how", "what"),
        "cases",
        subject=Subject.SEAL,
    ),
)
