"""A worker claims what it has room for, loses nothing of what fails, and ends when told."""

import asyncio
from collections.abc import Sequence

import pytest

from annul.store import worker as module
from annul.store.loop import Loops
from annul.store.worker import Worker
from tests.support.turns import FAULTS


class Baker:
    """Takes loaves from a table; `gate` holds them in the oven, `faults` spoil them."""

    def __init__(self, loaves: int) -> None:
        self.owed = list(range(loaves))
        self.baked: list[int] = []
        self.given_back: list[tuple[int, str]] = []
        self.faults: dict[int, list[BaseException]] = {}
        self.most = 0
        self.gate = asyncio.Event()
        self.woken = asyncio.Event()
        self.worker = Worker("baker", self, Loops(), self.woken, concurrency=3, after_s=0.001)

    async def claim(self, room: int) -> Sequence[int]:
        self.woken.clear()
        claimed, self.owed = self.owed[:room], self.owed[room:]
        return claimed

    async def work(self, loaf: int) -> None:
        self.most = max(self.most, len(self.worker.under_way))
        await self.gate.wait()
        if self.faults.get(loaf):
            raise self.faults[loaf].pop(0)
        self.baked.append(loaf)

    async def failed(self, loaf: int, error: BaseException) -> None:
        self.given_back.append((loaf, type(error).__name__))
        self.owed.append(loaf)

    async def rest_s(self) -> float:
        return 60.0

    def name(self, loaf: int) -> str:
        return str(loaf)

    async def until_baked(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.baked) < count:
                await asyncio.sleep(0)


async def test_only_so_many_side_by_side_and_the_next_when_one_ends() -> None:
    baker = Baker(8)
    baker.gate.set()
    baker.worker.start()
    await baker.until_baked(8)
    assert sorted(baker.baked) == list(range(8))
    assert baker.most == 3
    await baker.worker.stop(1.0)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
async def test_what_fails_is_given_back_and_done_later(fault: BaseException) -> None:
    baker = Baker(2)
    baker.faults[0] = [fault]
    baker.gate.set()
    baker.worker.start()
    await baker.until_baked(2)
    assert baker.given_back == [(0, type(fault).__name__)]
    await baker.worker.stop(1.0)


async def test_what_can_not_even_be_given_back_stops_nothing_and_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    baker, seen = Baker(2), list[str]()
    baker.faults[0] = [KeyError("burnt")]

    async def failed(_loaf: int, _error: BaseException) -> None:
        raise KeyError("no shelf")

    monkeypatch.setattr(baker, "failed", failed)
    monkeypatch.setattr(module.log, "exception", lambda event, **_: seen.append(event))
    baker.gate.set()
    baker.worker.start()
    await baker.until_baked(1)
    await baker.worker.stop(1.0)
    assert seen == ["work_failed", "not_given_back"]


async def test_stopping_finishes_what_is_under_way_and_claims_no_more() -> None:
    baker = Baker(9)
    baker.worker.start()
    async with asyncio.timeout(5):
        while len(baker.worker.under_way) < 3:
            await asyncio.sleep(0)
    stopping = asyncio.ensure_future(baker.worker.stop(5.0))
    await asyncio.sleep(0.01)
    baker.gate.set()
    await stopping
    assert sorted(baker.baked) == [0, 1, 2]
    assert len(baker.owed) == 6


async def test_stopping_waits_no_longer_than_told() -> None:
    baker = Baker(3)
    baker.worker.start()
    async with asyncio.timeout(5):
        while len(baker.worker.under_way) < 3:
            await asyncio.sleep(0)
        await baker.worker.stop(0.001)
    assert baker.worker.under_way == ()
    assert baker.baked == []
