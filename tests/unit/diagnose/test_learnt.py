"""Facts of learnt rules: what is broken, that nothing is, and nothing where nothing is known."""

from datetime import timedelta

from annul.diagnose.facts import Facts
from annul.diagnose.learnt import learnt_facts
from annul.domain.learnt import RuleKind, Undoing
from tests.support.learnt import SINCE, learnt

_VOID = Undoing("void", "622848", 60_000)
_NOW = SINCE + timedelta(hours=2)


def test_that_no_rule_is_known_is_no_fact() -> None:
    assert learnt_facts((), _VOID, _NOW) == {}
    assert learnt_facts((learnt(RuleKind.NEVER, role="refund"),), _VOID, _NOW) == {}


def test_a_rule_that_is_kept_is_a_fact_of_its_own() -> None:
    facts = learnt_facts((learnt(RuleKind.AMOUNT, 70_000),), _VOID, _NOW)
    assert {name: fact.value for name, fact in facts.items()} == {"issuer.learnt_rule": ""}


def test_a_rule_that_is_broken_comes_with_its_support() -> None:
    facts = learnt_facts((learnt(RuleKind.AMOUNT, 50_000, changed=True),), _VOID, _NOW)
    assert {name: fact.value for name, fact in facts.items()} == {
        "issuer.learnt_rule": "amount",
        "issuer.learnt_sure": 0.999,
        "issuer.learnt_refused": 14,
        "issuer.learnt_approved": 212,
        "issuer.learnt_number": 50_000,
        "issuer.learnt_since": 7_200.0,
        "issuer.learnt_changed": True,
    }
    assert Facts(facts).source("issuer.learnt_rule") == "learnt_rules 00000101 1"
