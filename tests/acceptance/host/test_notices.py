"""What a terminal is told with its next message: never lost on the way to one that has gone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from annul.sim.issuer.faults import Fault, FaultKind
from tests.support.site import Site, open_site
from tests.support.wire import Keyed, dial, sale

_TEXT = "凭证000001已撤销"


@pytest.fixture
async def site(database: str, tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(database, tmp_path, timeout_ms=5_000) as opened:
        yield opened


async def _noticed(site: Site, text: str = _TEXT) -> None:
    merchant, terminal, _ = site.terminals[0]
    await site.pool.execute(
        "INSERT INTO notices (merchant_id, id, terminal_id, case_id, text, created_at)"
        " VALUES ($1, $2, $3, $2, $4, now())",
        merchant,
        uuid4(),
        terminal,
        text,
    )
    await site.running.host.notices.refresh()


async def _delivered(site: Site) -> int:
    await site.running.host.notices.close()
    return await site.pool.fetchval("SELECT count(delivered_at) FROM notices")


async def test_a_notice_for_a_terminal_that_has_gone_is_told_with_its_next_message(
    site: Site,
) -> None:
    """It had counted as delivered before a byte of it was written."""
    owner, host = Keyed(site.terminals[0]), site.running.host
    site.issuer.server.faults.rows.append(
        Fault(FaultKind.DELAY, left=1, of_kind="sale", low_ms=400, high_ms=400)
    )
    async with dial(site.port) as wire:
        await owner.sign_in(wire)
        await _noticed(site)
        await wire.send(owner.signed("0200", sale(owner.who, "000001")))
        async with asyncio.timeout(5):
            while not host.in_flight:
                await asyncio.sleep(0.01)
    async with asyncio.timeout(5):  # the answer comes when nobody is there any more
        while host.in_flight or host.notices._given:
            await asyncio.sleep(0.01)
    assert await _delivered(site) == 0
    async with dial(site.port) as wire:
        assert (await owner.sell(wire, "000002")).text == f"CUP{_TEXT}"
        assert await _delivered(site) == 1
        assert (await owner.sell(wire, "000003")).text == ""


async def test_notices_are_told_one_by_one_and_once_each(site: Site) -> None:
    owner = Keyed(site.terminals[0])
    async with dial(site.port) as wire:
        await owner.sign_in(wire)
        for number in range(3):
            await _noticed(site, f"notice {number}")
        told = []
        for number in range(1, 6):
            told.append((await owner.sell(wire, f"{number:06d}")).text.removeprefix("CUP"))
            assert await _delivered(site) == min(number, 3)
            await site.running.host.notices.refresh()
    assert told == ["notice 0", "notice 1", "notice 2", "", ""]
