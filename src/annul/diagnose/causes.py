"""The causes of a failed void: what each means, what it does to the money, what to do next.

One row per cause of the design, none merged. `speaks` names the signals that speak for it (above
zero) or against it, in units of log-odds; `prior` is how common it is before anything is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from annul.domain.text import Text


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause: its title, what it does to the money, what people are told.

    `cashier`, `support` and `customer` hold while it is worked on and after it was refused. A
    `customer` hears no blame, nothing of risk or of a shop's money, and nothing that is not known;
    where the money is comes from how the case stands (`annul.resolve.customer`). `patience` names
    the class of its due time; `retry_safe` that a retry may help.
    """

    name: str
    title: Text
    money: Text
    cashier: Text
    support: Text
    system: Text
    customer: Text
    retry_safe: bool
    patience: str
    prior: float
    speaks: Mapping[str, float]


_STANDS: Final = Text(
    "原交易仍有效，钱还没有退回。", "The sale stands; nothing has been given back."
)
_OPEN: Final = Text(
    "撤销结果未知，正在发卡行冲正；冲正前原交易按有效计。",
    "The outcome is unknown; it is being reversed at the issuer. Until then the sale counts.",
)
_NOTHING: Final = Text("没有扣款，不需要退。", "No money was taken, so none is owed back.")
_BACK: Final = Text(
    "钱此前已退回，不会再退一次。", "The money went back before; it will not twice."
)
_WAIT: Final = Text(
    "请勿重复操作；急需处理请联系收单机构。",
    "Do not repeat it; if it is urgent, call the acquirer.",
)
_REFUND: Final = Text(
    "请勿重复撤销；可用退货代替，款项退回原卡。",
    "Do not void it again; a refund to the same card can take its place.",
)

# To the customer.
_NEVER_PAID: Final = Text(
    "这笔交易没有成功，您没有被扣款。",
    "The payment did not go through: you have not been charged.",
)
_NOT_FOUND: Final = Text(
    "按小票上的号码没有找到这笔交易，账目没有变动。请出示原小票，我们再查一次。",
    "We could not find the payment by this number; nothing has changed. Please show us its slip, "
    "and we look again.",
)
_DIFFERS: Final = Text(
    "卡、金额或号码与原小票不一致，账目没有变动。请出示原小票和付款时用的卡，我们重新办理。",
    "Card, amount or number differ from the slip; nothing has changed. With the slip and the card "
    "you paid with we can do it again.",
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
          Text("原交易尚未完成", "The original has no outcome yet"), _OPEN, _WAIT,
          Text("先查原交易结果，冲正完成即视为撤销。",
               "Check the original first; once reversed, nothing is left to void."),
          Text("先了结原交易，再撤销。", "Finish the original first, then void what still stands."),
          customer=_NO_WORD,
          retry_safe=True, patience="network", prior=-1.0,
          speaks={"original_open": 7, "original_was_open": 8, "original_stands": -3,
                  "original_missing": -5,
                  "being_undone": -2}),
    Cause("original_declined",
          Text("原交易未成功", "The original was declined"), _NOTHING,
          Text("没有扣款，无需再做。", "No money was taken; nothing more is to be done."),
          Text("以原交易应答码为证答复。", "Answer with the original's response code as proof."),
          Text("拒绝并出具证明。", "Refuse, with proof."),
          customer=_NEVER_PAID,
          retry_safe=False, patience="proof", prior=-1.0,
          speaks={"original_declined": 8, "original_stands": -5, "original_missing": -5}),
    Cause("original_not_found",
          Text("找不到原交易", "There is no such original"),
          Text("此次请求没有动账。", "This request has moved nothing."),
          Text("核对小票上的凭证号后重做。", "Check the voucher number on the slip and try again."),
          Text("按卡号、金额查找可能的原交易。", "Look for the original by card and amount."),
          Text("列出可能的原交易并拒绝。", "Refuse, and show the likely original."),
          customer=_NOT_FOUND,
          retry_safe=False, patience="proof", prior=-1.0,
          speaks={"original_missing": 8, "original_stands": -6}),
    Cause("original_mismatch",
          Text("与原交易不符", "It does not match the original"),
          Text("此次请求没有动账，原交易不变。", "Nothing has moved; the original stays."),
          Text("核对卡号、金额、终端和凭证号后重做。",
               "Check card, amount, terminal and voucher number and try again."),
          Text("对照原交易指出不符之处。", "Show what differs from the original."),
          Text("列出不符之处并拒绝。", "Refuse, and show what differs."),
          customer=_DIFFERS,
          retry_safe=False, patience="proof", prior=-1.0,
          speaks={"other_card": 6, "other_amount": 6, "other_terminal": 6, "other_kind": 7,
                  "matches": -3, "original_missing": -4}),
    Cause("already_undone",
          Text("原交易此前已撤销、冲正或退货", "The original was undone before"), _BACK,
          Text("出示此前的凭证，勿再做一次。", "Show the earlier slip; do not do it again."),
          Text("以第一笔撤销为证答复。", "Answer with the first void or refund as proof."),
          Text("以第一笔为证拒绝。", "Refuse, with the first one as proof."),
          customer=_BEFORE,
          retry_safe=False, patience="proof", prior=-1.0,
          speaks={"original_undone": 6, "undone_before": 4, "original_stands": -4,
                  "being_undone": -4, "original_was_open": -8}),
    Cause("already_settled",
          Text("批次已结算或已过日切", "The batch is closed or the business day is over"), _STANDS,
          _REFUND,
          Text("改做退货。", "Refund it instead."),
          Text("按商户设置改为退货。", "Refund instead, as far as the merchant's setting allows."),
          customer=_OTHERWISE,
          retry_safe=False, patience="day", prior=-1.0,
          speaks={"other_day": 5, "other_batch": 5, "original_advice": 6, "card_gone": 6,
                  "original_undone": -4, "original_declined": -4}),
    Cause("merchant_balance_low",
          Text("商户余额不足", "The merchant's balance does not cover it"), _STANDS,
          Text("请勿重复操作；新的收款会增加商户余额。",
               "Do not repeat it; new sales add to the merchant's balance."),
          Text("商户余额足够后系统自动撤销。", "Voided once the balance covers it."),
          Text("余额足够时重试。", "Try again when the balance covers it."),
          customer=_NOT_AT_ONCE,
          retry_safe=True, patience="funds", prior=-1.5,
          speaks={"not_covered": 6, "frozen_would_do": -3, "pending_would_do": -3}),
    Cause("funds_frozen",
          Text("商户资金被冻结", "The merchant's funds are frozen"), _STANDS, _WAIT,
          Text("联系风控确认冻结原因，解冻后自动撤销。",
               "Ask risk why it is frozen; voided automatically once released."),
          Text("等待解冻后重试。", "Wait until it is released, then try again."),
          customer=_NOT_AT_ONCE,
          retry_safe=True, patience="funds", prior=-2.0,
          speaks={"not_covered": 3, "frozen_would_do": 6}),
    Cause("funds_not_arrived",
          Text("商户资金尚未到账", "The merchant's funds have not arrived"), _STANDS, _WAIT,
          Text("到账后自动撤销；急需时由运营垫付。",
               "Voided automatically once they arrive; operations may advance it."),
          Text("等待到账后重试。", "Wait until they arrive, then try again."),
          customer=_NOT_AT_ONCE,
          retry_safe=True, patience="funds", prior=-2.0,
          speaks={"not_covered": 3, "pending_would_do": 6, "frozen_would_do": -3}),
    Cause("terminal_link",
          Text("终端到本系统的线路不好", "The terminal's line to this host is poor"), _OPEN,
          Text("检查网线或信号，勿重复操作。", "Check cable or signal; do not repeat it."),
          Text("查看终端断线与冲正记录。", "Check the terminal's drops and reversals."),
          Text("冲正完成后重试。", "Try again once the reversal is done."),
          customer=_CUT,
          retry_safe=True, patience="network", prior=-1.0,
          speaks={"terminal_reversed": 4, "terminal_drops": 2, "terminal_reverses": 1,
                  "answered_unheard": 2, "silent": -4, "cut_off": -4, "late": -3,
                  "interrupted": -2}),
    Cause("issuer_link",
          Text("到发卡行的线路中断", "The line to the issuer is down"), _OPEN, _WAIT,
          Text("查看线路状态，通知网络值班。", "Check the line; tell the network's duty desk."),
          Text("冲正后走备用线路或重试。", "Reverse, then another route or a retry."),
          customer=_CUT,
          retry_safe=True, patience="network", prior=-1.0,
          speaks={"cut_off": 5, "no_way_there": 5, "drops_often": 1.5, "nobody_there": -1,
                  "all_fail": -1, "link_steady": -2, "maintenance": -1, "end_of_day": -1}),
    Cause("timeout",
          Text("发卡行单笔超时", "The issuer did not answer this one in time"), _OPEN, _WAIT,
          Text("查看发卡行应答用时。", "Check the issuer's response times."),
          Text("冲正后重试。", "Reverse, then try again."),
          customer=_NO_WORD,
          retry_safe=True, patience="network", prior=-0.5,
          speaks={"silent": 4, "others_fine": 1.5, "late": -3.5, "all_silent": -4,
                  "terminal_reversed": -1, "cut_off": -2, "maintenance": -3, "end_of_day": -3,
                  "answered": -4, "not_sent": -5}),
    Cause("late_answer",
          Text("发卡行应答迟到", "The issuer's answer came too late"), _OPEN, _WAIT,
          Text("核对迟到应答与冲正结果。", "Compare the late answer with the reversal."),
          Text("冲正后重试。", "Reverse, then try again."),
          customer=_NO_WORD,
          retry_safe=True, patience="network", prior=-1.0,
          speaks={"late": 6, "silent": 1, "late_often": 1, "all_silent": -1,
                  "answered": -4, "not_sent": -5}),
    Cause("issuer_maintenance",
          Text("发卡行维护", "The issuer is in maintenance"), _STANDS, _WAIT,
          Text("告知维护结束时间，届时自动撤销。", "Say when it ends; voided then."),
          Text("维护结束后重试。", "Try again after the window."),
          customer=_BANK_AWAY,
          retry_safe=True, patience="window", prior=-1.5,
          speaks={"maintenance": 5, "all_fail": 1.5, "all_silent": 1, "others_same": 1,
                  "others_fine": -3, "end_of_day": -1}),
    Cause("end_of_day",
          Text("发卡行日终处理", "The issuer's end-of-day processing"), _STANDS, _WAIT,
          Text("日终后自动撤销，或改为退货。", "Voided after the end of day, or refunded."),
          Text("日终后重试；过日切则退货。", "Try again afterwards; after the cut-over refund."),
          customer=_BANK_AWAY,
          retry_safe=True, patience="window", prior=-1.5,
          speaks={"end_of_day": 5, "all_fail": 1, "others_same": 1, "others_fine": -3,
                  "maintenance": -1}),
    Cause("issuer_down",
          Text("发卡行系统不可用", "The issuer's system is down"), _STANDS, _WAIT,
          Text("联系发卡行值班，附近期成功率。",
               "Call the issuer's duty desk with the figures of the last minutes."),
          Text("恢复后逐笔重试。", "Try again once it is healthy, one probe first."),
          customer=_BANK_AWAY,
          retry_safe=True, patience="window", prior=-1.0,
          speaks={"all_silent": 5, "all_fail": 4, "nobody_there": 9, "others_same": 1,
                  "none_approved": 2.5,
                  "others_fine": -4, "alone": -2, "maintenance": -3, "end_of_day": -3}),
    Cause("issuer_limit_amount",
          Text("超过发卡行撤销限额", "Over the issuer's limit for voids"), _STANDS, _REFUND,
          Text("改做退货。", "Refund it instead."),
          Text("改为退货。", "Refund instead."),
          customer=_OTHERWISE,
          retry_safe=False, patience="day", prior=-1.5,
          speaks={"rule_amount": 5, "rule_new": -2.5, "no_rule_broken": -2.5, "all_fail": -1}),
    Cause("issuer_limit_count",
          Text("超过发卡行撤销次数", "Over the issuer's number of voids"), _STANDS, _REFUND,
          Text("次日改做退货。", "Refund it the next day."),
          Text("等待次日，改为退货。", "Wait for the next day, then refund."),
          customer=_OTHERWISE,
          retry_safe=False, patience="day", prior=-1.5,
          speaks={"rule_count": 5, "rule_new": -2.5, "no_rule_broken": -2.5, "all_fail": -1}),
    Cause("repeated_too_soon",
          Text("撤销间隔太短", "Voided again too soon"), _STANDS, _WAIT,
          Text("到间隔时间后自动重试。", "Retried once the interval has passed."),
          Text("等待发卡行允许的时间后重试。", "Wait until the issuer allows it, then try again."),
          customer=_NOT_AT_ONCE,
          retry_safe=True, patience="network", prior=-1.5,
          speaks={"rule_interval": 5, "being_undone": 8, "repeated": 1, "rule_new": -2.5,
                  "no_rule_broken": -1.5}),
    Cause("outside_void_window",
          Text("超过发卡行撤销时限", "The issuer's time for voids is over"), _STANDS, _REFUND,
          Text("改做退货。", "Refund it instead."),
          Text("改为退货。", "Refund instead."),
          customer=_OTHERWISE,
          retry_safe=False, patience="day", prior=-1.5,
          speaks={"rule_window": 5, "rule_new": -2.5, "no_rule_broken": -2.5, "all_fail": -1}),
    Cause("policy_changed",
          Text("发卡行规则刚变更", "The issuer has changed its rules"), _STANDS, _REFUND,
          Text("按新规则处理，核对发卡行通知。", "Go by the new rule; read the issuer's notice."),
          Text("按新规则等待，或改为退货。", "Wait as the new rule says, or refund."),
          customer=_OTHERWISE,
          retry_safe=False, patience="day", prior=-1.5,
          speaks={"rule_new": 7.5, "rule_old": -4, "no_rule_broken": -3}),
    Cause("issuer_unsupported",
          Text("发卡行不支持撤销", "The issuer does not support voids"), _STANDS, _REFUND,
          Text("该行一律改做退货。", "Refund for this issuer, always."),
          Text("改为退货。", "Refund instead."),
          customer=_OTHERWISE,
          retry_safe=False, patience="day", prior=-1.5,
          speaks={"rule_supported": 5, "no_void_passes": 1.5, "only_voids_fail": 2.5,
                  "voids_pass": -1.5, "rule_new": -2.5,
                  "all_fail": -2, "all_silent": -2}),
    Cause("risk_refusal",
          Text("发卡行风险控制拒绝", "The issuer refused for risk"), _STANDS,
          Text("请持卡人致电发卡行。", "The cardholder calls the issuer."),
          Text("转风控，不要重试。", "Refer it to risk; never retry."),
          Text("停止并上报。", "Stop and escalate."),
          customer=_ASK_BANK,
          retry_safe=False, patience="person", prior=-1.5,
          speaks={"card_suspected": 4, "card_declines": 0.5, "card_refused": -1, "card_fine": -3,
                  "all_fail": -2, "others_same": -2, "none_approved": -1, "alone": 0.5}),
    Cause("card_problem",
          Text("卡片状态异常", "Card blocked or invalid"), _STANDS,
          Text("请持卡人致电发卡行。", "The cardholder calls the issuer."),
          Text("改用发卡行差错流程退款。", "Return it through the issuer's dispute process."),
          Text("停止并上报。", "Stop and escalate."),
          customer=_ASK_BANK,
          retry_safe=False, patience="person", prior=-1.5,
          speaks={"card_refused": 4, "card_declines": 0.8, "card_suspected": -1, "card_fine": -3,
                  "all_fail": -2, "others_same": -2, "none_approved": -1, "alone": 0.3}),
    Cause("terminal_misconfigured",
          Text("终端或商户设置不允许", "The set-up of terminal or merchant does not allow it"),
          _STANDS,
          Text("联系收单机构开通后重做。", "Ask the acquirer to enable it, then void again."),
          Text("修改设置，终端下载参数后重做。", "Change the set-up; let it be downloaded."),
          Text("通知下载参数，设置改好后重试。", "Push parameters; try again once it is right."),
          customer=_TERMINAL,
          retry_safe=True, patience="person", prior=-1.5,
          speaks={"not_enabled": 8, "field_missing": 3, "serial_differs": 1.5,
                  "software_current": 1, "software_old": -2}),
    Cause("terminal_outdated",
          Text("终端软件版本过旧", "The terminal's software is old"), _STANDS,
          Text("按提示更新终端后重做。", "Update the terminal as it asks, then void again."),
          Text("推送新版本。", "Push the new version."),
          Text("下次联机时要求更新。", "Ask for the update at its next contact."),
          customer=_TERMINAL,
          retry_safe=False, patience="person", prior=-2.0,
          speaks={"software_old": 4.5, "field_missing": 3.5, "software_current": -6,
                  "mac_wrong": -2, "batch_out": -2, "unregistered": -3}),
    Cause("keys_out_of_step",
          Text("终端密钥或批次不同步", "Keys or batch out of step"), _STANDS,
          Text("重新签到后再做撤销。", "Sign in again, then void again."),
          Text("查看签到与MAC记录。", "Check sign-ins and MAC failures."),
          Text("下次联机时要求签到。", "Ask for a sign-in at its next contact."),
          customer=_TERMINAL,
          retry_safe=False, patience="person", prior=-1.0,
          speaks={"mac_wrong": 7, "batch_out": 7}),
    Cause("not_registered",
          Text("商户或终端未登记", "Merchant or terminal is not registered"), _STANDS,
          Text("联系收单机构。", "Call the acquirer."),
          Text("核对登记与停用原因。", "Check the registration and why it is not active."),
          Text("拒绝，待登记后重做。", "Refuse until it is registered."),
          customer=_TERMINAL,
          retry_safe=False, patience="person", prior=-1.0,
          speaks={"unregistered": 8}),
    Cause("acquirer_fault",
          Text("本系统故障", "An internal error of this host"), _OPEN, _WAIT,
          Text("查看本系统事件。", "Check this host's incidents."),
          Text("记录事件并重试。", "Open an incident and try again."),
          customer=_OURS,
          retry_safe=True, patience="network", prior=-1.5,
          speaks={"interrupted": 6, "host_failed": 6}),
    Cause("issuer_error",
          Text("发卡行处理有误", "Issuer processing error"), _STANDS, _WAIT,
          Text("带证据联系发卡行：原交易成功，撤销被误拒。",
               "Call the issuer with the evidence: the void was wrongly refused."),
          Text("出具证据包并上报，可退货则退货。", "Prove, escalate; refund where allowed."),
          customer=_NOT_TAKEN,
          retry_safe=True, patience="person", prior=-0.5,
          speaks={"senseless": 6, "unreadable": 7, "late": -6, "original_stands": 0.3,
                  "matches": 0.2, "others_fine": 0.7,
                  "all_fail": -2.5, "all_silent": -2, "original_missing": -4, "none_approved": -2,
                  "maintenance": -1, "end_of_day": -1, "card_refused": -1.5,
                  "card_suspected": -1.5, "no_void_passes": -1, "only_voids_fail": -1,
                  "rule_amount": -2,
                  "rule_count": -2, "rule_interval": -2, "rule_window": -2, "rule_supported": -2}),
)  # fmt: skip

# What no issuer was asked for can not have failed at one.
_AT_ISSUER: Final = frozenset(
    {
        "timeout",
        "late_answer",
        "issuer_maintenance",
        "end_of_day",
        "issuer_down",
        "issuer_link",
        "issuer_limit_amount",
        "issuer_limit_count",
        "outside_void_window",
        "policy_changed",
        "issuer_unsupported",
        "risk_refusal",
        "card_problem",
        "issuer_error",
    }
)
_REFUSED_HERE: Final = {"refused_here": -6.0}

CAUSES: Final[Mapping[str, Cause]] = {
    cause.name: replace(cause, speaks=_REFUSED_HERE | dict(cause.speaks))
    if cause.name in _AT_ISSUER
    else cause
    for cause in _ALL
}
