"""A stream as its row says it: it is read as it was written, and alarms move as they should."""

from datetime import UTC, datetime
from typing import Any

from annul.domain.alarm_streams import Scope, Stream
from annul.domain.alarms import MEASURES, Counts, Measure, Trail, Usual
from annul.operate.alarms.standing import Standing, columns, parents

_HOUR = datetime(2026, 11, 25, 4, tzinfo=UTC)
_BANK = Stream(Scope.ISSUER, "00000101")
_USUAL = (Usual(0.05, 0.066), Usual(0.01, 0.02), Usual(0.005, 0.012), Usual(0.01, 0.02))


def _standing() -> Standing:
    return Standing(_BANK, _HOUR, usual=_USUAL)


def _again(standing: Standing) -> Standing:
    """Write and read it, as the statements do."""
    found = columns([standing])

    def numbers(name: str) -> list[float]:
        return [float(one) for one in found[name][0].split(",")]

    row: dict[str, Any] = {
        "scope": found["scopes"][0],
        "member": found["members"][0],
        "hour": standing.hour,
        "alarms": found["alarms"][0],
        "slow_ms": found["slow_ms"][0],
        "counts": [int(one) for one in numbers("counts")],
        **{name: numbers(name) for name in ("mean", "upper", "accounts", "trails")},
    }
    return Standing.of(row)


def test_it_is_read_as_it_was_written() -> None:
    standing = _standing()
    standing.moved(Counts(90, 9, 1, 2, 3), 100.0, 1.0)
    standing.raise_alarm(Measure.SILENCE, Stream(Scope.ALL), 90.0, Counts(silent=3))
    assert _again(standing) == standing


def test_it_raises_what_is_worse_and_nothing_else() -> None:
    standing = _standing()
    for at in range(500):
        assert standing.moved(Counts(approved=19, declined=1), at, 1.0) == []
    raised: list[Measure] = []
    for at in range(500, 503):
        raised += standing.moved(Counts(silent=3), at, 1.0)
    assert set(raised) == {Measure.SILENCE}
    assert standing.trails[MEASURES.index(Measure.SILENCE)] == Trail(
        standing.trails[MEASURES.index(Measure.SILENCE)].height, 500, 9, 9
    )


def test_its_own_alarm_ends_by_what_works_and_anothers_with_that_one() -> None:
    own, explained = _standing(), _standing()
    own.raise_alarm(Measure.SILENCE, _BANK, 0.0, Counts(silent=5))
    explained.raise_alarm(Measure.SILENCE, Stream(Scope.ALL), 0.0, Counts(silent=5))
    for one in (own, explained):
        one.moved(Counts(silent=20), 1.0, 1.0)
        assert one.over() == []
        for at in range(4):
            one.moved(Counts(approved=19, declined=1), at, 1.0)
    assert own.over() == [Measure.SILENCE]
    assert explained.over() == []
    assert (own.heads(Measure.SILENCE), explained.heads(Measure.SILENCE)) == (True, False)
    own.let_go(Measure.SILENCE)
    assert own.alarms == {}


def test_nothing_is_learnt_from_a_trouble_until_it_is_usual() -> None:
    standing = _standing()
    standing.moved(Counts(approved=10), 0.0, 1.0)
    standing.raise_alarm(Measure.SILENCE, _BANK, 0.0, Counts(silent=5))
    standing.moved(Counts(silent=20), 10.0, 1.0)
    assert standing.counts == Counts()
    standing.moved(Counts(silent=20), 4 * 86_400.0, 1.0)
    assert standing.counts == Counts(silent=20)


def test_streams_lean_on_what_they_belong_to() -> None:
    cards = Stream(Scope.RANGE, "00000101 620001")
    assert parents([cards]) == {cards, _BANK, Stream(Scope.ALL)}
