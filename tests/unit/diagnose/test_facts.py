"""Facts as a file or an event keeps them."""

import json
from typing import Any

import pytest

from annul.diagnose.facts import FACTS, Fact, Facts

_SOME = Facts(
    {
        "void.code": Fact("05", "transactions 300000000001.response_code"),
        "void.amount": Fact(10_000, "transactions 300000000001.amount"),
        "original.found": Fact(value=False, source="transactions"),
        "issuer.fault_share_recent": Fact(0.25, "issuer_stats 00000101"),
    }
)


def test_what_is_written_is_read_again_with_its_sources() -> None:
    assert Facts.from_json(json.loads(json.dumps(_SOME.as_json()))) == _SOME


def test_a_bare_value_is_taken_as_given() -> None:
    facts = Facts.from_json(
        {"void.code": "05", "original.found": False, "void.amount": {"value": 1}}
    )
    assert facts.get("void.code") == "05"
    assert facts.get("original.found") is False
    assert {facts.source(name) for name, _ in facts} == {"given"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"void.colour": "red"}, "no fact is called void.colour"),
        ({"void.code": None}, "void.code has no value"),
        ({"void.code": {"source": "slip"}}, "void.code has no value"),
        ({"void.code": ["05"]}, "void.code has no value"),
        ({"void.amount": float("nan")}, "void.amount has no value"),
        ({"void.amount": float("inf")}, "void.amount has no value"),
    ],
)
def test_what_is_no_fact_is_refused_by_its_name(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Facts.from_json(given)


def test_an_undeclared_fact_is_never_kept() -> None:
    with pytest.raises(AssertionError, match=r"void\.colour"):
        Facts({"void.colour": Fact("red", "test")})


def test_what_is_false_or_nothing_is_known_all_the_same() -> None:
    facts = Facts.from_json({"original.found": False, "issuer.link_drops": 0, "void.why": ""})
    assert not {"original.found", "issuer.link_drops", "void.why"} & set(facts.missing())
    assert len(facts.missing()) == len(FACTS) - 3


def test_of_two_values_that_of_the_later_counts() -> None:
    both = _SOME.with_facts({"void.code": Fact("96", "given"), "void.why": Fact("", "given")})
    assert (both.get("void.code"), both.source("void.code")) == ("96", "given")
    assert both.get("void.amount") == 10_000
    assert _SOME.get("void.why") is None


@pytest.mark.parametrize(("name", "labels"), FACTS.items())
def test_each_has_a_label_in_both_languages(name: str, labels: tuple[str, str]) -> None:
    group, _, rest = name.partition(".")
    assert group in {
        "void",
        "original",
        "card",
        "voids",
        "terminal",
        "merchant",
        "issuer",
        "host",
        "clock",
    }
    assert rest
    assert not labels[0].isascii()
    assert labels[1].isascii()
    assert all(labels)
