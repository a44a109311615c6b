"""A dead loop, a full outbox, a refused channel: each is an incident that somebody is told of."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.notices import Robot, Watch
from tests.support.site import RogueSite, open_rogue_site

_OWED: Final = 3
_QUIET_S: Final = 0.1  # nothing of it for so long, and an incident closes
_WITHIN_S: Final = 30.0
_HEAD: Final = """EXISTS (SELECT FROM incident_heads h JOIN incidents i ON i.head_id = h.id
WHERE i.kind = $1 AND h.scope = $2 AND (h.closed_at IS NULL) = $3)"""


@pytest.fixture
async def site(database: str, tmp_path: Path) -> AsyncIterator[RogueSite]:
    settings: dict[str, Any] = {"incidents_owed": _OWED, "incidents_quiet_s": _QUIET_S}
    async with open_rogue_site(database, tmp_path, **settings) as opened:
        yield opened


@pytest.fixture
async def robot() -> AsyncIterator[Robot]:
    async with Robot().listening() as listening:
        yield listening


async def _channel(site: RogueSite, robot: Robot, name: str = "group") -> None:
    ground = site.running.ground
    watch = Watch(ground.pool, ground.clock)
    watch.vault = ground.vault
    await watch.add(robot.program(), name)


async def _told(site: RogueSite, robot: Robot, text: str) -> None:
    await site.eventually(lambda: any(text in one for one in robot.texts), within_s=_WITHIN_S)


async def _opens(site: RogueSite, kind: str, scope: str) -> None:
    await site.until(_HEAD, kind, scope, True, within_s=_WITHIN_S)


async def _closes(site: RogueSite, kind: str, scope: str) -> None:
    await site.until(_HEAD, kind, scope, False, within_s=_WITHIN_S)


async def test_a_dead_loop(site: RogueSite, robot: Robot) -> None:
    await _channel(site, robot)
    (loop,) = (one for one in site.running.ground.loops if one.name == "forward")
    own, within_s = loop._turn, loop._within_s
    loop._turn, loop._within_s = asyncio.Event().wait, 0.0  # type: ignore[assignment]
    loop._task.cancel()
    await _opens(site, "loop_stands_still", "process")
    await _told(site, robot, "task forward did not run on time")
    loop._turn, loop._within_s = own, within_s
    loop._task.cancel()
    await _closes(site, "loop_stands_still", "process")
    await _told(site, robot, "over: ")
    assert len(robot.got) == 2, robot.texts


async def test_what_is_owed_to_an_issuer_piles_up(site: RogueSite, robot: Robot) -> None:
    await _channel(site, robot)
    site.rogue.silent("sale", book=True)
    site.rogue.silent("reversal")
    with site.tills(_OWED) as tills:
        await asyncio.gather(*(till.take("sale", 10_000) for till in tills))
    await site.until("count(*) = $1 FROM outbox WHERE pending", _OWED)
    # As if a minute had passed.
    await site.pool.execute("UPDATE outbox SET created_at = created_at - interval '61 s'")
    await _opens(site, "outbox_full", "issuer")
    await _told(site, robot, f"{_OWED} wait to be sent")
    site.rogue.let("sale")
    site.rogue.let("reversal")
    await site.hurry()
    await _closes(site, "outbox_full", "issuer")
    await _told(site, robot, "over: ")
    assert site.rogue.net == 0
    heads = await site.pool.fetch("SELECT scope, member FROM incident_heads")
    assert len(heads) == 1, "of one outage"


async def test_a_channel_that_refuses_is_told_of_by_another(site: RogueSite, robot: Robot) -> None:
    async with Robot(answers=[403]).listening() as refusing:
        await _channel(site, refusing, "refuses")
        await _channel(site, robot)
        (loop,) = (one for one in site.running.ground.loops if one.name == "forward")
        loop._turn, loop._within_s = asyncio.Event().wait, 0.0  # type: ignore[assignment]
        loop._task.cancel()
        await _opens(site, "channel_refused", "channel")
        await _told(site, robot, "Channel refuses: ")
        refusing.answers = [200]
        await site.pool.execute("UPDATE channel_states SET next_at = now()")
        await _closes(site, "channel_refused", "channel")
        await _told(site, refusing, "task forward did not run on time")
        await _told(site, robot, "over: ")
