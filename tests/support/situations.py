"""Situations for the plan: a void of 100.00 that failed a minute ago, and what a test changes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from annul.diagnose.causes import CAUSES
from annul.diagnose.facts import Fact, Facts
from annul.diagnose.gather import Picture
from annul.diagnose.rank import Finding
from annul.domain.policies import Policy
from annul.domain.records import Origin, Transaction
from annul.domain.states import State
from annul.resolve.case import Case
from annul.resolve.pace import Pace
from annul.resolve.situation import Situation
from tests.support.builders import DAY, merchant, transaction

OPENED = datetime(2026, 11, 23, 4, 5, tzinfo=UTC)
NOW = OPENED + timedelta(minutes=1)
SALE = UUID(int=1)
TOMORROW: dict[str, Any] = {"business_date": DAY + timedelta(days=1), "batch": "000002"}
PAID = frozenset({"retry", "refund", "other_route"})  # what may give money back


def case(**changes: Any) -> Case:
    """An open case of a void of that sale."""
    values: dict[str, Any] = {
        "merchant_id": "898000058120000", "id": UUID(int=2), "number": "300000000002",
        "terminal_id": "10000001", "original_id": SALE, "kind": "void", "amount": 10_000,
        "currency": "156", "card_masked": "620001******0007", "issuer_id": "00000101",
        "opened_at": OPENED, "due_at": OPENED + timedelta(minutes=15),
        "first_due_at": OPENED + timedelta(minutes=15), "next_action_at": OPENED,
        "step": "", "tries": 0, "cause": "", "probability": 0.0, "named_at": None,
        "confirmed": "", "task": "", "ordered": "", "proposed": "", "proposed_by": "",
        "assigned_to": "", "assigned_until": None, "ended": "", "ended_at": None,
        "events": 0, "head": b"",
    }  # fmt: skip
    return Case(**(values | changes))


def attempt(number: int = 2, **changes: Any) -> Transaction:
    """A void of that sale, declined by the issuer; a terminal has asked for it."""
    values: dict[str, Any] = {
        "id": UUID(int=number),
        "kind": "void",
        "state": State.DECLINED,
        "original_id": SALE,
        "trace": f"{number:06d}",
        "rrn": f"3000000{number:05d}",
        "response_code": "96",
        "received_at": OPENED,
        "answered_at": OPENED,
    }
    return transaction(**(values | changes))


def own(number: int, **changes: Any) -> Transaction:
    """An attempt of annul itself."""
    return attempt(number, **({"origin": Origin.RESOLVER} | changes))


def findings(**probabilities: float) -> list[Finding]:
    """The ranking: what is named, and the rest of the causes with what is left."""
    others = [name for name in CAUSES if name not in probabilities]
    rest = (1 - sum(probabilities.values())) / len(others)
    every = probabilities | dict.fromkeys(others, rest)
    found = [Finding(CAUSES[name], share, ()) for name, share in every.items()]
    return sorted(found, key=lambda one: -one.probability)


def situation(
    cause: str = "timeout",
    *,
    original: dict[str, Any] | None = None,
    attempts: tuple[Transaction, ...] = (),
    facts: dict[str, Any] | None = None,
    policies: tuple[Policy, ...] = (),
    of_case: dict[str, Any] | None = None,
    of_merchant: dict[str, Any] | None = None,
    **changes: Any,
) -> Situation:
    """The sale stands, the void was declined, and nothing speaks against another try."""
    void = attempt()
    known = {name: Fact(value, "test") for name, value in (facts or {}).items()}
    plain = Situation(
        # The look before, a minute ago, has named the same cause.
        case=case(**{"cause": cause, "named_at": OPENED, **(of_case or {})}),
        now=NOW,
        business_date=DAY,
        batch="000001",
        picture=Picture(
            void,
            transaction(**(original or {})),
            (void, *attempts),
            policies,
            Facts(known),
            now=Facts(known),
        ),
        findings=findings(**{cause: 0.9}),
        merchant=merchant(**(of_merchant or {})),
        pace=Pace(),
    )
    return replace(plain, **changes)


def without_original(cause: str, **changes: Any) -> Situation:
    """A void of what annul has never sold."""
    nothing = Picture(attempt(original_id=None), None, (), (), Facts({}))
    return situation(cause, picture=nothing, of_case={"original_id": None}, **changes)
