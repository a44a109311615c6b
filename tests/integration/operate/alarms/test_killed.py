"""A process that is killed while it judges: what it had seen is raised once, by the next one."""

import asyncio
import signal
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg

from annul.domain.alarm_streams import Way
from annul.domain.alarms import Counts
from annul.operate.alarms.judging import Judging
from annul.operate.alarms.keeping import counted
from tests.support.clock import HeldClock

_WAY = Way("00000101", "sale", "620001", "A")
# Judges in a process of its own, and stands still at a statement of its turn.
_CHILD = """
import asyncio, sys
from zoneinfo import ZoneInfo
from annul.operate.alarms import judging, raising
from annul.store.database import connect
from tests.support.clock import HeldClock

async def stand(*given):
    if sys.argv[2] == "raised":
        await opened(*given)
    print("there", flush=True)
    await asyncio.sleep(600)

async def main():
    pool = await connect(sys.argv[1], size=2)
    await judging.Judging(pool, HeldClock(), ZoneInfo("Asia/Shanghai")).turn()

opened = raising.open_alarms
raising.open_alarms = stand
asyncio.run(main())
"""


async def test_killed_between_judging_and_raising_nothing_is_lost_or_twice(
    database: str, pool: asyncpg.Pool
) -> None:
    clock = HeldClock()
    judging = Judging(pool, clock, ZoneInfo("Asia/Shanghai"))
    await pool.execute(*counted({_WAY: Counts(approved=30)}, clock.now()))
    await judging.turn()
    await pool.execute(*counted({_WAY: Counts(silent=20)}, clock.now()))
    for when in ("judged", "raised"):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _CHILD, database, when, cwd=Path.cwd(),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert child.stdout is not None
        async with asyncio.timeout(60):
            while b"there" not in (line := await child.stdout.readline()):
                assert line, "it has ended"
        await judging.turn()
        assert await _told(pool) == 0, "it holds what it has taken"
        child.send_signal(signal.SIGKILL)
        await child.wait()
        assert await _told(pool) == 0
        assert await pool.fetchval("SELECT count(*) FROM watch_counts") == 1
    async with asyncio.timeout(30):
        while not await _told(pool):  # the server takes a moment to see that the process is gone
            await judging.turn()
            await asyncio.sleep(0.05)
    await Judging(pool, clock, ZoneInfo("Asia/Shanghai")).turn()
    assert await _told(pool) == 1
    assert await pool.fetchval("SELECT counts FROM watched WHERE scope = 'all'") == [0] * 5
    assert await pool.fetchval("SELECT count(*) FROM watch_counts") == 0


async def _told(pool: asyncpg.Pool) -> int:
    return await pool.fetchval("SELECT count(*) FROM incidents WHERE kind = 'went_silent'")
