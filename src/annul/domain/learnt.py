"""Rules of an issuer that nobody wrote down, as its answers to voids and refunds say them.

Pure: what a rule is, whether a void breaks it, and which cause that is. Amounts are in minor units,
spans in seconds, times of day in minutes since midnight of the business's zone.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from .kinds import KINDS, REFUNDS, VOIDS, Money
from .policies import PolicyKind

DAY_MINUTES: Final = 24 * 60
DAY_S: Final = 86_400


class RuleKind(StrEnum):
    """What a rule is about, and what its `number` is."""

    NEVER = "never"  # all are refused
    AMOUNT = "amount"  # the largest that is allowed
    COUNT = "count"  # so many of a card in a day
    INTERVAL = "interval"  # seconds that must lie between two of a card
    AGE = "age"  # seconds after the sale
    HOURS = "hours"  # refused from this minute of the day to `until`
    DAY_END = "day_end"  # refused once this minute of the day lies between sale and void
    WHOLE = "whole"  # a part of the amount is refused


class RuleState(StrEnum):
    """What became of it: `dismissed` counts for nothing until its evidence doubles."""

    SUSPECTED = "suspected"
    POLICY = "policy"
    DISMISSED = "dismissed"


class UndoRole(StrEnum):
    """What rules are told apart by: giving back at once, setting free, giving back later."""

    VOID = "void"
    RELEASE = "release"
    REFUND = "refund"


# Kinds of each role, and which cause it is that a void breaks a rule.
ROLES: Final[Mapping[UndoRole, tuple[str, ...]]] = {
    UndoRole.VOID: tuple(kind for kind in VOIDS if KINDS[kind].money is not Money.RELEASE),
    UndoRole.RELEASE: tuple(kind for kind in VOIDS if KINDS[kind].money is Money.RELEASE),
    UndoRole.REFUND: REFUNDS,
}
ROLE_OF: Final = {kind: role for role, kinds in ROLES.items() for kind in kinds}
CAUSE_OF: Final[Mapping[RuleKind, str]] = {
    RuleKind.NEVER: "issuer_unsupported",
    RuleKind.AMOUNT: "issuer_limit_amount",
    RuleKind.COUNT: "issuer_limit_count",
    RuleKind.INTERVAL: "repeated_too_soon",
    RuleKind.AGE: "outside_void_window",
    RuleKind.HOURS: "end_of_day",
    RuleKind.DAY_END: "outside_void_window",
    RuleKind.WHOLE: "issuer_unsupported",
}
CHANGED: Final = "policy_changed"  # the cause, where the rule is younger than this:
CHANGED_WITHIN_S: Final = DAY_S
# Which policy says the same, where one does.
POLICY_OF: Final[Mapping[RuleKind, PolicyKind]] = {
    RuleKind.NEVER: PolicyKind.VOID_SUPPORTED,
    RuleKind.AMOUNT: PolicyKind.VOID_AMOUNT_LIMIT,
    RuleKind.COUNT: PolicyKind.VOIDS_PER_DAY,
    RuleKind.INTERVAL: PolicyKind.VOID_INTERVAL,
    RuleKind.AGE: PolicyKind.VOID_WINDOW,
}


@dataclass(frozen=True, slots=True)
class LearntRule:
    """One rule with its support.

    `within` is the last value that was approved before the boundary, `beyond` the first that was
    refused behind it: the boundary lies between them. `exceptions` were approved behind it since
    it counts, `refused_within` refused before it. `changed`: before `since` it was allowed.
    """

    issuer_id: str
    prefix: str  # of the cards that it is about; empty: all
    role: str
    kind: RuleKind
    number: int
    until: int | None
    within: int | None
    beyond: int | None
    approved_within: int
    refused_within: int
    refused_beyond: int
    exceptions: int
    sure: float
    code: str
    since: datetime
    changed: bool
    state: str = RuleState.SUSPECTED
    id: str = ""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "LearntRule":
        """Take a row of `learnt_rules`, with its moments as such or as text."""
        since = row["since"]
        return cls(
            kind=RuleKind(row["rule"]),
            since=datetime.fromisoformat(since) if isinstance(since, str) else since,
            id=str(row["id"]),
            **{name: row[name] for name in _PLAIN},
        )

    @property
    def policy(self) -> PolicyKind | None:
        """The policy that would say the same; of voids of all cards only."""
        general = self.role == UndoRole.VOID and not self.prefix
        return POLICY_OF.get(self.kind) if general else None


_PLAIN: Final = tuple(
    name for name in LearntRule.__dataclass_fields__ if name not in {"kind", "since", "id"}
)


@dataclass(frozen=True, slots=True)
class AskedBack:
    """A void or refund as rules see it; None where it is not known.

    `place` says which void of its card that day it is, of those approved (1: the first). `since_s`
    counts from the last of them.
    """

    role: str
    prefix: str
    amount: int
    age_s: float | None = None
    place: int | None = None
    since_s: float | None = None
    minute: int | None = None
    sale_minute: int | None = None
    whole: bool | None = None


def breaks(rule: LearntRule, void: AskedBack) -> bool:
    """Say whether a void breaks a rule; what is not known keeps it."""
    return is_about(rule, void) and _BREAKS[rule.kind](rule, void)


def is_about(rule: LearntRule, void: AskedBack) -> bool:
    """Say whether a void is one of those that a rule is about."""
    return void.role == rule.role and void.prefix.startswith(rule.prefix)


def allowed_in(rule: LearntRule, void: AskedBack) -> float | None:
    """Give after how many seconds a rule that is broken would be kept; None: never by waiting."""
    if rule.kind is RuleKind.INTERVAL and void.since_s is not None:
        return max(rule.number - void.since_s, 0.0)
    if rule.kind is RuleKind.HOURS and rule.until is not None and void.minute is not None:
        return (rule.until - void.minute) % DAY_MINUTES * 60.0
    return None


def within_hours(first: int, until: int, minute: int) -> bool:
    """Say whether a minute of the day lies in hours that may go past midnight; `until` does not."""
    return (minute - first) % DAY_MINUTES < (until - first) % DAY_MINUTES


def crosses(end: int, void: AskedBack) -> bool:
    """Say whether the end of a day lies between sale and void."""
    if void.age_s is None or void.minute is None or void.sale_minute is None:
        return False
    to_end = (end - void.sale_minute - 1) % DAY_MINUTES + 1
    return void.age_s >= DAY_S or to_end <= (void.minute - void.sale_minute) % DAY_MINUTES


_BREAKS: Final[Mapping[RuleKind, Callable[[LearntRule, AskedBack], bool]]] = {
    RuleKind.NEVER: lambda _rule, _void: True,
    RuleKind.AMOUNT: lambda rule, void: void.amount > rule.number,
    RuleKind.COUNT: lambda rule, void: void.place is not None and void.place > rule.number,
    RuleKind.INTERVAL: lambda rule, void: void.since_s is not None and void.since_s < rule.number,
    RuleKind.AGE: lambda rule, void: void.age_s is not None and void.age_s > rule.number,
    RuleKind.HOURS: lambda rule, void: (
        void.minute is not None
        and rule.until is not None
        and within_hours(rule.number, rule.until, void.minute)
    ),
    RuleKind.DAY_END: lambda rule, void: crosses(rule.number, void),
    RuleKind.WHOLE: lambda _rule, void: void.whole is False,
}


def broken(rules: Iterable[LearntRule], void: AskedBack) -> LearntRule | None:
    """Give the rule that a void breaks, of several the surest, with the most behind it."""
    found = [rule for rule in rules if rule.state != RuleState.DISMISSED and breaks(rule, void)]
    return max(found, key=lambda rule: (round(rule.sure, 2), rule.refused_beyond), default=None)


def about(rules: Iterable[LearntRule], void: AskedBack) -> bool:
    """Say whether any rule is known that a void like this could break."""
    return any(rule.state != RuleState.DISMISSED and is_about(rule, void) for rule in rules)


# Steps in which people choose limits: money, spans, and what is counted one by one.
_SPANS: Final = (
    86_400,
    43_200,
    21_600,
    10_800,
    7_200,
    3_600,
    1_800,
    900,
    600,
    300,
    120,
    60,
    30,
    10,
    5,
)
_MONEY: Final = tuple(step * 10**power for power in range(11, -1, -1) for step in (5, 2, 1))


def roundest(kind: RuleKind, low: int, high: int) -> int:
    """Give the number between two (both may be it) that somebody would have chosen as a limit."""
    steps = {RuleKind.AMOUNT: _MONEY, RuleKind.AGE: _SPANS, RuleKind.INTERVAL: _SPANS}.get(kind, ())
    middle = (low + high) // 2
    for step in steps:
        nearest = max(round(middle / step), 1) * step
        for one in (nearest, nearest - step, nearest + step):
            if low <= one <= high:
                return one
    return middle
