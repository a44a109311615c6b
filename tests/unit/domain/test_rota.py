"""Who is on duty, over midnight, on holidays, and on a day that somebody else takes."""

from datetime import date, datetime, time
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annul.domain.rota import BadDuty, Days, Duty, Quiet, on_duty
from annul.settle.days import works

DAY, NIGHT, OTHER = uuid4(), uuid4(), uuid4()


def _at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime.combine(date(2026, month, day), time(hour, minute))


def _on(rota: list[Duty], at: datetime) -> set[object]:
    return {one.channel for one in on_duty(rota, at, works)}


def test_a_night_belongs_to_the_day_on_which_it_begins():
    fridays = frozenset({5})
    rota = [Duty(DAY, time(8), time(20)), Duty(NIGHT, time(20), time(8), fridays)]
    assert _on(rota, _at(27, 8)) == {DAY}  # a Friday
    assert _on(rota, _at(27, 20)) == {NIGHT}
    assert _on(rota, _at(28, 7, 59)) == {NIGHT}
    assert _on(rota, _at(28, 8)) == {DAY}
    assert _on(rota, _at(28, 21)) == set()


def test_the_same_time_twice_is_all_day():
    assert _on([Duty(DAY, time(9), time(9))], _at(28, 8, 59)) == {DAY}


def test_holidays_and_working_days_are_those_of_the_calendar():
    rota = [
        Duty(DAY, time(0), time(0), days=Days.WORKING),
        Duty(NIGHT, time(0), time(0), days=Days.FREE),
    ]
    assert _on(rota, _at(1, 12, month=10)) == {NIGHT}  # a Thursday, National Day
    assert _on(rota, _at(10, 12, month=10)) == {DAY}  # a Saturday that is worked on instead
    assert _on(rota, _at(11, 12, month=10)) == {NIGHT}  # a Sunday


def test_a_duty_of_one_day_stands_in_place_of_the_others():
    rota = [
        Duty(DAY, time(8), time(20)),
        Duty(NIGHT, time(20), time(8)),
        Duty(OTHER, time(8), time(20), only_on=date(2026, 11, 27)),
    ]
    assert _on(rota, _at(27, 9)) == {OTHER}
    assert _on(rota, _at(27, 7)) == {NIGHT}  # since the evening before
    assert _on(rota, _at(27, 22)) == set()  # all of that day's are replaced
    assert _on(rota, _at(28, 9)) == {DAY}


def test_it_begins_on_its_first_day_and_for_the_last_time_on_its_last():
    rota = [Duty(NIGHT, time(20), time(8), since=date(2026, 11, 3), until=date(2026, 11, 4))]
    assert _on(rota, _at(3, 7)) == set()
    assert _on(rota, _at(3, 20)) == {NIGHT}
    assert _on(rota, _at(5, 7)) == {NIGHT}
    assert _on(rota, _at(5, 20)) == set()


@pytest.mark.parametrize(
    "wrong",
    [
        {"weekdays": frozenset({0})},
        {"weekdays": frozenset({8})},
        {"since": date(2026, 1, 2), "until": date(2026, 1, 1)},
        {"only_on": date(2026, 1, 1), "weekdays": frozenset({1})},
        {"only_on": date(2026, 1, 1), "since": date(2026, 1, 1)},
        {"only_on": date(2026, 1, 1), "days": Days.FREE},
    ],
)
def test_what_is_never_on_anybody_is_refused(wrong: dict[str, object]):
    with pytest.raises(BadDuty):
        Duty(DAY, time(8), time(20), **wrong)  # type: ignore[arg-type]


def test_quiet_hours_end_on_the_same_day_or_the_next():
    night = Quiet(time(22), time(7))
    assert night.over(_at(27, 23)) == _at(28, 7)
    assert night.over(_at(28, 3)) == _at(28, 7)
    assert night.over(_at(28, 7)) == _at(28, 7)
    noon = Quiet(time(12), time(14))
    assert noon.over(_at(28, 12)) == _at(28, 14)
    assert noon.over(_at(28, 14)) == _at(28, 14)


_TIMES = st.times().map(lambda one: one.replace(tzinfo=None))


@given(_TIMES, _TIMES, st.datetimes(_at(1, 0), _at(30, 0)))
def test_after_quiet_hours_one_may_speak_and_never_waits_a_day(
    begins: time, ends: time, at: datetime
):
    over = Quiet(begins, ends).over(at)
    assert at <= over
    assert (over - at).total_seconds() < 24 * 3600
    assert Quiet(begins, ends).over(over) == over
