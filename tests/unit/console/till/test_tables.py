"""Tables beside the device: troubles that an issuer takes, texts that have their Chinese."""

from collections.abc import Iterator
from dataclasses import asdict, replace

import pytest
from pydantic import TypeAdapter

from annul.console.frame.texts import catalogue
from annul.console.till import cards, drawing, telling
from annul.console.till.troubles import TIMES, TROUBLES, WELL, Trouble, TroubleState, in_force, rows
from annul.console.till.values import ASKED, FUNCTIONS, STRIKE
from annul.sim.issuer.control import FaultRow
from annul.sim.issuer.rules import IssuerSettings


def _in_force(trouble: Trouble, times: int = 0) -> TroubleState:
    return TroubleState(
        trouble.maintenance, trouble.silent, rows(trouble, times), {**WELL, **trouble.policy}
    )


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=list(TROUBLES))
@pytest.mark.parametrize("times", TIMES)
def test_an_issuer_takes_every_trouble_and_it_is_known_again(trouble: Trouble, times: int) -> None:
    for row in rows(trouble, times):
        FaultRow.model_validate(row)
    TypeAdapter(IssuerSettings).validate_python({**WELL, **trouble.policy})
    assert in_force(_in_force(trouble, times), announced=trouble.announced) == trouble.key


def test_nothing_wrong_and_what_is_not_ours() -> None:
    assert in_force(TroubleState(False, False, [], WELL)) == ""
    assert in_force(TroubleState(False, False, [], {**WELL, "void_window_s": 77.0})) is None
    assert in_force(TroubleState(True, True, [], WELL)) is None


def test_a_fault_that_has_been_met_often_enough_is_over() -> None:
    fault = {**asdict(TROUBLES["garbled"].faults[0]), "left": 0}
    assert in_force(TroubleState(False, False, [fault], WELL)) == ""


def test_a_trouble_of_two_faults_is_in_force_while_one_is_left() -> None:
    state = _in_force(TROUBLES["refuses_reversal"], 1)
    lost, refused = ({**row} for row in state.faults)
    lost["left"] = 0
    assert in_force(replace(state, faults=[lost, refused])) == "refuses_reversal"
    refused["left"] = 0
    assert in_force(replace(state, faults=[lost, refused])) == ""
    assert in_force(replace(state, faults=[{**refused, "left": 1}])) is None


def test_an_announcement_that_ended_leaves_a_maintenance_unannounced() -> None:
    state = _in_force(TROUBLES["announced"])
    assert in_force(state, announced=False) == "maintenance"
    assert in_force(replace(state, maintenance=False), announced=True) == ""


def _texts() -> Iterator[str]:
    for trouble in TROUBLES.values():
        yield from (trouble.group, trouble.title, trouble.what)
    for error in (*telling._ERRORS.values(), telling._FAULT):
        yield from error[:3]
    yield from (title for title, _ in telling._TITLES.values())
    yield from ("Demo card", *(name for name, _ in cards._DEMO))
    yield from (word for _, _, _, word in drawing._KEYS if word)
    yield from (function.title for function in (*FUNCTIONS.values(), STRIKE))
    for asked in ASKED.values():
        yield from asked[:2]


@pytest.mark.parametrize("text", sorted(set(_texts())))
def test_a_text_of_a_table_has_its_chinese(text: str) -> None:
    assert text in catalogue("zh")
