"""What tells the voids that were refused from those that passed, where there are few of them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from annul.diagnose.splits import MOST, Asked, Split, of_cards, split

_NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
_BIN = "620001"


def _void(minutes_ago: float, *, ok: bool, code: str = "61", **told: Any) -> Asked:
    at = _NOW - timedelta(minutes=minutes_ago)
    told = {"amount": 100_00, "prefix": _BIN, "original": str(minutes_ago), **told}
    return Asked(at, "00" if ok else code, ok, **told)


def _mine(**told: Any) -> Asked:
    return _void(0, ok=False, **told)


def _likeliest(others: list[Asked], mine: Asked) -> tuple[Split, float]:
    found = split(others, mine)
    assert found is not None
    assert sum(found.shares.values()) == pytest.approx(1)
    best = max(found.shares, key=lambda one: found.shares[one])
    return best, found.shares[best]


@dataclass(frozen=True)
class Case:
    """What those that passed and those that were refused have in common, each as a range."""

    split: Split
    passed: dict[str, tuple[int, int]]
    refused: dict[str, tuple[int, int]]

    def voids(self, count: int, random: Random) -> list[Asked]:
        return [
            _void(
                random.uniform(1, 9_000),
                ok=ok,
                **dict[str, Any]((name, random.randint(*span)) for name, span in spans.items()),
            )
            for ok, spans in ((True, self.passed), (False, self.refused))
            for _ in range(count)
        ]


_CASES = (
    Case(Split.AMOUNT, {"amount": (10_00, 499_00)}, {"amount": (501_00, 990_00)}),
    Case(Split.AGE, {"age_s": (5, 3_000)}, {"age_s": (4_000, 80_000)}),
    Case(Split.COUNT, {"place": (1, 2)}, {"place": (3, 5)}),
    Case(Split.INTERVAL, {"since_s": (70, 9_000)}, {"since_s": (1, 55)}),
    Case(Split.RANGE, {"amount": (10_00, 990_00)}, {"amount": (10_00, 990_00)}),
)


@pytest.mark.parametrize("count", [5, 10])
@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.split)
def test_what_lies_behind_a_boundary_is_told_from_the_rest(case: Case, count: int) -> None:
    random = Random(count)
    others = case.voids(count, random)
    if case.split is Split.RANGE:
        others = [one._replace(prefix="620099") if one.ok else one for one in others]
    mine = _mine(**dict[str, Any]((name, span[1]) for name, span in case.refused.items()))
    best, sure = _likeliest(others, mine)
    assert best is case.split
    assert sure > 0.7


def test_all_since_some_time_is_told_from_all() -> None:
    refused = [_void(ago, ok=False, amount=ago * 10) for ago in (1, 3, 9, 11, 15)]
    passed = [_void(ago, ok=True, amount=ago) for ago in (20, 30, 50, 70, 90)]
    assert _likeliest([*refused, *passed], _mine(amount=50))[0] is Split.SINCE
    assert _likeliest(refused, _mine(amount=5))[0] is Split.ALL


def test_a_day_that_has_ended_is_told_from_an_age_by_older_sales_that_passed_before_it() -> None:
    passed = [_void(ago, ok=True, age_s=9_000 + ago) for ago in range(130, 200, 8)]
    passed += [_void(ago, ok=True, age_s=60) for ago in range(2, 40, 4)]
    refused = [_void(ago, ok=False, age_s=7_200) for ago in range(1, 40, 4)]
    assert _likeliest([*passed, *refused], _mine(age_s=7_200))[0] is Split.DAY


def test_a_systems_code_seldom_says_that_a_rule_is_broken() -> None:
    passed = [_void(ago, ok=True, amount=10_00) for ago in (20, 30)]
    known = [
        split(
            [*passed, _void(1, ok=False, code=code, amount=50_00)], _mine(code=code, amount=60_00)
        )
        for code in ("61", "96")
    ]
    plain, system = (one.shares[Split.AMOUNT] for one in known if one is not None)
    assert plain > 2 * system


def test_what_has_just_begun_is_told_by_how_long_it_has_lasted() -> None:
    voids = [_void(9, ok=False), _void(1, ok=False), _void(20, ok=True), _void(30, ok=False)]
    found = split(voids, _mine())
    assert found is not None
    assert found.lasted_s == 9 * 60
    alone = split([_void(1, ok=True)], _mine())
    assert alone is not None
    assert alone.lasted_s == 0


@pytest.mark.parametrize("seed", range(10))
def test_chance_is_nothing(seed: int) -> None:
    random = Random(seed)
    others = [
        _void(
            random.uniform(1, 900),
            ok=random.random() < 0.5,
            amount=random.randint(1, 99_999),
            age_s=random.randint(1, 9_000),
            place=random.randint(1, 3),
        )
        for _ in range(30)
    ]
    best, sure = _likeliest(others, _mine(amount=80_000, age_s=8_000, place=2))
    assert best is Split.NOTHING
    assert sure > 0.8


def test_one_that_was_refused_alone_is_nothing() -> None:
    assert _likeliest([_void(ago, ok=True) for ago in range(1, 9)], _mine())[0] is Split.NOTHING


def test_who_was_refused_for_another_reason_says_nothing() -> None:
    assert split([_void(1, ok=False, code="51")], _mine()) is None
    assert split([], _mine()) is None
    found = split([_void(1, ok=False, code="91"), _void(2, ok=True)], _mine(code="96"))
    assert found is not None, "either says that the issuer could not"
    assert (found.refused, found.passed) == (1, 1)


def test_a_void_that_was_tried_again_and_its_own_tries_count_once_and_not_at_all() -> None:
    again = [_void(ago, ok=False, original="one") for ago in range(1, 9)]
    own = [_void(ago, ok=False, original="mine") for ago in range(1, 9)]
    found = split([*again, *own], _mine(original="mine"))
    assert found is not None
    assert (found.refused, found.passed) == (1, 0)


def test_the_newest_are_compared() -> None:
    old = [_void(1_000 + ago, ok=False) for ago in range(MOST)]
    new = [_void(1 + ago, ok=True) for ago in range(MOST)]
    found = split([*old, *new], _mine())
    assert found is not None
    assert (found.refused, found.passed) == (0, MOST)


def test_places_of_a_card_are_told_within_a_day_by_those_that_passed() -> None:
    voids = [
        _void(3_000, ok=True, card=1),
        _void(30, ok=True, card=1),
        _void(20, ok=False, card=1),
        _void(10, ok=True, card=1),
        _void(5, ok=True, card=2),
        _void(1, ok=True),
    ]
    told = [(one.place, one.since_s) for one in of_cards(voids)]
    assert told == [(1, None), (1, None), (2, 600), (2, 1200), (1, None), (None, None)]
