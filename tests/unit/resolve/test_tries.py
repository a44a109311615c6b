"""A history as it is told: tries in a row are one line, everything else stands by itself."""

from typing import Any

import pytest

from annul.console.shared import STEPS
from annul.domain.text import Text
from annul.resolve.tries import attempts, folded, runs, told, told_of


def _event(what: str, result: str | None = None) -> dict[str, Any]:
    evidence = {} if result is None else {"result": result}
    return {"what": what, "why": Text("", "")._asdict(), "who": "annul", "evidence": evidence}


def _told(*what: str) -> list[list[str]]:
    return [[event["what"] for event in run] for run in runs(map(_event, what))]


def _row(number: int, **more: Any) -> dict[str, Any]:
    row = {"id": number, "origin": "resolver", "kind": "void", "state": "declined"}
    return row | {"response_code": "96"} | more


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
    waits += ["probe", "second_look"]
    waits.remove("wait_cut_over")  # it is told once
    assert _told(*waits) == [waits]


def test_a_run_says_how_many_tries_and_what_they_were_answered() -> None:
    eight = [_event(what, "96") for what in ("retry", "other_route") * 4]
    assert told([_event("back_off"), *eight]) == Text(
        "系统自行重试8次，应答均为96", "8 tries of annul's own, all answered 96"
    )
    mixed = [_event("retry", "96"), _event("retry", "open"), _event("retry", "96")]
    assert told(mixed).en == "3 tries of annul's own, answered 96, nothing"
    once = [_event("retry", "91"), _event("retry", "not_done"), _event("wait_health")]
    assert told(once).en == "1 try of annul's own, answered 91"
    assert told([_event("wait_health")] * 3).en == "3 steps"


def test_a_folded_history_has_the_line_of_a_run_and_when_it_ended() -> None:
    timeline = [_event("opened"), *(_event("retry", "96") for _ in range(3)), _event("note")]
    for number, event in enumerate(timeline):
        event["at"] = number
    opened, run, note = folded(timeline)
    assert (opened, note) == (timeline[0], timeline[-1])
    assert (run["at"], run["until"]) == (1, 3)
    assert run["why"]["en"] == "3 tries of annul's own, all answered 96"


def test_own_tries_that_came_to_nothing_are_one_among_transactions() -> None:
    shop = _row(1, origin="terminal")
    own = [_row(number, state=state) for number, state in ((2, "declined"), (3, "reversed"))]
    own.append(_row(4, response_code=""))
    done = _row(5, state="approved")
    assert attempts([shop, *own, done]) == [[shop], own, [done]]
    assert told_of(own).en == "3 tries of annul's own, answered 96, nothing"
    assert all(len(part) == 1 for part in attempts([shop, *own[:2], done]))


@pytest.mark.parametrize(
    "odd", [{"state": "reversing"}, {"origin": "person"}, {"kind": "sale"}, {"state": "approved"}]
)
def test_what_moves_money_or_was_ordered_stands_by_itself(odd: dict[str, Any]) -> None:
    rows = [_row(number) for number in range(3)]
    assert attempts([*rows, _row(9, **odd)]) == [rows, [_row(9, **odd)]]


def test_the_one_that_is_looked_at_stands_by_itself_and_kinds_are_not_mixed() -> None:
    rows = [_row(number) for number in range(7)]
    assert [len(part) for part in attempts(rows, here="3")] == [3, 1, 3]
    mixed = [_row(1), _row(2, kind="refund"), _row(3)]
    assert attempts(mixed) == [[row] for row in mixed]
