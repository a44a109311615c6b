"""Runs are carried on by whichever process: one that is killed leaves nothing half done."""

import asyncio
import signal
import sys
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest

from annul.desk import playbook_acts as acts
from annul.desk import playbooks
from annul.desk.playbooks import RunSearch
from annul.desk.roles import Visitor
from annul.domain.incident import Incident
from annul.operate.incidents.gathering import HeadGatherer
from annul.operate.playbooks.running import Runner, start_by_incidents
from annul.store.incidents import opening
from tests.support.playbook_texts import ask, playbook, step
from tests.support.playing import ISSUER, Scene

_CARRY: Final = """
import asyncio, sys
from annul.operate.playbooks.running import Runner
from annul.store.clock import SystemClock
from annul.store.database import connect

async def main():
    pool = await connect(sys.argv[1])
    runner = Runner(pool, SystemClock())
    for key in await runner.claim(8):
        await runner.work(key)

asyncio.run(main())
"""
# An act that annul does by itself, between a question and a wait.
_PLAN: Final = playbook(
    ask("why", "yes", "no"),
    step("second", "wait", "seconds = 1"),
    step(
        "window",
        "act",
        'do = "announce_window"',
        'args = { issuer = "{issuer}", minutes = 600 }',
        'by = "annul"',
        "undo = true",
    ),
    step("tell", "tell"),
    step("over", "wait", "seconds = 600"),
)
# What a process that is killed has been waiting for, and what is in its way.
_IN_THE_WAY: Final = {
    "what the act writes": "LOCK TABLE policies IN SHARE MODE",
    "the journal": "LOCK TABLE playbook_steps IN SHARE MODE",
    "the timeline": "LOCK TABLE incident_events IN SHARE MODE",
}


async def _incident(scene: Scene, kind: str = "issuer_in_trouble") -> str:
    """Let something happen to an issuer; gives the incident's number."""
    raised = Incident.of(kind, "", ISSUER, issuer=ISSUER, how="down")
    await scene.pool.execute(*opening([raised], scene.clock.now()))
    await HeadGatherer(scene.pool, scene.clock).run()
    number: str = await scene.pool.fetchval("SELECT number FROM incident_heads")
    return number


async def _started(scene: Scene, first: Visitor) -> str:
    """Start a run that stands at its wait."""
    await acts.write(scene.desk, first, _PLAN, "wanted")
    incident = await _incident(scene)
    number = await acts.start(scene.desk, first, "plan", {}, "it is so", incident)
    await acts.answer(scene.desk, first, number, "why", "yes")
    return number


async def _journal(scene: Scene) -> list[tuple[str, str]]:
    rows = await scene.pool.fetch("SELECT step, state FROM playbook_steps ORDER BY seq")
    return [(row["step"], row["state"]) for row in rows]


async def _timeline(scene: Scene) -> list[tuple[str, Any]]:
    rows = await scene.pool.fetch(
        "SELECT kind, params FROM incident_events WHERE kind LIKE 'playbook%' ORDER BY seq"
    )
    return [(row["kind"], row["params"].get("how", {}).get("en", "")) for row in rows]


async def _windows(scene: Scene) -> int:
    asked = "SELECT count(*) FROM policies WHERE set_by = 'annul' AND valid_until > $1"
    return int(await scene.pool.fetchval(asked, scene.clock.now()))


@pytest.mark.parametrize("place", _IN_THE_WAY)
async def test_one_that_is_killed_leaves_nothing_half_done(
    scene: Scene, first: Visitor, table_owner: asyncpg.Pool, database: str, place: str
) -> None:
    await _started(scene, first)  # long ago by the clock of the process that carries it on
    before = await _journal(scene)
    async with table_owner.acquire() as held, held.transaction():
        await held.execute(_IN_THE_WAY[place])
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", _CARRY, database)
        waiting = "SELECT count(*) FROM pg_locks WHERE $1 = ANY (pg_blocking_pids(pid))"
        async with asyncio.timeout(30):
            while not await table_owner.fetchval(waiting, held.get_server_pid()):
                assert process.returncode is None, "it has ended and never waited"
                await asyncio.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        done = await _journal(scene)
        assert done[: len(before)] == before
    # By the clock of the dead one.
    due = await scene.pool.fetchval("SELECT greatest(leased_until, next_at) FROM playbook_runs")
    scene.clock.at = max(due, scene.clock.now()) + timedelta(seconds=2)
    runner = Runner(scene.pool, scene.clock)
    async with asyncio.timeout(20):
        while len(await _journal(scene)) < 4:  # the server still ends what the dead one had sent
            for key in await runner.claim(8):
                await runner.work(key)
            scene.clock.forward(seconds=31)
            await asyncio.sleep(0.05)
    whole = [(name, "done") for name in ("why", "second", "window", "tell")]
    assert (await _journal(scene))[:4] == whole
    assert await scene.pool.fetchval("SELECT count(*) FROM policies WHERE set_by = 'annul'") == 1
    assert await _timeline(scene) == [
        ("playbook_started", ""),
        *[("playbook_step", "done")] * 3,
        ("playbook_told", ""),
        ("playbook_step", "done"),
    ]


async def test_two_that_carry_on_at_once_do_each_step_once(scene: Scene, first: Visitor) -> None:
    number = await _started(scene, first)
    scene.clock.forward(seconds=2)
    run = await playbooks.run(scene.desk, first, number)
    key = (run["id"], run["merchant_id"])
    runners = [Runner(scene.pool, scene.clock) for _ in range(4)]
    await asyncio.gather(*(one.work(key) for one in runners))
    assert await _journal(scene) == [(name, "done") for name in ("why", "second", "window", "tell")]
    assert await _windows(scene) == 1


async def test_what_is_leased_is_left_to_its_worker_until_the_lease_ends(
    scene: Scene, first: Visitor
) -> None:
    await _started(scene, first)
    scene.clock.forward(seconds=2)
    here, there = Runner(scene.pool, scene.clock), Runner(scene.pool, scene.clock)
    assert len(await here.claim(8)) == 1
    assert await there.claim(8) == []
    scene.clock.forward(seconds=31)
    assert len(await there.claim(8)) == 1


async def test_a_worker_carries_a_run_to_its_end(scene: Scene, first: Visitor) -> None:
    number = await _started(scene, first)
    runner = Runner(scene.pool, scene.clock, poll_s=0.01)
    runner.start()
    try:
        async with asyncio.timeout(20):
            while (await playbooks.run(scene.desk, first, number))["state"] != "done":
                scene.clock.forward(seconds=60)
                await asyncio.sleep(0.02)
    finally:
        await runner.stop()
    assert (await _journal(scene))[-1] == ("over", "done")
    assert (await _timeline(scene))[-1] == ("playbook_ended", "done")


# Started by incidents -----------------------------------------------------------------------------


async def test_an_incident_starts_its_playbook_once(scene: Scene, first: Visitor) -> None:
    number = await _incident(scene)
    assert await start_by_incidents(scene.pool, scene.clock) == 1
    assert await start_by_incidents(scene.pool, scene.clock) == 0
    [run] = (await playbooks.runs(scene.desk, first, RunSearch(incident=number))).rows
    assert (run["playbook"], run["started_by"]) == ("issuer_down", "")
    assert run["given"] == {"issuer": ISSUER}
    assert (await _timeline(scene))[0][0] == "playbook_started"
    runner = Runner(scene.pool, scene.clock)
    for key in await runner.claim(8):
        await runner.work(key)
    told = await playbooks.run(scene.desk, first, run["number"])
    assert (told["state"], told["here"]) == ("waiting", "why")


async def test_two_that_look_at_once_start_one(scene: Scene) -> None:
    await _incident(scene)
    started = await asyncio.gather(*(start_by_incidents(scene.pool, scene.clock) for _ in range(4)))
    assert sum(started) == 1
    assert await scene.pool.fetchval("SELECT count(*) FROM playbook_runs") == 1


async def test_what_people_have_written_says_whether_it_starts_by_itself(
    scene: Scene, first: Visitor
) -> None:
    text = (await playbooks.find(scene.desk, first, "issuer_down"))["text"]
    alone = text.replace("by_itself = true", "by_itself = false")
    await acts.write(scene.desk, first, alone, "people start it")
    await _incident(scene)
    assert await start_by_incidents(scene.pool, scene.clock) == 0


async def test_a_run_whose_playbook_nobody_can_read_any_more_waits_for_people(
    scene: Scene, first: Visitor, table_owner: asyncpg.Pool
) -> None:
    await _started(scene, first)
    gone = "UPDATE playbooks SET text = replace(text, 'announce_window', 'gone')"
    await table_owner.execute(gone)
    scene.clock.forward(seconds=2)
    runner = Runner(scene.pool, scene.clock)
    [key] = await runner.claim(8)
    await runner.work(key)
    row = await scene.pool.fetchrow("SELECT state, why FROM playbook_runs")
    assert row is not None
    assert row["state"] == "waiting"
    assert "'gone'" in row["why"]
    assert isinstance(key[0], UUID)
