"""A mover that is killed half-way: the hosts say so by themselves until the move has ended."""

import asyncio
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from annul.cells import moving
from annul.domain.incident import Reader
from annul.domain.incidents import INCIDENTS
from annul.host.moves import HANGS_S, Moves
from tests.support.cells import TwoCells
from tests.support.clock import HeldClock
from tests.support.soft import cashier

_KIND = "move_stands_still"
_MOVER = """
import asyncio, sys
from pathlib import Path
from annul.cells import directory, moving
from annul.store.clock import SystemClock

asked = moving.Asked(sys.argv[2], "west", "east", "somebody", "it grows")
asyncio.run(moving.move(directory.read(Path(sys.argv[1])), asked, SystemClock()))
"""
_BUSY = "UPDATE transactions SET state = 'sent', sent = 'possibly_sent' WHERE state = 'approved'"
_DONE = "UPDATE transactions SET state = 'approved', sent = 'answered' WHERE state = 'sent'"
_LOCKS = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 'merchants'::regclass"
)


async def _open(cells: TwoCells) -> list[str]:
    rows = await cells.site.pool.fetch(
        "SELECT params FROM incidents WHERE kind = $1 AND closed_at IS NULL", _KIND
    )
    return [INCIDENTS[_KIND].said(row["params"], Reader("zh")) for row in rows]


async def _until(cells: TwoCells, query: str) -> None:
    async with asyncio.timeout(30):
        while not await cells.site.pool.fetchval(query):
            await asyncio.sleep(0.05)


async def test_a_mover_that_was_killed_is_told_of_until_the_move_ends(
    cells: TwoCells, tmp_path: Path
) -> None:
    site, merchant = cells.site, cells.merchant
    looking = Moves(site.running.host)
    with cashier(site.port, site.terminals[0]) as till:
        sold = await till.take("sale", 10_000)
        await site.pool.execute(_BUSY)  # so that the mover waits, its merchant stopped
        mover = subprocess.Popen(
            [sys.executable, "-c", _MOVER, str(tmp_path / "cells.toml"), merchant]
        )
        try:
            await _until(cells, "SELECT true FROM merchants WHERE lives = 'leaving'")
            for _ in range(3):
                await looking.look()
            assert await _open(cells) == []  # it is moved
        finally:
            mover.kill()
            mover.wait()
        await _until(cells, f"SELECT ({_LOCKS}) = 0")
        await looking.look()
        await looking.look()
        assert await _open(cells) == [f"商户{merchant}前往单元east的迁移没有继续"]
        await site.pool.execute(_DONE)
        await cells.move(merchant)
        await looking.look()
        assert await _open(cells) == []
        assert (await till.undo("void", sold)).state == "approved"
    # It belongs to no merchant, so it neither went along nor stood in the way.
    assert not await cells.second.ground.pool.fetchval("SELECT count(*) FROM incidents")
    assert (await moving.where(cells.directory, merchant))["east"] == ("here", "")


async def test_what_is_left_after_it_lives_there_is_told_of_too(
    cells: TwoCells, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the incident is nothing that was written after the copy: the move can still be ended."""
    merchant = cells.merchant
    looking = Moves(cells.site.running.host)
    with cashier(cells.site.port, cells.site.terminals[0]) as till:
        await till.take("sale", 10_000)
    with monkeypatch.context() as patch:
        patch.setattr(moving._Move, "clear", _lost)
        with pytest.raises(asyncpg.ConnectionDoesNotExistError):
            await cells.move(merchant)
    await looking.look()
    assert await _open(cells) == []  # one look may fall between two steps of its end
    await looking.look()
    assert len(await _open(cells)) == 1
    await cells.move(merchant)
    await looking.look()
    assert await _open(cells) == []


async def _lost(_self: moving._Move) -> None:
    raise asyncpg.ConnectionDoesNotExistError


async def test_a_mover_that_hangs_is_told_of_as_well(cells: TwoCells) -> None:
    host, merchant = cells.site.running.host, cells.merchant
    own, host.clock = host.clock, HeldClock()
    owner = await cells.site.pool.acquire()
    try:
        looking = Moves(host)
        assert await owner.fetchval(*moving._SQL["alone"](merchant=merchant))
        await owner.execute(
            "UPDATE merchants SET lives = 'leaving', cell = 'east' WHERE merchant_id = $1", merchant
        )
        for _ in range(3):
            await looking.look()
        assert await _open(cells) == []
        host.clock.forward(seconds=HANGS_S + 1)
        await looking.look()
        assert len(await _open(cells)) == 1
        await owner.execute("UPDATE merchants SET lives = 'here', cell = ''")
        await looking.look()
        assert await _open(cells) == []
    finally:
        host.clock = own
        await owner.execute("SELECT pg_advisory_unlock_all()")
        await cells.site.pool.release(owner)
