"""What is raised becomes one head for each outage, which closes by itself; whoever gathers."""

import asyncio
import signal
import sys
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from annul.domain.incident import Incident
from annul.operate.incidents.gathering import Gathered, HeadGatherer
from annul.store.incidents import Ended, closing, opening
from tests.support.clock import HeldClock
from tests.support.rows import put, put_case

from .conftest import ISSUER, SHOP

_GATHER: Final = """
import asyncio, sys
from annul.operate.incidents.gathering import HeadGatherer
from annul.store.clock import SystemClock
from annul.store.database import connect

async def main():
    pool = await connect(sys.argv[1])
    await HeadGatherer(pool, SystemClock()).run()

asyncio.run(main())
"""


def _trouble(how: str = "down", issuer: str = ISSUER) -> Incident:
    return Incident.of("issuer_in_trouble", "", issuer, issuer=issuer, how=how)


async def _raise(pool: asyncpg.Pool, clock: HeldClock, *incidents: Incident) -> None:
    await pool.execute(*opening(incidents, clock.now()))


async def _over(pool: asyncpg.Pool, clock: HeldClock, *ended: Ended) -> None:
    await pool.execute(*closing(ended, clock.now()))


async def _late(pool: asyncpg.Pool, clock: HeldClock, count: int, **changes: Any) -> None:
    """Raise that cases are late, each of a customer of its own."""
    rows = [
        await put_case(pool, merchant_id=SHOP, issuer_id=ISSUER, **changes) for _ in range(count)
    ]
    await _raise(pool, clock, *(Incident.of_case("case_late", one, step="retry") for one in rows))


async def _heads(pool: asyncpg.Pool) -> list[Any]:
    return await pool.fetch("SELECT * FROM incident_heads ORDER BY opened_at, scope, member")


async def _timeline(pool: asyncpg.Pool, head: Any) -> list[tuple[str, dict[str, Any]]]:
    rows = await pool.fetch(
        "SELECT kind, params FROM incident_events WHERE head_id = $1 ORDER BY seq", head["id"]
    )
    return [(row["kind"], row["params"]) for row in rows]


async def test_an_outage_is_one_head_with_its_cause_and_closes_by_itself(
    seeded: asyncpg.Pool, gatherer: HeadGatherer, clock: HeldClock
) -> None:
    await _raise(seeded, clock, _trouble())
    assert await gatherer.run() == Gathered(joined=1, opened=1)
    clock.forward(minutes=1)
    await _late(seeded, clock, 3, cause="issuer_maintenance")
    assert await gatherer.run() == Gathered(joined=3)
    [head] = await _heads(seeded)
    assert (head["scope"], head["member"], head["severity"]) == ("issuer", ISSUER, "warning")
    assert head["cause"] == "issuer_maintenance"
    clock.forward(minutes=1)
    await seeded.execute("UPDATE cases SET ended = 'voided', ended_at = $1", clock.now())
    ends = await seeded.fetch("SELECT kind, merchant_id, subject FROM incidents")
    await _over(seeded, clock, *(Ended(*row) for row in ends))
    await gatherer.run()
    clock.forward(minutes=4)
    await gatherer.run()
    [head] = await _heads(seeded)
    assert (head["closed_at"], head["up_at"]) == (None, clock.now() - timedelta(minutes=4))
    clock.forward(minutes=1)
    assert await gatherer.run() == Gathered(closed=1)
    [head] = await _heads(seeded)
    assert (head["closed_at"], head["closed_by"]) == (clock.now(), "")
    assert await _timeline(seeded, head) == [
        ("opened", {"kind": "issuer_in_trouble", "count": 1}),
        ("cause_named", {"cause": "issuer_down", "share": 100, "of": 1}),
        ("down", {"issuer": ISSUER}),
        ("joined", {"kind": "case_late", "count": 3}),
        ("cause_named", {"cause": "issuer_maintenance", "share": 100, "of": 3}),
        ("up", {"issuer": ISSUER}),
        ("quiet", {}),
        ("closed", {"why": ""}),
    ]


async def test_nothing_joins_what_is_closed(
    seeded: asyncpg.Pool, gatherer: HeadGatherer, clock: HeldClock
) -> None:
    await _raise(seeded, clock, _trouble())
    await gatherer.run()
    await _over(seeded, clock, Ended("issuer_in_trouble", "", ISSUER))
    await gatherer.run()
    clock.forward(minutes=6)
    await gatherer.run()
    await _raise(seeded, clock, _trouble("line"))
    assert await gatherer.run() == Gathered(joined=1, opened=1)
    first, second = await _heads(seeded)
    assert first["closed_at"] is not None
    assert second["closed_at"] is None
    assert first["number"] != second["number"]


async def test_what_comes_back_within_the_quiet_time_joins_again(
    seeded: asyncpg.Pool, gatherer: HeadGatherer, clock: HeldClock
) -> None:
    await _raise(seeded, clock, _trouble())
    await gatherer.run()
    await _over(seeded, clock, Ended("issuer_in_trouble", "", ISSUER))
    await gatherer.run()
    clock.forward(minutes=4)
    await _raise(seeded, clock, _trouble())
    await gatherer.run()
    clock.forward(minutes=4)
    await gatherer.run()
    [head] = await _heads(seeded)
    assert (head["closed_at"], head["quiet_since"], head["up_at"]) == (None, None, None)


async def test_what_is_raised_and_over_between_two_turns_is_not_lost(
    seeded: asyncpg.Pool, gatherer: HeadGatherer, clock: HeldClock
) -> None:
    await _raise(seeded, clock, _trouble())
    await _over(seeded, clock, Ended("issuer_in_trouble", "", ISSUER))
    assert (await gatherer.run()) == Gathered(joined=1, opened=1)
    [head] = await _heads(seeded)
    assert head["quiet_since"] == clock.now()


async def test_one_customers_mistake_joins_no_outage(
    seeded: asyncpg.Pool, gatherer: HeadGatherer, clock: HeldClock
) -> None:
    await _raise(seeded, clock, _trouble())
    await _late(seeded, clock, 2, cause="original_mismatch")
    await gatherer.run()
    scopes = sorted(row["scope"] for row in await _heads(seeded))
    assert scopes == ["case", "case", "issuer"]
    heads = await _heads(seeded)
    assert {row["cause"] for row in heads if row["scope"] == "case"} == {"original_mismatch"}


async def test_what_people_have_to_close_keeps_its_head_open(
    seeded: asyncpg.Pool, gatherer: HeadGatherer, clock: HeldClock
) -> None:
    params = {"terminal": "10000001", "count": 9, "seconds": 60, "address": "203.0.113.7"}
    await _raise(seeded, clock, Incident.of("wrong_mac", SHOP, "10000001", **params))
    await gatherer.run()
    clock.forward(days=3)
    await gatherer.run()
    [head] = await _heads(seeded)
    assert (head["closed_at"], head["merchant_id"]) == (None, SHOP)


async def test_a_dead_loop_and_a_critical_difference_are_heads_of_their_severity(
    seeded: asyncpg.Pool, gatherer: HeadGatherer, clock: HeldClock
) -> None:
    loop = Incident.of("loop_stands_still", "", "3 forward", process=3, loop="forward", why="")
    await _raise(seeded, clock, loop)
    await gatherer.run()
    other = Incident.of("loop_stands_still", "", "3 sweep", process=3, loop="sweep", why="")
    await _raise(seeded, clock, other)
    await gatherer.run()
    [head] = await _heads(seeded)
    assert (head["scope"], head["member"], head["severity"]) == ("process", "3", "warning")
    assert [kind for kind, _ in await _timeline(seeded, head)] == ["opened", "joined"]


async def test_severity_rises_with_what_joins(
    seeded: asyncpg.Pool, gatherer: HeadGatherer, clock: HeldClock
) -> None:
    await _raise(seeded, clock, _trouble())
    await gatherer.run()
    one = await put_case(
        seeded, merchant_id=SHOP, issuer_id=ISSUER, ended="unproved", ended_at=clock.now()
    )
    why = {"zh": "未知", "en": "unknown"}
    await _raise(seeded, clock, Incident.of_case("outcome_unproved", one, why=why))
    await gatherer.run()
    [head] = await _heads(seeded)
    assert head["severity"] == "critical"
    assert ("severity_rose", {"severity": "critical", "was": "warning"}) in await _timeline(
        seeded, head
    )


async def test_an_announced_window_says_when_it_ends(
    seeded: asyncpg.Pool, gatherer: HeadGatherer, clock: HeldClock
) -> None:
    until = clock.now() + timedelta(hours=1)
    await put(
        seeded,
        "issuers",
        {
            "issuer_id": ISSUER, "name_zh": "示例银行", "name_en": "Example Bank",
            "host": "127.0.0.1", "port": 1, "timeout_ms": 1000,
        },
    )  # fmt: skip
    await put(
        seeded,
        "policies",
        {
            "id": uuid4(), "issuer_id": ISSUER, "kind": "maintenance", "valid_from": clock.now(),
            "valid_until": until, "set_by": "li", "set_at": clock.now(),
        },
    )  # fmt: skip
    await _raise(seeded, clock, _trouble())
    await gatherer.run()
    [head] = await _heads(seeded)
    assert head["ends_at"] == until


async def _hook(pool: asyncpg.Pool) -> None:
    await put(
        pool,
        "webhooks",
        {
            "merchant_id": SHOP, "id": uuid7(), "url": "http://203.0.113.7/", "secret": b"",
            "inside": False, "created_by": "li", "created_at": HeldClock().now(),
        },
    )  # fmt: skip


async def test_merchants_that_listen_are_told_once_of_beginning_and_end(
    seeded: asyncpg.Pool, gatherer: HeadGatherer, clock: HeldClock
) -> None:
    await _hook(seeded)
    await _hook(seeded)
    await _raise(seeded, clock, _trouble())
    for _ in range(3):
        await gatherer.run()
    clock.forward(minutes=1)
    await _over(seeded, clock, Ended("issuer_in_trouble", "", ISSUER))
    for _ in range(3):
        await gatherer.run()
    rows = await seeded.fetch("SELECT event, payload FROM notifications ORDER BY created_at")
    assert [row["event"] for row in rows] == ["downtime.started", "downtime.ended"]
    started, ended = (row["payload"] for row in rows)
    assert started["downtime"] == ended["downtime"]
    assert (started["issuer"], started["merchant"], started["ended_at"]) == (ISSUER, SHOP, None)
    assert ended["ended_at"] == clock.now().isoformat()


# Many, at once, and killed ---------------------------------------------------------------------


async def _ten_thousand(pool: asyncpg.Pool, clock: HeldClock) -> None:
    await pool.execute(*opening([_trouble()], clock.now()))
    rows = [
        Incident(
            "forward_reversal", SHOP, f"t{place}",
            {"issuer": ISSUER, "amount": 100, "currency": "156"},
        )
        for place in range(10_000)
    ]  # fmt: skip
    await pool.execute(*opening(rows, clock.now()))


async def test_ten_thousand_are_one_head_with_one_event_for_each_kind_and_turn(
    seeded: asyncpg.Pool, gatherer: HeadGatherer, clock: HeldClock
) -> None:
    await _ten_thousand(seeded, clock)
    turns = [await gatherer.run() for _ in range(3)]
    assert [turn and turn.joined for turn in turns] == [5_000, 5_000, 1]
    [head] = await _heads(seeded)
    loose = "SELECT count(*) FROM incidents WHERE head_id IS DISTINCT FROM $1"
    assert await seeded.fetchval(loose, head["id"]) == 0
    counted = [one["count"] for kind, one in await _timeline(seeded, head) if "count" in one]
    assert sum(counted) == 10_001
    assert len(counted) <= 4


async def test_two_that_gather_at_once_open_one_head(
    seeded: asyncpg.Pool, clock: HeldClock
) -> None:
    await _ten_thousand(seeded, clock)
    both = HeadGatherer(seeded, clock), HeadGatherer(seeded, clock)
    for _ in range(8):
        await asyncio.gather(*(one.run() for one in both))
    [head] = await _heads(seeded)
    counted = [one["count"] for kind, one in await _timeline(seeded, head) if "count" in one]
    assert sum(counted) == 10_001
    assert await seeded.fetchval("SELECT count(*) FROM incidents WHERE head_id IS NULL") == 0


# What a process that is killed has been waiting for, and what is in its way.
_IN_THE_WAY: Final = {
    "opening a head": "LOCK TABLE incident_heads IN SHARE MODE",
    "putting rows under it": "LOCK TABLE incidents IN SHARE MODE",
    "telling its timeline": "LOCK TABLE incident_events IN SHARE MODE",
}


@pytest.mark.parametrize("step", _IN_THE_WAY)
async def test_one_that_is_killed_leaves_nothing_half_done(
    seeded: asyncpg.Pool,
    table_owner: asyncpg.Pool,
    database: str,
    clock: HeldClock,
    gatherer: HeadGatherer,
    step: str,
) -> None:
    await _raise(seeded, clock, _trouble())
    async with table_owner.acquire() as held, held.transaction():
        await held.execute(_IN_THE_WAY[step])
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", _GATHER, database)
        waiting = "SELECT count(*) FROM pg_locks WHERE $1 = ANY (pg_blocking_pids(pid))"
        async with asyncio.timeout(20):
            while not await table_owner.fetchval(waiting, held.get_server_pid()):
                assert process.returncode is None, "it has ended and never waited"
                await asyncio.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        assert await seeded.fetchval("SELECT count(*) FROM incident_heads") == 0
    async with asyncio.timeout(20):
        while await gatherer.run() is None:  # the server still ends what the dead one had sent
            await asyncio.sleep(0.05)
    [head] = await _heads(seeded)
    kinds = [kind for kind, _ in await _timeline(seeded, head)]
    assert kinds == ["opened", "cause_named", "down"]
    assert await seeded.fetchval("SELECT head_id FROM incidents") == head["id"]
