"""Scripts of drills: they can be read, each kind has one, and the same seed is the same traffic."""

from dataclasses import replace
from datetime import UTC, datetime, time

import pytest

from annul.operate.drills.script import NoSuchDrill, ScriptNotValid, Stroke, script, scripts
from annul.operate.drills.striking import paced
from annul.operate.drills.traffic import traffic
from annul.sim.scenes.faults.fault import FAULTS
from annul.sim.scenes.field.situation import SITUATIONS
from annul.sim.scenes.held import HELD


def test_whatever_can_be_struck_has_a_drill_of_its_own_and_files_have_both_languages() -> None:
    found = scripts()
    kinds = {stroke.kind for one in found.values() for stroke in one.strokes}
    assert kinds >= {*HELD, *FAULTS, *SITUATIONS}
    mixes = [one for one in found.values() if len(one.strokes) > 1]
    assert len(mixes) >= 4
    for one in mixes:
        assert one.title.zh != one.title.en
        assert one.about.zh != one.about.en


@pytest.mark.parametrize(
    "stroke",
    [Stroke("nobody_knows", 1, 2), Stroke("wrong_card", 1, 2, shop=9), Stroke("wrong_card", 9, 99)],
)
def test_what_cannot_be_played_is_refused(stroke: Stroke) -> None:
    with pytest.raises(ScriptNotValid):
        replace(script("wrong-card"), strokes=(stroke,))


def test_what_is_about_the_day_before_needs_a_cut_over() -> None:
    whole = script("cut-over")
    for cut_over in (None, 11.0):
        with pytest.raises(ScriptNotValid):
            replace(whole, cut_over=cut_over)


def test_annul_keeps_pace_with_a_script() -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert paced(script("wrong-card"), 1.0, noon) == {
        "void_time_scale": 1.0,
        "issuer_judged_s": 60.0,
    }
    fast = paced(script("cut-over"), 4.0, noon)
    assert (fast["issuer_judged_s"], fast["cut_over"]) == (15.0, time(12, 2))


def test_what_is_no_drill_is_refused() -> None:
    with pytest.raises(NoSuchDrill):
        script("a-quiet-day")


def test_the_same_seed_is_the_same_traffic() -> None:
    assert traffic(3, 2, 30.0, 2.0) == traffic(3, 2, 30.0, 2.0) != traffic(4, 2, 30.0, 2.0)
    assert {one.shop for one in traffic(3, 2, 30.0, 2.0)} == {0, 1}
