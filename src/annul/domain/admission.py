"""Whether a merchant's terminal may do this now: one ordered table, the first refusal counts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .interventions import InterventionKind
from .kinds import Family, Kind
from .money import LARGEST
from .records import Merchant, Terminal
from .rulings import ALLOWED, Ruling, refusal


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who wants to do what. `amount` is in minor units."""

    merchant: Merchant
    terminal: Terminal
    kind: Kind
    batch: str
    amount: int
    currency: str
    against: frozenset[InterventionKind] = frozenset()  # what people have put in force

    @property
    def has_amount(self) -> bool:
        """Kinds that carry field 4."""
        return 4 in self.kind.required

    @property
    def in_batch(self) -> bool:
        """Kinds that belong to a batch: all but sign-in and its like."""
        return self.kind.family is not Family.NETWORK


Rule = tuple[Callable[[Applicant], bool], Ruling]

# Each row: when it refuses, and with what.
RULES: Final[tuple[Rule, ...]] = (
    (
        lambda a: not a.merchant.active,
        refusal("03", "merchant_inactive", "商户已停用", "the merchant is not active",
                 "请联系收单机构", "call the acquirer"),
    ),
    (
        lambda a: not a.terminal.active,
        refusal("58", "terminal_inactive", "终端已停用", "the terminal is not active",
                 "请联系收单机构", "call the acquirer"),
    ),
    (
        lambda a: a.has_amount and InterventionKind.MERCHANT_FROZEN in a.against,
        refusal("03", "merchant_stopped", "商户暂停交易", "the merchant takes no payments for now",
                 "请联系收单机构", "call the acquirer"),
    ),
    (
        lambda a: InterventionKind.TERMINAL_BLOCKED in a.against,
        refusal("58", "terminal_stopped", "终端暂停使用", "the terminal is out of use for now",
                 "请联系收单机构", "call the acquirer"),
    ),
    (
        lambda a: a.in_batch and not a.terminal.signed_in,
        refusal("77", "not_signed_in", "终端未签到", "the terminal is not signed in",
                 "请重新签到", "sign in again"),
    ),
    (
        lambda a: a.terminal.kinds is not None and a.kind.name not in a.terminal.kinds,
        refusal("58", "kind_not_enabled", "终端未开通此交易",
                 "this kind is not enabled on the terminal",
                 "请联系收单机构开通", "ask the acquirer to enable it"),
    ),
    (
        lambda a: a.in_batch and a.batch != a.terminal.batch,
        refusal("77", "batch_differs", "批次号不一致", "the batch number differs from the host's",
                 "请重新签到", "sign in again"),
    ),
    (
        lambda a: a.has_amount and not 0 < a.amount <= LARGEST,
        refusal("13", "amount_invalid", "金额无效", "the amount is zero or not possible",
                 "请核对金额", "check the amount"),
    ),
    (
        lambda a: a.has_amount and a.currency != a.merchant.currency,
        refusal("13", "currency_differs", "币种不符", "the merchant does not take this currency",
                 "请核对币种", "check the currency"),
    ),
    (
        lambda a: a.has_amount and a.amount > a.terminal.amount_limit,
        refusal("61", "over_terminal_limit", "超过终端限额", "over the terminal's limit",
                 "请减小金额", "use a smaller amount"),
    ),
    (
        lambda a: a.has_amount and a.amount > a.merchant.amount_limit,
        refusal("61", "over_merchant_limit", "超过商户限额", "over the merchant's limit",
                 "请减小金额", "use a smaller amount"),
    ),
)  # fmt: skip

MERCHANT_UNKNOWN: Final = refusal(
    "03",
    "merchant_unknown",
    "商户不存在",
    "no such merchant",
    "请核对商户号",
    "check the merchant number",
)
TERMINAL_UNKNOWN: Final = refusal(
    "97",
    "terminal_unknown",
    "终端未登记",
    "no such terminal at this merchant",
    "请核对终端号",
    "check the terminal number",
)


def check(
    merchant: Merchant,
    terminal: Terminal,
    *,
    kind: Kind,
    batch: str,
    amount: int,
    currency: str,
    against: frozenset[InterventionKind] = frozenset(),
) -> Ruling:
    """Give the first refusal that applies, or `ALLOWED`."""
    attempt = Applicant(merchant, terminal, kind, batch, amount, currency, against)
    return next((ruling for refuses, ruling in RULES if refuses(attempt)), ALLOWED)
