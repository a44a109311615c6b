"""Buckets: so many calls at once, then as fast as tokens flow."""

import pytest

from annul.api.v1.limit import Buckets, TooMany
from tests.support.clock import HeldSeconds


def _taken(buckets: Buckets, name: str) -> int:
    taken = 0
    while True:
        try:
            buckets.take(name)
        except TooMany:
            return taken
        taken += 1


def test_a_bucket_gives_its_burst_and_then_what_flows() -> None:
    clock = HeldSeconds(0.0)
    buckets = Buckets(2.0, 5, clock)
    assert _taken(buckets, "one") == 5
    assert _taken(buckets, "other") == 5  # each has their own
    clock.at = 1.0
    assert _taken(buckets, "one") == 2
    clock.at = 100.0
    assert _taken(buckets, "one") == 5  # never more than the burst


@pytest.mark.parametrize(("rate", "after"), [(50.0, 1), (0.1, 10), (0.3, 4)])
def test_whoever_is_refused_may_come_back_after_the_time_that_is_said(
    rate: float, after: int
) -> None:
    clock = HeldSeconds(0.0)
    buckets = Buckets(rate, 1, clock)
    buckets.take("one")
    with pytest.raises(TooMany) as refused:
        buckets.take("one")
    assert refused.value.retry_after_s == after
    clock.at += after
    buckets.take("one")


def test_many_visitors_are_not_remembered_for_ever() -> None:
    buckets = Buckets(1.0, 1, HeldSeconds(0.0))
    for number in range(25_000):
        buckets.take(str(number))
    assert len(buckets._buckets) <= 10_000
