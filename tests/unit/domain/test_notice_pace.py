"""No minute has more messages than a robot takes, and nothing that is owed is left out."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from annul.domain.notice_pace import PER_MINUTE, WINDOW, fitting, next_message, room

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def test_room_until_the_minute_is_full_and_then_when_the_first_one_leaves_it():
    sent = [NOW - timedelta(seconds=one) for one in range(1, 20)]
    assert room(sent, 20, NOW) == (1, NOW)
    full = [*sent, NOW - timedelta(seconds=40)]
    assert room(full, 20, NOW) == (0, NOW - timedelta(seconds=40) + WINDOW)
    assert room([*full, NOW - timedelta(seconds=61)], 20, NOW).at == full[-1] + WINDOW


@given(st.integers(1, 30), st.lists(st.integers(0, 300), max_size=60))
def test_who_sends_whenever_there_is_room_never_sends_more(per_minute: int, waits: list[int]):
    sent: list[datetime] = []
    now = NOW
    for wait in waits:
        now += timedelta(seconds=wait / 10)
        free, at = room(sent, per_minute, now)
        if not free:
            assert at > now
            assert room(sent, per_minute, at).free > 0
            now = at
        sent.append(now)
    for one in sent:
        assert sum(one <= other < one + timedelta(minutes=1) for other in sent) <= per_minute


@given(st.integers(0, 500), st.integers(1, PER_MINUTE))
def test_a_minute_tells_all_of_what_is_owed(many: int, free: int):
    owed, told, messages = list(range(many)), list[int](), 0
    while owed:
        chosen = next_message(owed, free - messages, 500)
        told += chosen
        owed = owed[len(chosen) :]
        messages += 1
    assert told == list(range(many))
    assert messages == min(many, free)


def test_of_a_storm_nothing_is_told_one_by_one():
    assert next_message(range(501), 20, 500) == range(500)
    assert next_message(range(500), 20, 500) == range(1)


def test_lines_that_fit_and_at_least_one():
    assert fitting([9, 9, 9], 30) == 3
    assert fitting([9, 9, 9], 29) == 2
    assert fitting([500], 10) == 1
    assert fitting([500, 1], 10) == 1
