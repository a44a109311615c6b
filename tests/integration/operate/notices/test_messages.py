"""One limit for all hosts, and nothing lost when they die: real processes, a real clock."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from annul.domain.incident import Incident
from annul.operate.incidents.gathering import HeadGatherer
from annul.operate.notices.messages import NoticePace
from annul.store.clock import SystemClock
from annul.store.incidents import opening
from tests.support.clock import HeldClock
from tests.support.notices import Robot, Watch

_FRESH = "SELECT count(*) FROM incident_events WHERE spread_at IS NULL AND kind = 'opened'"


@pytest.fixture
async def robot() -> AsyncIterator[Robot]:
    async with Robot().listening() as robot:
        yield robot


@pytest.fixture
async def watch(pool: asyncpg.Pool) -> AsyncIterator[Watch]:
    watch = Watch(pool, SystemClock())
    yield watch
    await watch.close()


async def _host(database: str, lease_s: float = 60.0) -> asyncio.subprocess.Process:
    module = ("-m", "tests.support.tell_alone", database, str(lease_s))
    return await asyncio.create_subprocess_exec(
        sys.executable, *module, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )


async def _killed(*hosts: asyncio.subprocess.Process) -> None:
    for host in hosts:
        host.send_signal(signal.SIGKILL)
        await host.wait()


async def test_two_hosts_share_the_limit_of_one_robot(watch: Watch, database: str, robot: Robot):
    await watch.add(robot.program(), per_minute=10)
    heads = await watch.outages(50)
    hosts = [await _host(database) for _ in range(2)]
    try:

        async def told() -> bool:
            return all(head.number in "\n".join(robot.texts) for head in heads)

        await watch.until(told, 30)
        await watch.outages(5)

        async def spread() -> bool:
            return len(await watch.owed()) == 55

        await watch.until(spread, 30)
    finally:
        await _killed(*hosts)
    assert len(robot.got) == 10
    assert robot.most == 1
    for head in heads:
        assert sum(head.number in text for text in robot.texts) == 1


async def test_killed_while_a_message_is_on_its_way_it_is_told_once_more(
    watch: Watch, database: str, robot: Robot
):
    robot.held = asyncio.Event()
    await watch.add(robot.program())
    (head,) = await watch.outages()
    host = await _host(database, lease_s=1.0)

    async def arrived() -> bool:
        return len(robot.got) == 1

    await watch.until(arrived, 30)
    await _killed(host)
    assert [row["state"] for row in await watch.owed()] == ["owed"]
    robot.held.set()
    watch.start(NoticePace(poll_s=0.02))  # with a lease that outlasts a busy machine
    await watch.drained()
    assert len(robot.got) == 2
    assert all(head.number in text for text in robot.texts)
    assert "you may have this already" in robot.texts[1]
    assert [row["phase"] for row in await watch.log()] == ["sending", "unknown", "sending", "told"]


async def test_killed_at_any_moment_nothing_is_lost(watch: Watch, database: str, robot: Robot):
    await watch.add(robot.program(), per_minute=600)
    heads = []
    for wait_s in (0.3, 0.6, 0.9, 1.2):
        host = await _host(database, lease_s=0.5)
        heads += await watch.outages(10)
        await asyncio.sleep(wait_s)  # any moment will do
        heads += await watch.outages(10)
        await _killed(host)
    watch.start(NoticePace(poll_s=0.02, lease=timedelta(seconds=0.5)))
    await watch.drained(30)
    said = "\n".join(robot.texts)
    assert all(head.number in said for head in heads)
    assert {row["state"] for row in await watch.owed()} == {"told"}
    assert len(await watch.owed()) == len(heads)


async def test_ten_thousand_failing_voids_are_one_incident_and_one_message(
    pool: asyncpg.Pool, robot: Robot
):
    """As they are raised and gathered, while messages go out."""
    watch = Watch(pool, HeldClock())
    await watch.add(robot.program())
    watch.start()
    gatherer = HeadGatherer(pool, watch.clock)
    for place in range(10):
        raised = [
            Incident(
                "forward_reversal",
                "898000058120001",
                f"void {place} {number}",
                {"kind": "void", "reference": "1", "amount": 1, "currency": "156", "issuer": "101"}
                | {"tries": 10},
            )
            for number in range(1_000)
        ]
        await pool.execute(*opening(raised, watch.clock.now()))
        while (done := await gatherer.run()) is not None and done.joined:
            pass
        await watch.drained(30)
    await watch.close()
    assert await pool.fetchval("SELECT count(*) FROM incident_heads") == 1
    assert await pool.fetchval("SELECT count(*) FROM incidents") == 10_000
    assert len(robot.got) == 1
    assert "A reversal is not acknowledged" in robot.texts[0]


async def test_ten_thousand_incidents_keep_to_the_limit_and_none_is_lost(
    pool: asyncpg.Pool, robot: Robot
):
    clock = HeldClock()
    watch = Watch(pool, clock)
    await watch.add(robot.program())
    heads = await watch.outages(10_000)
    teller = watch.start()
    for minute in range(1, 60):

        async def waits() -> bool:
            counted = await pool.fetchval(
                "SELECT count(*) FROM channel_states WHERE next_at > $1", clock.now()
            )
            fresh = await pool.fetchval(_FRESH)
            return not fresh and (counted or not await teller.backlog())

        await watch.until(waits, 60)
        assert len(robot.got) <= 20 * minute
        if not await teller.backlog():
            break
        clock.forward(seconds=62)
    await watch.close()
    said = "\n".join(robot.texts)
    assert all(head.number in said for head in heads)
    assert {row["state"] for row in await watch.owed()} == {"told"}
