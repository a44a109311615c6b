"""Every kind of incident: what it is, what it means for the money, and what to do.

One row per kind, in both languages: here those of terminals, cases, people and processes, in
`issuer_incidents.py` those of issuers, in `alarm_incidents.py` those of alarms, in
`payout_incidents.py` those of payouts, and in `differences.py` what the sweep finds (`audit_`).
"""

from collections.abc import Mapping
from typing import Final

from .alarm_incidents import ALARM_INCIDENTS
from .clearing_incidents import CLEARING_INCIDENTS
from .differences import DIFFERENCES
from .guesses import IN_ROW, MANY_WITHIN_S, OF_SHOP, OFTEN
from .incident import IncidentKind, Severity, Subject, about_case, about_transaction
from .issuer_incidents import CONCLUDE, ISSUER_INCIDENTS
from .notice_incidents import NOTICE_INCIDENTS
from .payout_incidents import PAYOUT_INCIDENTS
from .text import Text
from .watch_incidents import WATCH_INCIDENTS

_LOOK: Final = Text(
    "打开案件，由人工推进",
    "Open the case and move it on.",
)

# kind, severity, subject; title, what it means for the money, what to do, what a row says; section
_ROWS: Final = (
    # Terminals ------------------------------------------------------------------------------------
    IncidentKind(
        "reversal_not_possible",
        Severity.CRITICAL,
        Subject.TRANSACTION,
        Text("终端冲正了仍有效的交易", "A terminal reversed what stands"),
        Text(
            "未冲正：其间已撤销、退货或完成。终端与主机相差这笔金额",
            "Not reversed: it was undone or completed before. Terminal and host differ by it.",
        ),
        Text(
            "向商户核对小票，以主机结果为准",
            "Compare the slips with the shop; the host's result counts.",
        ),
        about_transaction(
            "终端{terminal}冲正了它，而它是{state:word}，未冲正",
            "terminal {terminal} reversed it, but it is {state:word} and was not reversed",
        ),
        "terminals",
    ),
    IncidentKind(
        "wrong_mac",
        Severity.WARNING,
        Subject.TERMINAL,
        Text(
            "终端报文MAC屡次错误：攻击或密钥不同步",
            "Messages with a wrong MAC: an attack, or keys out of step",
        ),
        Text("未动账，这些报文没有任何效果", "No money moved: these messages had no effect."),
        Text(
            "让终端重新签到；仍出现的查来源地址（/status 的 strangers）",
            (
                "Have the terminal sign in again; if it continues, /status shows from where "
                "(strangers)."
            ),
        ),
        Text(
            "终端{terminal}：{seconds}秒内{count}条报文MAC错误，最近来自{address}",
            "Terminal {terminal}: {count} messages with a wrong MAC within {seconds} s, the latest"
            " from {address}",
        ),
        "terminals",
    ),
    IncidentKind(
        "batch_differs",
        Severity.WARNING,
        Subject.BATCH,
        Text("终端批次明细与主机不符", "A terminal's batch differs from the host's"),
        Text(
            "结算金额与主机不一致，主机账目不变",
            "The slip's totals differ; the host's books are unchanged.",
        ),
        Text(
            "在商户页面逐笔核对并处理，处理完最后一笔即关闭",
            "Resolve each row on the merchant's page; with the last one this closes.",
        ),
        Text(
            "终端{terminal}批次{batch}：{count}笔与主机不符",
            "Terminal {terminal}, batch {batch}: {count} records differ from the host's",
        ),
        "terminals",
    ),
    IncidentKind(
        "vouchers_guessed",
        Severity.WARNING,
        Subject.TERMINAL,
        Text("屡次猜凭证号要求退钱", "Voucher numbers are being guessed"),
        Text(
            "未动账：这些请求都被拒绝",
            "No money moved: each of these requests was refused.",
        ),
        Text(
            "电话问商户谁在操作，看其案件；可疑的停用终端。三十分钟没有再猜自动关闭",
            "Call the shop and ask who is at the till; see its cases, and stop the terminal if in"
            " doubt. It closes by itself after half an hour without another one.",
        ),
        Text(
            "终端{terminal}：{how:way}，凭证号不存在或属于另一张卡",
            "Terminal {terminal}: {how:way} named vouchers that are not there, or another card's",
        ),
        "terminals",
        ways={
            IN_ROW: Text("连续{count}次", "{count} requests in a row"),
            OFTEN: Text(
                f"{MANY_WITHIN_S // 60}分钟内{{count}}次",
                f"{{count}} requests within {MANY_WITHIN_S // 60} minutes",
            ),
            OF_SHOP: Text(
                f"本店各终端{MANY_WITHIN_S // 60}分钟内共{{count}}次",
                f"{{count}} requests of all its shop within {MANY_WITHIN_S // 60} minutes",
            ),
        },
    ),
    # Cases ----------------------------------------------------------------------------------------
    IncidentKind(
        "case_late",
        Severity.WARNING,
        Subject.CASE,
        Text("案件超过处理时限", "A case is overdue"),
        Text("顾客款项尚未了结", "The customer's money has not been settled yet."),
        _LOOK,
        about_case("停在步骤{step:word}", "it is in step {step:word}"),
        "cases-that-do-not-go-on",
    ),
    IncidentKind(
        "case_fault",
        Severity.WARNING,
        Subject.CASE,
        Text("案件处理出错", "A case is stuck: internal error in annul"),
        Text(
            "案件停滞；已发出的以其交易记录为准",
            "It does not move on; what was sent is as its transaction says.",
        ),
        Text(
            "按日志中的case_failed报annul维护者，案件由人工推进",
            "Report it with the log's case_failed as a fault of annul; move the case on by hand.",
        ),
        about_case("处理出错（{error}），还会再试", "it failed with {error} and is retried"),
        "cases-that-do-not-go-on",
    ),
    IncidentKind(
        "case_acquirer_fault",
        Severity.WARNING,
        Subject.CASE,
        Text("案件因本系统的故障", "A case caused by an internal error"),
        Text("见案件", "See the case."),
        _LOOK,
        about_case("失败的原因在本系统", "it failed by an internal error in annul"),
        "cases-that-do-not-go-on",
    ),
    IncidentKind(
        "escalated",
        Severity.NOTICE,
        Subject.CASE,
        Text("已结案，请跟进", "Closed, needs follow-up"),
        Text("已按未撤销结案，见案件", "Closed as refused; see the case."),
        _LOOK,
        about_case("{cause}", "{cause}"),
        "cases-that-do-not-go-on",
    ),
    IncidentKind(
        "outcome_unproved",
        Severity.CRITICAL,
        Subject.CASE,
        Text("款项结果待证", "Nobody could prove what became of the money"),
        Text(
            "到期仍未知，列在款项待证中",
            "Still unknown at the last time; it stays among the money in question.",
        ),
        CONCLUDE,
        about_case("{why}", "{why}"),
        "cases-that-do-not-go-on",
    ),
    # Conclusions by hand --------------------------------------------------------------------------
    IncidentKind(
        "conclusion_waits",
        Severity.WARNING,
        Subject.TRANSACTION,
        Text("人工结论尚未执行", "A conclusion by hand is not carried out yet"),
        Text("交易保持原状态", "The transaction stays as it was."),
        Text("系统会再试；查看是什么占用了原交易", "It is retried; see what holds the original."),
        about_transaction(
            "两人确认的结论还不能执行", "what two people have confirmed cannot be carried out yet"
        ),
        "conclusions-by-hand",
    ),
    IncidentKind(
        "conclusion_overtaken",
        Severity.CRITICAL,
        Subject.TRANSACTION,
        Text(
            "人工结论与发卡行后来的应答不符",
            "The issuer answered otherwise after a conclusion by hand",
        ),
        Text("以发卡行的应答为准", "The issuer's own answer counts."),
        Text("核对证据，通知提出和复核的人", "Compare the evidence; tell those who concluded it."),
        about_transaction(
            "人工结论为{concluded:way}，发卡行应答{code}，现为{state:word}",
            "concluded as {concluded:way}, but the issuer answered {code}, and it is {state:word}",
        ),
        "conclusions-by-hand",
        ways={"done": Text("已成交", "done"), "not_done": Text("未成交", "not done")},
    ),
    IncidentKind(
        "concluded_as_done",
        Severity.CRITICAL,
        Subject.TRANSACTION,
        Text(
            "人工结论为已成交，而终端被告知未成交",
            "Concluded as done, while the terminal was told it was not",
        ),
        Text(
            "此处与发卡行均有效；终端未打印成功凭条",
            "It stands here and at the issuer; the terminal printed no approval.",
        ),
        Text(
            "告知商户；商户已另行收款或退款的，退回这一笔",
            "Tell the shop; if it has settled with the customer otherwise, give this one back.",
        ),
        about_transaction(
            "终端{terminal}被告知未成交，或已把它冲正",
            "terminal {terminal} was told otherwise, or reversed it",
        ),
        "conclusions-by-hand",
    ),
    # Processes and webhooks -----------------------------------------------------------------------
    IncidentKind(
        "loop_stands_still",
        Severity.WARNING,
        Subject.LOOP,
        Text("后台任务停滞", "A background task has stopped"),
        Text(
            "交易照常受理；该任务负责的（冲正、案件、通知等）在延迟",
            (
                "Sales and voids are accepted; what the task does (reversals, cases, notices, "
                "...) is delayed."
            ),
        ),
        Text(
            "看该进程日志中的 loop_failed；原因不明时重启该进程，未完成的由其他进程接手",
            "See loop_failed in the log of that process; restart it if in doubt: others take over.",
        ),
        Text(
            "主机进程{process}：任务{loop}没有按时轮到，最近的错误：{why}",
            "Host process {process}: task {loop} did not run on time, last error: {why}",
        ),
        "processes-and-webhooks",
    ),
    IncidentKind(
        "move_stands_still",
        Severity.WARNING,
        Subject.MERCHANT,
        Text("商户迁移中断", "A merchant's move to another cell has stopped half-way"),
        Text(
            "商户暂不能交易（终端得96）；已有交易不丢失、不重复。"
            "若已在新单元服务，旧单元的副本未清除，合计可能重复计算",
            "No money is lost or moved twice. As long as no cell serves it its terminals get 96;"
            " once the other one does, what is left here may count twice in totals.",
        ),
        Text(
            "再次执行 annul cells move 商户号 --to 单元 --reason 理由：未到新单元的从头再做，"
            "已到的只清除旧副本",
            "Give annul cells move MERCHANT --to CELL --reason again: before it lives there the"
            " move begins anew, afterwards it only clears what is left here.",
        ),
        Text(
            "商户{merchant}前往单元{cell}的迁移没有继续",
            "The move of merchant {merchant} to cell {cell} does not go on",
        ),
        "processes-and-webhooks",
    ),
    IncidentKind(
        "capacity_short",
        Severity.NOTICE,
        Subject.RESOURCE,
        Text("容量即将不足", "Capacity will be short"),
        Text(
            "现在照常受理；不增加的话，届时应答变慢，或不再受理",
            "Everything is accepted now; without more, answers become slow by then, or nothing is"
            " accepted.",
        ),
        Text(
            "按容量页所列增加：annul capacity",
            "Add what the page on capacity says: annul capacity.",
        ),
        Text(
            "{what}：现为{share}，上限{limit}，预计{due}达到。{then}",
            "{what}: {share} now, {limit} at most, expected on {due}. {then}",
        ),
        "processes-and-webhooks",
    ),
    IncidentKind(
        "webhook_failed",
        Severity.NOTICE,
        Subject.DELIVERY,
        Text("网络回调未能送达", "A webhook could not be delivered"),
        Text("与款项无关，商户未收到通知", "No effect on money; the merchant was not told."),
        Text(
            "修好接收方后重送（控制台，网络回调）",
            "Fix the receiver and send it again (console, webhooks).",
        ),
        Text(
            "商户{merchant}的网络回调{webhook}：案件{case}的结果{tries}次未能送达（最近：{answer}），投递号{delivery}",
            "Webhook {webhook} of merchant {merchant}: the end of case {case} was not delivered in"
            " {tries} tries (last: {answer}), delivery {delivery}",
        ),
        "processes-and-webhooks",
    ),
)

INCIDENTS: Final[Mapping[str, IncidentKind]] = {
    row.kind: row
    for row in (
        *ISSUER_INCIDENTS,
        *ALARM_INCIDENTS,
        *_ROWS,
        *PAYOUT_INCIDENTS,
        *CLEARING_INCIDENTS,
        *NOTICE_INCIDENTS,
        *WATCH_INCIDENTS,
        *DIFFERENCES,
    )
}
