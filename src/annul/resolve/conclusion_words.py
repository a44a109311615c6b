"""What a conclusion by hand means for the money, in plain words and both languages."""

from typing import Final

from annul.domain.kinds import KINDS, VOIDS, Money
from annul.domain.records import Transaction
from annul.domain.states import State
from annul.domain.text import Text

from .case import Event
from .conclusion import OVERTAKEN, Conclusion

_DONE: Final = {
    Money.TAKE: Text(
        "交易成立：顾客已付款，款项记入商户账户。",
        "It stands: the customer has paid, and the merchant is credited.",
    ),
    Money.BACK: Text(
        "退货成立：款项已退回顾客，从商户账户扣回。",
        "The refund stands: the customer has the money back, and the merchant is debited.",
    ),
    Money.HOLD: Text(
        "预授权成立：金额在顾客卡上冻结。",
        "The pre-authorisation stands: the amount is set aside on the card.",
    ),
    Money.RELEASE: Text(
        "预授权已撤销：顾客卡上的冻结已解除。",
        "The pre-authorisation is cancelled: the amount on the card is free again.",
    ),
    Money.NONE: Text("交易成立，没有动账。", "It stands; no money moves."),
}
_NOT_DONE: Final = {
    Money.TAKE: Text(
        "交易未成立：顾客没有被扣款，商户不入账；已入账的冲回。",
        "It did not happen: the customer is not charged and the merchant gets nothing; what was "
        "booked is taken back.",
    ),
    Money.BACK: Text(
        "退货未成立：顾客没有收到退款，已扣的款项还给商户；可以重新退货。",
        "The refund did not happen: the customer has no money back, and what the merchant was "
        "debited is given back. It may be refunded anew.",
    ),
    Money.HOLD: Text(
        "预授权未成立：顾客卡上没有冻结金额。",
        "The pre-authorisation did not happen: nothing is set aside on the card.",
    ),
    Money.RELEASE: Text(
        "预授权撤销未成立：金额仍在顾客卡上冻结。",
        "The pre-authorisation was not cancelled: the amount is still set aside on the card.",
    ),
    Money.NONE: Text("交易未成立，没有动账。", "It did not happen; no money moves."),
}
_VOID_DONE: Final = Text(
    "撤销成立：款项已退回顾客，从商户账户扣回，原交易不再有效。",
    "The void stands: the customer has the money back, the merchant is debited, and the original "
    "no longer counts.",
)
_VOID_NOT_DONE: Final = Text(
    "撤销未成立：原交易仍然有效，顾客没有收到退款；可以重新撤销或退货。",
    "The void did not happen: the original stands and the customer has no money back. It may be "
    "voided or refunded anew.",
)
_NO_REVERSAL: Final = Text(
    "欠发卡行的冲正不再发送。", "The reversal that is owed to the issuer is sent no more."
)
_NO_MORE: Final = Text("不再向发卡行追问。", "The issuer is asked no more.")


def follows(kind: str, state: State | str, *, done: bool) -> Text:
    """Say what follows when a transaction of a kind, now in `state`, is concluded."""
    money = KINDS[kind].money
    if kind in VOIDS and money is Money.BACK:
        first = _VOID_DONE if done else _VOID_NOT_DONE
    else:
        first = (_DONE if done else _NOT_DONE)[money]
    last = _NO_REVERSAL if state in {State.REVERSING, State.DISPUTED} else _NO_MORE
    return Text(f"{first.zh}{last.zh}", f"{first.en} {last.en}")


def event(conclusion: Conclusion, transaction: Transaction, came: str) -> Event:
    """Give what the history of the case says of a conclusion that was carried out or overtaken."""
    kind = KINDS[transaction.kind]
    by = f"{conclusion.proposed_by}, {conclusion.confirmed_by}"
    zh = f"{kind.title.zh}{transaction.rrn}在发卡行{'已成功' if conclusion.done else '未成功'}"
    en = f"the {kind.title.en} {transaction.rrn} {'was' if conclusion.done else 'was not'} done"
    if came == OVERTAKEN:
        why = Text(
            f"人工结论未执行：期间发卡行已有消息。结论为{zh}（{by}）",
            "a conclusion by hand was not carried out, for the issuer was heard meanwhile: "
            f"{en} at the issuer ({by})",
        )
        return Event("conclusion_overtaken", why, evidence=conclusion.evidence())
    why = Text(
        f"人工结论：{zh}（{by}）：{conclusion.reason}",
        f"concluded by hand: {en} at the issuer ({by}): {conclusion.reason}",
    )
    return Event("concluded", why, conclusion.confirmed_by, conclusion.evidence())
