"""Plays situations of the field with a resolver that works, several at a time."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final
from zlib import crc32

from annul.sim.scenes import field as _situations  # noqa: F401 - enters them
from annul.sim.scenes.field.play import Play
from annul.sim.scenes.field.situation import SITUATIONS, Situation
from tests.support.world import World, world

from .judge import GIVE_UP_S, FieldJudge

_AT_ONCE: Final = 12
_WITHOUT_CODES: Final = 2  # plays of a situation that has none
_PLAY_S: Final = 90.0
_END_S: Final = GIVE_UP_S + 4.0
# A drill's pace: three tries within four seconds, and an end within twenty-four.
PACE: Final[dict[str, Any]] = {
    "void_time_scale": 0.02,
    "void_give_up_s": GIVE_UP_S,
}


@dataclass(frozen=True, slots=True)
class Turn:
    """A situation with one of its codes; one without codes is played several times."""

    situation: Situation
    code: str
    number: int = 1

    @property
    def name(self) -> str:
        """Give it a name of its own."""
        return f"{self.situation.name} {self.code or f'#{self.number}'}"

    @property
    def seen(self) -> bool:
        """Say whether it may be looked at while the weights are set: decided by its name alone."""
        return crc32(self.name.encode()) % 2 == 0


def turns(wanted: Callable[[Turn], bool]) -> list[Turn]:
    """Give every situation with each of its codes, as far as it is wanted."""
    found = [
        Turn(one, code, number)
        for one in SITUATIONS.values()
        for code in one.codes
        for number in range(1, 1 + (1 if code else _WITHOUT_CODES))
    ]
    return [turn for turn in found if wanted(turn)]


async def play(running_world: World, judge: FieldJudge, turn: Turn, random: Random) -> None:
    """Play one turn in a scene of its own, wait for the ends of its cases, and judge it."""
    async with (
        asyncio.timeout(_PLAY_S),
        running_world.scene(random) as scene,
        AsyncExitStack() as stack,
    ):
        playing = Play(scene, turn.code, stack, inspect=judge.inspect)
        await turn.situation.play(playing)
        await playing.over(_END_S)
        await judge.judge(turn.situation, playing, seen=turn.seen)


async def run_field(
    folder: Path, seed: int, chosen: Sequence[Turn]
) -> tuple[FieldJudge, list[str]]:
    """Play all of them; gives what was judged and which plays failed."""
    failed: list[str] = []
    places = asyncio.Semaphore(_AT_ONCE)
    async with world(folder, **PACE) as running_world:
        judge = FieldJudge(running_world)

        async def take(turn: Turn) -> None:
            async with places:
                try:
                    own = Random(f"{seed} {turn.name}")
                    await play(running_world, judge, turn, own)
                except Exception as error:  # noqa: BLE001 - one play less, and it is reported
                    failed.append(f"{turn.name if turn.seen else 'one unseen'}: {error!r}")

        await asyncio.gather(*(take(turn) for turn in chosen))
    return judge, failed
