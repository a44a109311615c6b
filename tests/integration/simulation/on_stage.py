"""A stage on which a playbook is played: its host dies, and what acts bring about is seen.

What an act brings about is asserted on the traffic: who is refused, what is tried, where it goes.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from annul.sim.issuer.faults import Fault
from annul.sim.scenes import scene as scenes
from annul.simulation.stage import Stage
from annul.store.clock import Clock
from tests.support.playing import Around, Hand, Scene

BACKUP: Final = "00000101"
HEEDED_S: Final = 1.5  # hosts heed what people decide within a second
_TURN_S: Final = 31.0
_DIES_AFTER_S: Final = 1.0
_RETRIES: Final = """
SELECT count(*)::integer FROM transactions
WHERE merchant_id = $1 AND kind = 'void' AND origin <> 'terminal' AND sent <> 'not_sent'
"""
_SENT: Final = """
SELECT count(*)::integer FROM transactions
WHERE merchant_id = $1 AND kind = 'sale' AND sent <> 'not_sent'
"""
_LAST_TO: Final = """
SELECT issuer_id FROM transactions
WHERE merchant_id = $1 AND kind = 'sale' ORDER BY received_at DESC LIMIT 1
"""


@dataclass(slots=True)
class OnStage(Scene):
    """A desk at a stage; `struck` is where something goes wrong."""

    stage: Stage = field(kw_only=True)
    struck: scenes.Scene = field(kw_only=True)
    died: bool = False
    fault: Fault | None = None

    @property
    def clock(self) -> Clock:  # type: ignore[override]
        return self.desk.clock

    async def carried(self, hand: Hand) -> None:
        """Let time pass in which the host carries on; the first one dies meanwhile."""
        del hand
        await asyncio.sleep(_DIES_AFTER_S)
        await self.die()
        await asyncio.sleep(_TURN_S)

    async def die(self) -> None:
        """Let the host die, once in each play."""
        if not self.died:
            self.died = True
            await self.stage.another_life()

    async def sent(self) -> int:
        """Count the sales that an issuer may have heard of."""
        return await self.pool.fetchval(_SENT, self.merchant)

    async def retries(self) -> int:
        """Count the voids that annul has sent by itself."""
        return await self.pool.fetchval(_RETRIES, self.merchant)


# What acts bring about ----------------------------------------------------------------------------


def _refused(code: str) -> Around:
    async def holds(scene: OnStage) -> None:
        sent = await scene.sent()
        record = await scene.struck.sale(scene.struck.tills[0])
        assert record is not None
        assert record.response_code == code, record
        assert await scene.sent() == sent

    return holds


async def _sells(scene: OnStage) -> None:
    record = await scene.struck.sale(scene.struck.tills[0])
    assert record is not None
    assert record.state == "approved", record


async def _elsewhere(scene: OnStage) -> None:
    await _sells(scene)
    assert await scene.pool.fetchval(_LAST_TO, scene.merchant) == BACKUP


async def _nothing_is_tried(scene: OnStage) -> None:
    before = await scene.retries()
    await asyncio.sleep(60.0)
    assert await scene.retries() == before


async def nothing(_: OnStage) -> None:
    """It is seen in what is in force alone."""


# By the kind of what is in force: what is so then, and what is so again once it is undone.
EFFECTS: Final[Mapping[str, tuple[Around, Around]]] = {
    "circuit_open": (_refused("91"), _sells),
    "retries_paused": (_nothing_is_tried, nothing),
    "route_around": (_elsewhere, _sells),
    "merchant_frozen": (_refused("03"), _sells),
    "terminal_blocked": (_refused("58"), _sells),
    "refunds_instead": (nothing, nothing),
    "window": (_nothing_is_tried, nothing),
    "wants": (nothing, nothing),
    "software": (nothing, nothing),
    "released": (nothing, nothing),
}
