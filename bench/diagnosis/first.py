"""The first part: faults caused for real, alone and in pairs, and what is named while they last."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, Final

from annul.diagnose.gather import Gatherer
from annul.diagnose.rank import rank
from annul.sim.scenes.faults.fault import FAULTS
from annul.sim.scenes.scene import Scene
from tests.support.processes import open_folder
from tests.support.world import World, world

from .mixes import Mix, mixes
from .score import AMBIGUOUS, Judged, report

_AT_ONCE: Final = 6
_SCENE_S: Final = 90.0
_FIND: Final = """
SELECT id, response_code FROM transactions
WHERE merchant_id = $1 AND terminal_id = $2 AND batch = $3 AND trace = $4 AND state <> 'approved'
UNION ALL
SELECT id, response_code FROM refusals
WHERE merchant_id = $1 AND terminal_id = $2 AND batch = $3 AND trace = $4
"""


class Judge:
    """Asks annul for the causes of what failed in a scene."""

    def __init__(self, running_world: World) -> None:
        self._host = running_world.running.host
        self.judged: list[Judged] = []
        self.went_through: list[str] = []

    async def ask(self, scene: Scene, mix: Mix) -> None:
        """Diagnose what has failed."""
        host = self._host
        await host.evidence.flush(host.issuers)
        gatherer = Gatherer(host.pool, host.calendar, host.clock)
        for key, truth in scene.truths:
            row = await host.pool.fetchrow(_FIND, *key)
            if row is None:
                self.went_through.append(f"{mix.name}: {truth}")
                continue
            void = await gatherer.find(str(row["id"]))
            picture = await gatherer.picture(void)
            named = tuple(found.cause.name for found in rank(picture.facts))
            code = row["response_code"]
            self.judged.append(Judged(mix.name, mix.seen, truth, named, code, void.rrn))


async def play(running_world: World, judge: Judge, mix: Mix, random: Random) -> None:
    """Let one mix strike in a scene of its own, among other traffic."""
    async with asyncio.timeout(_SCENE_S), running_world.scene(random) as scene:
        never = any(fault.never for fault, _ in mix.parts)
        await scene.traffic(8, voids=0 if never else 1)
        strikes = [
            fault.strike(scene, till, code)
            for (fault, code), till in zip(mix.parts, scene.tills, strict=False)
        ]
        for strike in strikes:
            await anext(strike)
        hum = asyncio.create_task(scene.hum())
        try:
            await asyncio.gather(*(_finish(strike) for strike in strikes))
        finally:
            hum.cancel()
            await asyncio.wait([hum])
        await scene.settled()
        await judge.ask(scene, mix)


async def _finish(strike: Any) -> None:
    with suppress(StopAsyncIteration):
        await anext(strike)


async def run(
    folder: Path, seed: int, pairs: int, wanted: Callable[[Mix], bool]
) -> tuple[Judge, list[str]]:
    """Play all mixes that are wanted; gives what was judged and which scenes failed."""
    random = Random(seed)
    chosen = [mix for mix in mixes(random, pairs) if wanted(mix)]
    failed: list[str] = []
    places = asyncio.Semaphore(_AT_ONCE)
    async with world(folder) as running_world:
        judge = Judge(running_world)

        async def take(mix: Mix, own: Random) -> None:
            async with places:
                try:
                    await play(running_world, judge, mix, own)
                except Exception as error:  # noqa: BLE001 - one scene less, and it is reported
                    failed.append(f"{mix.name}: {error!r}")

        await asyncio.gather(*(take(mix, Random(random.random())) for mix in chosen))
    return judge, failed


def first(seed: int, pairs: int, wanted: Callable[[Mix], bool]) -> tuple[dict[str, Any], bool]:
    """Run it and print the figures; gives them, and whether the aims were met."""
    began = time.monotonic()
    with open_folder() as folder:
        judge, failed = asyncio.run(run(folder, seed, pairs, wanted))
    figures = report(judge.judged, len(FAULTS)) | {"seed": seed, "scenes_failed": failed}
    _print(figures, judge, failed, time.monotonic() - began)
    hard, all_ = figures["ambiguous"], figures
    met = (
        all_["top1"] >= 0.95
        and all_["top3"] >= 0.99
        and hard["top1"] - hard["baseline_top1"] >= 0.3
        and not failed
    )
    return figures, met


def _print(figures: dict[str, Any], judge: Judge, failed: list[str], took: float) -> None:
    print(
        f"{took:.0f} s, seed {figures['seed']}, {len(judge.went_through)} went through all the same"
    )
    row = "{:<28}{:>6}{:>9}{:>9}{:>11}"
    print(row.format("", "voids", "top 1", "top 3", "code only"))

    def line(name: str, of: dict[str, Any]) -> None:
        shares = (of["top1"], of["top3"], of["baseline_top1"])
        print(row.format(name, of["voids"], *(f"{share:.1%}" for share in shares)))

    line("all", figures)
    for name in ("seen", "unseen"):
        line(f"mixes {name}", figures[name])
    line(f"codes {' '.join(sorted(AMBIGUOUS))}", figures["ambiguous"])
    for part in ("per_cause", "per_code"):
        print()
        for name, of in figures[part].items():
            line(name, of)
    print("\nconfused: truth -> named first")
    for truth, named in figures["confusion"].items():
        wrong = {name: count for name, count in named.items() if name != truth}
        if wrong:
            print(f"  {truth:<26}{wrong}")
    for one in judge.judged:
        if not one.first and one.seen:  # what was not to be seen is not shown either
            print(f"  {one.mix}: {one.truth} with {one.code} -> {', '.join(one.named[:3])}")
    for text in [*failed, *sorted(set(judge.went_through))]:
        print("  ", text)
