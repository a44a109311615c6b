"""Who may do what: one table of roles and scopes, read by every page and every call."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """One thing that somebody may do. A program's key has some of them."""

    CASES_READ = "cases:read"
    CASES_ACT = "cases:act"  # which acts, `annul.resolve.people` says by role
    TRANSACTIONS_READ = "transactions:read"
    VOIDS_WRITE = "voids:write"
    REFUNDS_WRITE = "refunds:write"
    DIAGNOSIS = "diagnosis"
    ISSUERS_READ = "issuers:read"
    ISSUERS_WRITE = "issuers:write"
    MERCHANTS_READ = "merchants:read"
    MERCHANTS_WRITE = "merchants:write"
    PAYOUTS_READ = "payouts:read"
    PAYOUTS_WRITE = "payouts:write"
    CLEARING_READ = "clearing:read"
    CLEARING_WRITE = "clearing:write"
    INCIDENTS_READ = "incidents:read"
    INCIDENTS_WRITE = "incidents:write"
    WEBHOOKS = "webhooks"
    NOTICES_READ = "notices:read"
    NOTICES_WRITE = "notices:write"  # whom annul tells of incidents
    OVERVIEW = "overview"
    METRICS = "metrics"  # what processes count, on the status port
    POS = "pos"
    SHOP = "shop"
    ADMIN = "admin"
    AUDIT = "audit:read"


_SEES: Final = frozenset(
    {
        Scope.CASES_READ,
        Scope.TRANSACTIONS_READ,
        Scope.DIAGNOSIS,
        Scope.ISSUERS_READ,
        Scope.MERCHANTS_READ,
        Scope.PAYOUTS_READ,
        Scope.CLEARING_READ,
        Scope.NOTICES_READ,
        Scope.INCIDENTS_READ,
        Scope.OVERVIEW,
        Scope.METRICS,
        Scope.SHOP,
    }
)
_WORKS: Final = _SEES | {Scope.CASES_ACT, Scope.INCIDENTS_WRITE, Scope.POS}
_OPERATES: Final = _WORKS | {
    Scope.VOIDS_WRITE,
    Scope.REFUNDS_WRITE,
    Scope.ISSUERS_WRITE,
    Scope.MERCHANTS_WRITE,
    Scope.PAYOUTS_WRITE,
    Scope.CLEARING_WRITE,
    Scope.WEBHOOKS,
    Scope.NOTICES_WRITE,
}

ADMINISTRATOR: Final = "administrator"
ROLES: Final[Mapping[str, frozenset[Scope]]] = {
    "cashier": frozenset({Scope.SHOP, Scope.POS}),
    "merchant": frozenset(
        {
            *(Scope.SHOP, Scope.POS, Scope.CASES_READ, Scope.TRANSACTIONS_READ),
            *(Scope.PAYOUTS_READ, Scope.CLEARING_READ),
        }
    ),
    "support": _WORKS,
    "operator": _OPERATES,
    ADMINISTRATOR: _OPERATES | {Scope.ADMIN, Scope.AUDIT},
    "auditor": _SEES | {Scope.AUDIT},
}
# Whoever may do one of these is signed out when idle.
MOVES_MONEY: Final = frozenset(
    {
        *(Scope.CASES_ACT, Scope.VOIDS_WRITE, Scope.REFUNDS_WRITE, Scope.POS),
        *(Scope.PAYOUTS_WRITE, Scope.CLEARING_WRITE),
    }
)
OF_A_SHOP: Final = frozenset({"cashier", "merchant"})  # bound to one merchant


class Step(StrEnum):
    """What a person has to do before anything else: say a code, choose a password, enrol."""

    NOTHING = ""
    CODE = "code"
    PASSWORD = "password"  # noqa: S105 - no password
    FACTOR = "factor"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: a person with a session, or a program with a key (`role` empty).

    `merchant_id` empty means every merchant. `csrf` must come back with whatever a browser changes.
    """

    name: str
    role: str
    scopes: frozenset[Scope]
    merchant_id: str = ""
    csrf: str = ""
    step: Step = Step.NOTHING
    language: str = ""

    def may(self, scope: Scope) -> bool:
        """Say whether the visitor may do this; before their step is done nobody may do anything."""
        return scope in self.scopes and not self.step

    def sees(self, merchant_id: str) -> bool:
        """Say whether the visitor may know of a merchant."""
        return not self.merchant_id or self.merchant_id == merchant_id
