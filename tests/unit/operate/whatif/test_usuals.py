"""What is learnt in memory is what the statement of the alarms would say of the same hours."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from annul.domain.alarm_baseline import usual
from annul.domain.alarm_streams import EVERYTHING, Scope, Stream
from annul.domain.alarms import MEASURES, Counts, Usual
from annul.operate.whatif.usuals import Usuals
from tests.support.alarm_hours import histories

_BANK = Stream(Scope.ISSUER, "00000101")
_MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


def _hours() -> list[tuple[int, int, Counts]]:
    return [
        (day, hour, Counts(90 + hour, 5 + (day * hour) % 7, day % 3, hour % 2, (day + hour) % 4))
        for day in range(10)
        for hour in range(0, 24, 5)
    ]


def _told(usuals: Usuals, stream: Stream, day: int, hour: int) -> tuple[Usual, ...]:
    return usuals.of(stream, _MONDAY + timedelta(days=day, hours=hour))


def test_it_is_as_the_statement_sums_up() -> None:
    usuals, hours = Usuals(ZoneInfo("UTC")), _hours()
    for day, hour, counts in hours:
        usuals.learn(_BANK, _MONDAY + timedelta(days=day, hours=hour), counts)
        whole = counts.plus(counts)
        usuals.learn(EVERYTHING, _MONDAY + timedelta(days=day, hours=hour), whole)
    own = histories(hours)
    parent = histories((day, hour, counts.plus(counts)) for day, hour, counts in hours)
    for day, hour in ((14, 5), (14, 6), (12, 10), (13, 0)):
        cell = (hour, day % 7 >= 5)
        for place, one in enumerate(_told(usuals, _BANK, day, hour)):
            expected = usual(MEASURES[place], own[cell][place], parent[cell][place])
            assert abs(one.mean - expected.mean) < 1e-9
            assert abs(one.upper - expected.upper) < 1e-9


def test_an_hour_is_told_once_though_more_is_learnt_meanwhile() -> None:
    usuals = Usuals(ZoneInfo("UTC"))
    before = _told(usuals, _BANK, 0, 1)
    usuals.learn(_BANK, _MONDAY, Counts(approved=500, declined=400))
    assert _told(usuals, _BANK, 0, 1) == before
    assert _told(usuals, _BANK, 0, 2) != before
