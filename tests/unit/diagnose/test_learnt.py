"""Facts of learnt rules: what is broken, that nothing is, and nothing where nothing is known."""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

from annul.diagnose.facts import Facts
from annul.diagnose.learnt import asked_back, learnt_facts
from annul.domain.business_day import Calendar
from annul.domain.learnt import AskedBack, RuleKind
from tests.support.builders import transaction
from tests.support.learnt import SINCE, learnt

_CALENDAR = Calendar(ZoneInfo("Asia/Shanghai"), time(23))
_VOID = AskedBack("void", "622848", 60_000)
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


def test_a_void_is_seen_as_rules_see_it() -> None:
    sale = transaction()  # at 12:00
    void = transaction(kind="void", received_at=sale.received_at + timedelta(minutes=95))
    assert asked_back(void, sale, _CALENDAR, 1, 30.0) == AskedBack(
        "void", "620001", 10_000, 5_700.0, 2, 30.0, 815, 720, whole=True
    )
    part = transaction(kind="refund", amount=4_000)
    assert asked_back(part, sale, _CALENDAR).whole is False
    alone = asked_back(void, None, _CALENDAR)
    assert (alone.age_s, alone.place, alone.since_s, alone.sale_minute, alone.whole) == (None,) * 5
