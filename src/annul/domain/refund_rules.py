"""When a refund is allowed, as one ordered table. The sum over the original never exceeds it.

The database holds that sum too; these rules give the reason before anything is written.
Source: UnionPay-style POS rules for refunds; window and same-day refusal are contract settings.
"""

from dataclasses import dataclass
from typing import Final

from .cover import taken
from .records import Transaction
from .rulings import ALLOWED, Ruling, refusal
from .states import UNFINISHED, State
from .void_rules import (
    BEING_UNDONE,
    CARD_GONE,
    CHARGED_BACK,
    NOT_FOUND,
    Predicate,
    Undoing,
    card_gone,
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the merchant's contract says of refunds."""

    days: int = 30
    same_day: bool = True


RULES: Final[tuple[tuple[Predicate, Ruling], ...]] = (
    (
        lambda o, u: o.kind not in u.kind.undoes,
        refusal("12", "original_of_other_kind", "原交易不能退货",
                 "the original took no money that could be refunded",
                 "请核对参考号", "check the reference number"),
    ),
    (
        lambda o, _: o.state is State.DECLINED,
        refusal("12", "original_declined", "原交易未成功，未扣款",
                 "the original was declined, no money was taken",
                 "无需退货", "there is nothing to refund"),
    ),
    (
        lambda o, _: o.state in UNFINISHED,
        refusal("09", "original_unfinished", "原交易尚未完成",
                 "the outcome of the original is still open", "请稍后", "try again in a minute"),
    ),
    (
        lambda o, _: o.state in {State.VOIDED, State.REVERSED},
        refusal("22", "already_undone", "原交易已撤销", "the original was undone before",
                 "无需退货", "there is nothing left to refund"),
    ),
    (
        lambda o, u: u.card_hash is not None and o.card_hash != u.card_hash,
        refusal("14", "card_differs", "卡号与原交易不符", "the card is not that of the original",
                 "请使用原卡", "use the card of the sale"),
    ),
    (
        # It may be this very refund, sent again under another number.
        lambda o, _: o.undoing > 0,
        BEING_UNDONE,
    ),
    (
        lambda o, u: o.charged_back > 0 and o.undone + o.charged_back + u.amount > o.amount,
        CHARGED_BACK,
    ),
    (
        lambda o, u: o.undone + u.amount > o.amount,
        refusal("61", "over_the_original", "退货累计超过原金额",
                 "all refunds together would exceed the original",
                 "请减小金额", "use a smaller amount"),
    ),
    (
        lambda o, u: u.balance is not None and u.balance < taken(u.kind, u.amount, o),
        refusal("51", "merchant_balance_low", "商户余额不足",
                 "the merchant's balance does not cover the refund",
                 "入账后再试", "try again when more money is in"),
    ),
)  # fmt: skip

UNTOLD: Final = refusal(
    "94",
    "refund_just_done",
    "同额退货刚刚成功",
    "an equal refund of this sale has gone through, and this terminal was told that it was open",
    "请先核对,确需再退请稍后重做",
    "look at it first; do it again if another one is meant",
)
TOO_OLD: Final = refusal(
    "12",
    "original_too_old",
    "超过退货期限",
    "the original is older than refunds are taken",
    "请联系收单机构",
    "call the acquirer",
)
SAME_DAY: Final = refusal(
    "12",
    "same_day",
    "当日交易请撤销",
    "a sale of the same day is voided, not refunded",
    "请做撤销",
    "void it",
)


def check(original: Transaction | None, undoing: Undoing, terms: Terms) -> Ruling:
    """Give the first refusal that applies, or `ALLOWED`."""
    if original is None:
        return NOT_FOUND
    refused = next((ruling for refuses, ruling in RULES if refuses(original, undoing)), None)
    if refused is not None:
        return refused
    age = (undoing.business_date - original.business_date).days
    if too_old(age, terms):
        return TOO_OLD
    if card_gone(original, undoing):
        return CARD_GONE
    return SAME_DAY if age == 0 and not terms.same_day else ALLOWED


def too_old(age: int, terms: Terms) -> bool:
    """Say whether an original of so many business days ago is refunded no more."""
    return age > terms.days
