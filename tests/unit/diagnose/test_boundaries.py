"""Hypotheses from counts: what is worth proving, and what holds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from annul.diagnose.boundaries import Behind, Boundary, likeliest, never, of_day, proven
from annul.domain.learnt import RuleKind

_AT: Final = datetime(2026, 11, 20, 4, tzinfo=UTC)
_SINCE: Final = _AT - timedelta(days=42)
_FOUND: Final = Boundary(
    "", "void", RuleKind.AMOUNT, _SINCE, 50_100, 49_900, None, 200, 3, 0, 20, 40.0
)


def _behind(*answers: bool, days: float = 1.0, cards: int = 7, works: bool = False) -> list[Behind]:
    """Answers from the oldest on, so many days apart; the newest first as they are read."""
    newest = len(answers) - 1
    times = [_AT - timedelta(days=days * (newest - place)) for place in range(len(answers))]
    oldest_first = [
        Behind(at, ok, "61", at.date(), 50_100, place % cards, works)
        for place, (at, ok) in enumerate(zip(times, answers, strict=True))
    ]
    return oldest_first[::-1]


def test_what_holds_is_a_rule_since_its_first_refusal() -> None:
    rule = proven("00000101", _FOUND, _behind(*[False] * 20))
    assert rule is not None
    assert (rule.number, rule.since, rule.changed) == (50_000, _AT - timedelta(days=19), False)
    assert (rule.refused_beyond, rule.exceptions, rule.approved_within) == (20, 0, 200)


def test_what_was_approved_before_is_a_change_and_no_exception() -> None:
    rule = proven("00000101", _FOUND, _behind(*[True] * 30, *[False] * 6))
    assert rule is not None
    assert (rule.refused_beyond, rule.exceptions, rule.changed) == (6, 0, True)
    assert rule.since == _AT - timedelta(days=5)


def test_one_that_was_let_through_is_an_exception() -> None:
    rule = proven("00000101", _FOUND, _behind(*[False] * 10, True, *[False] * 10))
    assert rule is not None
    assert (rule.refused_beyond, rule.exceptions, rule.changed) == (20, 1, False)


@pytest.mark.parametrize(
    "answers",
    [
        [False] * 20 + [True] * 3,  # it was lifted
        [False, True] * 10,  # it lets half of them through
        [False] * 3,  # too few
    ],
)
def test_what_does_not_hold_is_none(answers: list[bool]) -> None:
    assert proven("00000101", _FOUND, _behind(*answers)) is None


def test_a_single_card_that_is_refused_may_be_a_bad_card() -> None:
    assert proven("00000101", _FOUND, _behind(*[False] * 20, cards=1)) is None
    assert proven("00000101", _FOUND, _behind(*[False] * 20, cards=1, works=True)) is not None


def test_hours_of_a_single_day_may_be_an_outage() -> None:
    hours = replace(_FOUND, kind=RuleKind.HOURS, beyond=600, until=660)
    assert proven("00000101", hours, _behind(*[False] * 20, days=0.001)) is None
    assert proven("00000101", hours, _behind(*[False] * 20)) is not None


def test_a_range_wins_only_over_what_explains_less() -> None:
    range_ = replace(_FOUND, prefix="622848", gain=30.0)
    assert likeliest([_FOUND, range_]) == [_FOUND]
    assert likeliest([range_, replace(_FOUND, gain=20.0)])[0] == range_


def test_the_newest_answers_take_the_place_of_older_ones_only_if_they_contradict() -> None:
    newer = replace(_FOUND, since=_AT - timedelta(days=1), beyond=20_100, gain=10.0)
    assert likeliest([_FOUND, newer]) == [_FOUND]
    assert likeliest([_FOUND, replace(newer, better=9.0)])[0].beyond == 20_100


def test_what_is_not_sure_or_approved_too_often_is_not_looked_at() -> None:
    assert likeliest([replace(_FOUND, gain=2.9)]) == []
    assert likeliest([replace(_FOUND, approved_beyond=5)]) == []


def _total(**changes: Any) -> dict[str, Any]:
    row = {
        "prefix": "",
        "role": "void",
        "since": _SINCE,
        "a": 0,
        "r": 10,
        "witnessed": 0,
        "hours": 9,
    }
    return row | changes


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([_total()], [""]),
        ([_total(a=1)], []),
        ([_total(r=4)], []),
        ([_total(hours=5)], []),  # an outage, for all that is known
        ([_total(hours=1, witnessed=8)], [""]),  # but others were approved just then
        ([_total(a=90, r=12), _total(prefix="622848")], ["622848"]),
    ],
)
def test_no_voids_at_all(rows: list[dict[str, Any]], found: list[str]) -> None:
    assert [one.prefix for one in likeliest(never(rows))] == found


def _bucket(bucket: int, **changes: int) -> dict[str, Any]:
    counts = dict.fromkeys(("a", "r", "a_ends", "r_ends", "a_sold", "r_sold"), 0)
    return {"prefix": "", "role": "void", "since": _SINCE, "bucket": bucket} | counts | changes


def test_hours_may_go_past_midnight() -> None:
    refused = {*range(280, 288), *range(6)}
    rows = [_bucket(at, **({"r": 3} if at in refused else {"a": 3})) for at in range(288)]
    found = likeliest(of_day(rows))
    assert [(one.kind, one.beyond, one.until) for one in found] == [(RuleKind.HOURS, 1400, 30)]
    assert (found[0].refused_beyond, found[0].approved_beyond) == (42, 0)


def test_an_end_of_day_lies_between_sale_and_void() -> None:
    rows = [
        _bucket(200, a_sold=20, r_sold=10),
        _bucket(230, a=20, a_ends=20),
        _bucket(250, r=10, r_ends=10),
        _bucket(255, a_sold=10),
        _bucket(260, a=10, a_ends=10),
    ]
    found = [one for one in of_day(rows) if one.kind is RuleKind.DAY_END]
    assert [(one.beyond, one.refused_beyond, one.approved_beyond) for one in found] == [
        (1200, 10, 0)
    ]
