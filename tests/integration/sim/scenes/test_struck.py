"""Every fault and every situation of the field can be struck wherever there is a `Place`.

Here in virtual time, several at once on one stage; the bench strikes the same ones in real time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from functools import partial
from random import Random
from typing import Any

import pytest

from annul.sim.scenes import faults, field
from annul.sim.scenes.faults.fault import FAULTS, Fault
from annul.sim.scenes.field.play import Play
from annul.sim.scenes.field.situation import SITUATIONS, Situation
from annul.sim.scenes.scene import Scene
from annul.simulation.stage import Stage, bare, staged
from annul.simulation.world import World, world

_AT_ONCE = 40
# Of a shop: what works on cases looks less often than in a drill.
_PACE: dict[str, Any] = {"void_time_scale": 1.0, "node_lease_s": 60.0}
_ENTERED = (faults, field)  # importing them has entered all that they have

Striking = Callable[[Scene, AsyncExitStack], Awaitable[int]]


@pytest.fixture(scope="module")
def ground() -> Iterator[World]:
    with world() as made:
        yield made


async def _fault(fault: Fault, scene: Scene, _: AsyncExitStack) -> int:
    strike = fault.strike(scene, scene.tills[0], fault.habits[0])
    await anext(strike)
    with suppress(StopAsyncIteration):
        await anext(strike)
    return len(scene.truths)


async def _situation(situation: Situation, scene: Scene, stack: AsyncExitStack) -> int:
    play = Play(scene, situation.codes[0], stack)
    await situation.play(play)
    return len(play.sent)


def _all(strikes: Mapping[str, Striking]) -> Callable[[Stage], Awaitable[dict[str, int | str]]]:
    """Strike them in scenes of their own; gives the voids of each, or what it raised."""

    async def play(stage: Stage) -> dict[str, int | str]:
        places = asyncio.Semaphore(_AT_ONCE)

        async def strike(name: str) -> int | str:
            async with places:
                try:
                    async with (
                        stage.place.scene(Random(name)) as scene,
                        AsyncExitStack() as stack,
                    ):
                        return await strikes[name](scene, stack)
                except Exception as error:  # noqa: BLE001 - it is named
                    return repr(error)

        found = await asyncio.gather(*map(strike, strikes))
        return dict(zip(strikes, found, strict=True))

    return play


@pytest.mark.timeout(420)
@pytest.mark.parametrize(
    "strikes",
    [
        {name: partial(_fault, one) for name, one in FAULTS.items()},
        {name: partial(_situation, one) for name, one in SITUATIONS.items()},
    ],
    ids=["faults", "situations"],
)
def test_each_one_fails_voids_of_which_it_tells_the_truth(
    ground: World, strikes: Mapping[str, Striking]
) -> None:
    staging = staged(ground, bare(1, **_PACE), _all(strikes))
    assert staging.faults == []
    assert {name: told for name, told in staging.found.items() if not isinstance(told, int)} == {}
    assert [name for name, told in staging.found.items() if not told] == []
    assert len(staging.found) == len(strikes) >= 50


def test_the_same_seed_is_the_same_scene(ground: World) -> None:
    strikes = {"issuer_fails": partial(_fault, FAULTS["issuer_fails"])}
    first, again, other = (staged(ground, bare(seed, **_PACE), _all(strikes)) for seed in (5, 5, 6))
    assert first.digest == again.digest != other.digest
