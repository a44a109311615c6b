"""Each playbook that annul brings along runs to its end, though whoever does a step is killed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from annul.desk.roles import Visitor
from annul.operate.playbooks.reading import builtin_texts
from tests.support.playing import Scene, Team, in_force
from tests.support.plays import PLAYS


class Killed:
    """Ends who does something in the middle of it, each time later; another one does it again."""

    def __init__(self) -> None:
        self.kills = 0
        self._turns = 1

    async def __call__(self, act: Callable[[], Awaitable[Any]]) -> Any:
        task = asyncio.ensure_future(act())
        for _ in range(self._turns):
            await asyncio.sleep(0)
        self._turns += 2
        if not task.done():
            task.cancel()
            self.kills += 1
            await asyncio.wait([task])
        return await act()


def test_all_of_them_are_played() -> None:
    assert {one.playbook for one in PLAYS.values()} == set(builtin_texts())


@pytest.mark.parametrize("name", PLAYS)
async def test_it_runs_to_its_end_though_its_people_are_killed(
    scene: Scene, first: Visitor, second: Visitor, name: str
) -> None:
    play, killed = PLAYS[name], Killed()
    team = Team(scene, first, second, play, killed)
    number = await team.start()
    before = await in_force(scene) - play.meanwhile - play.after
    run = await team.to_the_end(number)
    assert (run["state"], run["why"]) == ("done", "")
    assert await in_force(scene) - before == play.after
    assert team.seen >= play.meanwhile
    assert killed.kills > 0
    await _once_each(scene.pool, "done")
    acts = [one["step"] for one in run["journal"] if one["state"] == "done"]
    assert [one["id"] for one in run["steps"] if one["is"] == "done"] == acts
    undone = await team.undone(number)
    assert await in_force(scene) - {"released 1"} == before
    assert [one["step"] for one in undone["journal"] if one["state"] == "undone"] == (
        run["undoable"]
    )


async def _once_each(pool: asyncpg.Pool, state: str) -> None:
    many = (
        "SELECT step FROM playbook_steps WHERE state = $1 GROUP BY run_id, step HAVING count(*) > 1"
    )
    assert await pool.fetch(many, state) == []
    twice = "SELECT kind, set_by FROM interventions GROUP BY 1, 2, id HAVING count(*) > 1"
    assert await pool.fetch(twice) == []
