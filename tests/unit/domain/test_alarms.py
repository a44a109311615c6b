"""The tests behind the alarms: what they promise holds in simulation, however counts are split."""

from math import exp, log
from random import Random
from statistics import median

import pytest

from annul.domain.alarms import (
    EMPTY,
    MEASURE_SHARES,
    MEASURES,
    PARTS,
    TRAFFIC_SHARE,
    Counts,
    Measure,
    Trail,
    Usual,
    divergence,
    followed,
    is_over,
    judged,
    odds_against,
    recovery,
)

_USUAL = Usual(0.05, 0.0665)
_ODDS = odds_against(_USUAL)


def test_what_is_allowed_is_dealt_out_once() -> None:
    assert sum(PARTS) == pytest.approx(1.0)
    assert sum(MEASURE_SHARES.values()) + TRAFFIC_SHARE == pytest.approx(1.0)
    assert set(MEASURE_SHARES) == set(MEASURES)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.05, _USUAL.upper])
def test_no_bet_is_favourable_while_all_is_usual(share: float) -> None:
    for bad, good in zip(_ODDS.bad, _ODDS.good, strict=True):
        assert share * exp(bad) + (1 - share) * exp(good) <= 1 + 1e-12


def test_what_is_paid_out_is_at_most_what_was_paid_in_on_average() -> None:
    """One alarm for each 1 that was paid in, at the worst share that is still usual."""
    random, stake, each, runs = Random(1), 1e-3, 2_000, 400
    raised = 0
    for _ in range(runs):
        account: tuple[float, ...] = EMPTY
        for _ in range(each):
            account = judged(account, stake, 1, random.random() < _USUAL.upper, _ODDS)
            if sum(account) >= 1.0:
                raised += 1
                account = EMPTY
    paid = runs * each * stake
    assert 0 < raised <= paid, "else the test would not see a bet that pays too much"


@pytest.mark.parametrize(
    ("usual", "share", "within"),
    [(_USUAL, 0.30, 60), (Usual(0.005, 0.0117), 1.0, 12)],
    ids=["95 to 70 %", "silence"],
)
def test_trouble_is_found_as_soon_as_is_claimed(usual: Usual, share: float, within: int) -> None:
    random, odds, stake = Random(2), odds_against(usual), 1e-7
    took: list[int] = []
    for _ in range(200):
        account: tuple[float, ...] = EMPTY
        for _ in range(300):
            account = judged(account, stake, 1, random.random() < usual.mean, odds)
        count = 0
        while sum(account) < 1.0:
            account = judged(account, stake, 1, random.random() < share, odds)
            count += 1
        took.append(count)
    assert median(took) <= within


def test_the_bets_do_not_depend_on_how_counts_are_split() -> None:
    begun = judged(EMPTY, 1e-6, 1, 0, _ODDS)
    together = judged(begun, 0.0, 9, 3, _ODDS)
    for order in ((1, 1, 1, 0, 0, 0, 0, 0, 0), (0, 0, 1, 0, 1, 0, 0, 1, 0)):
        singly = begun
        for bad in order:
            singly = judged(singly, 0.0, 1, bad, _ODDS)
        assert singly == pytest.approx(together)


def test_each_measure_judges_what_it_is_about() -> None:
    counts = Counts(approved=90, declined=6, faults=3, silent=1, slow=2)
    assert counts.asked == 100
    assert {measure: counts.of(measure) for measure in MEASURES} == {
        Measure.APPROVALS: (96, 6),
        Measure.FAULTS: (99, 3),
        Measure.SILENCE: (100, 1),
        Measure.LATENCY: (99, 2),
    }
    assert counts.plus(Counts(1, 1, 1, 1, 1)) == Counts(91, 7, 4, 2, 3)


def test_the_beginning_of_a_trouble_is_told() -> None:
    trail = Trail()
    for at in range(100):
        trail = followed(trail, at, 20, 1, _ODDS)
    assert trail.height == 0.0
    for at in range(100, 110):
        trail = followed(trail, at, 20, 8, _ODDS)
    assert (trail.since, trail.total, trail.bad) == (100, 200, 80)


def test_a_trouble_is_over_by_what_works_and_not_before() -> None:
    height = 0.0
    for _ in range(50):
        height = recovery(height, 10, 3, 0.3, _USUAL)
    assert not is_over(height)
    took = 0
    while not is_over(height):
        height, took = recovery(height, 20, 1, 0.3, _USUAL), took + 20
    assert took <= 200
    silent = 0.0
    for _ in range(8):
        silent = recovery(silent, 1, 0, 1.0, Usual(0.005, 0.01))
    assert is_over(silent), "eight answers after silence"


def test_what_has_become_usual_is_over() -> None:
    height, became = 0.0, Usual(0.3, 0.35)
    for _ in range(100):
        height = recovery(height, 20, 6, 0.3, became)
    assert is_over(height)


def test_divergence_is_that_of_the_design() -> None:
    assert divergence(0.30, 0.05) == pytest.approx(0.3237, abs=1e-3)
    assert divergence(1.0, 0.01) == pytest.approx(log(100))
    assert divergence(0.0, 0.05) == pytest.approx(-log(0.95))
