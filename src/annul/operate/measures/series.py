"""What a series is: its name, what it counts, where that is read, how it is shown, when it alarms.

A name says its unit, as Prometheus has it: `_total` counts, `_seconds`, `_bytes` and `_ratio` are
what they say, anything else is a number of things. A label never names a merchant, a terminal, a
card or an address: whoever sends something must not choose how many series there are.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from annul.domain.text import Text
from annul.store.histogram import Histogram

NAME: Final = re.compile(r"(annul|process)_[a-z][a-z0-9_]*")
# What stands behind the name of a histogram in the exposition, and in expressions.
OF_HISTOGRAM: Final = ("_bucket", "_sum", "_count")
_UNITS: Final = {"seconds": "s", "bytes": "bytes", "ratio": "percentunit"}
_RATES: Final = {"s": "s", "bytes": "Bps", "": "ops"}  # of what counts up


class Type(StrEnum):
    """What Prometheus makes of it."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


Reading = tuple[tuple[str, ...], float | Histogram]
Read = Callable[[Any], Iterable[Reading]]


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule: `when` (PromQL) has held for so long. `severity`: critical pages, warning waits."""

    name: str
    when: str
    for_: str
    severity: str
    says: Text


@dataclass(frozen=True, slots=True)
class Series:
    """One series. `read` gives label values and value of a part of the process, which is an `of`.

    `values` says what each value of the last label means, where these are known; `counts` is the
    class whose fields they are. Where each process tells of the whole database (`shared`), the
    greatest is shown, else the sum. `shown` is the expression of its panel, if another than usual.
    """

    name: str
    kind: Type
    help: Text
    of: type
    read: Read
    labels: tuple[str, ...] = ()
    values: Mapping[str, Text] = field(default_factory=dict[str, Text])
    counts: type | None = None
    shared: bool = False
    shown: str = ""
    alerts: tuple[Alert, ...] = ()

    @property
    def family(self) -> str:
        """Its name without `_total`."""
        return self.name.removesuffix("_total")

    @property
    def unit(self) -> str:
        """The unit of its values, empty for numbers of things."""
        return _UNITS.get(self.family.rpartition("_")[2], "")

    @property
    def names(self) -> tuple[str, ...]:
        """The names that it has in the exposition."""
        if self.kind is Type.HISTOGRAM:
            return tuple(f"{self.name}{suffix}" for suffix in OF_HISTOGRAM)
        return (self.name,)

    @property
    def panel_unit(self) -> str:
        """The unit that its panel shows, as Grafana names it."""
        if self.kind is Type.COUNTER:
            return "percentunit" if self.unit == "s" else _RATES[self.unit]
        return self.unit or "short"

    @property
    def expression(self) -> str:
        """What its panel shows: how fast it counts, how much there is, what 99 % keep to."""
        if self.shown:
            return self.shown
        labels = ", ".join(self.labels)
        by = f" by ({labels})" if labels else ""
        if self.kind is Type.HISTOGRAM:
            by = f" by ({', '.join(('le', *self.labels))})"
            return f"histogram_quantile(0.99, sum{by} (rate({self.name}_bucket[5m])))"
        if self.kind is Type.COUNTER:
            return f"sum{by} (rate({self.name}[5m]))"
        return f"{'max' if self.shared else 'sum'}{by} ({self.name})"


@dataclass(frozen=True, slots=True)
class Group:
    """Series of one subject: a chapter of the page, a row of the dashboard."""

    title: Text
    series: tuple[Series, ...]


def counter(name: str, text: Text, of: type, read: Read, **more: Any) -> Series:
    """Declare what counts up."""
    return Series(name, Type.COUNTER, text, of, read, **more)


def gauge(name: str, text: Text, of: type, read: Read, **more: Any) -> Series:
    """Declare what goes up and down."""
    return Series(name, Type.GAUGE, text, of, read, **more)


def histogram(name: str, text: Text, of: type, read: Read, **more: Any) -> Series:
    """Declare how values are spread."""
    return Series(name, Type.HISTOGRAM, text, of, read, **more)


def one(value: Callable[[Any], float]) -> Read:
    """Read a single value."""
    return lambda part: [((), value(part))]


def each(values: Callable[[Any], Mapping[Any, float | Histogram]]) -> Read:
    """Read values by one label."""
    return lambda part: [((str(label),), value) for label, value in values(part).items()]


def fields_of(counts: Any) -> dict[str, float]:
    """Give what a class of counters has counted, by field."""
    return {name: getattr(counts, name) for name in counts.__dataclass_fields__}
