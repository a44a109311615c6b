"""Who may do what with a case, as one table; and the facts that a history holds."""

from typing import Any

import pytest

from annul.desk.roles import ROLES
from annul.diagnose.facts import Fact, Facts
from annul.domain.kinds import COMPLETIONS, REFUNDS
from annul.domain.text import Text
from annul.resolve.case import Event
from annul.resolve.people import ACTIONS, allowed, kept_facts
from annul.resolve.plan import AWAITING
from tests.support.situations import NOW, case

_DESK = {"take", "look", "note", "confirm-cause"}
_HANDS = _DESK | {"retry", "refund", "close", "withdraw"}
_ENDED = {"ended": "voided", "ended_at": NOW}
_ALLOWED: dict[str, set[str]] = {
    "cashier": {"withdraw"},
    "merchant": {"withdraw"},
    "auditor": set(),
    "support": _DESK | {"withdraw"},
    "operator": _HANDS,
    "administrator": _HANDS,
}


def _names(role: str, who: str = "sam", **changes: Any) -> set[str]:
    return {action.name for action in allowed(case(**changes), role, who)}


def test_every_role_is_in_the_table() -> None:
    assert set(_ALLOWED) == set(ROLES)
    assert all(action.roles <= set(ROLES) for action in ACTIONS.values())
    assert all(action.said.zh and action.said.en for action in ACTIONS.values())


@pytest.mark.parametrize(("role", "names"), [*_ALLOWED.items(), ("", set()), ("root", set())])
def test_what_a_role_may_do_with_an_open_case(role: str, names: set[str]) -> None:
    assert _names(role) == names


@pytest.mark.parametrize("role", ROLES)
def test_what_waits_for_a_second_person_may_be_rejected_by_those_who_may_do_it(role: str) -> None:
    may, asked = "refund" in _ALLOWED[role], {"proposed": "refund", "proposed_by": "olga"}
    assert _names(role, **asked) == _ALLOWED[role] | ({"reject"} if may else set())
    own = _ALLOWED[role] | ({"recall"} if may else set())
    assert _names(role, "olga", **asked) == own, "who has proposed it takes it back"


@pytest.mark.parametrize("role", ROLES)
def test_a_case_is_handed_back_by_who_has_it_or_whose_hands_are_on_money(role: str) -> None:
    had, may = {"assigned_to": "sue", "assigned_until": NOW}, _ALLOWED[role]
    back = {"hand-back"}
    assert _names(role, "sue", **had) == may | (back if "take" in may else set())
    assert _names(role, **had) == may | (back if "refund" in may else set())


@pytest.mark.parametrize("role", ROLES)
def test_a_case_that_has_ended_takes_only_words(role: str) -> None:
    assert _names(role, **_ENDED) == _ALLOWED[role] & {"note", "confirm-cause"}
    assert "reject" not in _names(role, **_ENDED, proposed="refund", proposed_by="olga")


@pytest.mark.parametrize("role", ROLES)
def test_what_is_done_to_an_original_needs_one(role: str) -> None:
    assert _names(role, original_id=None) == _ALLOWED[role] - {"retry", "refund", "withdraw"}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", [*REFUNDS, *COMPLETIONS])
def test_a_refund_or_completion_is_not_done_again(role: str, kind: str) -> None:
    assert _names(role, kind=kind) == _ALLOWED[role] - {"retry", "refund", "withdraw"}


@pytest.mark.parametrize("step", sorted(AWAITING))
@pytest.mark.parametrize("role", ROLES)
def test_nobody_closes_a_case_whose_outcome_is_open(role: str, step: str) -> None:
    assert _names(role, step=step) == _ALLOWED[role] - {"close"}


def test_what_moves_money_says_so() -> None:
    assert {action.name for action in ACTIONS.values() if action.money} == {"retry", "refund"}


def test_a_pre_authorisation_has_nothing_to_refund() -> None:
    assert _names("operator", kind="preauth_void") == _HANDS - {"refund"}


def test_the_facts_of_the_latest_diagnosis_count() -> None:
    def event(what: str, code: str) -> tuple[str, bytes]:
        evidence = {"facts": Facts({"void.code": Fact(code, "test")}).as_json()}
        return Event(what, Text("", ""), evidence=evidence).body(NOW), b""

    history = [event("diagnosed", "96"), event("diagnosed", "91"), event("retry", "05")]
    found = kept_facts(history)
    assert found is not None
    assert found.get("void.code") == "91"
    assert kept_facts(history[2:]) is None
