"""A history as it is told: tries in a row are one line, everything else stands by itself."""

from typing import Any

import pytest

from annul.console.cases.happened import runs
from annul.console.shared import STEPS
from annul.domain.text import Text


def _told(*what: str) -> list[list[str]]:
    timeline: list[dict[str, Any]] = [
        {"what": one, "why": Text("", "")._asdict(), "who": "annul"} for one in what
    ]
    return [[event["what"] for event in run] for run in runs(timeline)]


def test_three_tries_in_a_row_are_one_line() -> None:
    tries = ["back_off", "retry", "back_off", "retry"]
    assert _told("opened", "diagnosed", *tries, "ended_voided") == [
        ["opened"],
        ["diagnosed", *tries],
        ["ended_voided"],
    ]


@pytest.mark.parametrize("what", ["note", "proposed", "refund", "take", "late", "turned_back"])
def test_what_people_do_or_must_see_is_never_folded(what: str) -> None:
    tries = ["back_off", "retry", "await_outcome"]
    assert _told(*tries, what, *tries) == [tries, [what], tries]


def test_two_in_a_row_are_told_one_by_one() -> None:
    assert _told("diagnosed", "retry", "ended_voided") == [
        ["diagnosed"],
        ["retry"],
        ["ended_voided"],
    ]


def test_every_step_that_waits_can_be_folded() -> None:
    waits = [step for step in STEPS if step.startswith(("wait_", "await_", "back_"))]
    waits.remove("wait_cut_over")  # it is told once
    assert _told(*waits) == [waits]
