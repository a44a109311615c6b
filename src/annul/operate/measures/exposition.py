"""What a process tells Prometheus: each series of the table that one of its parts has."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import CollectorRegistry

from annul.store.histogram import Histogram

from .series import Series, Type
from .table import HOST_UP, Process, series

__all__ = ["CONTENT_TYPE_LATEST", "Measures"]

# Label values of one series: what comes after so many is told together, whoever has sent it.
_MOST: Final = 256
_REST: Final = "other"


class Measures:
    """The parts of a process that count; they are added as they begin, and read when asked."""

    def __init__(self) -> None:
        self._parts: list[Any] = [Process()]

    def add(self, *parts: Any) -> None:
        """Take in what counts; each part once."""
        for part in parts:
            if all(part is not one for one in self._parts):
                self._parts.append(part)

    def exposition(self) -> bytes:
        """Write all series as Prometheus reads them."""
        registry = CollectorRegistry()
        registry.register(self)  # pyright: ignore[reportArgumentType]  # duck-typed there
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """Give the series of the table that a part has."""
        for one in series():
            parts = [part for part in self._parts if isinstance(part, one.of)]
            if parts and one is not HOST_UP:
                yield family(one, values(one, parts))


def values(one: Series, parts: list[Any]) -> dict[tuple[str, ...], float | Histogram]:
    """Read a series of all parts that have it, added up where their labels are the same."""
    found: dict[tuple[str, ...], float | Histogram] = {}
    for part in parts:
        for labels, value in one.read(part):
            known = labels if labels in found or len(found) < _MOST else (_REST,) * len(labels)
            before = found.get(known)
            found[known] = value if before is None else _sum(before, value)
    return found


def family(one: Series, told: Mapping[tuple[str, ...], float | Histogram]) -> Metric:
    """Put a series into the form of the library."""
    metric = Metric(one.family, one.help.en, one.kind.value)
    for labels, value in told.items():
        named = dict(zip(one.labels, labels, strict=True))
        if isinstance(value, Histogram):
            reached = 0
            for bound, count in zip((*value.bounds, None), value.counts, strict=True):
                reached += count
                le = "+Inf" if bound is None else str(float(bound))
                metric.add_sample(f"{one.name}_bucket", {**named, "le": le}, reached)
            metric.add_sample(f"{one.name}_count", named, reached)
            metric.add_sample(f"{one.name}_sum", named, value.sum)
        else:
            suffix = "_total" if one.kind is Type.COUNTER else ""
            metric.add_sample(f"{one.family}{suffix}", named, float(value))
    return metric


def _sum(one: float | Histogram, other: float | Histogram) -> float | Histogram:
    if not isinstance(one, Histogram) or not isinstance(other, Histogram):
        assert not isinstance(one, Histogram), "a series is of one type"
        assert not isinstance(other, Histogram), "a series is of one type"
        return one + other
    added = Histogram(one.bounds)
    added.counts = [mine + theirs for mine, theirs in zip(one.counts, other.counts, strict=True)]
    added.sum = one.sum + other.sum
    return added
