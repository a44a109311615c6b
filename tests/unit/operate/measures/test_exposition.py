"""Parts are read when asked, and added up where they are alike; no label grows without an end."""

from annul.domain.text import Text
from annul.operate.measures.exposition import Measures, family, values
from annul.operate.measures.people import Doors, Watchers
from annul.operate.measures.series import Series, counter, each, histogram, one
from annul.store.histogram import Histogram
from tests.support.prometheus import samples, told, value

_TEXT = Text("数", "number")


class Part:
    """Counts what a test says."""

    def __init__(self, **counted: float | Histogram) -> None:
        self.counted = counted


_SERIES = counter("annul_tries_total", _TEXT, Part, each(lambda part: part.counted), labels=("of",))
_SPREAD = histogram(
    "annul_tries_seconds", _TEXT, Part, each(lambda part: part.counted), labels=("of",)
)


def _sums(of: Series, *parts: Part) -> dict[tuple[str, float], float]:
    metric = family(of, values(of, list(parts)))
    return {
        (sample.name, float(sample.labels.get("le", -1.0))): sample.value
        for sample in metric.samples
    }


def test_parts_that_tell_the_same_are_added_up() -> None:
    assert values(_SERIES, [Part(one=1, two=2), Part(two=3)]) == {("one",): 1, ("two",): 5}


def test_a_histogram_is_told_as_prometheus_has_it() -> None:
    first, second = Histogram((0.5, 2.0)), Histogram((0.5, 2.0))
    for seconds in (0.5, 0.6, 7.0):
        first.add(seconds)
    second.add(0.1)
    assert _sums(_SPREAD, Part(a=first), Part(a=second)) == {
        ("annul_tries_seconds_bucket", 0.5): 2,
        ("annul_tries_seconds_bucket", 2.0): 3,
        ("annul_tries_seconds_bucket", float("inf")): 4,
        ("annul_tries_seconds_count", -1.0): 4,
        ("annul_tries_seconds_sum", -1.0): 8.2,
    }
    assert (first.count, first.sum) == (3, 8.1), "what counts is left as it was"


def test_who_sends_something_does_not_choose_how_many_series_there_are() -> None:
    many = Part(**{f"n{number}": 1.0 for number in range(1_000)})
    found = values(_SERIES, [many])
    assert len(found) == 257
    assert found["other",] == 744
    assert sum(float(count) for count in found.values() if isinstance(count, float)) == 1_000


def test_a_part_is_told_once_however_often_it_is_added() -> None:
    measures, watching = Measures(), Watchers(lambda: 3)
    measures.add(watching, watching)
    measures.add(watching)
    assert value(told(measures), "annul_watchers") == 3


def test_what_is_never_told_yet_is_there_with_zero() -> None:
    measures = Measures()
    measures.add(Doors({"refused": 2}, lambda: 0))
    found = told(measures)
    assert value(found, "annul_sign_ins_total", told="refused") == 2
    assert ("annul_sign_ins_total", frozenset({("told", "busy")})) in found


def test_the_kernel_says_what_a_process_needs() -> None:
    found = samples(Measures().exposition().decode())
    assert value(found, "process_open_fds") > 2
    assert value(found, "process_resident_memory_bytes") > 1e6
    assert value(found, "process_cpu_seconds_total") > 0


def test_a_single_value_has_no_label() -> None:
    single = counter("annul_all_total", _TEXT, Part, one(lambda part: part.counted["a"]))
    assert values(single, [Part(a=2), Part(a=3)]) == {(): 5}
