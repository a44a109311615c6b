"""Who does not read, does not speak, or comes a thousand times takes nothing from the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.support.site import Site, open_site
from tests.support.soft import cashier
from tests.support.wire import WITHIN_S, Keyed, Wire, dial, managing, tap

_ELSEWHERE = "127.0.0.2"
_FLOOD = 150_000  # answers of some 90 bytes: far more than the kernel takes for a silent reader
_CHUNK = 1_000
_GROWTH = 48 << 20
_EACH = 20


def _resident() -> int:
    """Give the memory of this process, in which the host runs, in bytes."""
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * 4_096


async def _pour(wire: Wire, frames: bytes) -> bool:
    """Send without end and read nothing; True when the host hung up."""
    try:
        for _ in range(_FLOOD // _CHUNK):
            wire.writer.write(frames)
            await wire.writer.drain()
    except ConnectionError:
        return True
    return False


@pytest.mark.parametrize("proven", [False, True])
async def test_a_peer_that_never_reads_does_not_fill_the_host(site: Site, proven: bool) -> None:
    who = site.terminals[0]
    echo = managing("echo", who, "301")
    frames = (len(echo) + 11).to_bytes(2, "big") + bytes.fromhex("6000030000603100311000") + echo
    with cashier(site.port, site.terminals[1]) as till:
        await till.take("sale", 100)
        async with dial(site.port, window=2_048) as wire:
            if proven:
                owner = Keyed(who)
                await owner.sign_in(wire)
                assert (await owner.sell(wire, "000001")).code == "00"
            resident, began = _resident(), site.running.figures()["requests"]
            pouring = asyncio.create_task(_pour(wire, frames * _CHUNK))
            try:
                async with asyncio.timeout(120):
                    while True:
                        served = site.running.figures()["requests"]
                        for _ in range(5):  # meanwhile others are served
                            assert (await till.take("sale", 100)).state == "approved"
                        if pouring.done() or site.running.figures()["requests"] == served + 5:
                            break  # hung up, or not read from any more
                hung_up = pouring.done() and pouring.result()
                taken = site.running.figures()["requests"] - began
                assert hung_up or taken < _FLOOD // 2
                assert _resident() - resident < _GROWTH
            finally:
                pouring.cancel()
                await asyncio.wait([pouring])


@asynccontextmanager
async def _idle(site: Site, many: int, stack: AsyncExitStack) -> AsyncIterator[list[Wire]]:
    """Connect so often from elsewhere, and say nothing."""
    wires: list[Wire] = []
    for _ in range(many // 50):
        wires += await asyncio.gather(
            *(stack.enter_async_context(dial(site.port, source=_ELSEWHERE)) for _ in range(50))
        )
    yield wires


async def _few(site: Site, limit: int) -> None:
    async with asyncio.timeout(WITHIN_S):
        while site.running.figures()["connections"] > limit:
            await asyncio.sleep(0.01)


async def test_a_thousand_idle_connections_keep_nobody_out(database: str, tmp_path: Path) -> None:
    async with (
        open_site(database, tmp_path, connections_per_address=_EACH) as site,
        AsyncExitStack() as stack,
        _idle(site, 1_100, stack),
    ):
        await _few(site, _EACH + 1)
        with cashier(site.port, site.terminals[0]) as till:
            assert (await till.take("sale", 1_000)).state == "approved"
        async with tap(site.port, source=_ELSEWHERE) as tapped:
            with cashier(tapped.port, site.terminals[1]) as till:
                assert (await till.take("sale", 2_000)).state == "approved"
            assert tapped.connections == 1
        await site.books_agree()


async def test_a_proven_connection_does_not_give_way(database: str, tmp_path: Path) -> None:
    async with (
        open_site(database, tmp_path, connections_per_address=_EACH) as site,
        tap(site.port, source=_ELSEWHERE) as tapped,
        AsyncExitStack() as stack,
    ):
        with cashier(tapped.port, site.terminals[0]) as till:
            assert (await till.take("sale", 1_000)).state == "approved"
            async with _idle(site, 100, stack):
                await _few(site, _EACH + 1)
                assert (await till.take("sale", 2_000)).state == "approved"
        assert tapped.connections == 1


async def test_a_full_host_still_serves_whom_it_knows(database: str, tmp_path: Path) -> None:
    limit = 40
    async with (
        open_site(database, tmp_path, max_connections=limit) as site,
        AsyncExitStack() as stack,
    ):
        with cashier(site.port, site.terminals[0]) as till:
            assert (await till.take("sale", 1_000)).state == "approved"
            async with _idle(site, 100, stack):
                await _few(site, limit)
                assert (await till.take("sale", 2_000)).state == "approved"


@pytest.mark.parametrize("said", [b"", b"\x00"])
async def test_who_says_nothing_is_hung_up_on(database: str, tmp_path: Path, said: bytes) -> None:
    async with (
        open_site(database, tmp_path, first_message_s=1) as site,
        dial(site.port) as wire,
    ):
        wire.writer.write(said)
        async with asyncio.timeout(WITHIN_S):
            assert await wire.reader.read() == b""
        await _few(site, 0)


async def test_who_has_spoken_may_think(database: str, tmp_path: Path) -> None:
    """The time is for the first message; a terminal waits for the next customer as it likes."""
    async with (
        open_site(database, tmp_path, first_message_s=1) as site,
        tap(site.port) as tapped,
        dial(site.port) as silent,
    ):
        with cashier(tapped.port, site.terminals[0]) as till:
            assert (await till.take("sale", 1_000)).state == "approved"
            async with dial(site.port) as later:
                for wire in (silent, later):
                    async with asyncio.timeout(WITHIN_S):
                        assert await wire.reader.read() == b""
            assert (await till.take("sale", 2_000)).state == "approved"
        assert tapped.connections == 1
