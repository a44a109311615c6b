"""Time that passes by itself, and processes that die between two steps."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from annul.simulation.virtual import Process, Stuck, VirtualLoop


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    made = VirtualLoop(datetime(2026, 11, 23, tzinfo=UTC))
    yield made
    made.bury()


def test_an_hour_passes_at_once_and_in_order(loop: VirtualLoop) -> None:
    seen: list[tuple[str, float]] = []

    async def wait(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        seen.append((name, loop.time()))

    async def both() -> None:
        await asyncio.gather(wait("long", 3_600.0), wait("short", 0.5))

    loop.run_until_complete(both())
    assert seen == [("short", 0.5), ("long", 3_600.0)]
    assert loop.now() == datetime(2026, 11, 23, 1, tzinfo=UTC)


def test_who_waits_for_what_nobody_does_is_told(loop: VirtualLoop) -> None:
    with pytest.raises(Stuck):
        loop.run_until_complete(loop.create_future())


def test_a_dead_process_has_no_last_word_and_the_others_go_on(loop: VirtualLoop) -> None:
    said: list[str] = []

    async def speak(name: str) -> None:
        try:
            for number in range(3):
                said.append(f"{name} {number}")
                await asyncio.sleep(1.0)
        finally:
            said.append(f"{name} ends")

    async def story() -> None:
        mortal, other = Process("mortal"), Process("other")
        mortal.on_death.append(lambda: said.append("noticed"))
        loop.create_task(speak("mortal"), context=mortal.context())
        loop.create_task(speak("other"), context=other.context())
        await asyncio.sleep(1.5)
        mortal.kill()
        await asyncio.sleep(5.0)
        assert said == [
            "mortal 0",
            "other 0",
            "mortal 1",
            "other 1",
            "noticed",
            "other 2",
            "other ends",
        ]

    loop.run_until_complete(story())


def test_a_process_dies_at_the_step_that_was_drawn(loop: VirtualLoop) -> None:
    async def count(seen: list[int]) -> None:
        for number in range(10):
            seen.append(number)
            await asyncio.sleep(0)

    async def story() -> list[int]:
        seen: list[int] = []
        process = Process("mortal")
        process.dies_at = 4
        loop.create_task(count(seen), context=process.context())
        await asyncio.sleep(1.0)
        return seen

    assert loop.run_until_complete(story()) == [0, 1, 2]


@pytest.mark.parametrize(("timers_first", "order"), [(False, "step timer"), (True, "timer step")])
def test_a_frozen_process_goes_on_where_it_was(
    loop: VirtualLoop, timers_first: bool, order: str
) -> None:
    """What came for it, and the end of what it waited for: which it sees first is drawn."""
    seen: list[str] = []

    async def story() -> None:
        process = Process("host")
        loop.call_later(2.0, seen.append, "timer", context=process.context())
        await asyncio.sleep(1.0)
        process.freeze()
        loop.call_soon(seen.append, "step", context=process.context())
        await asyncio.sleep(5.0)
        assert not seen
        process.thaw(timers_first=timers_first)
        await asyncio.sleep(0.0)
        await asyncio.sleep(0.0)
        assert seen == order.split()

    loop.run_until_complete(story())


def test_who_is_killed_while_frozen_does_not_thaw(loop: VirtualLoop) -> None:
    seen: list[int] = []

    async def story() -> None:
        process = Process("host")
        process.freezes_where = "here"
        process.comes_to("there")
        assert not process.frozen
        process.comes_to("here")
        loop.call_soon(seen.append, 1, context=process.context())
        await asyncio.sleep(1.0)
        process.kill()
        process.thaw()
        await asyncio.sleep(1.0)
        assert process.dead
        assert not seen

    loop.run_until_complete(story())
