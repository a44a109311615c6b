"""A report as people read it, in both languages."""

from datetime import date

import pytest

from annul.operate.capacity.advice import THRESHOLDS
from annul.operate.capacity.measured import Measured
from annul.operate.capacity.report import work_out
from annul.operate.capacity.told import Advice, Question
from annul.operate.capacity.words import METHODS, advised, due, told

from .spans import NOW, measured

_DUE, _SOON = date(2027, 3, 1), date(2027, 2, 1)


@pytest.mark.parametrize(
    ("changes", "en", "zh"),
    [
        ({}, "not within what is foretold", "预测期内不会达到"),
        ({"soonest": _SOON}, "not expected, but it may be on 2027-02-01", "可能在2027-02-01达到"),
        ({"due": _DUE}, "expected on 2027-03-01", "预计2027-03-01达到"),
        (
            {"due": _DUE, "soonest": _SOON},
            "expected on 2027-03-01, on 2027-02-01 at the soonest",
            "预计2027-03-01达到，最早2027-02-01",
        ),
        (
            {"due": _DUE, "beyond": True},
            "by the mean of the last weeks about 2027-03-01",
            "按近期日均约在2027-03-01达到",
        ),
    ],
)
def test_when_a_threshold_is_passed(changes: dict[str, object], en: str, zh: str) -> None:
    advice = Advice.model_validate({"name": "disk", "limit": 0.85, "now": 0.5} | changes)
    assert due(advice, "en") == en
    assert zh in due(advice, "zh")


def test_what_is_not_known_is_said_to_be_so() -> None:
    advice = Advice(name="machine", limit=0.7)
    assert [line.endswith("not known here") for line in advised(advice, "en")] == [True]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_whole_report_is_told(language: str) -> None:
    lines = list(told(work_out(Question(measured=measured(), tps=50.0)), language))
    text = "\n".join(lines)
    for one in THRESHOLDS:
        assert one.title.speak(language) in text
    assert ("planned " if language == "en" else "计划 ") in text
    assert ("passed already" if language == "en" else "已经达到") in text  # the disk
    assert METHODS["nothing"].speak(language) in text
    assert "{" not in text


def test_before_anything_was_measured_it_says_so() -> None:
    nothing = work_out(Question(measured=Measured(now=NOW, today=NOW.date(), cores=2)))
    assert next(told(nothing, "en")).startswith("Less than an hour was measured")
    assert next(told(nothing, "zh")).startswith("实测不足一小时")
    text = "\n".join(told(nothing, "en"))
    assert "GiB" not in text, "what nobody has measured is not told as nothing"
    assert " a day" not in text
