"""Each whole day by script is played once by a scripted team that does all of it at once."""

import pytest

from annul.domain.drills import Part
from annul.operate.drills.script import script
from annul.simulation.drilled import TEAMS, played
from annul.simulation.world import world

_BY_THE_TEAM = (Part.NOTICED, Part.CAUSE, Part.RIGHT, Part.SECOND, Part.TOLD)


@pytest.mark.parametrize("day", ["holiday-evening", "cut-over", "broken-update"])
def test_a_whole_day_is_played_to_its_end(day: str) -> None:
    asked = script(day)
    with world() as made:
        played_once = played(made, asked, 7, TEAMS["perfect"])
    found = played_once.found
    assert played_once.faults == []
    assert {one.kind for one in found.truths} == {one.kind for one in asked.strokes}
    score = found.scored(found)
    assert all(score.parts[part] > 0.9 for part in _BY_THE_TEAM), score.parts
    assert score.parts[Part.HARMLESS] == 1.0, score.wrong
    assert score.parts[Part.ENDED] > 0.5, found.ended
    if day == "cut-over":
        ended = dict(zip((one.kind for one in found.truths), found.ended, strict=True))
        assert ended["clearing_file_is_wrong"] is not None, "every break of the file has ended"
