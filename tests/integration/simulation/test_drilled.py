"""Ten drills, three scripted teams: scores in the right order, and the same ones once more."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from annul.domain.drills import Part
from annul.simulation.drilled import unattended

_TEN = (
    "issuer-is-down",
    "issuer-is-silent",
    "issuer-slowly-dies",
    "voids-are-not-done-any-more",
    "limit-is-lowered",
    "update-breaks-voids",
    "card-suspected",
    "wrong-voucher",
    "line-and-issuer",
    "rule-and-mistake",
)


@pytest.mark.timeout(600)
def test_three_teams_are_ranked_the_same_way_twice_in_ten_drills() -> None:
    with ProcessPoolExecutor(2, get_context("spawn")) as workers:
        first, again = workers.map(unattended, [_TEN, _TEN], [7, 7])
    for one in first:
        assert one.faults == (), one.drill
        assert one.truths, one.drill
        totals = one.totals
        assert totals["perfect"] > totals["slow"] > totals["wrong"], (one.drill, totals)
        assert totals["perfect"] >= 75, (one.drill, totals)
        assert totals["slow"] > totals["alone"], (one.drill, totals)
        assert one.scores["perfect"].parts[Part.ENDED] > 0, (one.drill, "nothing ended in time")
    assert [one.totals for one in again] == [one.totals for one in first]
    assert [one.digests for one in again] == [one.digests for one in first]
    assert [one.truths for one in again] == [one.truths for one in first]
