"""Lanes: what one statement waits for keeps no other waiting."""

import asyncio
from typing import Any

from annul.store.lane import Lane, Lanes


class _Connection:
    """Answers a statement when its gate is opened."""

    def __init__(self, gates: dict[str, asyncio.Event]) -> None:
        self._gates = gates

    async def execute(self, _sql: str, timeout: float) -> None: ...

    async def fetch(self, sql: str, timeout: float) -> list[Any]:
        del timeout
        await self._gates[sql].wait()
        return [sql]


class _Pool:
    def __init__(self) -> None:
        self.gates = {name: asyncio.Event() for name in ("slow", "quick")}
        self.out = 0

    async def acquire(self, timeout: float) -> _Connection:
        del timeout
        self.out += 1
        return _Connection(self.gates)

    async def release(self, _connection: _Connection) -> None:
        self.out -= 1


async def _both(lane: Any, pool: _Pool) -> bool:
    """Say whether the quick one is answered while the slow one waits."""
    slow = asyncio.create_task(lane.fetch("slow"))
    await asyncio.sleep(0)
    quick = asyncio.create_task(lane.fetch("quick"))
    pool.gates["quick"].set()
    for _ in range(10):
        await asyncio.sleep(0)
    before = quick.done()
    pool.gates["slow"].set()
    assert await asyncio.gather(slow, quick) == [["slow"], ["quick"]]
    await lane.close()
    assert pool.out == 0
    return before


async def test_one_lane_answers_in_turn() -> None:
    pool: Any = _Pool()
    assert not await _both(Lane(pool), pool)


async def test_several_answer_whoever_comes() -> None:
    pool: Any = _Pool()
    assert await _both(Lanes(pool, 2), pool)
