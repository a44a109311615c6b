"""Those who have proven nothing: windows of a throttle, counts and log lines that stay bounded."""

import pytest
from structlog.testing import capture_logs

from annul.host.strangers import Strangers, Throttle
from tests.support.clock import HeldSeconds


@pytest.fixture
def clock() -> HeldSeconds:
    return HeldSeconds()


# Throttle ------------------------------------------------------------------------------------


def test_a_throttle_counts_up_to_its_limit(clock: HeldSeconds) -> None:
    throttle = Throttle(3, 60.0, clock)
    found = [(throttle.over("key"), throttle.hit("key")) for _ in range(5)]
    assert found == [(False, 1), (False, 2), (False, 3), (True, 4), (True, 5)]


def test_each_key_is_counted_by_itself(clock: HeldSeconds) -> None:
    throttle = Throttle(2, 60.0, clock)
    for key in ("one", "one", ("one", "of two")):
        throttle.hit(key)
    assert throttle.over("one")
    assert not throttle.over(("one", "of two"))
    assert not throttle.over("never seen")


def test_a_window_ends_and_the_next_begins_with_nothing(clock: HeldSeconds) -> None:
    throttle = Throttle(2, 60.0, clock)
    throttle.hit("key")
    clock.at += 59.9
    throttle.hit("key")
    assert throttle.over("key")
    clock.at += 0.1  # 60 s after the first
    assert not throttle.over("key")
    assert throttle.hit("key") == 1
    assert not throttle.over("key")


def test_hits_do_not_prolong_a_window(clock: HeldSeconds) -> None:
    """Who goes on is not locked out for ever, nor does he lock out the one he plays."""
    throttle = Throttle(2, 60.0, clock)
    counts: list[int] = []
    for _ in range(121):
        counts.append(throttle.hit("key"))
        clock.at += 1.0
    assert counts == [*range(1, 61), *range(1, 61), 1]


def test_to_ask_counts_nothing(clock: HeldSeconds) -> None:
    throttle = Throttle(1, 60.0, clock)
    assert not any(throttle.over("key") for _ in range(10))
    assert throttle.hit("key") == 1
    assert len(throttle._counted) == 1


def test_keys_are_bounded_whatever_is_invented(clock: HeldSeconds) -> None:
    throttle = Throttle(1, 60.0, clock)
    for number in range(20_000):
        throttle.hit(number)
    assert len(throttle._counted) == 16_384
    assert not throttle.over(20_000 - 16_384 - 1)
    assert throttle.over(20_000 - 16_384)
    assert throttle.over(19_999)


def test_the_key_that_came_longest_ago_is_forgotten(clock: HeldSeconds) -> None:
    throttle = Throttle(2, 60.0, clock)
    for number in range(16_384):
        throttle.hit(number)
    throttle.hit(0)  # comes again
    throttle.hit("one more")
    assert throttle.over(0)
    assert throttle.hit(1) == 1  # was forgotten in its place


# Strangers -----------------------------------------------------------------------------------


def test_strangers_are_counted_by_reason_and_by_address(clock: HeldSeconds) -> None:
    strangers = Strangers(clock)
    for address, reason in (
        ("192.0.2.1", "garbled"),
        ("192.0.2.2", "mac_wrong"),
        ("192.0.2.2", "garbled"),
        ("192.0.2.2", "mac_wrong"),
    ):
        strangers.turned_away(address, reason)
    assert dict(strangers.by_reason) == {"garbled": 2, "mac_wrong": 2}
    assert strangers.by_address() == {
        "192.0.2.2": {"mac_wrong": 2, "garbled": 1},
        "192.0.2.1": {"garbled": 1},
    }
    assert list(strangers.by_address()) == ["192.0.2.2", "192.0.2.1"]  # the worst first


def test_only_the_worst_addresses_are_shown(clock: HeldSeconds) -> None:
    strangers = Strangers(clock)
    for number in range(1, 41):
        for _ in range(number):
            strangers.turned_away(f"192.0.2.{number}", "garbled")
    shown = strangers.by_address()
    assert list(shown) == [f"192.0.2.{number}" for number in range(40, 20, -1)]
    assert len(strangers.by_address(3)) == 3


def test_addresses_are_bounded_and_reasons_are_all_counted(clock: HeldSeconds) -> None:
    strangers = Strangers(clock)
    strangers.turned_away("the first", "garbled")
    with capture_logs() as logs:
        for number in range(5_000):
            strangers.turned_away(f"2001:db8:0:{number:x}::", "garbled")
    assert len(strangers._addresses) == len(strangers._told) == 1_024
    assert strangers.by_reason["garbled"] == 5_001
    assert "the first" not in strangers.by_address(1_024)
    assert len(logs) == 5_000  # one line each, since each is an address of its own


def test_one_who_comes_again_and_again_stays_among_the_counted(clock: HeldSeconds) -> None:
    strangers = Strangers(clock)
    for number in range(5_000):
        strangers.turned_away("192.0.2.1", "mac_wrong")
        strangers.turned_away(f"2001:db8:0:{number:x}::", "garbled")
    assert strangers.by_address(1) == {"192.0.2.1": {"mac_wrong": 5_000}}


def test_one_log_line_per_address_and_ten_seconds(clock: HeldSeconds) -> None:
    strangers = Strangers(clock)
    with capture_logs() as logs:
        for _ in range(1_000):
            strangers.turned_away("192.0.2.1", "garbled")
        strangers.turned_away("192.0.2.2", "garbled")
        clock.at += 9.9
        strangers.turned_away("192.0.2.1", "garbled")
        clock.at += 0.1
        strangers.turned_away("192.0.2.1", "mac_wrong")
        strangers.turned_away("192.0.2.1", "mac_wrong")
        clock.at += 10.0
        strangers.turned_away("192.0.2.1", "frame")
    told = [(one["address"], one["reason"], one["more"]) for one in logs]
    assert told == [
        ("192.0.2.1", "garbled", 0),
        ("192.0.2.2", "garbled", 0),
        ("192.0.2.1", "mac_wrong", 1_000),
        ("192.0.2.1", "frame", 1),
    ]
    assert {one["event"] for one in logs} == {"turned_away"}
    assert {one["log_level"] for one in logs} == {"info"}
