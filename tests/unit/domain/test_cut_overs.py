"""Each moment belongs to one business day of a merchant, whatever it has agreed on."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from annul.domain.business_day import (
    BadCutOver,
    Calendar,
    CutOver,
    CutOvers,
    business_date,
    read_cut_over,
)

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_BERLIN = ZoneInfo("Europe/Berlin")
_HOUSE = time(23)
_DAY = timedelta(days=1)
_BAR: CutOvers = (CutOver(date.min, time(6)),)
_SHOP: CutOvers = (CutOver(date.min, time(23, 30)),)
_FIRST: CutOvers = (CutOver(date.min, time(0)),)
_LAST: CutOvers = (CutOver(date.min, time(23, 59)),)
# From the 12th on; before that the house's, or something else.
_EARLIER: CutOvers = (CutOver(date(2026, 11, 12), time(6)),)
_LATER: CutOvers = (CutOver(date(2026, 11, 12), time(23, 30)), *_BAR)
_BACK: CutOvers = (CutOver(date(2026, 11, 12), None), *_BAR)
_TWICE: CutOvers = (
    CutOver(date(2026, 11, 12), time(0)), CutOver(date(2026, 11, 11), time(23, 59)), *_BAR,
)  # fmt: skip
_EVERY = ((), _BAR, _SHOP, _FIRST, _LAST, _EARLIER, _LATER, _BACK, _TWICE)


@pytest.mark.parametrize(
    ("agreed", "clock", "day"),
    [
        ((), "11-11 22:59:59", 11), ((), "11-11 23:00:00", 12),
        (_BAR, "11-11 05:59:59", 11), (_BAR, "11-11 06:00:00", 12), (_BAR, "11-11 23:00:00", 12),
        (_BAR, "11-12 05:59:59", 12), (_BAR, "11-12 06:00:00", 13),
        (_SHOP, "11-11 23:00:00", 11), (_SHOP, "11-11 23:29:59", 11), (_SHOP, "11-11 23:30:00", 12),
        (_FIRST, "11-11 00:00:00", 12), (_FIRST, "11-11 23:59:59", 12),
        (_FIRST, "11-12 00:00:00", 13),
        (_LAST, "11-11 23:58:59", 11), (_LAST, "11-11 23:59:00", 12),
        # Until the 11th it is the house's: the 12th begins with it, and ends at six.
        (_EARLIER, "11-11 22:59:59", 11), (_EARLIER, "11-11 23:00:00", 12),
        (_EARLIER, "11-12 05:59:59", 12), (_EARLIER, "11-12 06:00:00", 13),
        # The 12th begins at six and is a long one.
        (_LATER, "11-11 05:59:59", 11), (_LATER, "11-11 06:00:00", 12),
        (_LATER, "11-12 06:00:00", 12), (_LATER, "11-12 23:29:59", 12),
        (_LATER, "11-12 23:30:00", 13),
        (_BACK, "11-11 06:00:00", 12), (_BACK, "11-12 22:59:59", 12), (_BACK, "11-12 23:00:00", 13),
        # Changed day after day: one of a minute between two.
        (_TWICE, "11-10 06:00:00", 11), (_TWICE, "11-11 23:58:59", 11),
        (_TWICE, "11-11 23:59:00", 12), (_TWICE, "11-12 00:00:00", 13),
    ],
)  # fmt: skip
@pytest.mark.parametrize("zone", [_SHANGHAI, _BERLIN])
def test_a_business_day_ends_at_the_merchants_cut_over_of_its_date(
    agreed: CutOvers, clock: str, day: int, zone: ZoneInfo
) -> None:
    now = datetime.fromisoformat(f"2026-{clock}").replace(tzinfo=zone)
    assert business_date(now, zone, _HOUSE, agreed) == date(2026, 11, day)


@pytest.mark.parametrize("agreed", _EVERY)
@pytest.mark.parametrize(
    ("zone", "begins"),
    [
        (_SHANGHAI, date(2026, 11, 8)),
        (_BERLIN, date(2026, 3, 26)),  # clocks go forward on the 29th
        (_BERLIN, date(2026, 10, 22)),  # and back on the 25th
    ],
)
def test_days_follow_one_another_without_a_gap(
    agreed: CutOvers, zone: ZoneInfo, begins: date
) -> None:
    """Minute by minute: never back, never over one, and each turns at the moment that it ends."""
    calendar = Calendar(zone, _HOUSE)
    start = datetime.combine(begins, time(0), zone).astimezone(UTC)
    moments = [start + timedelta(minutes=count) for count in range(7 * 24 * 60)]
    dates = [calendar.business_date(one, agreed) for one in moments]
    for (before, _), (after, moment) in pairwise(zip(dates, moments, strict=True)):
        assert after - before in {timedelta(0), _DAY}
        assert (after == before) == (moment < calendar.ends(before, agreed))


@pytest.mark.parametrize("at", [time(2, 30), time(2, 0), time(3, 0), time(0)])
def test_a_day_turns_once_where_clocks_are_put_back(at: time) -> None:
    """02:30 comes twice in Berlin on 25 October: the first one counts. In March it never comes."""
    calendar, agreed = Calendar(_BERLIN, _HOUSE), (CutOver(date.min, at),)
    for begins in (date(2026, 10, 24), date(2026, 3, 28)):
        start = datetime.combine(begins, time(12), _BERLIN).astimezone(UTC)
        dates = [
            calendar.business_date(start + timedelta(minutes=count), agreed)
            for count in range(24 * 60)
        ]
        assert dates == sorted(dates)
        assert (dates[0], dates[-1]) == (begins + _DAY, begins + 2 * _DAY)


def test_a_change_to_come_says_nothing_of_the_day_that_is_under_way() -> None:
    now = datetime(2026, 11, 11, 12, tzinfo=_SHANGHAI)
    for at in (time(0), time(6), time(12), time(23, 59), None):
        changed = (CutOver(date(2026, 11, 13), at), *_BAR)
        assert business_date(now, _SHANGHAI, _HOUSE, changed) == date(2026, 11, 12)


def test_what_is_remembered_is_what_the_rule_says_of_each() -> None:
    """Asked of all in turn, through their cut-overs, and again after a clock stepped back."""
    calendar = Calendar(_SHANGHAI, _HOUSE)
    start = datetime(2026, 11, 11, 14, 59, 58, tzinfo=UTC)
    for tenths in (*range(0, 18_300, 7), *range(50)):
        now = start + timedelta(seconds=tenths / 10)
        for agreed in _EVERY:
            expected = business_date(now, _SHANGHAI, _HOUSE, agreed)
            assert calendar.business_date(now, agreed) == expected


def test_what_is_remembered_is_of_one_second_only() -> None:
    calendar = Calendar(_SHANGHAI, _HOUSE)
    for count in range(3_000):
        agreed = (CutOver(date(2026, 1, 1) + count * _DAY, time(6)),)
        calendar.business_date(datetime(2026, 11, 11, 0, 0, count % 60, tzinfo=UTC), agreed)
    assert len(calendar._dates) == 1


@pytest.mark.parametrize(
    ("text", "at"), [("", None), ("00:00", time(0)), ("06:00", time(6)), ("23:59", time(23, 59))]
)
def test_a_cut_over_is_read(text: str, at: time | None) -> None:
    assert read_cut_over(text) == at


@pytest.mark.parametrize(
    "text",
    ["24:00", "6:00", "06:60", "06:00:00", "06:00Z", "0600", "06:00\n", " ", "٠٦:٠٠", "-1:00"],
)
def test_what_is_no_time_of_a_day_is_refused(text: str) -> None:
    with pytest.raises(BadCutOver):
        read_cut_over(text)
