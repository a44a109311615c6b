"""Learnt rules: what breaks each, which of several is named, the limit that people choose."""

from dataclasses import replace
from typing import Any

import pytest

from annul.domain.kinds import UNDOING
from annul.domain.learnt import (
    CAUSE_OF,
    POLICY_OF,
    ROLE_OF,
    AskedBack,
    LearntRule,
    RuleKind,
    RuleState,
    about,
    allowed_in,
    breaks,
    broken,
    roundest,
)
from annul.domain.policies import PolicyKind
from tests.support.learnt import learnt


def _void(**changes: Any) -> AskedBack:
    return AskedBack(**({"role": "void", "prefix": "622848", "amount": 10_000} | changes))


@pytest.mark.parametrize(
    ("rule", "kept", "broken_by"),
    [
        (learnt(RuleKind.AMOUNT, 50_000), {"amount": 50_000}, {"amount": 50_001}),
        (learnt(RuleKind.COUNT, 2), {"place": 2}, {"place": 3}),
        (learnt(RuleKind.INTERVAL, 600), {"since_s": 600.0}, {"since_s": 599.0}),
        (learnt(RuleKind.AGE, 3600), {"age_s": 3600.0}, {"age_s": 3601.0}),
        (learnt(RuleKind.HOURS, 60, until=120), {"minute": 120}, {"minute": 60}),
        (learnt(RuleKind.HOURS, 1380, until=30), {"minute": 30}, {"minute": 0}),
        (learnt(RuleKind.WHOLE), {"whole": True}, {"whole": False}),
        (
            learnt(RuleKind.DAY_END, 1380),
            {"age_s": 600.0, "sale_minute": 1380, "minute": 1390},
            {"age_s": 660.0, "sale_minute": 1379, "minute": 1390},
        ),
        (
            learnt(RuleKind.DAY_END, 0),
            {"age_s": 600.0, "sale_minute": 1420, "minute": 1430},
            {"age_s": 600.0, "sale_minute": 1435, "minute": 5},
        ),
        (
            learnt(RuleKind.DAY_END, 600),
            {"age_s": 60.0, "sale_minute": 700, "minute": 701},
            {"age_s": 90_000.0, "sale_minute": 700, "minute": 760},
        ),
    ],
    ids=lambda value: value.kind if isinstance(value, LearntRule) else "",
)
def test_a_rule_is_broken_behind_its_boundary(
    rule: LearntRule, kept: dict[str, Any], broken_by: dict[str, Any]
) -> None:
    assert not breaks(rule, _void(**kept))
    assert breaks(rule, _void(**broken_by))


@pytest.mark.parametrize("kind", [kind for kind in RuleKind if kind not in {"never", "amount"}])
def test_what_is_not_known_breaks_nothing(kind: RuleKind) -> None:
    assert not breaks(learnt(kind, 1, until=2), _void())


def test_a_rule_is_about_its_role_and_its_range_only() -> None:
    rule = learnt(RuleKind.NEVER, prefix="622848")
    assert breaks(rule, _void())
    assert not breaks(rule, _void(prefix="622200"))
    assert not breaks(rule, _void(role="refund"))
    assert about([rule], _void())
    assert not about([rule], _void(prefix="622200"))


def test_what_was_dismissed_counts_for_nothing() -> None:
    rule = learnt(RuleKind.NEVER, state=RuleState.DISMISSED)
    assert broken([rule], _void()) is None
    assert not about([rule], _void())


def test_the_surest_of_several_is_named() -> None:
    few = learnt(RuleKind.NEVER, sure=0.96)
    amount = learnt(RuleKind.AMOUNT, 5_000)
    assert broken([few, amount], _void()) is amount
    assert broken([few, replace(amount, number=50_000)], _void()) is few
    more = replace(few, sure=0.9991, refused_beyond=30)
    assert broken([amount, more], _void()) is more


@pytest.mark.parametrize(
    ("kind", "low", "high", "number"),
    [
        (RuleKind.AMOUNT, 49_900, 50_099, 50_000),
        (RuleKind.AMOUNT, 49_900, 49_900, 49_900),
        (RuleKind.AMOUNT, 31_000, 93_000, 50_000),
        (RuleKind.AMOUNT, 123_456, 123_998, 123_500),
        (RuleKind.AGE, 3_400, 3_900, 3_600),
        (RuleKind.AGE, 1_650, 1_900, 1_800),
        (RuleKind.INTERVAL, 571, 640, 600),
        (RuleKind.COUNT, 2, 2, 2),
    ],
)
def test_the_number_is_one_that_somebody_would_choose(
    kind: RuleKind, low: int, high: int, number: int
) -> None:
    assert roundest(kind, low, high) == number


def test_every_kind_has_a_cause_and_every_request_a_role() -> None:
    assert set(CAUSE_OF) == set(RuleKind)
    assert set(ROLE_OF) == set(UNDOING)
    assert ROLE_OF["preauth_void"] != ROLE_OF["void"]  # it sets free, it gives nothing back


def test_only_what_is_about_all_cards_is_a_policy() -> None:
    rule = learnt(RuleKind.AMOUNT, 50_000)
    assert rule.policy is PolicyKind.VOID_AMOUNT_LIMIT
    assert replace(rule, prefix="622848").policy is None
    assert replace(rule, role="refund").policy is None
    assert learnt(RuleKind.HOURS, until=1).policy is None
    assert set(POLICY_OF) < set(RuleKind)


def test_a_row_with_its_moment_as_text_is_a_rule() -> None:
    rule = learnt(RuleKind.AMOUNT, 50_000)
    row = {name: getattr(rule, name) for name in LearntRule.__dataclass_fields__ if name != "kind"}
    row |= {"rule": "amount", "since": "2026-11-20T04:00:00+00:00"}
    assert LearntRule.of(row) == rule


@pytest.mark.parametrize(
    ("rule", "void", "seconds"),
    [
        (learnt(RuleKind.INTERVAL, 600), {"since_s": 60.0}, 540.0),
        (learnt(RuleKind.INTERVAL, 600), {"since_s": None}, None),
        (learnt(RuleKind.HOURS, 1380, until=30), {"minute": 1410}, 3600.0),
        (learnt(RuleKind.HOURS, 60, until=120), {"minute": 119}, 60.0),
        (learnt(RuleKind.AMOUNT, 50_000), {"amount": 60_000}, None),
        (learnt(RuleKind.NEVER), {}, None),
    ],
)
def test_what_waiting_helps_says_how_long(
    rule: LearntRule, void: dict[str, Any], seconds: float | None
) -> None:
    assert allowed_in(rule, _void(**void)) == seconds
