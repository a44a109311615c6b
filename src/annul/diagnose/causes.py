"""The causes of a failed void: what each means, and what to do next.

None of them says where the money is: that is told by the rows alone (`annul.domain.standing`). One
row per cause of the design, none merged. What speaks for each stands in `weights`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from annul.domain.text import Text

from .weights import WEIGHTS


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause: its title, and what people are told.

    `cashier`, `support` and `customer` hold while it is worked on and after it was refused. A
    `customer` hears no blame, nothing of risk or of a shop's money, and nothing that is not known;
    where the money is comes from how the case stands (`annul.resolve.customer`). `patience` names
    the class of its due time; `retry_safe` that a retry may help; after `lasts_s` seconds it is as
    likely over as still there.
    """

    name: str
    title: Text
    cashier: Text
    support: Text
    system: Text
    customer: Text
    retry_safe: bool
    patience: str
    lasts_s: float = 0.0
    prior: float = 0.0
    speaks: Mapping[str, float] = field(default_factory=dict[str, float])


_WAIT: Final = Text(
    "请勿重复操作；急需处理请联系收单机构。",
    "Do not repeat it; if it is urgent, call the acquirer.",
)
_REFUND: Final = Text(
    "请勿重复撤销；可改做退货。",
    "Do not void it again; a refund to the same card can take its place.",
)

# To the customer.
_NEVER_PAID: Final = Text("付款时银行没有批准。", "The bank had not approved the payment.")
_NOT_FOUND: Final = Text(
    "按小票上的号码没有找到这笔交易。请出示原小票，我们再查一次。",
    "We could not find the payment by this number. Please show us its slip, and we look again.",
)
_DIFFERS: Final = Text(
    "卡、金额或号码与原小票不一致。请出示原小票和付款时用的卡，我们重新办理。",
    "Card, amount or number differ from the slip. With the slip and the card you paid with we can "
    "do it again.",
)
_BEFORE: Final = Text(
    "这笔交易此前已经处理过，不会再做第二次；请以此前的小票为准。",
    "This was done before and is not done twice; please go by the earlier slip.",
)
_OTHERWISE: Final = Text(
    "这笔消费不能直接撤销，可与商户商量退货。",
    "This payment cannot simply be cancelled; the shop may be able to refund it instead.",
)
_NOT_AT_ONCE: Final = Text("这次没能当场办成。", "It could not be done on the spot.")
_CUT: Final = Text("办理时通讯中断了。", "The connection was interrupted.")
_NO_WORD: Final = Text("银行没有及时答复。", "The bank's answer did not come in time.")
_BANK_AWAY: Final = Text("办理时银行系统暂不可用。", "The bank's system was not available.")
_ASK_BANK: Final = Text(
    "请联系您的发卡银行，电话见卡背面或手机银行。",
    "Please ask your bank: its number is on your card or in its app.",
)
_TERMINAL: Final = Text(
    "这台终端当时不能办理，与您和您的卡无关。",
    "This terminal could not do it; it is not about you or your card.",
)
_OURS: Final = Text(
    "系统出了问题，与您和您的卡无关。",
    "Something went wrong on our side; it is not about you or your card.",
)
_NOT_TAKEN: Final = Text("银行没有受理这次申请。", "The bank did not take the request.")

_ALL: Final = (
    Cause("original_unfinished",
          Text("原交易尚未完成", "The original has no outcome yet"), _WAIT,
          Text("先查原交易结果，冲正完成即视为撤销。",
               "Check the original first; once reversed, nothing is left to void."),
          Text("先了结原交易，再撤销。", "Finish the original first, then void it."),
          customer=_NO_WORD,
          retry_safe=True, patience="network"),
    Cause("original_declined",
          Text("原交易未成功", "The original was declined"),
          Text("原交易未成功，无需再做。", "The original had failed; nothing more is to be done."),
          Text("以原交易应答码为证答复。", "Answer with the original's response code as proof."),
          Text("拒绝并出具证明。", "Refuse, with proof."),
          customer=_NEVER_PAID,
          retry_safe=False, patience="proof"),
    Cause("original_not_found",
          Text("找不到原交易", "There is no such original"),
          Text("核对小票上的凭证号后重做。", "Check the voucher number on the slip and try again."),
          Text("按卡号、金额查找可能的原交易。", "Look for the original by card and amount."),
          Text("列出可能的原交易并拒绝。", "Refuse, and show the likely original."),
          customer=_NOT_FOUND,
          retry_safe=False, patience="proof"),
    Cause("original_mismatch",
          Text("与原交易不符", "It does not match the original"),
          Text("核对卡号、金额、终端和凭证号后重做。",
               "Check card, amount, terminal and voucher number and try again."),
          Text("对照原交易指出不符之处。", "Show what differs from the original."),
          Text("列出不符之处并拒绝。", "Refuse, and show what differs."),
          customer=_DIFFERS,
          retry_safe=False, patience="proof"),
    Cause("already_undone",
          Text("原交易此前已撤销、冲正或退货", "The original was undone before"),
          Text("出示此前的凭证，勿再做一次。", "Show the earlier slip; do not do it again."),
          Text("以第一笔撤销为证答复。", "Answer with the first void or refund as proof."),
          Text("以第一笔为证拒绝。", "Refuse, with the first one as proof."),
          customer=_BEFORE,
          retry_safe=False, patience="proof"),
    Cause("already_settled",
          Text("批次已结算或已过日切", "The batch is closed or the business day is over"),
          _REFUND,
          Text("改做退货。", "Refund it instead."),
          Text("按商户设置改为退货。", "Refund instead, as far as the merchant's setting allows."),
          customer=_OTHERWISE,
          retry_safe=False, patience="day"),
    Cause("merchant_balance_low",
          Text("商户余额不足", "The merchant's balance does not cover it"),
          Text("请勿重复操作；新的收款会增加商户余额。",
               "Do not repeat it; new sales add to the merchant's balance."),
          Text("商户余额足够后系统自动撤销。", "Voided once the balance covers it."),
          Text("余额足够时重试。", "Try again when the balance covers it."),
          customer=_NOT_AT_ONCE,
          retry_safe=True, patience="funds"),
    Cause("funds_frozen",
          Text("商户资金被冻结", "The merchant's funds are frozen"), _WAIT,
          Text("联系风控确认冻结原因，解冻后自动撤销。",
               "Ask risk why it is frozen; voided automatically once released."),
          Text("等待解冻后重试。", "Wait until it is released, then try again."),
          customer=_NOT_AT_ONCE,
          retry_safe=True, patience="funds"),
    Cause("funds_not_arrived",
          Text("商户资金尚未到账", "The merchant's funds have not arrived"), _WAIT,
          Text("到账后自动撤销；急需时由运营垫付。",
               "Voided automatically once they arrive; operations may advance it."),
          Text("等待到账后重试。", "Wait until they arrive, then try again."),
          customer=_NOT_AT_ONCE,
          retry_safe=True, patience="funds"),
    Cause("terminal_link",
          Text("终端到本系统的线路不好", "The terminal's line to this host is poor"),
          Text("检查网线或信号，勿重复操作。", "Check cable or signal; do not repeat it."),
          Text("查看终端断线与冲正记录。", "Check the terminal's drops and reversals."),
          Text("冲正完成后重试。", "Try again once the reversal is done."),
          customer=_CUT,
          retry_safe=True, patience="network"),
    Cause("issuer_link",
          Text("到发卡行的线路中断", "The line to the issuer is down"), _WAIT,
          Text("查看线路状态，通知网络值班。", "Check the line; tell the network's duty desk."),
          Text("冲正后走备用线路或重试。", "Reverse, then another route or a retry."),
          customer=_CUT,
          retry_safe=True, patience="network"),
    Cause("timeout",
          Text("发卡行单笔超时", "The issuer did not answer this one in time"), _WAIT,
          Text("查看发卡行应答用时。", "Check the issuer's response times."),
          Text("冲正后重试。", "Reverse, then try again."),
          customer=_NO_WORD,
          retry_safe=True, patience="network"),
    Cause("late_answer",
          Text("发卡行应答迟到", "The issuer's answer came too late"), _WAIT,
          Text("核对迟到应答与冲正结果。", "Compare the late answer with the reversal."),
          Text("冲正后重试。", "Reverse, then try again."),
          customer=_NO_WORD,
          retry_safe=True, patience="network"),
    Cause("issuer_maintenance",
          Text("发卡行维护", "The issuer is in maintenance"), _WAIT,
          Text("告知维护结束时间，届时自动撤销。", "Say when it ends; voided then."),
          Text("维护结束后重试。", "Try again after the window."),
          customer=_BANK_AWAY,
          retry_safe=True, patience="window"),
    Cause("end_of_day",
          Text("发卡行日终处理", "The issuer's end-of-day processing"), _WAIT,
          Text("日终后自动撤销，或改为退货。", "Voided after the end of day, or refunded."),
          Text("日终后重试；过日切则退货。", "Try again afterwards; after the cut-over refund."),
          customer=_BANK_AWAY,
          retry_safe=True, patience="window"),
    Cause("issuer_down",
          Text("发卡行系统不可用", "The issuer's system is down"), _WAIT,
          Text("联系发卡行值班，附近期成功率。",
               "Call the issuer's duty desk with the figures of the last minutes."),
          Text("恢复后逐笔重试。", "Try again once it is healthy, one probe first."),
          customer=_BANK_AWAY,
          retry_safe=True, patience="window"),
    Cause("issuer_limit_amount",
          Text("超过发卡行撤销限额", "Over the issuer's limit for voids"), _REFUND,
          Text("改做退货。", "Refund it instead."),
          Text("改为退货。", "Refund instead."),
          customer=_OTHERWISE,
          retry_safe=False, patience="day"),
    Cause("issuer_limit_count",
          Text("超过发卡行撤销次数", "Over the issuer's number of voids"), _REFUND,
          Text("次日改做退货。", "Refund it the next day."),
          Text("等待次日，改为退货。", "Wait for the next day, then refund."),
          customer=_OTHERWISE,
          retry_safe=False, patience="day"),
    Cause("repeated_too_soon",
          Text("撤销间隔太短", "Voided again too soon"), _WAIT,
          Text("到间隔时间后自动重试。", "Retried once the interval has passed."),
          Text("等待发卡行允许的时间后重试。", "Wait until the issuer allows it, then try again."),
          customer=_NOT_AT_ONCE,
          retry_safe=True, patience="network"),
    Cause("outside_void_window",
          Text("超过发卡行撤销时限", "The issuer's time for voids is over"), _REFUND,
          Text("改做退货。", "Refund it instead."),
          Text("改为退货。", "Refund instead."),
          customer=_OTHERWISE,
          retry_safe=False, patience="day"),
    Cause("policy_changed",
          Text("发卡行规则刚变更", "The issuer has changed its rules"), _REFUND,
          Text("按新规则处理，核对发卡行通知。", "Go by the new rule; read the issuer's notice."),
          Text("按新规则等待，或改为退货。", "Wait as the new rule says, or refund."),
          customer=_OTHERWISE,
          retry_safe=False, patience="day"),
    Cause("issuer_unsupported",
          Text("发卡行不支持撤销", "The issuer does not support voids"), _REFUND,
          Text("该行一律改做退货。", "Refund for this issuer, always."),
          Text("改为退货。", "Refund instead."),
          customer=_OTHERWISE,
          retry_safe=False, patience="day"),
    Cause("risk_refusal",
          Text("发卡行风险控制拒绝", "The issuer refused for risk"),
          Text("请持卡人致电发卡行。", "The cardholder calls the issuer."),
          Text("转风控，不要重试。", "Refer it to risk; never retry."),
          Text("停止并上报。", "Stop and escalate."),
          customer=_ASK_BANK,
          retry_safe=False, patience="person"),
    Cause("card_problem",
          Text("卡片状态异常", "Card blocked or invalid"),
          Text("请持卡人致电发卡行。", "The cardholder calls the issuer."),
          Text("改用发卡行差错流程退款。", "Return it through the issuer's dispute process."),
          Text("停止并上报。", "Stop and escalate."),
          customer=_ASK_BANK,
          retry_safe=False, patience="person"),
    Cause("terminal_misconfigured",
          Text("终端或商户设置不允许", "The set-up of terminal or merchant does not allow it"),
          Text("联系收单机构开通后重做。", "Ask the acquirer to enable it, then void again."),
          Text("修改设置，终端下载参数后重做。", "Change the set-up; let it be downloaded."),
          Text("通知下载参数，设置改好后重试。", "Push parameters; try again once it is right."),
          customer=_TERMINAL,
          retry_safe=True, patience="person"),
    Cause("terminal_outdated",
          Text("终端软件版本过旧", "The terminal's software is old"),
          Text("按提示更新终端后重做。", "Update the terminal as it asks, then void again."),
          Text("推送新版本。", "Push the new version."),
          Text("下次联机时要求更新。", "Ask for the update at its next contact."),
          customer=_TERMINAL,
          retry_safe=False, patience="person"),
    Cause("keys_out_of_step",
          Text("终端密钥或批次不同步", "Keys or batch out of step"),
          Text("重新签到后再做撤销。", "Sign in again, then void again."),
          Text("查看签到与MAC记录。", "Check sign-ins and MAC failures."),
          Text("下次联机时要求签到。", "Ask for a sign-in at its next contact."),
          customer=_TERMINAL,
          retry_safe=False, patience="person"),
    Cause("not_registered",
          Text("商户或终端未登记", "Merchant or terminal is not registered"),
          Text("联系收单机构。", "Call the acquirer."),
          Text("核对登记与停用原因。", "Check the registration and why it is not active."),
          Text("拒绝，待登记后重做。", "Refuse until it is registered."),
          customer=_TERMINAL,
          retry_safe=False, patience="person"),
    Cause("acquirer_fault",
          Text("本系统故障", "An internal error of this host"), _WAIT,
          Text("查看本系统事件。", "Check this host's incidents."),
          Text("记录事件并重试。", "Open an incident and try again."),
          customer=_OURS,
          retry_safe=True, patience="network"),
    Cause("issuer_error",
          Text("发卡行处理有误", "Issuer processing error"), _WAIT,
          Text("带证据联系发卡行：原交易成功，撤销被误拒。",
               "Call the issuer with the evidence: the void was wrongly refused."),
          Text("出具证据包并上报，可退货则退货。", "Prove, escalate; refund where allowed."),
          customer=_NOT_TAKEN,
          retry_safe=True, patience="person"),
    Cause("unknown",
          Text("原因尚未查明", "Not known yet"), _WAIT,
          Text("证据不足以判断；系统继续探测、等待旁证，必要时向发卡行询问。",
               "The evidence does not tell yet; annul goes on to probe and to wait for witnesses. "
               "Ask the issuer if it is urgent."),
          Text("探测发卡行，等待旁证后再判断。", "Probe the issuer, and wait for witnesses."),
          customer=_NOT_TAKEN,
          retry_safe=True, patience="network"),
)  # fmt: skip

UNKNOWN: Final = "unknown"  # what is left while nothing speaks for any other

CAUSES: Final[Mapping[str, Cause]] = {
    cause.name: replace(
        cause,
        prior=WEIGHTS[cause.name].prior,
        lasts_s=WEIGHTS[cause.name].lasts_s,
        speaks=WEIGHTS[cause.name].speaks,
    )
    for cause in _ALL
}
