"""What programs read of a diagnosis says where the money is by its facts, whatever the cause."""

from typing import Any

import pytest

from annul.diagnose.facts import Fact, Facts
from annul.diagnose.report import BadFacts, money_of, report, together
from annul.domain.standing import Standing, told

_FOUND: dict[str, Any] = {
    "void.kind": "void",
    "void.state": "declined",
    "void.code": "05",
    "void.sent": "answered",
    "original.found": True,
    "original.state": "approved",
    "original.undone_before": False,
}


def _facts(**known: Any) -> Facts:
    named = {name.replace("_", ".", 1): value for name, value in known.items()}
    return Facts({name: Fact(value, "test") for name, value in (_FOUND | named).items()})


@pytest.mark.parametrize(
    ("known", "where"),
    [
        ({}, Standing.STANDS),
        ({"original_found": False}, Standing.NOTHING_NAMED),
        ({"original_state": "declined"}, Standing.NEVER_TAKEN),
        ({"original_state": "voided", "original_undone_before": True}, Standing.BACK),
        ({"original_state": "unknown"}, Standing.OPEN),
        ({"void_state": "reversing"}, Standing.OPEN),
        ({"void_code": "96"}, Standing.OPEN),  # it proves nothing of the money
        ({"void_code": "96", "void_sent": "not_sent"}, Standing.STANDS),
    ],
)
def test_where_the_money_is_comes_from_the_facts(known: dict[str, Any], where: Standing) -> None:
    facts = _facts(**known)
    assert money_of(facts) == told(where, "void")
    every = report(facts, {}, "en")["causes"]
    assert {found["money"] for found in every} == {told(where, "void").en}


def test_two_messages_alone_do_not_tell_it() -> None:
    facts = Facts({"void.code": Fact("05", "response field 39")})
    assert money_of(facts).en == "These facts do not tell where the money is."
    odd = Facts({name: Fact(1, "given") for name in ("original.state", "void.state", "void.kind")})
    assert money_of(odd) == money_of(facts)


def test_a_fact_that_no_signal_can_take_is_refused() -> None:
    given = Facts({"original.state": Fact("approved", "given")})
    assert together(Facts({}), given).get("original.state") == "approved"
    with pytest.raises(BadFacts):
        together(Facts({}), Facts({"terminal.link_drops": Fact("many", "given")}))
