"""Every kind of incident: what it is, what it means for the money, and what to do.

One row per kind, in both languages. A kind that ends with `_` stands for all that begin with it and
have no row of their own: `case_` and `escalated_` go on with the name of a cause. What begins with
`audit_` is found by the sweep for contradictions (docs/differences.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

AUDIT: Final = "audit_"


@dataclass(frozen=True, slots=True)
class IncidentKind:
    """One kind with its title, what it means for the money, and the next step."""

    kind: str
    title_zh: str
    title_en: str
    money_zh: str
    money_en: str
    advice_zh: str
    advice_en: str

    def title(self, language: str) -> str:
        """Give the title in a language: zh or en."""
        return self.title_zh if language == "zh" else self.title_en

    def money(self, language: str) -> str:
        """Give what it means for the money."""
        return self.money_zh if language == "zh" else self.money_en

    def advice(self, language: str) -> str:
        """Give the next step."""
        return self.advice_zh if language == "zh" else self.advice_en


_CONCLUDE: Final = (
    "查发卡行该笔交易的记录，两人附证据作人工结论",
    "Ask the issuer for its record; two people conclude it with that as evidence.",
)
_ASK_ISSUER: Final = (
    "凭参考号问发卡行：是否入账。已入账而此处未成交的，要求发卡行退回",
    "Ask the issuer whether it is booked; what is not done here it must give back.",
)
_EXPLAIN: Final = (
    "问发卡行是否入账，此处未成交的须退回；了结后 annul audit --explain 参考号",
    "Ask the issuer; it gives back what is not done here. Then annul audit --explain NUMBER.",
)
_OUR_FAULT: Final = (
    "先不要手工改账。保存该笔记录与日志，报annul维护者；商户余额以分录为准",
    "Change nothing by hand; report rows and log as a fault of annul. The entries count.",
)
_LOOK: Final = (
    "查看案件，由人工推进（annul case 编号）",
    "Look at the case and move it on: annul case NUMBER.",
)

# kind; then zh and en of the title, of what it means for the money, of what to do
_ROWS: Final = (
    # At issuers -----------------------------------------------------------------------------------
    IncidentKind(
        "forward_reversal",
        "冲正未获确认",
        "A reversal is not acknowledged",
        "此处按未成交计；发卡行可能仍占用持卡人的钱",
        "Here it counts as not done; the issuer may still have the cardholder's money.",
        "仍在发送。凭参考号问发卡行；无法确认的作人工结论",
        "It is still being sent. Ask the issuer; what it can not say, two people conclude.",
    ),
    IncidentKind(
        "forward_advice",
        "通知未获确认",
        "An advice is not acknowledged",
        "退货或完成是否入账未知，原交易的额度保留",
        "Nobody knows whether the refund or completion is booked; the original stays held.",
        "仍在发送。凭参考号问发卡行；无法确认的作人工结论",
        "It is still being sent. Ask the issuer; what it can not say, two people conclude.",
    ),
    IncidentKind(
        "disputed",
        "发卡行与本系统说法不一",
        "Issuer and annul say different things",
        "分录保持原样，直到一方得到证明",
        "The entries stay as they are until one of them is proved.",
        *_CONCLUDE,
    ),
    IncidentKind(
        "advice_declined",
        "已告知终端成功的通知被发卡行拒绝",
        "An advice that the terminal was told is done was declined",
        "完成未入账，商户收不到这笔钱",
        "The completion is not booked; the shop does not get the money.",
        "告知商户；按发卡行的原因与持卡人另行结算",
        "Tell the shop; settle it with the cardholder by the issuer's reason.",
    ),
    IncidentKind(
        "answer_of_nothing",
        "发卡行批准了本系统没有的交易",
        "An issuer approved something that annul does not know",
        "发卡行可能动了账，此处没有记录",
        "Money may have moved at the issuer; there is no row here.",
        "凭事件中的域值问发卡行是哪一笔，要求撤销",
        "Ask the issuer by the fields in the incident what it booked, and have it undone.",
    ),
    IncidentKind(
        "answers_contradict",
        "对同一请求的两个应答相反",
        "Two answers to one request contradict each other",
        "此处按先到的结果计；发卡行实际如何未知",
        "Here the first one counts; what the issuer did is not known.",
        *_ASK_ISSUER,
    ),
    IncidentKind(
        "approved_twice",
        "同一请求被批准两次（授权码不同）",
        "One request was approved twice, with two codes",
        "持卡人可能被扣两次，此处只记一次",
        "The cardholder may have paid twice; here it is booked once.",
        "凭两个授权码问发卡行，要求撤销第二笔",
        "Ask the issuer by both authorisation codes, and have the second one undone.",
    ),
    IncidentKind(
        "original_forgotten",
        "发卡行不认自己批准过的交易",
        "An issuer denies what it has approved",
        "消费在此处有效；发卡行回复找不到原交易",
        "Here the sale stands; the issuer answers that there is none.",
        "凭授权码问发卡行；撤销不成的改做退货",
        "Ask the issuer by the authorisation code; what cannot be voided is refunded.",
    ),
    IncidentKind(
        "late_approval",
        "迟到成功，其位置已被另一笔取代，正在冲正",
        "Approved too late, when another had taken its place; it is being reversed",
        "冲正之前，两笔在发卡行可能都生效",
        "Until it is reversed both may count at the issuer.",
        "长时间未获确认的问发卡行",
        "Ask the issuer if the reversal is not acknowledged soon.",
    ),
    # At terminals ---------------------------------------------------------------------------------
    IncidentKind(
        "reversal_not_possible",
        "终端冲正了仍有效的交易",
        "A terminal reversed what stands",
        "未冲正：其间已撤销、退货或完成。终端与主机相差这笔金额",
        "Not reversed: it was undone or completed before. Terminal and host differ by it.",
        "向商户核对小票，以主机结果为准",
        "Compare the slips with the shop; the host's result counts.",
    ),
    IncidentKind(
        "wrong_mac",
        "终端报文MAC屡次错误：攻击或密钥不同步",
        "Messages with a wrong MAC: an attack, or keys out of step",
        "未动账，这些报文没有任何效果",
        "No money moved: these messages had no effect.",
        "让终端重新签到；仍出现的查来源地址（/status 的 strangers）",
        "Let the terminal sign in again; if it goes on, /status says from where (strangers).",
    ),
    IncidentKind(
        "batch_differs",
        "终端批次明细与主机不符",
        "A terminal's batch differs from the host's",
        "结算金额与主机不一致，主机账目不变",
        "The slip's totals differ; the host's books are unchanged.",
        "对照该批次逐笔核对，以主机结果为准",
        "Compare the batch line by line; the host's result counts.",
    ),
    # Cases ----------------------------------------------------------------------------------------
    IncidentKind(
        "case_",
        "案件",
        "A case",
        "见案件",
        "See the case.",
        *_LOOK,
    ),
    IncidentKind(
        "case_late",
        "案件超过承诺时间",
        "A case is over its promised time",
        "顾客的钱还没有着落",
        "The customer's money has not been settled yet.",
        *_LOOK,
    ),
    IncidentKind(
        "case_fault",
        "案件处理出错",
        "A case can not go on by a fault of annul",
        "案件停滞；已发出的以其交易记录为准",
        "It does not move on; what was sent is as its transaction says.",
        "按日志中的case_failed报annul维护者，案件由人工推进",
        "Report it as a fault of annul with the log's case_failed; move the case on by hand.",
    ),
    IncidentKind(
        "escalated_",
        "已结案，请跟进",
        "Ended, to be followed up",
        "已按未撤销结案，见案件",
        "It ended as refused; see the case.",
        *_LOOK,
    ),
    IncidentKind(
        "outcome_unproved",
        "款项结果未能证实",
        "Nobody could prove what became of the money",
        "到期仍未知，列在存疑款项中",
        "It was unknown to the last; it stays with the money in question.",
        *_CONCLUDE,
    ),
    IncidentKind(
        "conclusion_waits",
        "人工结论尚未执行",
        "A conclusion by hand waits to be carried out",
        "交易保持原状态",
        "The transaction stays as it was.",
        "系统会再试；查看是什么占用了原交易",
        "It is tried again; see what holds the original.",
    ),
    IncidentKind(
        "conclusion_overtaken",
        "人工结论与发卡行后来的应答不符",
        "The issuer was heard after people had concluded otherwise",
        "以发卡行的应答为准",
        "The issuer's own answer counts.",
        "核对证据，通知提出和复核的人",
        "Compare the evidence; tell those who concluded it.",
    ),
    IncidentKind(
        "concluded_as_done",
        "人工结论为已成交，而终端被告知未成交",
        "People concluded as done what its terminal holds for not done",
        "此处与发卡行均有效；终端未打印成功凭条",
        "It stands here and at the issuer; its terminal printed no success.",
        "告知商户；商户已另行收款或退款的，退回这一笔",
        "Tell the shop; if it has settled with the customer otherwise, give this one back.",
    ),
    IncidentKind(
        "loop_stands_still",
        "后台任务停滞",
        "A background task stands still",
        "交易照常受理；该任务负责的（冲正、案件、通知等）在延迟",
        "Sales and voids are taken; what the task does (reversals, cases, notices, ...) is late.",
        "看该进程日志中的 loop_failed；原因不明时重启该进程，欠着的由其他进程接手",
        "See loop_failed in the log of that process; restart it if in doubt: others take over.",
    ),
    IncidentKind(
        "webhook_failed",
        "网络回调未能送达",
        "A webhook could not be delivered",
        "与款项无关，商户未收到通知",
        "Nothing to do with money; the merchant was not told.",
        "修好接收方后重送（控制台，网络回调）",
        "Mend the receiver and send it again (console, webhooks).",
    ),
    # What the sweep finds -------------------------------------------------------------------------
    IncidentKind(
        "audit_late_approval",
        "已结束，但发卡行后来批准，且无人处理",
        "Ended, approved late, and nothing is owed",
        "发卡行动了账，此处按未成交计",
        "The issuer moved money; here it counts as not done.",
        *_EXPLAIN,
    ),
    IncidentKind(
        "audit_reversed_but_approved",
        "此处已冲正，发卡行批准过却不认这笔冲正",
        "Reversed here, while the issuer approved it and denies the reversal",
        "分录已冲回，发卡行可能还占用持卡人的钱",
        "The entries were mirrored; the issuer may still have the cardholder's money.",
        *_EXPLAIN,
    ),
    IncidentKind(
        "audit_approved_then_declined",
        "此处有效，发卡行后来说未入账",
        "It stands here; the issuer said later that it booked nothing",
        "商户已入账，发卡行可能不付这笔钱",
        "The merchant has the money; the issuer may not pay it.",
        *_EXPLAIN,
    ),
    IncidentKind(
        "audit_dispute_untold",
        "有争议的交易没有未关闭的事件",
        "A dispute without an open incident",
        "双方说法不一，且没有人看到",
        "Both sides say different things, and nobody sees it.",
        *_CONCLUDE,
    ),
    IncidentKind(
        "audit_unknown_without_outbox",
        "结果未知，且没有待发报文",
        "No outcome, and nothing is owed to the issuer",
        "不会有人再问，原交易一直被占用",
        "Nobody asks any more; its original stays locked.",
        "看是否有主机在运行（/health）；仍未变的作人工结论",
        "See that a host serves (/health); what stays as it is, two people conclude.",
    ),
    IncidentKind(
        "audit_hold_without_holder",
        "原交易的占用额与引用它的交易不符",
        "What an original holds is not what refers to it holds",
        "多占用则退不了款，少占用则可能退两次",
        "Too much: it cannot be given back. Too little: it could be given back twice.",
        *_OUR_FAULT,
    ),
    IncidentKind(
        "audit_undone_without_proof",
        "原交易的状态没有相应的交易证明",
        "An original's state and what was done to it do not agree",
        "显示已退而没有退，或已退而未显示",
        "It shows money given back that was not, or the other way round.",
        *_OUR_FAULT,
    ),
    IncidentKind(
        "audit_given_back_twice",
        "一笔原交易退回超过原金额",
        "More was given back than was taken",
        "持卡人多得，商户或收单机构亏损",
        "The cardholder has too much; merchant or acquirer pays.",
        *_EXPLAIN,
    ),
    IncidentKind(
        "audit_fee_returned",
        "退回的手续费多于收取的",
        "More of a fee was given back than was taken",
        "收单机构少收手续费",
        "The acquirer has lost the difference.",
        "旧版本按次舍入所致，差额由收单机构承担或调账",
        "Older versions rounded each refund by itself: bear the difference or adjust it.",
    ),
    IncidentKind(
        "audit_balance",
        "商户余额与分录不符",
        "A merchant's balance is unlike its entries",
        "可撤销、可结算的金额算错",
        "What covers voids and payouts is counted wrong.",
        *_OUR_FAULT,
    ),
    IncidentKind(
        "audit_entries",
        "交易与其分录不符",
        "A transaction and its entries do not agree",
        "账上多记或少记这笔金额",
        "The books have its amount too much or too little.",
        *_OUR_FAULT,
    ),
    IncidentKind(
        "audit_failed_without_case",
        "失败的撤销、退货或完成没有案件",
        "A failed void, refund or completion without a case",
        "没有人处理，顾客的钱可能没有退回",
        "Nobody follows it up; the customer's money may not be back.",
        "看处理案件的进程是否在运行（设置 resolver）",
        "See that a process works on cases (setting resolver).",
    ),
    IncidentKind(
        "audit_case_without_look",
        "案件没有人看",
        "A case that nobody looks at",
        "款项没有变动，也不会自行变动",
        "No money has moved, and none will by itself.",
        "看处理案件的进程是否在运行（设置 resolver）；未证实的见存疑款项",
        "See that a process works on cases (setting resolver); conclude what ended unproved.",
    ),
    IncidentKind(
        "audit_case_end",
        "案件说已退回，原交易却仍有效",
        "A case says that the money is back; the sale stands",
        "顾客以为已退，实际没有",
        "The customer was told it is back, and it is not.",
        "告知商户，重做撤销或退货",
        "Tell the shop, and void or refund it again.",
    ),
    IncidentKind(
        "audit_case_chain",
        "案件的事件链被改动",
        "The history of a case was changed",
        "与款项无关；该案件的证明不可信",
        "Not about money; proofs of this case can not be trusted.",
        "与备份及已导出的证明对照，查谁写过数据库",
        "Compare it with a backup and exported proofs; find out who wrote to the database.",
    ),
)

INCIDENTS: Final[Mapping[str, IncidentKind]] = {row.kind: row for row in _ROWS}


def about(kind: str) -> IncidentKind | None:
    """Give the row of a kind, or of the family that it belongs to; None when nobody knows it."""
    found = INCIDENTS.get(kind)
    if found is None:
        found = INCIDENTS.get(f"{kind.partition('_')[0]}_")
    return found
