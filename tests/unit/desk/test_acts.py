"""The one act that a page puts first, by how the case stands and who looks."""

from typing import Any

import pytest

from annul.desk.acts import suggested
from annul.desk.roles import ROLES, Scope, Visitor
from tests.support.situations import NOW, case

_PROPOSED = {"proposed": "refund", "proposed_by": "olga"}
_HAD = {"assigned_to": "sue", "assigned_until": NOW}


def _first(who: str, role: str, **changes: Any) -> str:
    merchant = "898000058120000" if role in {"cashier", "merchant"} else ""
    visitor = Visitor(who, role, frozenset(ROLES[role]), merchant)
    found = suggested(visitor, case(**changes))
    return found.name if found else ""


@pytest.mark.parametrize(
    ("who", "role", "changes", "name"),
    [
        ("adam", "operator", _PROPOSED, "refund"),
        ("olga", "operator", _PROPOSED, "recall"),
        ("sue", "support", _PROPOSED, "look"),
        ("sue", "support", {}, "look"),
        ("sue", "support", {"task": "issuer_error"}, "take"),
        ("olga", "operator", {"task": "issuer_error"} | _HAD, "take"),
        ("sue", "operator", {"task": "issuer_error", "cause": "issuer_error"} | _HAD, "retry"),
        ("sue", "operator", {"task": "x", "cause": "issuer_unsupported"} | _HAD, "refund"),
        ("sue", "support", {"task": "issuer_error"} | _HAD, "hand-back"),
        ("mei", "merchant", {"task": "void_taken_back"}, "withdraw"),
        ("ann", "auditor", {"task": "late"}, ""),
        ("olga", "operator", {"ended": "refused", "ended_at": NOW, "task": "risk_refusal"}, ""),
    ],
)
def test_the_act_that_comes_first(who: str, role: str, changes: dict[str, Any], name: str) -> None:
    assert _first(who, role, **changes) == name


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("changes", [{}, _PROPOSED, _HAD, {"task": "late"}, {"kind": "refund"}])
def test_nobody_is_offered_first_what_they_may_not_do(role: str, changes: dict[str, Any]) -> None:
    name = _first("sam", role, **changes)
    money = {"retry", "refund"}
    assert name not in money or Scope.CASES_ACT in ROLES[role]
    assert name != "withdraw" or role != "auditor"
