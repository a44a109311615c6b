"""A silence is judged by what is missing: nights, holidays and shops that close say nothing."""

from datetime import date, datetime, timedelta
from math import exp
from random import Random
from zoneinfo import ZoneInfo

import pytest

from annul.domain.alarm_streams import SCOPE_SHARES, Scope
from annul.domain.alarm_traffic import (
    SCOPES,
    SHOPS,
    UNDERWAY,
    Cell,
    Rhythm,
    Silence,
    bar,
    cell_of,
    least_rate,
    rhythm,
)
from annul.domain.alarms import TRAFFIC_SHARE

_ZONE = ZoneInfo("Asia/Shanghai")
_SEEN = datetime(2026, 11, 25, 20, tzinfo=_ZONE)  # a Wednesday
_LONG_AGO = datetime(2026, 1, 1, tzinfo=_ZONE)
_DAILY = Rhythm(tuple(60.0 if 8 <= hour % 24 < 22 else 0.0 for hour in range(48)), (True, True))


def _never(_: date) -> bool:
    return False


def _silence(scope: Scope = Scope.ISSUER, known: Rhythm = _DAILY) -> Silence:
    return Silence(scope, known, _SEEN, _LONG_AGO, _never)


def _known(counts: list[int]) -> Cell:
    return Cell(len(counts), counts.count(0), float(sum(counts)), float(sum(n * n for n in counts)))


def test_what_is_paid_out_is_at_most_what_was_paid_in() -> None:
    """Requests come as rarely as is usual: of many waiting times few are long enough."""
    random, stake, alarms, requests = Random(7), 1e-3, 0, 200_000
    wanted = bar(Scope.ISSUER, stake * 1e6 / (SCOPE_SHARES[Scope.ISSUER] * TRAFFIC_SHARE))
    assert exp(wanted) == pytest.approx(1 + 1 / stake)
    for _ in range(requests):
        alarms += random.expovariate(1.0) >= wanted
    assert 0.8 * stake * requests < alarms <= 1.1 * stake * requests


def test_the_share_of_all_false_alarms_is_part_of_one_in_a_million() -> None:
    scopes = SCOPES | SHOPS
    paid = sum(1 / (exp(bar(scope, 1.0)) - 1) for scope in scopes)
    assert paid == pytest.approx(1e-6 * TRAFFIC_SHARE * sum(SCOPE_SHARES[s] for s in scopes))
    assert not SCOPES & SHOPS


@pytest.mark.parametrize(
    ("counts", "least", "most"),
    [
        ([60] * 30, 40.0, 50.0),  # days that are too alike to be believed
        ([40, 80] * 15, 25.0, 36.0),
        ([60] * 3, 0.0, 0.0),  # too few days
        ([0] * 30, 0.0, 0.0),
        ([1, 0, 0, 0] * 8, 0.0, 0.1),
        ([60] * 29 + [0], 0.0, 0.7),  # it has been empty on an honest day
    ],
)
def test_the_least_that_is_usual(counts: list[int], least: float, most: float) -> None:
    assert least <= least_rate(_known(counts)) <= most


def test_nights_say_nothing_and_the_next_morning_does() -> None:
    one = _silence()
    assert one.missing(_SEEN + UNDERWAY) == 0.0
    assert one.missing(_SEEN + timedelta(hours=2)) == pytest.approx(119)
    late = _SEEN + timedelta(hours=12)
    assert one.missing(late) == pytest.approx(119)
    assert one.missing(late + timedelta(minutes=30)) == pytest.approx(149)


def test_a_shop_counts_on_days_on_which_it_has_opened() -> None:
    morning = _SEEN + timedelta(hours=18)
    assert _silence(Scope.MERCHANT).missing(morning) == pytest.approx(119)
    closes = Rhythm(_DAILY.rates, (False, True))
    assert _silence(known=closes).missing(morning) == pytest.approx(119)
    holiday = Silence(Scope.ALL, _DAILY, _SEEN, _LONG_AGO, lambda day: day.day == 26)
    assert holiday.missing(morning) == pytest.approx(119)
    assert _silence().missing(morning) == pytest.approx(119 + 6 * 60)


def test_what_nobody_has_watched_is_not_missing() -> None:
    now = _SEEN + timedelta(hours=1)
    late = Silence(Scope.ALL, _DAILY, _SEEN, now - timedelta(minutes=2), _never)
    assert late.missing(now) == pytest.approx(1.0)


@pytest.mark.parametrize("wanted", [0.5, 17.0, 119.0, 200.0, 700.0])
def test_it_reaches_what_it_misses(wanted: float) -> None:
    one, until = _silence(), _SEEN + timedelta(days=10)
    at = one.reaches(wanted, until)
    assert one.missing(at) == pytest.approx(wanted)
    assert one.missing(at - timedelta(seconds=1)) < wanted
    assert one.reaches(wanted, at - timedelta(seconds=1)) == at - timedelta(seconds=1)


def test_a_rhythm_is_that_of_its_hours_and_days() -> None:
    cells = [Cell()] * 48
    cells[cell_of(9, rests=True)] = _known([60] * 30)
    one = rhythm(cells, [0, 1], [20, 8])
    assert one.rates[33] > 40
    assert sum(one.rates) == one.rates[33]
    assert one.whole == (True, False)
    assert rhythm(cells, [0, 0], [3, 0]).whole == (False, False)
