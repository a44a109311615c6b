"""What steps of playbooks amount to: what the tables name is there."""

from annul.domain.drills import RESPONSES, Did
from annul.domain.playbooks import StepKind
from annul.operate.drills.steps import DOES, NAMES, TELLS, meant
from annul.operate.playbooks.acts import ACTS
from annul.operate.playbooks.reading import builtin


def test_each_step_and_act_that_counts_is_there() -> None:
    for name, step in TELLS:
        found = builtin()[name].step(step)
        assert found is not None, (name, step)
        assert found.kind in {StepKind.ASK, StepKind.TELL}
    for name, step, answer in NAMES:
        found = builtin()[name].step(step)
        assert found is not None, (name, step)
        assert answer in found.choices
    assert set(NAMES.values()) <= set(RESPONSES)
    assert set(DOES) <= set(ACTS)
    right = {act for one in RESPONSES.values() for needed in one.right for act in needed}
    assert set(DOES.values()) <= right | {"terminal_blocked", "merchant_frozen"}


def test_an_answer_names_a_cause_and_says_who_was_called() -> None:
    row = {"playbook": "issuer_down", "step": "why", "confirmed_by": "", "result": {}}
    assert list(meant(row | {"result": {"answer": "fault"}}, "")) == [
        (Did.TOLD, "issuer"),
        (Did.NAMED, "issuer_down"),
    ]
    assert list(meant(row | {"result": {"answer": "fine"}}, "")) == [(Did.TOLD, "issuer")]


def test_an_act_that_two_people_did_was_confirmed() -> None:
    row = {"playbook": "voids_fail", "step": "refund", "confirmed_by": "otto", "result": {}}
    assert list(meant(row, "allow_refunds")) == [
        (Did.ACTED, "refunds_instead"),
        (Did.CONFIRMED, "refunds_instead"),
    ]
