"""When thresholds are passed, by costs and a forecast that are known."""

from datetime import date, timedelta
from typing import Any, Final

import pytest

from annul.operate.capacity.advice import BY_NAME, THRESHOLDS, Situation, advise
from annul.operate.capacity.measured import answer_buckets, issuer_buckets
from annul.operate.capacity.told import (
    Advice,
    Carried,
    Cost,
    Day,
    Forecast,
    Group,
    Growth,
    Shape,
)

TODAY: Final = date(2026, 11, 28)
SHAPE: Final = Shape(hour_share=0.1, second=2.0)  # of 36,000 a day one a second, then two
GIB: Final = 2**30


def carried(**changes: Any) -> Carried:
    given: dict[str, Any] = {
        "host": Cost(fixed=0.1, transaction=0.001),
        "database": Cost(fixed=0.0, transaction=0.001),
        "active": Cost(transaction=0.002),
        "group": Group(quiet=1, busy=1, statements_quiet=2, statements_busy=2),
        "growth": Growth(
            bytes=GIB, per_transaction=1_000.0, free=50 * GIB, total=100 * GIB, tables={}
        ),
        "connections": 40,
        "allowed": 100,
        "hosts": 1,
        "cores": 4,
        "local": True,
        "answers": answer_buckets(),
        "issuers": issuer_buckets(),
        "lanes": (),
        "transactions": 1,
        "busiest_tps": 1.0,
        "enough": True,
    }
    return Carried.model_validate(given | changes)


def growing(first: float, each: float, days: int = 100) -> Forecast:
    """Foretell volumes that grow by so much a day, a third more or less."""
    volumes = [first + each * place for place in range(days)]
    told = tuple(
        Day(day=TODAY + timedelta(days=place), volume=one, low=one * 2 / 3, high=one * 4 / 3)
        for place, one in enumerate(volumes)
    )
    seen = tuple(
        Day(day=TODAY - timedelta(days=back), volume=first, low=first, high=first)
        for back in range(28, 0, -1)
    )
    return Forecast(method="model", history=seen, days=told, shape=SHAPE, factors={})


def advice(name: str, of: Carried, forecast: Forecast, limit: float = 900.0) -> Advice:
    (found,) = (one for one in advise(Situation(of, limit), forecast) if one.name == name)
    return found


def test_a_second_host_process_is_due_when_the_busiest_second_takes_its_share() -> None:
    """0.6 of a core, 0.1 of it without load: 500 a second, which is a day of nine millions."""
    found = advice("host_process", carried(), growing(4_000_000, 100_000))
    assert found.tps == pytest.approx(500)
    assert found.volume == pytest.approx(9_000_000)
    assert found.due == TODAY + timedelta(days=50)
    assert found.soonest == TODAY + timedelta(days=28)  # 6.75 millions, a third more
    assert found.now == pytest.approx(0.1 + 0.001 * 4_000_000 * 0.1 / 3600 * 2)


def test_with_two_of_them_it_is_twice_as_much() -> None:
    found = advice("host_process", carried(hosts=2), growing(4_000_000, 0))
    assert found.volume == pytest.approx(18_000_000)
    assert (found.due, found.soonest) == (None, None)


def test_host_and_database_share_the_machine() -> None:
    """0.7 of four cores, for which host and database take two milliseconds a transaction."""
    found = advice("machine", carried(), growing(1_000_000, 0))
    assert found.tps == pytest.approx((0.7 * 4 - 0.1) / 0.002)


@pytest.mark.parametrize("name", ["machine", "database"])
def test_of_a_database_elsewhere_its_machine_is_not_known(name: str) -> None:
    found = advice(name, carried(database=None, local=False), growing(1_000_000, 0))
    assert (found.now, found.volume, found.due) == (None, None, None)


def test_a_cell_is_full_with_ten_host_processes() -> None:
    found = advice("cell", carried(), growing(1_000_000, 0))
    assert found.tps == pytest.approx(0.6 * 10 / 0.001)


def test_a_disk_fills_day_by_day() -> None:
    """35 of 100 GiB are left to the limit; a million transactions leave a billion bytes a day."""
    forecast = growing(1_000_000, 0)
    found = advice("disk", carried(), forecast)
    days = 35 * GIB / 1e9
    assert found.due is not None
    assert abs((found.due - TODAY).days - days) <= 1
    assert found.soonest is not None
    assert found.soonest < found.due
    assert found.now == pytest.approx(0.5)
    assert not found.beyond


def test_one_that_is_full_later_than_is_foretold_goes_by_the_mean_of_the_last_weeks() -> None:
    found = advice("disk", carried(), growing(100_000, 0))
    assert found.beyond
    assert found.due is not None
    assert abs((found.due - TODAY).days - 35 * GIB / 1e8) <= 2
    never = advice("disk", carried(), growing(10, 0))
    assert (never.due, never.beyond) == (None, False)


def test_connections_do_not_grow_with_the_volume() -> None:
    found = advice("connections", carried(connections=90), growing(1_000_000, 0))
    assert found.now == 0.9
    assert found.limit == 0.8
    assert found.due == TODAY  # it is passed already, whatever comes


def test_before_enough_was_measured_nothing_is_advised_of_processors() -> None:
    of = carried(enough=False)
    names = ("host_process", "machine", "database", "cell")
    assert all(advice(name, of, growing(1, 0), 0.0).now is None for name in names)
    assert advice("disk", of, growing(1_000_000, 0)).now is not None


def test_each_threshold_says_what_helps_in_both_languages() -> None:
    assert len(BY_NAME) == len(THRESHOLDS)
    for one in THRESHOLDS:
        assert 0 < one.limit < 1
        assert all((one.title.zh, one.title.en, one.then.zh, one.then.en))
