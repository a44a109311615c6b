"""The whole report, and what a planned rate comes to."""

import pytest

from annul.operate.capacity.measured import Measured
from annul.operate.capacity.report import LEVELS, work_out
from annul.operate.capacity.told import Question, Report

from .spans import NOW, measured


def test_levels_lie_below_the_most_and_get_slower() -> None:
    found = work_out(Question(measured=measured(), tps=100.0))
    assert found.limit is not None
    assert [level.share for level in found.levels] == list(LEVELS)
    for level in found.levels:
        assert not level.predicted.full
        assert level.predicted.tps == pytest.approx(found.limit.tps * level.share, rel=0.1)
    slowest = [level.predicted.p99_ms for level in found.levels]
    assert slowest[-1] > slowest[0]
    assert found.planned is not None
    assert found.planned.tps == pytest.approx(100, rel=0.1)
    assert Report.model_validate_json(found.model_dump_json()) == found


def test_before_anything_was_measured_there_is_no_limit_and_no_plan() -> None:
    found = work_out(Question(measured=Measured(now=NOW, today=NOW.date(), cores=2), tps=100.0))
    assert (found.limit, found.levels, found.planned) == (None, (), None)
    assert found.forecast.method == "nothing"
    assert all(one.due is None for one in found.advice)
