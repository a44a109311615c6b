"""Which step of a playbook comes next, who does it, and what stands in the place of places."""

import pytest

from annul.desk.roles import Scope
from annul.domain.playbook_checks import SCOPES
from annul.domain.playbooks import (
    Playbook,
    RunState,
    Step,
    StepBy,
    StepKind,
    StepState,
    Test,
    Who,
    done_by,
    filled,
    next_step,
    places_of,
    read_when,
    spoken,
)
from annul.domain.text import Text

_T = Text("中", "e")


def _step(name: str, when: str = "", kind: StepKind = StepKind.ASK) -> Step:
    tests = read_when(when)
    assert tests is not None
    return Step(name, kind, _T, _T, when=tests)


_PLAN = Playbook(
    "plan",
    _T,
    _T,
    (
        _step("why"),
        _step("a", "why == x"),
        _step("b", "why != x"),
        _step("c", "why != x and b == y"),
        _step("last"),
    ),
)


@pytest.mark.parametrize(
    ("ended", "following"),
    [
        ({}, "why"),
        ({"why": "x"}, "a"),
        ({"why": "z"}, "b"),
        ({"why": "z", "b": "y"}, "c"),
        ({"why": "z", "b": "n"}, "last"),
        ({"why": None}, "last"),  # it was skipped: nothing that hangs on it comes
        ({"why": "x", "a": None, "last": None}, None),
    ],
)
def test_the_next_step_is_the_first_whose_condition_holds(
    ended: dict[str, str | None], following: str | None
) -> None:
    step = next_step(_PLAN, ended)
    assert (step.id if step else None) == following


@pytest.mark.parametrize("text", ["why", "why = x", "why == x or a == y", "== x", "why == x and"])
def test_what_is_no_condition_is_none(text: str) -> None:
    assert read_when(text) is None


def test_a_condition_reads_as_it_is_written() -> None:
    assert read_when(" ") == ()
    tests = read_when("a==b and c  !=  d")
    assert tests is not None
    assert tests == (Test("a", True, "b"), Test("c", False, "d"))
    assert " and ".join(map(str, tests)) == "a == b and c != d"


def test_places_are_filled_with_what_is_known() -> None:
    given, answers = {"issuer": "00000101"}, {"sum": 500, "why": "x"}
    assert filled("{issuer}: {answer.why}, {answer.sum}", given, answers) == "00000101: x, 500"
    assert filled("{answer.sum}", given, answers) == 500
    assert filled("{answer.none} {merchant}", given, answers) == "{answer.none} {merchant}"
    assert filled(7, given, answers) == 7
    assert spoken(Text("{issuer}", "to {issuer}"), given, {}) == Text("00000101", "to 00000101")
    assert list(places_of("{a} {answer.b}")) == ["a", "answer.b"]
    assert list(places_of(5)) == []


def test_an_answer_is_not_read_for_places_again() -> None:
    assert filled("{answer.a}", {"issuer": "1"}, {"a": "{issuer}"}) == "{issuer}"


def test_a_notice_without_an_incident_is_read_out_by_a_person() -> None:
    tell = Step("a", StepKind.TELL, _T, _T, by=StepBy.ANNUL)
    assert done_by(tell, has_incident=True) is StepBy.ANNUL
    assert done_by(tell, has_incident=False) is StepBy.PERSON
    ask = Step("a", StepKind.ASK, _T, _T, by=StepBy.ANNUL)
    assert done_by(ask, has_incident=True) is StepBy.PERSON


def test_everything_has_a_name_in_both_languages() -> None:
    for one in (*StepKind, *RunState, *StepState, *Who):
        assert all(one.text), one


def test_a_step_asks_for_rights_that_there_are() -> None:
    assert set(SCOPES) <= {scope.value for scope in Scope}
