"""Whether an issuer is asked, why and with what: every row of the tables, and their order."""

from datetime import timedelta
from typing import Any

import pytest

from annul.domain.alarm_probes import (
    FEW,
    HOW_SAID,
    HOWS,
    OUTCOME_SAID,
    WHY_SAID,
    How,
    ProbeOutcome,
    ProbeRules,
    Standing,
    Why,
    why,
)
from annul.domain.alarm_streams import ECHO, EVERYTHING, PROBE, Scope, Stream, Way, summed
from annul.domain.alarms import Counts

_RULES = ProbeRules(0.3, timedelta(minutes=5), timedelta(minutes=1))
_QUIET = {"quiet_for": timedelta(minutes=5), "missing": 1.0}
_BANK = "00000101"


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        ({}, None),
        ({"silence": 0.29}, None),
        ({"silence": 0.3}, Why.SILENT),
        ({"answers": 0.3}, Why.REFUSING),
        ({"silence": 0.3, "answers": 0.9}, Why.SILENT),
        (_QUIET, Why.QUIET),
        (_QUIET | {"missing": 0.99}, None),
        (_QUIET | {"quiet_for": timedelta(seconds=299)}, None),
        (_QUIET | {"silence": 0.3}, Why.SILENT),
        ({"silence": 0.3, "came": FEW - 1}, Why.SILENT),
        ({"silence": 0.3, "came": FEW}, None),
        (_QUIET | {"silence": 1.0, "answers": 1.0, "alarm": True}, None),
        ({"raised": True, "alarm": True, "came": FEW}, Why.SILENT),
        (_QUIET | {"silence": 1.0, "answers": 1.0, "raised": True, "held": True}, None),
    ],
)
def test_an_issuer_is_asked_where_little_tells_and_nobody_holds_it(
    standing: dict[str, Any], expected: Why | None
) -> None:
    assert why(Standing(**standing), _RULES) is expected


def test_an_echo_says_nothing_of_answers_and_a_void_is_the_better_question() -> None:
    assert set(HOWS) == set(Why)
    assert HOWS[Why.REFUSING] == (How.VOID,)
    assert all(hows[0] is How.VOID for hows in HOWS.values())


def test_each_word_is_said_in_both_languages() -> None:
    said = (*WHY_SAID.values(), *HOW_SAID.values(), *OUTCOME_SAID.values())
    assert len({*said}) == len(said) == len(Why) + len(How) + len(ProbeOutcome)
    assert all(text.zh and text.en for text in said)


def test_a_probe_is_in_no_stream_of_customers_and_leans_on_echoes() -> None:
    counts = {Way(_BANK, PROBE): Counts(silent=2), Way(_BANK, "sale"): Counts(approved=3)}
    sums = summed(counts)
    asked = Stream(Scope.KIND, f"{_BANK} {PROBE}")
    assert sums[asked] == Counts(silent=2)
    assert sums[EVERYTHING] == sums[Stream(Scope.ISSUER, _BANK)] == Counts(approved=3)
    assert asked.parent == Stream(Scope.KIND, f"{_BANK} {ECHO}")
    assert asked.text.en == f"probes at issuer {_BANK}"
