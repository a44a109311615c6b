"""docs/scale.md says what the arithmetic says, and the arithmetic goes by what the code does."""

import inspect
import re
from pathlib import Path
from random import Random
from statistics import mean
from typing import Final

import pytest

from annul.cli.hosts import MOST as HOSTS
from annul.host.numbers import IssuerTraces
from annul.store.batcher import Batcher
from tools import scale

_DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "scale.md"
_CHINESE: Final = _DOCUMENT.with_suffix(".zh-CN.md")
_FIGURE: Final = re.compile(r"\d[\d,.]*(?<![,.])%?")


def test_the_document_holds_what_is_printed() -> None:
    text = _DOCUMENT.read_text()
    assert scale.assumptions() in text
    assert scale.needs() in text, "run python -m tools.scale"


def _figures(table: str) -> list[list[str]]:
    """Give the figures of each row of tables, whatever is said around them."""
    rows = [line for line in table.splitlines() if line.startswith("|")]
    return [found for row in rows if (found := _FIGURE.findall(row))]


def test_the_chinese_one_has_the_same_figures_in_the_same_rows() -> None:
    text = _CHINESE.read_text().partition("## 负载需要什么")[2]
    printed = f"{scale.assumptions()}\n{scale.needs()}"
    assert [sorted(row) for row in _figures(text)] == [sorted(row) for row in _figures(printed)]


def test_the_chinese_one_says_what_the_other_says() -> None:
    """As many sections and rows of tables; what both show of files and commands is the same."""
    english, chinese = _DOCUMENT.read_text(), _CHINESE.read_text()
    for what in (r"^## ", r"^\|", r"^- \*\*", r"^```", r"^(?:number|merchants|terminals) = "):
        assert len(re.findall(what, chinese, re.MULTILINE)) == len(
            re.findall(what, english, re.MULTILINE)
        ), what


def test_the_code_has_the_same_limits() -> None:
    assert scale.ASSUMED["host processes of a cell"].value == HOSTS
    assert inspect.signature(Batcher).parameters["limit"].default == scale._GROUP
    traces = IssuerTraces(3, 0, (5, scale.MOST))
    seen = [traces.next() for _ in range(int(scale.ASSUMED["traces of a host in a second"].value))]
    assert len(set(seen)) == len(seen)
    assert traces.next() == seen[0], "and then again from the first"


@pytest.mark.parametrize("load", scale.LOADS)
def test_half_of_all_may_fail(load: int) -> None:
    plan = scale.Plan(load)
    assert plan.cells <= scale.MOST
    assert plan.hosts <= HOSTS
    assert max(scale._busy(plan)) < 1
    assert max(scale._traces(plan)) <= 1, "no trace twice in a second"
    assert plan.cells * plan.per_cell == pytest.approx(load)


def test_the_simulation_agrees_with_the_formula() -> None:
    """With one server and random times the mean is known: time of one over what is not busy."""
    load, served = 2_600.0, scale.ASSUMED["CPU of a host"].value / 1e6
    known = served / (1 - load * served)
    assert mean(scale._waits(load, Random(1))) == pytest.approx(known, rel=0.05)


def test_who_waits_alone_waits_for_one_commit() -> None:
    commit = sum(
        scale.ASSUMED[name].value for name in ("flush to disk", "flush at the standby, and back")
    )
    alone = mean(scale._grouped(0.01, "opens", Random(1))) * 1e3
    assert alone == pytest.approx(commit, rel=0.03)
    crowded = mean(scale._grouped(8_000, "concludes", Random(1))) * 1e3
    assert commit < crowded < 10 * commit, "what waits goes together"
