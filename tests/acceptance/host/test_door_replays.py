"""All that a terminal ever said, said again by somebody else: nothing comes of it."""

import asyncio
from collections.abc import Sequence

import pytest

from annul.sim.terminal.batch import settle
from annul.wire.framing import Frame
from tests.support.adversary import changes, quiet, resolver_round, snapshot
from tests.support.site import Site
from tests.support.soft import Cashier, cashier
from tests.support.wire import Tap, dial, tap


async def _live(till: Cashier) -> None:
    """Do what a day brings: sales, a void, a refund, a reversal, management, a settlement."""
    await till.terminal.fetch_parameters()
    first = await till.take("sale", 10_000)
    second = await till.take("sale", 20_000)
    third = await till.take("sale", 30_000)
    scanned = await till.take("qr_sale", 4_000)
    assert (await till.undo("void", first)).state == "approved"
    assert (await till.undo("refund", second, 5_000)).state == "approved"
    assert (await till.undo("qr_void", scanned)).state == "approved"
    # The terminal comes to think that the third was never answered.
    till.terminal.journal.change(third, owed="reversal", state="unanswered")
    await till.terminal.settle_owed()
    assert [record.state for record in till.told] == ["reversed"]
    await till.terminal.send_status("paper low")


async def _again(site: Site, frames: Sequence[Frame], *, each: bool) -> None:
    """Send frames again, each on a connection of its own or all behind one another."""
    if each:
        for frame in frames:
            async with dial(site.port) as wire:
                await wire.ask(frame.body, frame.head)
        return
    left = list(frames)
    while left:  # the host may hang up on who proves nothing
        async with dial(site.port) as wire:
            while left:
                frame = left.pop(0)
                if await wire.ask(frame.body, frame.head) is None:
                    break


async def _nothing_changes(site: Site, tapped: Tap, *, each: bool) -> None:
    await quiet(site)
    before = await snapshot(site)
    for frames in (tapped.requests, tapped.requests[::-1], tapped.answers):
        await _again(site, tuple(frames), each=each)
    await quiet(site)
    await resolver_round(site)
    assert changes(before, await snapshot(site)) == []


@pytest.mark.parametrize("each", [True, False])
async def test_replays_within_the_batch(site: Site, each: bool) -> None:
    async with tap(site.port) as tapped:
        with cashier(tapped.port, site.terminals[0]) as till:
            await _live(till)
            await _nothing_changes(site, tapped, each=each)
            assert (await till.take("sale", 700)).response_code == "00"
            assert all(r.response_code == "00" for r in till.terminal.journal.records())
    await site.books_agree()


@pytest.mark.parametrize("each", [True, False])
async def test_replays_once_the_batch_has_changed(site: Site, each: bool) -> None:
    async with tap(site.port) as tapped:
        with cashier(tapped.port, site.terminals[0]) as till:
            await _live(till)
            assert (await settle(till.terminal)).batch == "000001"
            await till.take("sale", 600)
            await _nothing_changes(site, tapped, each=each)
            after = await till.take("sale", 700)
            assert (after.response_code, after.batch) == ("00", "000002")
    await site.books_agree()


async def test_replays_under_other_keys(site: Site) -> None:
    """The terminal has signed in anew and used its keys: what it said before is wrong now."""
    async with tap(site.port) as tapped:
        with cashier(tapped.port, site.terminals[0]) as till:
            await _live(till)
            await till.terminal.sign_in()
            await till.take("sale", 600)
            await _nothing_changes(site, tapped, each=True)
            assert (await till.take("sale", 700)).response_code == "00"


async def test_a_frame_sent_twice_at_once_counts_once(site: Site) -> None:
    async with tap(site.port) as tapped:
        with cashier(tapped.port, site.terminals[0]) as till:
            await till.take("sale", 10_000)
            frame = tapped.requests[-1]
            before = await snapshot(site)
            async with asyncio.TaskGroup() as group:
                for _ in range(20):
                    group.create_task(_again(site, [frame] * 3, each=False))
            assert changes(before, await snapshot(site)) == []
    assert await site.issuer_net() == 10_000
