"""One side of a replay raises what the alarms raise, of whom it is about, and ends it again."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from annul.domain.alarm_streams import Scope, Stream, Way, summed
from annul.domain.alarms import Counts, Measure
from annul.operate.alarms.rules import AlarmRules
from annul.operate.whatif.side import Began, Both, Ended, Side
from annul.operate.whatif.usuals import Usuals

_NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)
_SLOT = timedelta(minutes=5)
_ZONE = ZoneInfo("Asia/Shanghai")
_SALES = Way("00000101", "sale", "620001")
_VOIDS = Way("00000101", "void", "620001")
_ELSEWHERE = Way("00000202", "sale", "621001")
_WELL = Counts(approved=95, declined=5)


def _hours() -> list[tuple[tuple[Scope, str, datetime], Counts]]:
    """Give two weeks of the same quiet traffic."""
    streams = {one for way in (_SALES, _VOIDS, _ELSEWHERE) for one in way.streams()}
    return [
        ((one.scope, one.member, _NOON - timedelta(hours=n + 1)), Counts(950, 50, 0, n % 2))
        for n in range(24 * 14)
        for one in sorted(streams)
    ]


def _learnt() -> Usuals:
    usuals = Usuals(_ZONE)
    for (scope, member, hour), counts in _hours():
        usuals.learn(Stream(scope, member), hour, counts)
    return usuals


def _side(per_million: float = 1.0) -> Side:
    return Side(_learnt(), per_million)


def _played(side: Side, slots: list[dict[Way, Counts]]) -> list[tuple[int, Began | Ended]]:
    return [
        (place, told)
        for place, ways in enumerate(slots)
        for told in side.settled(
            _NOON + place * _SLOT, side.judged(_NOON + place * _SLOT, ways, summed(ways))
        )
    ]


def _slot(**changed: Counts) -> dict[Way, Counts]:
    ways = {"sales": _SALES, "voids": _VOIDS, "elsewhere": _ELSEWHERE}
    return {way: changed.get(name, _WELL) for name, way in ways.items()}


def test_an_issuer_that_goes_silent_is_one_alarm_that_ends() -> None:
    silent = Counts(silent=10)
    ill = _slot(sales=silent, voids=silent)
    told = _played(_side(), [_slot()] * 5 + [ill] * 3 + [_slot()] * 5)
    (first, began), (last, ended) = told
    bank = Stream(Scope.ISSUER, "00000101")
    assert began == Began(Measure.SILENCE, bank, _NOON + 5 * _SLOT, 20, 20)
    assert (first, ended) == (5, Ended(Measure.SILENCE, bank))
    assert 7 < last <= 10


def test_what_is_usual_raises_nothing() -> None:
    assert _played(_side(), [_slot()] * 200) == []


def test_a_kind_alone_is_told_of_alone_and_sooner_where_more_false_alarms_are_allowed() -> None:
    ill = _slot(voids=Counts(approved=7, declined=3))
    slots = [_slot()] * 2 + [ill] * 20
    strict, loose = _played(_side(), slots), _played(_side(1_000), slots)
    assert [told.stream for _, told in (*strict[:1], *loose[:1])] == [
        Stream(Scope.KIND, "00000101 void")
    ] * 2
    assert loose[0][0] < strict[0][0]


_COUNTS = st.builds(Counts, *[st.integers(0, 12)] * 4, st.integers(0, 3))
_SLOTS = st.dictionaries(st.sampled_from([_SALES, _VOIDS, _ELSEWHERE]), _COUNTS, min_size=1)
_RATES = st.sampled_from([0.01, 0.5, 1.0, 20.0, 1_000.0])


@settings(max_examples=40, deadline=None)
@given(st.lists(_SLOTS, min_size=1, max_size=40), _RATES)
def test_one_that_is_like_another_tells_what_it_would_by_itself(
    slots: list[dict[Way, Counts]], per_million: float
) -> None:
    rules = (AlarmRules(), AlarmRules(per_million=per_million))
    both = Both(_ZONE, rules)
    both.learn(rules[0].history_days, [(*key, *counts) for key, counts in _hours()])
    usuals = _learnt()
    first = Side(usuals, 1.0)
    second = Side(usuals, per_million, like=first)
    for stream in {one for way in (_SALES, _VOIDS, _ELSEWHERE) for one in way.streams()}:
        second._standing(stream, _NOON)  # from the first on, so that it is never like the other
    for place, ways in enumerate(slots):
        at, sums = _NOON + place * _SLOT, summed(ways)
        raised = [side.judged(at, ways, sums) for side in (first, second)]
        expected = [
            (number, told)
            for number, side in enumerate((first, second))
            for told in side.settled(at, raised[number])
        ]
        assert both.moved(at, [(*way, *counts) for way, counts in ways.items()]).told == expected
