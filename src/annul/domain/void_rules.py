"""When a void is allowed, as one ordered table: the first row that applies refuses.

Serves every request that takes an original whole: void of a sale, of a QR sale, of a
pre-authorisation, of a completion, and the completion of a pre-authorisation itself.
Source: UnionPay-style POS rules for voids; response codes as issuers and switches use them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from .cover import taken
from .kinds import KINDS, Family, Kind, Money, Role
from .records import Transaction
from .rulings import ALLOWED, Ruling, refusal
from .states import UNFINISHED, State

# A completion may exceed its pre-authorisation by this many percent of it.
COMPLETION_PERCENT: Final = 115

_UNDONE: Final = frozenset(
    {State.VOIDED, State.REVERSED, State.REFUNDED, State.PARTLY_REFUNDED, State.COMPLETED}
)


@dataclass(frozen=True, slots=True)
class Undoing:
    """A request that refers to an original, and what is known when it comes.

    `rrn` and `auth_code` are as the terminal sent them, empty when it did not; `balance` is the
    merchant's money in minor units that nothing else has reserved, None when the contract does not
    ask for it.
    """

    kind: Kind
    merchant_id: str
    terminal_id: str
    batch: str
    business_date: date
    amount: int
    card_hash: bytes | None
    rrn: str = ""
    auth_code: str = ""
    balance: int | None = None


Predicate = Callable[[Transaction, Undoing], bool]

BEING_UNDONE: Final = refusal(
    "22",
    "being_undone",
    "原交易正在撤销",
    "another void or refund of the original is on its way",
    "请等待结果",
    "wait for its outcome",
)

# Whole or in part: both together would give the money back twice.
CHARGED_BACK: Final = refusal(
    "22",
    "charged_back",
    "发卡行已对原交易拒付",
    "the issuer has charged the original back",
    "请等待拒付结果",
    "wait for how the chargeback ends",
)

NOT_FOUND: Final = refusal(
    "25",
    "original_not_found",
    "找不到原交易",
    "no transaction has this voucher number",
    "请核对凭证号",
    "check the voucher number",
)


CARD_GONE: Final = refusal(
    "12",
    "card_not_kept",
    "原交易卡号已按期删除",
    "the card number of the original is not kept any more",
    "请使用原卡办理",
    "present the card of the sale at a terminal",
)


def card_gone(original: Transaction, undoing: Undoing) -> bool:
    """Say whether nobody can tell the issuer which card it is about."""
    return original.card_cipher is None and undoing.card_hash is None


def _same_day(undoing: Undoing) -> bool:
    """Say whether it takes money back: on the day, in the batch and at the terminal of the sale."""
    return undoing.kind.money is Money.BACK


def _amount_differs(original: Transaction, undoing: Undoing) -> bool:
    if undoing.kind.role is Role.COMPLETION:
        return undoing.amount * 100 > original.amount * COMPLETION_PERCENT
    return undoing.amount != original.amount


RULES: Final[tuple[tuple[Predicate, Ruling], ...]] = (
    (
        lambda o, u: (o.merchant_id, o.terminal_id) != (u.merchant_id, u.terminal_id)
        and _same_day(u),
        refusal("58", "other_terminal", "不是原终端", "the original was made on another terminal",
                 "请在原终端撤销", "void it on that terminal"),
    ),
    (
        lambda o, _: KINDS[o.kind].family is Family.ADVICE,
        refusal("12", "original_is_advice", "离线完成不能撤销",
                 "a completion by advice cannot be voided", "请改做退货", "refund it instead"),
    ),
    (
        lambda o, u: KINDS[o.kind].role is not None and o.kind not in u.kind.undoes,
        refusal("12", "original_is_no_sale", "原交易不是消费",
                 "the original is itself a void, refund or completion",
                 "请核对凭证号", "check the voucher number"),
    ),
    (
        lambda o, u: o.kind not in u.kind.undoes,
        refusal("12", "original_of_other_kind", "原交易类型不符",
                 "the original is of another kind", "请核对凭证号", "check the voucher number"),
    ),
    (
        lambda o, _: o.state is State.DECLINED,
        refusal("12", "original_declined", "原交易未成功，未扣款",
                 "the original was declined, no money was taken",
                 "无需撤销", "there is nothing to void"),
    ),
    (
        lambda o, _: o.state in UNFINISHED,
        refusal("09", "original_unfinished", "原交易尚未完成",
                 "the outcome of the original is still open", "请稍后", "try again in a minute"),
    ),
    (
        lambda o, _: o.state in _UNDONE,
        refusal("22", "already_undone", "原交易已撤销或已退货",
                 "the original was voided, reversed, refunded or completed before",
                 "无需再撤", "there is nothing left to void"),
    ),
    (
        lambda o, _: o.charged_back > 0,
        CHARGED_BACK,
    ),
    (
        lambda o, _: o.undone > 0,
        BEING_UNDONE,
    ),
    (
        lambda o, u: u.card_hash is not None and o.card_hash != u.card_hash,
        refusal("14", "card_differs", "卡号与原交易不符", "the card is not that of the original",
                 "请使用原卡", "use the card of the sale"),
    ),
    (
        _amount_differs,
        refusal("64", "amount_differs", "金额与原交易不符",
                 "the amount does not fit that of the original",
                 "请核对金额", "check the amount"),
    ),
    (
        lambda o, u: bool(u.rrn) and _same_day(u) and o.rrn != u.rrn,
        refusal("25", "reference_differs", "参考号与原交易不符",
                 "the reference number is not that of the original",
                 "请核对凭证号", "check the voucher number"),
    ),
    (
        lambda o, u: bool(u.auth_code) and bool(o.auth_code) and o.auth_code != u.auth_code,
        refusal("12", "auth_code_differs", "授权码与原交易不符",
                 "the authorisation code is not that of the original",
                 "请核对授权码", "check the authorisation code"),
    ),
    (
        lambda o, u: _same_day(u) and o.batch != u.batch,
        refusal("12", "original_settled", "原批次已结算", "the original's batch is settled",
                 "请改做退货", "refund it instead"),
    ),
    (
        lambda o, u: _same_day(u) and o.business_date != u.business_date,
        refusal("12", "original_of_other_day", "原交易不是当日",
                 "the original is of another business day", "请改做退货", "refund it instead"),
    ),
    (card_gone, CARD_GONE),
    (
        lambda o, u: u.balance is not None and u.balance < taken(u.kind, u.amount, o),
        # 51 elsewhere speaks of the cardholder; here it is the merchant's money that is short.
        refusal("51", "merchant_balance_low", "商户余额不足",
                 "the merchant's balance does not cover the void",
                 "入账后自动可撤", "it can be voided when more money is in"),
    ),
)  # fmt: skip


def check(original: Transaction | None, undoing: Undoing) -> Ruling:
    """Give the first refusal that applies, or `ALLOWED`."""
    if original is None:
        return NOT_FOUND
    return next((ruling for refuses, ruling in RULES if refuses(original, undoing)), ALLOWED)
