"""Every loop of a host, found by asking for them, outlives every failure; somebody is told."""

import asyncio
from typing import Any

from annul.domain.incident import Reader
from annul.domain.incidents import INCIDENTS
from annul.store.loop import Loop
from tests.support.site import Site, cashier
from tests.support.turns import FAULTS

_ALWAYS = {
    "lease",
    "late_answers",
    "channels",
    "counts",
    "alarm counts",
    "alarms",
    "probes",
    "notices",
    "reference",
    "wants",
    "watch",
    "recovery",
    "forward",
    "forward_watch",
    "measures",
    "resolver",
    "sweep",
    "retention",
    "settlement",
    "chargebacks",
    "clearing foretold",
    "clearing proofs",
    "clearing expected",
    "rules",
    "orders",
    "seals",
    "seal_export",
    "issuer_keys",
    "moves",
    "witness",
    "incidents",
    "raising",
    "downtimes",
    "samples",
    "capacity",
    "reports",
    "playbooks",
}


def _broken(loop: Loop) -> asyncio.Event:
    """Let a loop's next turns fail in every way; gives an event for when its own turn is back."""
    left, own, back = list(FAULTS), loop._turn, asyncio.Event()

    async def turn() -> None:
        if left:
            raise left.pop(0)
        back.set()
        await own()

    loop._turn, loop._after_s = turn, 0.001
    loop._task.cancel()  # also this, by somebody who was not to
    return back


async def test_every_loop_of_a_host_outlives_every_failure(site: Site) -> None:
    loops = list(site.running.ground.loops)
    names = {loop.name for loop in loops}
    assert {name for name in names if not name.startswith("link ")} == _ALWAYS
    assert len(names - _ALWAYS) == len(site.running.host.issuers.lines) > 0
    backs = [_broken(loop) for loop in loops]
    async with asyncio.timeout(20):
        for back in backs:
            await back.wait()
        await site.running.host.issuers.ready(10)
    assert all(loop.failures == len(FAULTS) + 1 for loop in loops)
    with cashier(site.port, site.terminals[0]) as till:
        sold = await till.take("sale", 10_000)
        assert (await till.undo("void", sold, 10_000)).state == "approved"


async def test_somebody_is_told_of_a_loop_that_stands_still_until_it_comes_round(
    site: Site,
) -> None:
    by_name = {loop.name: loop for loop in site.running.ground.loops}
    watch, still = by_name["watch"]._turn, by_name["forward"]

    async def told() -> list[Any]:
        await watch()
        return await site.running.ground.pool.fetch(
            "SELECT params FROM incidents WHERE kind = 'loop_stands_still' AND closed_at IS NULL"
        )

    assert await told() == []
    own, still._within_s = still._turn, 0.0
    still._turn = asyncio.Event().wait  # type: ignore[assignment]
    still._task.cancel()
    await asyncio.sleep(0.01)
    [(params,)] = await told()
    said = INCIDENTS["loop_stands_still"].said(params, Reader())
    assert said.startswith("Host process 0: task forward did not run on time")
    assert len(await told()) == 1, "once while it lasts"
    still._turn, still._within_s = own, 60.0
    assert await told() == []
