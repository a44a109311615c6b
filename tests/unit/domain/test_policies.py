"""An issuer's rules: which is in force, what breaks it, what was so before."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from annul.domain.policies import (
    WINDOWS,
    Circumstances,
    Policy,
    PolicyKind,
    before,
    breaks,
    broken,
    current,
)

_AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
_LIMIT = PolicyKind.VOID_AMOUNT_LIMIT


def _policy(
    number: int, begins: float, ends: float | None = None, kind: PolicyKind = _LIMIT
) -> Policy:
    """A rule that begins and ends so many hours from now."""
    until = None if ends is None else _AT + timedelta(hours=ends)
    return Policy(kind, number, _AT + timedelta(hours=begins), until)


@pytest.mark.parametrize(
    ("begins", "ends", "counts"),
    [
        (-1, None, True),
        (0, None, True),
        (0.01, None, False),
        (-1, 1, True),
        (-1, 0, False),  # it ends before that moment
        (-2, -1, False),
    ],
)
def test_when_a_rule_is_in_force(begins: float, ends: float | None, counts: bool) -> None:
    assert _policy(1, begins, ends).in_force(_AT) is counts


def test_of_several_rules_the_one_that_began_last_counts() -> None:
    rules = [_policy(1, -1), _policy(2, -9), _policy(3, 5), _policy(4, -0.5, -0.1)]
    for given in (rules, rules[::-1]):
        assert {kind: rule.number for kind, rule in current(given, _AT).items()} == {_LIMIT: 1}


def test_kinds_stand_beside_each_other() -> None:
    rules = [_policy(1, -1), _policy(2, -9, kind=PolicyKind.VOID_WINDOW)]
    assert set(current(rules, _AT)) == {_LIMIT, PolicyKind.VOID_WINDOW}


@pytest.mark.parametrize(
    ("kind", "number", "void", "is_broken"),
    [
        (PolicyKind.VOID_SUPPORTED, 0, {}, True),
        (PolicyKind.VOID_SUPPORTED, 1, {}, False),
        (_LIMIT, 10_000, {}, False),
        (_LIMIT, 9_999, {}, True),
        (PolicyKind.VOIDS_PER_DAY, 2, {"voids_today": 1}, False),
        (PolicyKind.VOIDS_PER_DAY, 2, {"voids_today": 2}, True),
        (PolicyKind.VOIDS_PER_DAY, 0, {}, False),
        (PolicyKind.VOID_INTERVAL, 60, {"since_last_void_s": 59.9}, True),
        (PolicyKind.VOID_INTERVAL, 60, {"since_last_void_s": 60.0}, False),
        (PolicyKind.VOID_INTERVAL, 60, {}, False),
        (PolicyKind.VOID_WINDOW, 600, {"age_s": 600.0}, False),
        (PolicyKind.VOID_WINDOW, 600, {"age_s": 600.1}, True),
        (PolicyKind.VOID_WINDOW, 600, {}, False),
        *((kind, 0, {"age_s": 0.0, "voids_today": 9}, False) for kind in WINDOWS),
    ],
)
def test_what_breaks_a_rule(
    kind: PolicyKind, number: int, void: dict[str, Any], is_broken: bool
) -> None:
    assert breaks(_policy(number, -1, kind=kind), Circumstances(10_000, **void)) is is_broken


def test_of_two_broken_rules_the_first_by_kind_is_named() -> None:
    rules = {
        kind: _policy(0, -1, kind=kind)
        for kind in reversed(PolicyKind)
        if kind is not PolicyKind.VOID_SUPPORTED
    }
    rule = broken(rules, Circumstances(10_000, age_s=1.0, voids_today=9))
    assert rule is rules[_LIMIT]
    del rules[_LIMIT]
    assert broken(rules, Circumstances(10_000, voids_today=9)) is rules[PolicyKind.VOIDS_PER_DAY]
    assert broken(rules, Circumstances(10_000)) is None


_NEW = _policy(100, -1)


@pytest.mark.parametrize(
    ("others", "number"),
    [
        ([], None),
        ([_policy(500, -9)], 500),
        ([_policy(500, -9), _policy(300, -5)], 300),
        ([_policy(500, -9, -1)], 500),  # until the very moment
        ([_policy(500, -9, -2)], None),  # for an hour there was none
        ([_policy(500, -9), _policy(300, -5, -2)], 500),  # the later one had ended
        ([_policy(500, 1)], None),
        ([_policy(500, -9, kind=PolicyKind.VOID_WINDOW)], None),
    ],
)
def test_what_counted_before(others: list[Policy], number: int | None) -> None:
    found = before([*others, _NEW], _NEW)
    assert (found.number if found else None) == number
