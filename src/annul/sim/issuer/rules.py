"""What an issuer allows, as tables: the first row that applies refuses with its code."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from .entries import Account, BookEntry


@dataclass(slots=True)
class IssuerSettings:
    """Settings of the issuer; amounts in minor units. They may change while it runs."""

    default_balance: int = 1_000_000_00
    amount_limit: int = 5_000_000_00
    day_amount: int = 100_000_000_00
    day_count: int = 1_000_000
    void_supported: bool = True
    void_amount_limit: int = 100_000_000_00
    refund_supported: bool = True
    void_window_s: float = 86_400.0
    void_same_day: bool = True
    voids_per_day: int = 1_000_000
    void_interval_s: float = 0.0
    refuse_after_reversal: bool = True  # a request that arrives after its own reversal
    acknowledges_unknown: bool = False  # 00 to the reversal of what never came
    end_of_day: bool = False
    # Issuers use codes in their own ways: rule, window or card state -> code instead of the usual.
    codes: dict[str, str] = field(default_factory=dict)

    def code(self, rule: str, usual: str) -> str:
        """Give the code that this issuer answers for a rule."""
        return self.codes.get(rule, usual)


CARD_STATES: Final[dict[str, str]] = {
    "active": "00",
    "lost": "41",
    "stolen": "43",
    "expired": "54",
    "closed": "14",
    "frozen": "62",
    "suspected": "59",
}


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as the rules see it."""

    amount: int
    at: datetime
    policy: IssuerSettings
    account: Account
    original: BookEntry | None = None


Rule = tuple[str, str, Callable[[Ask], bool]]

TAKING: Final[tuple[Rule, ...]] = (
    ("over_limit", "61", lambda a: a.amount > a.policy.amount_limit),
    ("day_count", "65", lambda a: a.account.count_on(a.at) >= a.policy.day_count),
    ("day_amount", "61", lambda a: a.account.spent_on(a.at) + a.amount > a.policy.day_amount),
    ("funds", "51", lambda a: a.amount > a.account.balance - a.account.held),
)


def _original(a: Ask) -> "BookEntry":
    assert a.original is not None, "rows before this one refuse without an original"
    return a.original


UNDOING: Final[tuple[Rule, ...]] = (
    ("not_found", "25", lambda a: a.original is None),
    ("declined", "12", lambda a: not _original(a).booked),
    ("undone", "22", lambda a: _original(a).reversed or _original(a).undone > 0),
    ("other_card", "14", lambda a: _original(a).pan != a.account.pan),
)
VOID: Final[tuple[Rule, ...]] = (
    ("unsupported", "40", lambda a: not a.policy.void_supported),
    *UNDOING,
    ("amount", "64", lambda a: _original(a).amount != a.amount),
    ("void_amount", "61", lambda a: a.amount > a.policy.void_amount_limit),
    (
        "window",
        "12",
        lambda a: (a.at - _original(a).at) > timedelta(seconds=a.policy.void_window_s),
    ),
    (
        "day",
        "12",
        lambda a: a.policy.void_same_day and a.at.date() != _original(a).at.date(),
    ),
    ("voids_per_day", "65", lambda a: a.account.voids_on(a.at) >= a.policy.voids_per_day),
    (
        "interval",
        "94",
        lambda a: (a.at - a.account.last_void) < timedelta(seconds=a.policy.void_interval_s),
    ),
)
RELEASE: Final[tuple[Rule, ...]] = (
    *UNDOING,
    ("amount", "64", lambda a: _original(a).amount != a.amount),
)
COMPLETION: Final[tuple[Rule, ...]] = (
    *UNDOING,
    ("amount", "64", lambda a: a.amount * 100 > _original(a).amount * 115),
    (
        "funds",
        "51",
        lambda a: a.amount > a.account.balance - a.account.held + _original(a).held,
    ),
)
REFUND: Final[tuple[Rule, ...]] = (
    ("unsupported", "40", lambda a: not a.policy.refund_supported),
    ("not_found", "25", lambda a: a.original is None),
    ("declined", "12", lambda a: not _original(a).booked),
    ("reversed", "22", lambda a: _original(a).reversed),
    ("other_card", "14", lambda a: _original(a).pan != a.account.pan),
    ("too_much", "61", lambda a: _original(a).undone + a.amount > _original(a).amount),
)


def refuse(rules: tuple[Rule, ...], ask: Ask) -> str:
    """Give the code of the first row that refuses, "00" when none does."""
    return next(
        (ask.policy.code(name, code) for name, code, refuses in rules if refuses(ask)), "00"
    )
