"""An issuer's rules for voids as the acquirer knows them, each with the time it is in force.

Pure: which rule a void breaks, since when that rule is so, and when the void would be allowed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class PolicyKind(StrEnum):
    """What a rule is about."""

    VOID_SUPPORTED = "void_supported"  # 0: the issuer does no voids
    VOID_AMOUNT_LIMIT = "void_amount_limit"  # minor units
    VOIDS_PER_DAY = "voids_per_day"  # per card
    VOID_INTERVAL = "void_interval"  # seconds between two voids of a card
    VOID_WINDOW = "void_window"  # seconds after the sale
    MAINTENANCE = "maintenance"  # a window
    END_OF_DAY = "end_of_day"  # a window


WINDOWS: Final = (PolicyKind.MAINTENANCE, PolicyKind.END_OF_DAY)


@dataclass(frozen=True, slots=True)
class Policy:
    """One rule of one issuer; `valid_until` None means without end."""

    kind: PolicyKind
    number: int
    valid_from: datetime
    valid_until: datetime | None = None
    id: str = ""

    def in_force(self, at: datetime) -> bool:
        """Say whether it counts at a moment."""
        return self.valid_from <= at and (self.valid_until is None or at < self.valid_until)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """A void as the issuer's rules see it; amounts in minor units, times in seconds.

    None where it is not known; a rule that needs it is then taken as kept.
    """

    amount: int
    age_s: float | None = None
    voids_today: int | None = None
    since_last_void_s: float | None = None


def current(policies: Iterable[Policy], at: datetime) -> dict[PolicyKind, Policy]:
    """Give the rule of each kind that counts at a moment: of several, the one that began last."""
    found: dict[PolicyKind, Policy] = {}
    for policy in policies:
        known = found.get(policy.kind)
        if policy.in_force(at) and (known is None or policy.valid_from > known.valid_from):
            found[policy.kind] = policy
    return found


def breaks(policy: Policy, void: Circumstances) -> bool:
    """Say whether a void breaks a rule."""
    match policy.kind:
        case PolicyKind.VOID_SUPPORTED:
            return not policy.number
        case PolicyKind.VOID_AMOUNT_LIMIT:
            return void.amount > policy.number
        case PolicyKind.VOIDS_PER_DAY:
            return void.voids_today is not None and void.voids_today >= policy.number
        case PolicyKind.VOID_INTERVAL:
            return void.since_last_void_s is not None and void.since_last_void_s < policy.number
        case PolicyKind.VOID_WINDOW:
            return void.age_s is not None and void.age_s > policy.number
        case PolicyKind.MAINTENANCE | PolicyKind.END_OF_DAY:
            return False  # a window is a time to wait for, not a rule that is broken


def broken(policies: dict[PolicyKind, Policy], void: Circumstances) -> Policy | None:
    """Give the first rule in force that a void breaks, in the order of `PolicyKind`."""
    return next(
        (
            policies[kind]
            for kind in PolicyKind
            if kind in policies and breaks(policies[kind], void)
        ),
        None,
    )


def before(policies: Iterable[Policy], rule: Policy) -> Policy | None:
    """Give the rule that counted before this one took its place, None when there was none."""
    older = [
        policy
        for policy in policies
        if policy.kind is rule.kind
        and policy.valid_from < rule.valid_from
        and (policy.valid_until is None or policy.valid_until >= rule.valid_from)
    ]
    return max(older, key=lambda policy: policy.valid_from, default=None)
