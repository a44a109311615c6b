"""The kinds of incidents that come from what issuers say, or do not say (docs/differences.md)."""

from typing import Final

from .incident import IncidentKind, Severity, Subject, about_case, about_transaction
from .text import Text

CONCLUDE: Final = Text(
    "查发卡行该笔交易的记录，两人附证据作人工结论",
    "Ask the issuer for its record; two people conclude it with that as evidence.",
)
_ASK_ISSUER: Final = Text(
    "凭参考号问发卡行：是否入账。已入账而此处未成交的，要求发卡行退回",
    "Ask the issuer whether it is booked; what is not done here it must give back.",
)

# kind, severity, subject; title, what it means for the money, what to do, what a row says; section
ISSUER_INCIDENTS: Final = (
    # Answers of issuers ---------------------------------------------------------------------------
    IncidentKind(
        "disputed",
        Severity.CRITICAL,
        Subject.TRANSACTION,
        Text("发卡行与本系统说法不一", "Issuer and annul say different things"),
        Text(
            "分录保持原样，直到一方得到证明",
            "The entries stay as they are until one of them is proved.",
        ),
        CONCLUDE,
        about_transaction("{how:way}，应答{code}", "{how:way}, code {code}"),
        "answers-of-issuers",
        ways={
            "denies_reversal": Text(
                "发卡行批准过，又不认对它的冲正", "the issuer approved it and denies its reversal"
            ),
            "refuses_repeat": Text(
                "发卡行拒绝重发的请求，前一次可能已入账",
                "the issuer refuses a repeat of what it may have booked",
            ),
            "differs": Text(
                "发卡行批准的与所请求的不同，域{fields}",
                "the issuer approved something else, fields {fields}",
            ),
            "after_its_end": Text(
                "在此处已是{state:word}之后才被批准，不能冲正",
                "approved when it had ended as {state:word}, and it cannot be reversed",
            ),
            "beside_another": Text(
                "在此处已是{state:word}之后才被批准，不能冲正，其位置已被另一笔取代，可能重复支付",
                "approved when it had ended as {state:word}, and it cannot be reversed; another"
                " has taken its place, so it may be paid twice",
            ),
        },
    ),
    IncidentKind(
        "advice_declined",
        Severity.CRITICAL,
        Subject.CASE,
        Text(
            "已告知终端成功的通知被发卡行拒绝",
            "An advice that the terminal was told is done was declined",
        ),
        Text(
            "完成未入账，商户收不到这笔钱",
            "The completion is not booked; the shop does not get the money.",
        ),
        Text(
            "告知商户；按发卡行的原因与持卡人另行结算",
            "Tell the shop; settle it with the cardholder by the issuer's reason.",
        ),
        about_case(
            "终端已被告知成功的离线完成{reference}（{amount:money}）被发卡行{issuer}拒绝，应答{code}",
            "the advice {reference} ({amount:money}) that its terminal was told is accepted was"
            " declined by issuer {issuer}, code {code}",
        ),
        "answers-of-issuers",
    ),
    IncidentKind(
        "answer_of_nothing",
        Severity.CRITICAL,
        Subject.MESSAGE,
        Text(
            "发卡行批准了本系统没有的交易", "An issuer approved something that annul does not know"
        ),
        Text(
            "发卡行可能动了账，此处没有记录",
            "Money may have moved at the issuer; there is no row here.",
        ),
        Text(
            "凭事件中的域值问发卡行是哪一笔，要求撤销",
            "Ask the issuer by the fields in the incident what it booked, and have it undone.",
        ),
        Text(
            "发卡行{issuer}以{mti}应答{code}：域4 {amount:money}，域11 {trace}，域37 {reference}，"
            "域41 {terminal}",
            "Issuer {issuer} answers {code} ({mti}): field 4 {amount:money}, field 11 {trace},"
            " field 37 {reference}, field 41 {terminal}",
        ),
        "answers-of-issuers",
    ),
    IncidentKind(
        "answers_contradict",
        Severity.CRITICAL,
        Subject.TRANSACTION,
        Text("对同一请求的两个应答相反", "Two answers to one request contradict each other"),
        Text(
            "此处按先到的结果计；发卡行实际如何未知",
            "Here the first one counts; what the issuer did is not known.",
        ),
        _ASK_ISSUER,
        about_transaction("先应答{code}，{how:way}", "answered {code}, {how:way}"),
        "answers-of-issuers",
        ways={
            "something_else": Text(
                "又对另外的内容应答{late_code}", "then {late_code} for something else"
            ),
            "declined": Text("又以{late_code}拒绝", "then declined it with {late_code}"),
        },
    ),
    IncidentKind(
        "approved_twice",
        Severity.CRITICAL,
        Subject.TRANSACTION,
        Text("同一请求被批准两次（授权码不同）", "One request was approved twice, with two codes"),
        Text(
            "持卡人可能被扣两次，此处只记一次",
            "The cardholder may have paid twice; here it is booked once.",
        ),
        Text(
            "凭两个授权码问发卡行，要求撤销第二笔",
            "Ask the issuer by both authorisation codes, and have the second one undone.",
        ),
        about_transaction(
            "授权码{auth_code}，又{late_auth_code}",
            "authorisation codes {auth_code} and {late_auth_code}",
        ),
        "answers-of-issuers",
    ),
    IncidentKind(
        "original_forgotten",
        Severity.CRITICAL,
        Subject.TRANSACTION,
        Text("发卡行不认自己批准过的交易", "An issuer denies what it has approved"),
        Text(
            "消费在此处有效；发卡行回复找不到原交易",
            "Here the sale stands; the issuer answers that there is none.",
        ),
        Text(
            "凭授权码问发卡行；撤销不成的改做退货",
            "Ask the issuer by the authorisation code; what cannot be voided is refunded.",
        ),
        about_transaction(
            "应答{code}，而该行批准过原交易{original}（授权码{auth_code}）",
            "answered {code}, but it has approved the original {original} (code {auth_code})",
        ),
        "answers-of-issuers",
    ),
    IncidentKind(
        "late_approval",
        Severity.WARNING,
        Subject.TRANSACTION,
        Text(
            "迟到成功，其位置已被另一笔取代，正在冲正",
            "Approved too late, when another had taken its place; it is being reversed",
        ),
        Text(
            "冲正之前，两笔在发卡行可能都生效", "Until it is reversed both may count at the issuer."
        ),
        Text(
            "长时间未获确认的问发卡行", "Ask the issuer if the reversal is not acknowledged soon."
        ),
        about_transaction(
            "在此处已是{state:word}之后才被批准，其位置已被另一笔取代，可能重复支付",
            "approved when it had ended as {state:word}; another has taken its place, so it may be"
            " paid twice",
        ),
        "answers-of-issuers",
    ),
    IncidentKind(
        "issuer_errs",
        Severity.WARNING,
        Subject.ISSUER,
        Text("发卡行处理有误", "An issuer errs"),
        Text(
            "未成功的撤销都有案件，见案件；其他款项不受影响",
            "What failed has its cases, which say where the money is.",
        ),
        Text(
            "带案件的证据联系发卡行值班；没有案件再归因于它时自动关闭",
            "Call the issuer's duty desk with the evidence of its cases; it closes by itself.",
        ),
        Text(
            "发卡行{issuer}：有案件因其处理有误而失败，第一件为{case}",
            "Issuer {issuer}: cases failed by an error of its own, the first is {case}",
        ),
        "answers-of-issuers",
    ),
    # Reversals and advices ------------------------------------------------------------------------
    IncidentKind(
        "forward_reversal",
        Severity.WARNING,
        Subject.TRANSACTION,
        Text("冲正未获确认", "A reversal is not acknowledged"),
        Text(
            "此处按未成交计；发卡行可能仍占用持卡人的钱",
            "Here it counts as not done; the issuer may still have the cardholder's money.",
        ),
        Text(
            "仍在发送。凭参考号问发卡行；无法确认的作人工结论",
            "It is still being sent. Ask the issuer; what it cannot say, two people conclude.",
        ),
        about_transaction(
            "冲正自{since:time}起未获确认，已发{tries}次，最近应答{code}",
            "its reversal is not acknowledged since {since:time}, {tries} tries, last code {code}",
        ),
        "reversals-and-advices",
    ),
    IncidentKind(
        "forward_advice",
        Severity.WARNING,
        Subject.TRANSACTION,
        Text("通知未获确认", "An advice is not acknowledged"),
        Text(
            "退货或完成是否入账未知，原交易的额度保留",
            "Nobody knows whether the refund or completion is booked; the original stays held.",
        ),
        Text(
            "仍在发送。凭参考号问发卡行；无法确认的作人工结论",
            "It is still being sent. Ask the issuer; what it cannot say, two people conclude.",
        ),
        about_transaction(
            "自{since:time}起未获确认，已发{tries}次，最近应答{code}",
            "not acknowledged since {since:time}, {tries} tries, last code {code}",
        ),
        "reversals-and-advices",
    ),
    # Keys -----------------------------------------------------------------------------------------
    IncidentKind(
        "issuer_key_refused",
        Severity.WARNING,
        Subject.ISSUER,
        Text("发卡行的密钥报文屡被拒绝", "Key messages of an issuer are refused"),
        Text(
            "旧密钥仍在用，交易照常；对方若只认新密钥，交易会被拒",
            "The key before stays in force and business goes on, unless the issuer has left it.",
        ),
        Text(
            "与发卡行核对区域主密钥及校验值；A0为报文MAC不符，A7为密钥不符，30为格式不符",
            "Compare zone key and check value with it; A0: the MAC does not hold, A7: the key does"
            " not, 30: another layout.",
        ),
        Text(
            "发卡行{issuer}连续{tries}次密钥报文被拒，应答{code}",
            "{tries} key messages of issuer {issuer} in a row were refused with {code}",
        ),
        "keys-of-issuers",
    ),
)
