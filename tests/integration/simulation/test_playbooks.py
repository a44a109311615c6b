"""Each playbook that annul brings along against a real fault, the host killed in the middle."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from random import Random
from typing import Any

import pytest

from annul.desk.roles import ROLES, Visitor
from annul.operate.playbooks.reading import builtin_texts
from annul.simulation.drilled import desk_of
from annul.simulation.stage import Stage, bare, staged
from annul.simulation.world import World, world
from tests.support.playing import Team, in_force

from .on_stage import EFFECTS, HEEDED_S, OnStage
from .struck_plays import STRUCK, StruckPlay

_USER = """
INSERT INTO users (name, password_hash, role, one_time, created_at)
VALUES ($1, '', $2, false, now())
"""
_ALL_ENDED = "SELECT NOT EXISTS (SELECT FROM cases WHERE ended = '')"
_PEOPLE = (("olga", "administrator"), ("otto", "operator"))


@pytest.fixture(scope="module")
def ground() -> Iterator[World]:
    with world() as made:
        yield made


async def _at_once(act: Callable[[], Awaitable[Any]]) -> Any:
    return await act()


class Watching(Team):
    """A team that looks at the traffic whenever something comes into force."""

    async def look(self) -> None:
        scene = self.scene
        assert isinstance(scene, OnStage)
        now = await in_force(scene)
        if now - self.seen:
            await scene.die()
            await asyncio.sleep(HEEDED_S)
        for one in sorted(now - self.seen):
            await EFFECTS[one.split()[0]][0](scene)
        self.seen |= now


async def _played(play: StruckPlay, stage: Stage) -> dict[str, Any]:
    for name, role in _PEOPLE:
        await stage.pool.execute(_USER, name, role)
    first, second = (Visitor(name, role, ROLES[role]) for name, role in _PEOPLE)
    async with stage.place.scene(Random(1), play.backup) as struck:
        terminal, merchant = struck.tills[0].ids
        desk = desk_of(stage)
        scene = OnStage(desk, merchant, terminal, struck.issuer_id, stage=stage, struck=struck)
        team = Watching(scene, first, second, play, _at_once)
        await play.wrong(scene)
        team.seen = set(before := await in_force(scene))
        number = await team.begin()
        run = await team.to_the_end(number)
        after = await in_force(scene) - before
        undone = await team.undone(number)
        left = await in_force(scene) - before
        await asyncio.sleep(HEEDED_S)
        for one in sorted(after - left):
            await EFFECTS[one.split()[0]][1](scene)
        if play.ends:
            await stage.place.until(_ALL_ENDED, within_s=3_600.0)
        ends = await stage.pool.fetch("SELECT DISTINCT ended FROM cases")
        return {
            "run": run,
            "undone": undone,
            "seen": {one.split()[0] for one in team.seen - before},
            "after": {one.split()[0] for one in after},
            "left": left,
            "died": scene.died,
            "ends": {row["ended"] for row in ends},
        }


def test_all_of_them_are_played() -> None:
    assert {one.playbook for one in STRUCK.values()} == set(builtin_texts())


@pytest.mark.parametrize("name", STRUCK)
def test_it_runs_to_its_end_though_the_host_dies(ground: World, name: str) -> None:
    play = STRUCK[name]
    told = staged(
        ground,
        bare(7, node_lease_s=6.0, void_give_up_s=7_200.0),
        partial(_played, play),
    )
    found = told.found
    assert told.faults == []
    assert found["died"]
    assert (found["run"]["state"], found["run"]["why"]) == ("done", "")
    assert found["seen"] >= play.meanwhile | play.after
    assert found["after"] == play.after
    assert found["left"] == frozenset()
    assert found["ends"] >= play.ends
    assert [one["step"] for one in found["undone"]["journal"] if one["state"] == "undone"] == (
        found["run"]["undoable"]
    )
