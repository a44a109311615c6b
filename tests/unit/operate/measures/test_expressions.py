"""Rules and panels ask for series, labels and values that there are, in PromQL that can be read."""

import re
from collections.abc import Iterator
from typing import Final

import pytest

from annul.operate.measures.series import OF_HISTOGRAM, Series, Type
from annul.operate.measures.table import series
from tests.support.promql import parse

_BY_NAME: Final = {name: one for one in series() for name in one.names}
_ALWAYS: Final = frozenset({"instance", "job", "process"})  # of whoever reads the processes


def _expressions() -> Iterator[str]:
    for one in series():
        yield one.expression
        yield from (alert.when for alert in one.alerts)


@pytest.mark.parametrize("expression", sorted(set(_expressions())))
def test_it_asks_for_what_there_is(expression: str) -> None:
    read = parse(expression)
    assert read.selected, "it asks for something"
    known: set[str] = set(_ALWAYS)
    for one in read.selected:
        found = _BY_NAME[one.name]
        labels = _labels(one.name, found)
        known |= labels
        for label, how, value in one.matchers:
            assert label in labels, f"{one.name} has no label {label}"
            if found.values and label == found.labels[-1]:
                patterns = [value] if "~" not in how else value.split("|")
                for each in patterns:
                    assert any(re.fullmatch(each, here) for here in found.values), each
        # What counts up is asked for how fast it does, and nothing else is.
        assert bool(one.span) is (found.kind is not Type.GAUGE) or one.name.startswith("process_")
    assert set(read.by) <= known


def _labels(name: str, found: Series) -> set[str]:
    bucket = name.endswith(OF_HISTOGRAM[0]) and found.kind is Type.HISTOGRAM
    return {*found.labels, *(("le",) if bucket else ())}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sum(",
        "sum(a))",
        "sum by a (b)",
        "rate(a)",
        "rat(a[5m])",
        "a{b=c}",
        'a{b="c" d="e"}',
        "a >",
        "a b",
        "a[5x]",
        "histogram_quantile(0.99)",
        "a > 1 $",
    ],
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(text)
