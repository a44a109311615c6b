"""One circuit per issuer for all processes: opens after failures in a row, one probe at a time."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from annul.resolve.circuits import Circuits
from annul.resolve.pace import Pace
from tests.support.rows import put_case
from tests.support.situations import NOW

_ISSUER = "00000101"
_PACE = Pace()
_LATER = NOW + timedelta(hours=1)


@pytest.fixture
def circuits(pool: asyncpg.Pool) -> Circuits:
    return Circuits(pool, _PACE)


@pytest.fixture
def other(pool: asyncpg.Pool) -> Circuits:
    """The same in another process."""
    return Circuits(pool, _PACE)


async def _break(circuits: Circuits, failures: int = 3) -> None:
    for number in range(1, failures + 1):
        await circuits.failed(_ISSUER, NOW, number, 0.5)


async def test_it_opens_after_three_failures_in_a_row(circuits: Circuits) -> None:
    await _break(circuits, 2)
    assert circuits.probe_at(_ISSUER, NOW) is None
    await circuits.worked(_ISSUER, NOW)
    await _break(circuits, 2)
    assert circuits.probe_at(_ISSUER, NOW) is None
    assert await circuits.may_try(_ISSUER, NOW)
    await _break(circuits, 1)
    assert circuits.probe_at(_ISSUER, NOW) is not None
    assert not await circuits.may_try(_ISSUER, NOW)
    assert await circuits.may_try("00000202", NOW), "each issuer has its own"


async def test_failures_of_all_processes_count(circuits: Circuits, other: Circuits) -> None:
    await _break(circuits, 2)
    await _break(other, 1)
    await circuits.refresh()
    for one in (circuits, other):
        assert one.probe_at(_ISSUER, NOW) == NOW + timedelta(seconds=_PACE.probe.first_s * 1.5)


async def test_further_failures_put_the_probe_off_up_to_a_limit(circuits: Circuits) -> None:
    waits: list[timedelta] = []
    for failures in range(1, 12):
        await circuits.failed(_ISSUER, NOW, failures, 0.5)
        waits.append((circuits.probe_at(_ISSUER, NOW) or NOW) - NOW)
    assert waits == sorted(waits)
    assert waits[:2] == [timedelta(), timedelta()]
    assert timedelta() < waits[2] < waits[-1] == waits[-2]
    assert waits[-1] <= timedelta(seconds=_PACE.probe.limit_s)
    await circuits.failed(_ISSUER, NOW, 1, 0.0)
    assert circuits.probe_at(_ISSUER, NOW) == NOW + waits[-1], "never sooner than was said"


async def test_one_of_two_processes_probes(circuits: Circuits, other: Circuits) -> None:
    await _break(circuits)
    await other.refresh()
    assert not await other.may_try(_ISSUER, NOW)
    for at in (_LATER, _LATER + timedelta(hours=1)):
        assert circuits.probe_at(_ISSUER, at) is None, "a probe is due"
        tries = await asyncio.gather(*(one.may_try(_ISSUER, at) for one in (circuits, other) * 3))
        assert sum(tries) == 1
        await asyncio.gather(circuits.refresh(), other.refresh())
        for one in (circuits, other):
            assert one.probe_at(_ISSUER, at) is not None, "nobody tries meanwhile"


async def test_success_closes_it_for_all(circuits: Circuits, other: Circuits) -> None:
    await _break(circuits)
    await other.refresh()
    await other.worked(_ISSUER, _LATER)
    await circuits.refresh()
    for one in (circuits, other):
        assert one.probe_at(_ISSUER, NOW) is None
        assert await one.may_try(_ISSUER, NOW)
    await _break(other, 2)
    assert await other.may_try(_ISSUER, NOW), "it counts from none again"


async def test_success_lets_what_waited_go_on(pool: asyncpg.Pool, circuits: Circuits) -> None:
    far = _LATER + timedelta(hours=1)
    waits = {"next_action_at": far, "step": "wait_health"}
    mine = [(await put_case(pool, **waits)).id for _ in range(20)]
    await put_case(pool, **waits, issuer_id="00000202")
    await put_case(pool, **waits | {"step": "wait_funds"})
    await put_case(pool, **waits, ended="refused", ended_at=NOW)
    await circuits.worked(_ISSUER, NOW)
    assert await pool.fetchval("SELECT min(next_action_at) FROM cases") == far, "it was not open"
    await _break(circuits)
    await circuits.worked(_ISSUER, _LATER)
    rows = await pool.fetch("SELECT id, next_action_at FROM cases WHERE next_action_at < $1", far)
    assert {row["id"] for row in rows} == set(mine)
    times = [row["next_action_at"] for row in rows]
    assert _LATER < min(times) < max(times) <= _LATER + timedelta(seconds=6), "not all at once"
