"""Group commit: what waits goes together, what touches the same row does not."""

import asyncio
from typing import Any
from unittest.mock import patch

import asyncpg
import pytest

from annul.store.batcher import Batcher, StoreOverloaded


class Recorder:
    """A statement that keeps what it was given and can be held up."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, items: list[int]) -> list[int]:
        await self.gate.wait()
        self.batches.append(list(items))
        if 13 in items:
            raise asyncpg.UniqueViolationError
        return [item * 2 for item in items]


async def test_what_arrives_meanwhile_goes_into_the_next_statement() -> None:
    recorder = Recorder()
    batcher: Batcher[int, int] = Batcher(recorder)
    recorder.gate.clear()
    first = batcher.submit(0)
    await asyncio.sleep(0)
    rest = [batcher.submit(number) for number in range(1, 6)]
    recorder.gate.set()
    assert await asyncio.gather(first, *rest) == [0, 2, 4, 6, 8, 10]
    assert recorder.batches == [[0], [1, 2, 3, 4, 5]]


async def test_rows_at_fault_fail_alone() -> None:
    recorder = Recorder()
    batcher: Batcher[int, int] = Batcher(recorder)
    done = await asyncio.gather(
        *(batcher.submit(number) for number in (12, 13, 14)), return_exceptions=True
    )
    assert (done[0], done[2]) == (24, 28)
    assert isinstance(done[1], asyncpg.UniqueViolationError)


async def test_the_same_row_never_twice_in_a_statement_and_in_order() -> None:
    recorder = Recorder()
    batcher: Batcher[int, int] = Batcher(recorder, lambda item: (item % 10,))
    await asyncio.gather(*(batcher.submit(number) for number in (1, 2, 11, 21, 3)))
    assert recorder.batches == [[1, 2, 3], [11], [21]]


async def test_too_much_waiting_is_refused_at_once() -> None:
    recorder = Recorder()
    recorder.gate.clear()
    batcher: Batcher[int, int] = Batcher(recorder, limit=1, max_waiting=2)
    running = batcher.submit(0)
    await asyncio.sleep(0)
    waiting = [batcher.submit(1), batcher.submit(2)]
    with pytest.raises(StoreOverloaded):
        batcher.submit(3)
    recorder.gate.set()
    assert await asyncio.gather(running, *waiting) == [0, 2, 4]


async def test_a_caller_that_gave_up_disturbs_nobody() -> None:
    batcher: Batcher[int, int] = Batcher(Recorder())
    first, second = batcher.submit(1), batcher.submit(2)
    first.cancel()
    assert await second == 4
    await batcher.drain()


async def test_a_worker_that_never_began_keeps_nobody_waiting() -> None:
    """Cancelled before its first step it has no last word, and `drain` asked for it for ever."""
    batcher: Batcher[int, int] = Batcher(Recorder())
    batcher.submit(1)
    assert batcher._worker is not None
    batcher._worker.cancel()
    await asyncio.wait([batcher._worker])
    asked = 0
    real = asyncio.wait

    async def counted(tasks: Any, **more: Any) -> Any:
        nonlocal asked
        asked += 1
        assert asked < 3
        return await real(tasks, **more)

    with patch("asyncio.wait", counted):
        await batcher.drain()
    async with asyncio.timeout(5):
        assert await batcher.submit(2) == 4
