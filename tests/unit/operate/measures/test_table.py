"""The table of series: one scheme of names, nothing counted that nobody exports."""

import ast
import dataclasses
import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import annul
from annul.operate.measures import terminals
from annul.operate.measures.cases import PROMISED
from annul.operate.measures.series import NAME, Series, Type
from annul.operate.measures.table import TABLE, series
from annul.resolve.promise import Promise
from tests.support.prometheus import named

_ALL: Final = {one.name: one for one in series()}
_EXPOSED: Final = {name for one in series() for name in one.names}
_SOURCE: Final = Path(annul.__file__).parent
_SERVING: Final = ("desk", "host", "issuers", "merchants", "resolve", "settle", "store")
# Classes called `...Counts` that count nothing of a process.
_NO_COUNTERS: Final = {
    "annul.domain.alarms.Counts": "what one stream came to",
    "annul.client.models.reports.ReportCounts": "what a report says",
    "annul.operate.reports.counts.Counts": "what was read of the database, for a report",
    "annul.wire.field.Counts": "how the length of a field counts",
    "annul.diagnose.observe.IssuerCounts": "what was read of the database, for a diagnosis",
    "annul.console.cases.list._Counts": "how many rows a list has",
}
# What is counted up elsewhere and is no measure of a process.
_ELSEWHERE: Final = {
    "desk/fees.py": "what a proposal of fees comes to",
    "host/door.py": "messages in a row of one connection that prove nothing",
    "issuers/health.py": "the last minutes of an issuer, which it is judged by",
    "issuers/trial/line.py": "the trial of a line, which ends",
    "issuers/trial/trial.py": "the trial of a line, which ends",
}


def _counters() -> Iterator[type]:
    for found in pkgutil.walk_packages([str(_SOURCE)], "annul."):
        if found.name.endswith("__main__") or ".migrations" in found.name:
            continue
        module = importlib.import_module(found.name)
        for name, one in vars(module).items():
            if isinstance(one, type) and name.endswith("Counts") and one.__module__ == found.name:
                yield one


def test_names_keep_to_the_scheme() -> None:
    assert [one.name for one in series() if not NAME.fullmatch(one.name)] == []
    assert [
        one.name
        for one in series()
        if (one.kind is Type.COUNTER) is not one.name.endswith("_total")
    ] == []
    assert [
        name for name, times in Counter(one.name for one in series()).items() if times > 1
    ] == []
    forbidden = {"merchant", "terminal", "address", "card", "user"}
    assert [one.name for one in series() if forbidden & set(one.labels)] == []


@pytest.mark.parametrize("one", tuple(series()), ids=lambda one: one.name)
def test_each_series_says_what_it_is_in_both_languages(one: Series) -> None:
    texts = [one.help, *one.values.values(), *(alert.says for alert in one.alerts)]
    assert all(text.zh and text.en and text.zh != text.en for text in texts)
    assert not one.values or one.labels


def test_each_counter_of_each_class_of_counters_is_a_series() -> None:
    declared: dict[type, Any] = {one.counts: one.values for one in series() if one.counts}
    declared |= terminals.COUNTED
    found = {one for one in _counters() if f"{one.__module__}.{one.__name__}" not in _NO_COUNTERS}
    assert found == set(declared)
    for one, values in declared.items():
        assert {field.name for field in dataclasses.fields(one)} == set(values), one
    assert set(terminals.COUNTED[terminals.Counts].values()) <= set(_ALL)


def _read() -> set[str]:
    """Name what the table reads: attributes, and names that stand in it as keys."""
    found: set[str] = set()
    for file in (_SOURCE / "operate").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def test_nothing_else_is_counted_that_nobody_exports() -> None:
    read, lost = _read(), set[str]()
    for room in _SERVING:
        for file in (_SOURCE / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute):
                    name = node.target.attr
                    if not name.startswith("_") and name not in read:
                        lost.add(file.relative_to(_SOURCE).as_posix())
    assert lost == set(_ELSEWHERE)


def test_each_figure_of_the_promise_is_a_series() -> None:
    assert set(Promise().figures()) == PROMISED


def test_whatever_an_expression_names_is_a_series() -> None:
    expressions = [one.expression for one in series()]
    expressions += [alert.when for one in series() for alert in one.alerts]
    used = [(name, text) for text in expressions for name in named(text)]
    assert [pair for pair in used if pair[0] not in _EXPOSED] == []
    assert {name for name, _ in used} >= {"annul_answer_seconds_bucket", "process_open_fds"}


def test_an_alert_that_names_a_label_has_it_and_each_name_is_there_once() -> None:
    alerts = [(one, alert) for one in series() for alert in one.alerts]
    assert len({alert.name for _, alert in alerts}) == len(alerts) > 20
    for one, alert in alerts:
        assert alert.severity in {"critical", "warning"}
        for text in alert.says:
            for part in text.split("{{ $labels.")[1:]:
                label = part.partition(" }}")[0]
                assert label in (*one.labels, "process"), alert.name
                assert label in alert.when or one.name == "annul_host_up", alert.name


def test_groups_are_called_differently() -> None:
    titles = [group.title.en for group in TABLE]
    assert len(titles) == len(set(titles))
