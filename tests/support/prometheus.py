"""What Prometheus would read of a process: its samples by name and labels."""

import re
from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families

from annul.operate.measures.exposition import Measures
from annul.operate.measures.series import NAME

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: str) -> Samples:
    """Read an exposition."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def told(measures: Measures) -> Samples:
    """Read what a process tells now."""
    return samples(measures.exposition().decode())


def value(found: Samples, name: str, **labels: str) -> float:
    """Give the sum of all samples of a name that have these labels."""
    wanted = labels.items()
    return sum(
        one for (known, has), one in found.items() if known == name and wanted <= dict(has).items()
    )


def named(expression: str) -> Iterator[str]:
    """Name the series of an expression of PromQL; texts in quotes are none."""
    bare = re.sub(r'"[^"]*"', "", expression)
    for found in NAME.finditer(bare):
        yield found.group()
