"""Which files are expected is learnt from those that came, or declared; and when they are late."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from annul.domain.expected_files import (
    BACK,
    ENOUGH,
    GIVEN_UP,
    Came,
    Expected,
    FileState,
    Series,
    due,
    expected,
    learn,
    tells,
)
from annul.settle.days import works

MONDAY = date(2026, 11, 2)
DAY = timedelta(days=1)
GRACE = timedelta(hours=2)
BANK = ("00000101",)


def came(day: date, at: datetime, layout: str = "COM", *, stands: bool = True) -> Came:
    return Came(layout, BANK, day, at, stands)


def next_working(day: date) -> date:
    day += DAY
    while not works(day):
        day += DAY
    return day


def workdays(first: date, count: int) -> list[Came]:
    """Files of working days, each on the next one: at 9:00, 9:01, ..."""
    found: list[Came] = []
    day = first
    while len(found) < count:
        if works(day):
            minute = time(9, len(found) % 60)
            found.append(came(day, datetime.combine(next_working(day), minute, UTC)))
        day += DAY
    return found


def late(rows: Iterable[Expected]) -> list[date]:
    return [one.settles_on for one in rows if one.state is FileState.LATE]


def test_what_has_come_a_few_times_is_not_expected() -> None:
    assert learn(workdays(MONDAY, ENOUGH - 1), MONDAY + 30 * DAY, works) == []
    twice = [*workdays(MONDAY, ENOUGH - 1)] * 2  # the same days again are no more days
    assert learn(twice, MONDAY + 30 * DAY, works) == []
    (series,) = learn(workdays(MONDAY, ENOUGH), MONDAY + 30 * DAY, works)
    assert series.since == date(2026, 11, 7)


def test_working_days_are_learnt_and_friday_is_due_on_monday() -> None:
    (series,) = learn(workdays(MONDAY, 15), MONDAY + 30 * DAY, works)
    assert (series.rests, series.after, series.working) == (False, 1, True)
    assert due(series, date(2026, 11, 20), UTC, works) == datetime(2026, 11, 23, 9, 13, tzinfo=UTC)
    assert due(series, date(2026, 11, 23), UTC, works).date() == date(2026, 11, 24)


def test_a_holiday_is_no_day_on_which_a_file_is_missing() -> None:
    # 1 to 7 October 2026 are holidays; 10 October, a Saturday, is worked on.
    files = [one for one in workdays(date(2026, 9, 7), 30) if one.settles_on < date(2026, 10, 9)]
    now = datetime(2026, 10, 12, 18, tzinfo=UTC)
    (series,) = learn(files, now.date(), works)
    assert due(series, date(2026, 9, 30), UTC, works).date() == date(2026, 10, 8)
    rows = expected(files, [], now, GRACE, works)
    # 9 October is a Friday: its file comes on the Saturday that is worked on.
    assert late(rows) == [date(2026, 10, 9), date(2026, 10, 10)]
    assert not {date(2026, 10, day) for day in (5, 6, 7, 11)} & {one.settles_on for one in rows}


def test_every_day_and_one_weekday_are_learnt() -> None:
    daily = [
        came(MONDAY + at * DAY, datetime.combine(MONDAY + (at + 1) * DAY, time(3), UTC))
        for at in range(14)
    ]
    (series,) = learn(daily, MONDAY + 20 * DAY, works)
    assert (series.rests, series.after, series.working, series.minute) == (True, 1, False, 180)
    weekly = [
        came(MONDAY + 7 * at * DAY, datetime.combine(MONDAY + 7 * at * DAY, time(22), UTC), "ZM")
        for at in range(5)
    ]
    (series,) = learn(weekly, MONDAY + 30 * DAY, works)
    assert (series.weekdays, series.rests, series.after) == (frozenset({0}), False, 0)


def test_what_comes_as_it_likes_is_not_expected() -> None:
    days = [MONDAY + at * DAY for at in (0, 3, 9, 17, 25, 31)]
    files = [came(day, datetime.combine(day, time(12), UTC)) for day in days]
    assert learn(files, MONDAY + 40 * DAY, works) == []


def test_a_single_late_file_does_not_make_all_be_due_later() -> None:
    files = workdays(MONDAY, 15)
    files[7] = files[7]._replace(at=files[7].at + 3 * DAY)
    (series,) = learn(files, MONDAY + 30 * DAY, works)
    assert (series.after, series.working) == (1, True)


def test_a_file_is_expected_then_late_after_its_grace_then_there() -> None:
    files = workdays(MONDAY, 15)  # up to Friday 20 November, there on Monday
    day = date(2026, 11, 23)

    def state(now: datetime, more: Iterable[Came] = ()) -> FileState:
        rows = expected([*files, *more], [], now, GRACE, works)
        return next(one.state for one in rows if one.settles_on == day)

    (one,) = [
        one
        for one in expected(files, [], datetime(2026, 11, 23, 20, tzinfo=UTC), GRACE, works)
        if one.settles_on == day
    ]
    assert one.late_at - one.due_at == GRACE
    assert state(one.late_at - timedelta(seconds=1)) is FileState.EXPECTED
    assert state(one.late_at) is FileState.LATE
    there = came(day, one.late_at)
    assert state(one.late_at, [there]) is FileState.CAME
    dropped = there._replace(stands=False)
    assert state(one.late_at + timedelta(minutes=1), [dropped]) is FileState.LATE


def test_what_an_issuer_sends_no_more_is_given_up() -> None:
    files = workdays(MONDAY, 15)
    now = datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert len(late(expected(files, [], now, GRACE, works))) == GIVEN_UP
    later = expected(files, [], now + 2 * DAY, GRACE, works)
    assert max(one.settles_on for one in later) == date(2026, 11, 27)
    assert expected(files, [], now + BACK + 5 * DAY, GRACE, works) == []


def test_what_is_declared_goes_before_what_is_learnt_and_is_never_given_up() -> None:
    said = Series(
        "COM", BANK, MONDAY, frozenset(range(7)), False, 1, True, 600, declared=True
    )  # fmt: skip
    now = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    rows = expected(workdays(MONDAY, 15), [said], now, GRACE, works)
    assert all(one.declared for one in rows)
    assert [one.due_at.hour for one in rows] == [10] * len(rows)
    later = now + 60 * DAY
    assert late(expected(workdays(MONDAY, 15), [said], later, GRACE, works))
    first = said._replace(since=later.date())
    assert late(expected([], [first], later, GRACE, works)) == []


def test_a_file_of_all_issuers_is_one_of_each() -> None:
    one = came(MONDAY, datetime(2026, 11, 3, tzinfo=UTC))
    assert tells(one, "COM", BANK)
    assert tells(one, "", BANK)
    assert not tells(one, "ZM", BANK)
    assert not tells(one, "COM", ())
    assert not tells(one, "COM", ("00000102",))
    assert tells(one._replace(issuers=()), "COM", BANK)
