"""The turn that keeps the report, in a process of its own, and tells of what will be short."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from annul.domain.incident import Reader
from annul.domain.incidents import INCIDENTS
from annul.operate.capacity import asking, judging, report
from annul.operate.capacity.asking import NotWorkedOut, worked_out
from annul.operate.capacity.judging import KIND, Judging
from annul.operate.capacity.measured import Measured
from annul.operate.capacity.told import Question, Report
from annul.store.loop import Loops
from tests.support.clock import HeldClock
from tests.support.rows import put

from .samples import CALENDAR, NOON, sale, sample


async def samples(pool: asyncpg.Pool, count: int = 90, **changes: Any) -> None:
    for minute in range(count):
        tps = 5 + minute % 7
        at = NOON - timedelta(minutes=minute, seconds=1)
        came = {"transactions": tps * 60, "statements": tps * 90, "cpu_s": 0.6 + 0.06 * tps}
        await put(pool, "host_samples", sample(at, **came, **changes))


def turns(pool: asyncpg.Pool, clock: HeldClock, notice_days: int = 60) -> Judging:
    return Judging(pool, CALENDAR, clock, notice_days, Loops(clock))


async def open_ones(pool: asyncpg.Pool) -> dict[str, dict[str, Any]]:
    rows = await pool.fetch(
        "SELECT subject, params FROM incidents WHERE kind = $1 AND closed_at IS NULL", KIND
    )
    return {row["subject"]: row["params"] for row in rows}


async def kept(pool: asyncpg.Pool) -> tuple[Any, Report]:
    row = await pool.fetchrow("SELECT at, report FROM capacity_reports")
    assert row is not None
    return row["at"], Report.model_validate(row["report"])


async def test_it_is_worked_out_each_hour_and_kept(pool: asyncpg.Pool) -> None:
    await samples(pool)
    await sale(pool, 1, NOON - timedelta(hours=2))
    clock = HeldClock(NOON)
    await turns(pool, clock).turn()
    at, found = await kept(pool)
    assert at == NOON
    assert found.carried.enough
    assert found.limit is not None
    assert found.limit.tps > 0
    assert [one.share for one in found.levels] == list(report.LEVELS)
    assert await pool.fetchval("SELECT sum(transactions) FROM volumes") == 1

    clock.forward(minutes=30)
    await turns(pool, clock).turn()
    assert (await kept(pool))[0] == NOON
    clock.forward(minutes=31)
    await turns(pool, clock).turn()
    assert (await kept(pool))[0] == clock.now()


async def test_of_two_that_come_at_once_one_works_it_out(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    async def counted(question: Question) -> Report:
        nonlocal asked
        asked += 1
        return await worked_out(question)

    monkeypatch.setattr(judging, "worked_out", counted)
    clock = HeldClock(NOON)
    await asyncio.gather(*(turns(pool, clock).turn() for _ in range(3)))
    assert asked == 1


async def test_one_that_is_killed_leaves_the_turn_to_the_next(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def held(_: Question) -> Report:
        begun.set()
        await never.wait()
        raise AssertionError

    clock = HeldClock(NOON)
    with monkeypatch.context() as patch:
        patch.setattr(judging, "worked_out", held)
        first = asyncio.create_task(turns(pool, clock).turn())
        await begun.wait()
        first.cancel()
        await asyncio.wait([first])
    await turns(pool, clock).turn()
    assert (await kept(pool))[0] == NOON


async def test_somebody_is_told_of_what_is_short_until_it_no_longer_is(
    pool: asyncpg.Pool,
) -> None:
    await samples(pool, disk_total=10**10, disk_free=10**8)
    clock = HeldClock(NOON)
    await turns(pool, clock).turn()
    told = await open_ones(pool)
    assert set(told) == {"disk"}
    said = INCIDENTS[KIND].said(told["disk"], Reader("en"))
    assert said.startswith("disk of the database: 99% now, 85% at most")
    assert "磁盘" in INCIDENTS[KIND].said(told["disk"], Reader("zh"))

    await pool.execute("DELETE FROM host_samples")
    clock.forward(hours=1)
    await put(pool, "host_samples", sample(clock.now()))
    await put(pool, "host_samples", sample(clock.now(), node=2, disk_free=9 * 10**9))
    await pool.execute("DELETE FROM host_samples WHERE node = 1")
    await turns(pool, clock).turn()
    assert await open_ones(pool) == {}


async def test_connections_that_are_nearly_all_taken_are_told_of_without_any_history(
    pool: asyncpg.Pool,
) -> None:
    await put(pool, "host_samples", sample(NOON, db_connections=90, disk_free=9 * 10**9))
    await turns(pool, HeldClock(NOON)).turn()
    assert set(await open_ones(pool)) == {"connections"}


async def test_what_its_process_can_not_do_is_an_error_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    question = Question(measured=Measured(now=NOON, today=NOON.date(), cores=2))
    monkeypatch.setattr(asking.sys, "executable", "/bin/false")
    with pytest.raises(NotWorkedOut):
        await worked_out(question)
