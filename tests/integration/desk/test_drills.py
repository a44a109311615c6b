"""Drills at the desk: runs beside each other, one told, and what a team says while one goes on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from annul.desk import drills
from annul.desk.desk import Desk, NothingThere
from annul.desk.drills import NoDrill, NotScored
from annul.desk.permission import NotAllowed
from annul.domain.drills import Contact
from annul.operate.drills.keeping import keep
from annul.operate.playbooks.reading import builtin
from tests.support.drilled import ALONE, RUN

from .people import person

_DAY = timedelta(days=1)


async def test_a_run_is_kept_once_and_told_beside_annul_alone(desk: Desk) -> None:
    olga = await person(desk, "operator")
    for alone in (None, ALONE, None):
        await keep(desk.pool, RUN, alone)
    page = await drills.runs(desk, olga)
    assert [row["number"] for row in page.rows] == [RUN.number]
    row = await drills.find(desk, olga, RUN.number)
    assert (row["team"], row["people"], row["minutes"]) == ("night shift", ["olga", "otto"], 14.0)
    assert row["total"] == RUN.scored(400.0).total > row["total_alone"] == ALONE.score.total
    parts = {part["part"]: part for part in row["parts"]}
    assert parts["money"]["points"] == 20 > parts["money"]["alone"]
    assert [why.en for why in parts["noticed"]["why"]] == ["issuer is down: after 0.5 min"]
    assert "did harm" in parts["harmless"]["why"][0].en
    assert [(one["minute"], one["who"]) for one in row["timeline"]] == [
        (2.0, ""), (2.5, "olga"), (3.0, "olga"), (3.5, "otto"), (8.0, ""), (9.0, ""),
    ]  # fmt: skip
    assert {one["playbook"] for one in row["proposals"]} == {"issuer_down"}
    for language in ("zh", "en"):
        assert (await drills.printed(desk, olga, RUN.number, language)).startswith(b"%PDF")


async def test_earlier_runs_of_the_same_drill_stand_beside_it(desk: Desk) -> None:
    olga = await person(desk, "operator")
    later = replace(RUN, began=RUN.began + _DAY, ended=RUN.ended + _DAY)
    for one in (later, RUN, replace(later, drill="wrong-card")):
        await keep(desk.pool, one, ALONE)
    found = await drills.find(desk, olga, later.number)
    assert [row["number"] for row in found["earlier"]] == [RUN.number]
    first = await drills.runs(desk, olga, "issuer-is-down", 1)
    then = await drills.runs(desk, olga, "issuer-is-down", 1, first.following)
    assert [row["number"] for row in first.rows + then.rows] == [later.number, RUN.number]
    assert then.following == ""


async def test_what_has_no_score_yet_says_so(desk: Desk) -> None:
    olga = await person(desk, "operator")
    await keep(desk.pool, RUN)
    assert (await drills.find(desk, olga, RUN.number))["total"] is None
    with pytest.raises(NotScored):
        await drills.printed(desk, olga, RUN.number, "en")
    with pytest.raises(NothingThere):
        await drills.find(desk, olga, "D000000-000000")


async def test_drills_are_for_who_reads_incidents(desk: Desk) -> None:
    mei = await person(desk, "cashier", "898000000001001")
    with pytest.raises(NotAllowed):
        await drills.runs(desk, mei)
    with pytest.raises(NotAllowed):
        drills.known(mei)


async def test_what_they_train_are_playbooks_that_there_are(desk: Desk) -> None:
    olga = await person(desk, "operator")
    named = {name for one in drills.known(olga) for name in one.trains}
    assert "issuer_down" in named <= set(builtin())


async def test_nothing_is_said_outside_a_drill(desk: Desk) -> None:
    olga = await person(desk, "operator")
    with pytest.raises(NoDrill):
        await drills.told(desk, olga, "00001001", Contact.ISSUER)
