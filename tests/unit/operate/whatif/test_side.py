"""One side of a replay raises what the alarms raise, of whom it is about, and ends it again."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from annul.domain.alarm_streams import Scope, Stream, Way, summed
from annul.domain.alarms import Counts, Measure
from annul.operate.whatif.side import Began, Ended, Side
from annul.operate.whatif.usuals import Usuals

_NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)
_SLOT = timedelta(minutes=5)
_SALES = Way("00000101", "sale", "620001")
_VOIDS = Way("00000101", "void", "620001")
_ELSEWHERE = Way("00000202", "sale", "621001")
_WELL = Counts(approved=95, declined=5)


def _side(per_million: float = 1.0) -> Side:
    usuals = Usuals(ZoneInfo("Asia/Shanghai"))
    streams = {one for way in (_SALES, _VOIDS, _ELSEWHERE) for one in way.streams()}
    for n in range(24 * 28):
        for stream in streams:
            usuals.learn(stream, _NOON - timedelta(hours=n + 1), Counts(950, 50, 0, n % 2))
    return Side(usuals, per_million)


def _played(side: Side, slots: list[dict[Way, Counts]]) -> list[tuple[int, Began | Ended]]:
    return [
        (place, told)
        for place, ways in enumerate(slots)
        for told in side.moved(_NOON + place * _SLOT, ways, summed(ways))
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
