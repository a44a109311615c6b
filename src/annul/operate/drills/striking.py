"""Strikes a script in a place, by a clock that may run faster, and knows what is true of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from annul.domain.drills import Truth
from annul.sim.scenes.faults.fault import FAULTS
from annul.sim.scenes.field.play import Play
from annul.sim.scenes.field.situation import SITUATIONS
from annul.sim.scenes.held import HELD
from annul.sim.scenes.hosted import Hosted
from annul.sim.scenes.scene import Scene
from annul.sim.terminal.journal import Record

from .script import Script, Stroke
from .traffic import Round, traffic

_JUDGED_S: Final = 60.0  # by the last minute an issuer is judged
_LEAST_JUDGED_S: Final = 5.0
_STEPS: Final = 8  # in which what is held grows
_NONE: Final = "none"


def paced(script: Script, speed: float, begins: datetime) -> dict[str, Any]:
    """Give the settings by which annul keeps pace with a script: its waits, and what it looks at.

    An issuer that is judged by a minute of life would be down for all of a short drill. `begins` is
    when it will begin, in the zone of the shops.
    """
    judged_s = max(_LEAST_JUDGED_S, _JUDGED_S / max(1.0, speed))
    told: dict[str, Any] = {"void_time_scale": 1.0 / speed, "issuer_judged_s": judged_s}
    if script.cut_over is not None:
        at = begins + timedelta(minutes=script.cut_over / speed)
        told["cut_over"] = at.time().replace(microsecond=0)
    return told


@dataclass(slots=True)
class Struck:
    """A stroke while it lasts: `causes` are those that its scene has told so far."""

    stroke: Stroke
    subjects: frozenset[str]
    begins: float
    things: set[str]
    causes: dict[str, int] = field(default_factory=dict[str, int])
    ends: float | None = None

    def truth(self) -> Truth:
        """Give what is true of it; the cause of most voids first."""
        known = HELD.get(self.stroke.kind)
        told = sorted(self.causes, key=lambda cause: (-self.causes[cause], cause))
        causes = known.causes if known else tuple(told) or (_NONE,)
        ends = self.stroke.at + self.stroke.lasts if self.ends is None else self.ends
        subjects = self.subjects | self.things
        return Truth(self.stroke.kind, causes, subjects, self.begins, ends)


class Striking:
    """One drill in one place. A minute of the script lasts `60 / speed` seconds.

    `journal` hears of each stroke when it begins and when it is over.
    """

    def __init__(
        self,
        place: Hosted,
        script: Script,
        seed: int,
        speed: float = 1.0,
        journal: Callable[[str, Truth], None] = lambda *_: None,
    ) -> None:
        self.struck: list[Struck] = []
        self.scenes: list[Scene] = []
        self.failed: list[str] = []
        self._place = place
        self._script = script
        self._seed = seed
        self._minute_s = 60.0 / speed
        self._journal = journal
        self._began = 0.0

    @property
    def minute(self) -> float:
        """How many minutes of the script are over."""
        return (self._now() - self._began) / self._minute_s

    @property
    def truths(self) -> list[Truth]:
        """What was true, stroke by stroke."""
        return [one.truth() for one in self.struck]

    def begin(self) -> None:
        """Let the first minute begin now."""
        self._began = self._now()

    async def until(self, minute: float) -> None:
        """Wait until so many minutes are over."""
        await asyncio.sleep(max(0.0, minute - self.minute) * self._minute_s)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Make the shops of the script; the issuer of each has that of the next one as backup."""
        async with AsyncExitStack() as stack:
            backup = ""
            for shop in reversed(range(self._script.shops)):
                random = Random(f"{self._seed} shop {shop}")  # noqa: S311 - told again
                scene = await stack.enter_async_context(self._place.scene(random, backup))
                self.scenes.insert(0, scene)
                backup = scene.issuer_id
            self.begin()
            yield

    async def play(self) -> None:
        """Let it all happen, to the end of the script."""
        script = self._script
        rounds = traffic(self._seed, script.shops, script.minutes, script.sales_a_minute)
        queues: dict[tuple[int, int], list[Round]] = {}
        for one in rounds:
            queues.setdefault((one.shop, one.till), []).append(one)
        going = [asyncio.create_task(self._sell(queue)) for queue in queues.values()]
        going += [asyncio.create_task(self._strike(stroke)) for stroke in script.strokes]
        try:
            await self.until(script.minutes)
        finally:
            for task in going:
                task.cancel()
            await asyncio.wait(going)
        self.failed += [
            repr(task.exception())
            for task in going
            if not task.cancelled() and task.exception() is not None
        ]

    # What happens -------------------------------------------------------------------------------

    async def _sell(self, rounds: list[Round]) -> None:
        """Serve at one till, one customer after the other, and who comes back for a void."""
        failed: list[Record] = []
        for one in rounds:
            await self.until(one.at)
            scene = self.scenes[one.shop]
            till = scene.tills[one.till]
            while failed and not self._strikes(one.shop):
                await scene.void(till, failed.pop(0), "")
            sale = await scene.sale(till, one.amount, f"{scene.prefix}{one.card:09d}1")
            if one.voided is not None and sale is not None and sale.state == "approved":
                await self.until(one.at + one.voided)
                again = self._strikes(one.shop)
                if not await scene.void(till, sale, "") and again:
                    failed.append(sale)

    def _strikes(self, shop: int) -> bool:
        """Say whether something goes on at a shop that only its customers' return can end."""
        return any(
            one.ends is None and one.stroke.shop == shop and HELD[one.stroke.kind].again
            for one in self.struck
            if one.stroke.kind in HELD
        )

    async def _strike(self, stroke: Stroke) -> None:
        await self.until(stroke.at)
        scene = self.scenes[stroke.shop]
        terminals = (f"{scene.merchant} {till.ids[0]}" for till in scene.tills)
        subjects = frozenset({scene.issuer_id, scene.merchant, *terminals})
        struck = Struck(stroke, subjects, self.minute, scene.things)
        self.struck.append(struck)
        self._journal("begins", struck.truth())
        try:
            if stroke.kind in HELD:
                await self._hold(stroke, scene)
            else:
                await self._again_and_again(stroke, scene, struck)
        finally:
            struck.ends = self.minute
            self._journal("over", struck.truth())

    async def _hold(self, stroke: Stroke, scene: Scene) -> None:
        holding = HELD[stroke.kind].holding(scene)
        await anext(holding)
        try:
            for step in range(1, _STEPS + 1):
                await self.until(stroke.at + stroke.lasts * step / _STEPS)
                await holding.asend(step / _STEPS)
        finally:
            await holding.aclose()

    async def _again_and_again(self, stroke: Stroke, scene: Scene, struck: Struck) -> None:
        """Strike a fault or a situation until its time is over, at least once."""
        pauses = iter((stroke.lasts / 2,))
        while True:
            own = replace(scene, truths=[])
            if stroke.kind in FAULTS:
                await self._fault(stroke, own, struck)
            else:
                await self._situation(stroke, own, struck)
            pause = next(pauses, None)
            if pause is None or self.minute + pause >= stroke.at + stroke.lasts:
                await self.until(stroke.at + stroke.lasts)
                return
            await self.until(self.minute + pause)

    async def _fault(self, stroke: Stroke, scene: Scene, struck: Struck) -> None:
        fault = FAULTS[stroke.kind]
        strike = fault.strike(scene, scene.tills[0], stroke.code or fault.habits[0])
        try:
            await anext(strike)
            with suppress(StopAsyncIteration):
                await anext(strike)
        finally:
            await strike.aclose()
            for _, cause in scene.truths:
                struck.causes[cause] = struck.causes.get(cause, 0) + 1

    async def _situation(self, stroke: Stroke, scene: Scene, struck: Struck) -> None:
        situation = SITUATIONS[stroke.kind]
        async with AsyncExitStack() as stack:
            play = Play(scene, stroke.code or situation.codes[0], stack)
            await situation.play(play)
            for sent in play.sent:
                for cause in sent.truth.causes:
                    if cause != _NONE:
                        struck.causes[cause] = struck.causes.get(cause, 0) + 1

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
