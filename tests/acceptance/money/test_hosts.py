"""A host process that never comes back, and a second one that takes its number: nothing is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from annul.app import ground, serve
from annul.domain.errors import AnnulError
from annul.settings import Settings
from tests.support.processes import Process, free_port
from tests.support.site import RogueSite, open_rogue_site
from tests.support.soft import Cashier, cashier

_LEASE_S = 1.0


@pytest.fixture
async def site(database: str, folder: Path) -> AsyncIterator[RogueSite]:
    """Give the host that stays; its issuers have long to answer, so that others die meanwhile."""
    async with open_rogue_site(
        database, folder / "stays", timeout_ms=30_000, node_lease_s=_LEASE_S
    ) as opened:
        yield opened


@asynccontextmanager
async def _process(site: RogueSite, folder: Path) -> AsyncIterator[Process]:
    """Run another host of the cell, that a test can kill."""
    settings = site.running.ground.settings
    port = free_port()
    environment = {
        "ANNUL_DATABASE": site.database,
        "ANNUL_MASTER_KEY_FILE": str(settings.data / "master.key"),
        "ANNUL_NODE": "1",
        "ANNUL_RESOLVER": "false",
        "ANNUL_TERMINALS_PORT": str(port),
        "ANNUL_STATUS_PORT": "0",
        "ANNUL_CONSOLE": "false",
        "ANNUL_NODE_LEASE_S": str(_LEASE_S),
    }
    folder.mkdir()
    process = Process("dies", ["up", f"--data={folder}"], port, folder, environment)
    await process.start()
    try:
        await process.greeting()
        yield process
    finally:
        process.kill()


async def _sign_in_again(till: Cashier) -> None:
    """Go on after the numbers that its terminal has used on another host."""
    for _ in range(3):
        till.terminal.journal.next_trace()
    await till.terminal.sign_in()


async def test_what_a_host_leaves_that_never_comes_back_is_moved_on_by_another(
    site: RogueSite, folder: Path
) -> None:
    """Its sale is reversed, its refund asked until proved, its original free again."""
    with cashier(site.port, site.terminals[0]) as till:
        sold = await till.take("sale", 10_000)
    async with _process(site, folder / "dies") as process:
        with (
            cashier(process.port, site.terminals[1]) as selling,
            cashier(process.port, site.terminals[0]) as refunding,
        ):
            await _sign_in_again(refunding)
            site.rogue.silent("sale", "refund", book=True)
            under_way = [
                asyncio.create_task(selling.take("sale", 2_500)),
                asyncio.create_task(refunding.undo("refund", sold, 4_000)),
            ]
            async with asyncio.timeout(10):
                while len(site.rogue.of("sale")) < 2 or not site.rogue.of("refund"):
                    await asyncio.sleep(0.01)
            process.kill()
            await asyncio.gather(*under_way, return_exceptions=True)
        site.rogue.let("sale", "refund")
        await site.until("state = 'reversed' FROM transactions WHERE amount = 2500", within_s=20)
        await site.until("state = 'approved' FROM transactions WHERE kind = 'refund'", within_s=20)
        await site.books_agree()
        assert site.rogue.net == 6_000
    with cashier(site.port, site.terminals[0]) as till:
        await _sign_in_again(till)
        await _sign_in_again(till)
        assert (await till.undo("refund", sold, 6_000)).state == "approved"
    await site.books_agree()
    assert site.rogue.net == 0


async def test_second_process_with_the_same_number_does_not_touch_what_the_first_one_serves(
    site: RogueSite, folder: Path
) -> None:
    site.rogue.hold("sale")
    with cashier(site.port, site.terminals[0]) as till:
        selling = asyncio.create_task(till.take("sale", 10_000))
        asked = await site.rogue.next("sale")
        first = site.running.ground.settings
        same = Settings.load(
            None,
            data=folder / "same",
            database=site.database,
            node=site.running.membership.node,
            terminals_port=0,
            status_port=0,
            resolver=False,
            master_key_file=first.data / "master.key",
        )
        async with ground(same) as base:
            with pytest.raises(AnnulError, match="node"):
                async with serve(base):
                    pass
        asked.approve()
        assert (await selling).state == "approved"
    await site.becomes("sale", "approved")
    assert site.rogue.of("reversal") == []
    await site.books_agree()
    assert site.rogue.net == 10_000
