import pytest

from annul.issuers.health import (
    BOUNDS_MS,
    Asked,
    Condition,
    HealthLimits,
    IssuerHealth,
    percentile,
)


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def _answers(
    health: IssuerHealth, seconds: Seconds, code: str, count: int, latency_s: float = 0.02
):
    for _ in range(count):
        health.answered(code, latency_s, seconds.now)


def test_what_happens_is_counted_in_its_slot(seconds):
    health = IssuerHealth(seconds)
    _answers(health, seconds, "00", 3)
    _answers(health, seconds, "51", 2)
    health.silence()
    health.not_sent()
    health.late()
    (slot,) = health.changed()
    assert (slot.requests, slot.approvals, slot.silent) == (6, 3, 1)
    assert (slot.not_sent, slot.late) == (1, 1)
    assert slot.codes == {"00": 3, "51": 2}
    assert health.changed() == [], "it is told once"
    seconds.now += 5
    _answers(health, seconds, "00", 1)
    assert [slot.requests for slot in health.changed()] == [1]


def test_what_is_asked_over_and_over_does_not_push_out_what_others_heard(seconds):
    health = IssuerHealth(seconds)
    health.answered("96", 0.01, seconds(), Asked("void", "62000000"))
    for _ in range(200):
        health.answered("x7", 0.01, seconds(), Asked("reversal", "62000000"))
    health.answered("00", 0.01, seconds())
    [slot] = health.changed()
    assert {(role, code) for _, code, role, *_ in slot.tail} == {
        ("void", "96"),
        ("reversal", "x7"),
        ("plain", "00"),
    }
    assert len(slot.tail) < 20


def test_five_minutes_of_slots_are_kept_and_no_more(seconds):
    health = IssuerHealth(seconds)
    for _ in range(2000):
        seconds.now += 5
        _answers(health, seconds, "00", 1)
    assert len(health._slots) <= 61


def test_percentiles_are_bounds_of_buckets(seconds):
    health = IssuerHealth(seconds)
    _answers(health, seconds, "00", 90, latency_s=0.018)
    _answers(health, seconds, "00", 9, latency_s=0.4)
    _answers(health, seconds, "00", 1, latency_s=90.0)
    (slot,) = health.changed()
    shares = [percentile(slot.latencies, share) for share in (0.5, 0.9, 0.99)]
    assert shares == [20, 20, 500]
    assert percentile([0] * (len(BOUNDS_MS) + 1), 0.5) is None


def test_up_until_there_is_enough_to_conclude_from(seconds):
    health = IssuerHealth(seconds, HealthLimits(least=10, silent_in_a_row=10))
    for _ in range(9):
        health.silence()
    assert health.state is Condition.UP


@pytest.mark.parametrize(
    ("good", "silent", "state"),
    [(99, 1, Condition.UP), (90, 10, Condition.DEGRADED), (10, 10, Condition.DOWN)],
)
def test_state_follows_the_share_of_trouble(seconds, good, silent, state):
    health = IssuerHealth(seconds, HealthLimits(silent_in_a_row=1000))
    for _ in range(silent):
        health.silence()
    _answers(health, seconds, "00", good)
    assert health.state is state


def test_codes_of_a_broken_issuer_are_trouble_and_a_decline_is_not(seconds):
    broken, strict = IssuerHealth(seconds), IssuerHealth(seconds)
    _answers(broken, seconds, "91", 20)
    _answers(strict, seconds, "51", 20)
    assert (broken.state, strict.state) == (Condition.DOWN, Condition.UP)


def test_many_silences_in_a_row_are_down_at_once(seconds):
    health = IssuerHealth(seconds, HealthLimits(silent_in_a_row=5))
    _answers(health, seconds, "00", 1000)
    assert health.state is Condition.UP
    for _ in range(5):
        health.silence()
    assert health.state is Condition.DOWN
    _answers(health, seconds, "00", 1)
    seconds.now += 1
    assert health.state is Condition.UP


def test_after_a_quiet_minute_it_is_tried_again(seconds):
    health = IssuerHealth(seconds)
    for _ in range(20):
        health.silence()
    assert health.state is Condition.DOWN
    seconds.now += 61
    assert health.state is Condition.UP
