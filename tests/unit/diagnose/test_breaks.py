"""The cause of a break is the first one whose evidence is there."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import pytest

from annul.diagnose.breaks import RULES, explained
from annul.domain.breaks import BreakKind, Cause


def facts(kind: str, **more: Any) -> dict[str, Any]:
    given = {"id": None, "break": kind, "line": 1, "foretold": False, "undoes": False}
    return defaultdict(lambda: None, given | more)


@pytest.mark.parametrize(
    ("one", "cause"),
    [
        (facts("missing_here", known_merchant=True), Cause.NO_REQUEST),
        (facts("missing_here", known_merchant=False), Cause.UNKNOWN_SHOP),
        (facts("amount", claimed=900, row_amount=900, amount=1_000), Cause.TERMINAL_AMOUNT),
        (facts("amount", given_back=100, row_amount=900, amount=1_000), Cause.NETTED_THERE),
        (facts("amount", row_amount=900, amount=1_000), Cause.OTHER_AMOUNT),
        (facts("state", state="reversing", reversal_code="58"), Cause.REVERSAL_REFUSED),
        (facts("state", state="reversing", reversal_code="96"), Cause.REVERSAL_OPEN),
        (facts("state", state="declined", late_code="00", sent="answered"), Cause.LATE_ANSWER),
        (facts("state", state="reversed", reversal_code="25"), Cause.REVERSAL_FOUND_NOTHING),
        (facts("state", state="reversed", reversal_code="00"), Cause.REVERSAL_NOT_BOOKED),
        (facts("state", state="approved", undoes=True), Cause.REVERSED_THERE),
        (facts("state", state="approved", line=None), Cause.APPROVED_NOT_BOOKED),
        (facts("missing_there", state="unknown", line=None), Cause.NEVER_ARRIVED),
        (facts("state", state="approved", line=None, why="concluded_by_hand"), Cause.CONCLUDED),
    ],
)
def test_each_cause_is_seen(one: dict[str, Any], cause: Cause) -> None:
    assert explained([one])[0].cause == cause


def test_each_kind_has_a_rule() -> None:
    assert {kind for rule in RULES for kind in rule.kinds} == set(BreakKind)
    assert {rule.cause for rule in RULES} == set(Cause)


def test_what_differs_stands_side_by_side_and_what_agrees_does_not() -> None:
    at = datetime(2026, 11, 23, 4, tzinfo=UTC)
    one = facts(
        "amount", state="approved", effect="taken", amount=1_000, row_amount=900, claimed=900,
        rrn="1", row_rrn="1", trace="2", row_trace="3", received_at=at, row_sent_at="1123120000",
    )  # fmt: skip
    assert explained([one])[0].differs == {
        "state": [None, "approved", "taken"],
        "time": [None, at.isoformat(), "1123120000"],
        "amount": [900, 1_000, 900],
        "trace": [None, "2", "3"],
    }
