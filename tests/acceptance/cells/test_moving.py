"""Two cells on one machine: terminals reach either, and a merchant moves while it sells."""

import asyncio
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from annul.cells import directory, moving
from annul.sim.terminal.batch import settle
from annul.sim.terminal.line import TerminalLine
from annul.store.clock import SystemClock
from tests.support.cells import TwoCells
from tests.support.roles import as_owner
from tests.support.soft import Cashier, cashier


def _roams(till: Cashier, port: int) -> None:
    terminal = till.terminal
    terminal.close()
    terminal._line = TerminalLine("127.0.0.1", port, terminal.profile.software)


async def _rows(connection: Any, merchant: str) -> dict[str, int]:
    return {
        table: await connection.fetchval(
            f"SELECT count(*) FROM {table} WHERE merchant_id = $1", merchant
        )
        for table in ("transactions", "entries", "terminals", "batches", "case_events")
    }


async def test_a_terminal_that_comes_to_another_cell_is_served(cells: TwoCells) -> None:
    """By its own: the other hands it on and its answers back."""
    site, ports = cells.site, (cells.site.port, cells.second.port)
    with cashier(ports[1], site.terminals[0]) as till:
        sold = await till.take("sale", 1_000)
        for count in range(4):
            _roams(till, ports[count % 2])
            sold = await till.take("sale", 1_000 + count)
            assert (sold.state, sold.response_code) == ("approved", "00")
        assert (await till.undo("void", sold)).state == "approved"
        _roams(till, ports[1])
        assert (await settle(till.terminal)).balanced
    assert await cells.second.ground.pool.fetchval("SELECT count(*) FROM transactions") == 0
    await site.books_agree()


async def test_a_merchant_moves_while_it_sells(cells: TwoCells) -> None:
    """Nothing is lost or doubled; what it sold before is voided where it lives now."""
    site, second = cells.site, cells.second
    merchant = cells.merchant
    with cashier(site.port, site.terminals[0]) as till:
        before = await till.take("sale", 10_000)
        moving_now = asyncio.create_task(cells.move(merchant))
        states: list[str] = []
        while not moving_now.done():
            one = await till.take("sale", 1_000)
            states.append(one.state)
        moved = await moving_now
        assert set(states) <= {"approved", "declined", "reversed"}
        # The terminal still comes to the first cell, which hands it on.
        after = await till.take("sale", 2_000)
        assert (after.state, after.response_code) == ("approved", "00")
        assert (await till.undo("void", before)).state == "approved"
        _roams(till, second.port)
        assert (await till.undo("void", after)).state == "approved"
        assert (await settle(till.terminal)).balanced
    there = await _rows(second.ground.pool, merchant)
    here = await _rows(site.pool, merchant)
    assert here == dict.fromkeys(here, 0)
    approved = await second.ground.pool.fetchval(
        "SELECT count(*) FROM transactions WHERE merchant_id = $1 AND kind = 'sale'"
        " AND state IN ('approved', 'voided')",
        merchant,
    )
    assert approved == sum(one == "approved" for one in states) + 2
    assert there["terminals"] >= 1
    assert moved.rows["transactions"] >= 1
    assert 0 < moved.stopped_s < 15
    net = sum(
        [
            await pool.fetchval(
                "SELECT coalesce(sum(amount), 0) FROM transactions WHERE kind = 'sale'"
                " AND state = 'approved'"
            )
            for pool in (site.pool, second.ground.pool)
        ]
    )
    assert net == site.rogue.net


async def test_it_moves_back_with_all_that_it_has(cells: TwoCells) -> None:
    site, second = cells.site, cells.second
    merchant = cells.merchant
    with cashier(site.port, site.terminals[0]) as till:
        sold = await till.take("sale", 10_000)
        there_and_back = await _rows(site.pool, merchant)
        await cells.move(merchant)
        assert await moving.where(cells.directory, merchant) == {
            "west": ("away", "east"), "east": ("here", ""),
        }  # fmt: skip
        await cells.move(merchant, "east", "west")
        assert await _rows(site.pool, merchant) == there_and_back
        assert (await till.undo("void", sold)).state == "approved"
    assert (await _rows(second.ground.pool, merchant))["transactions"] == 0
    await site.books_agree()


async def test_it_is_charged_there_what_it_alone_has_agreed_on(cells: TwoCells) -> None:
    """0.40 % of 100.00; the table is one that all merchants have in common."""
    site, second, merchant = cells.site, cells.second, cells.merchant
    await site.pool.execute(
        "INSERT INTO fee_rates SELECT $1, card_type, 'merchant', '2020-01-01', 4000, NULL"
        " FROM unnest('{debit,credit,qr}'::text[]) card_type",
        merchant,
    )
    await cells.move(merchant)
    with cashier(second.port, site.terminals[0]) as till:
        sold = await till.take("sale", 10_000)
        assert sold.state == "approved"
    fee = "SELECT fee FROM transactions WHERE merchant_id = $1 AND kind = 'sale'"
    assert await second.ground.pool.fetch(fee, merchant) == [(40,)]
    await cells.move(merchant, "east", "west")
    own = "SELECT count(*) FROM fee_rates WHERE pricing = $1"
    assert await site.pool.fetchval(own, merchant) == 3


async def test_its_business_days_end_there_as_its_contract_says(cells: TwoCells) -> None:
    """At 00:00: all that it sells counts on the next date."""
    site, second, merchant = cells.site, cells.second, cells.merchant
    await site.pool.execute(
        "INSERT INTO cut_overs (merchant_id, valid_from, cut_over, set_by, set_at)"
        " VALUES ($1, '2020-01-01', '00:00', 'li', now())",
        merchant,
    )
    await cells.move(merchant)
    with cashier(second.port, site.terminals[0]) as till:
        sold = await till.take("sale", 10_000)
        assert (await till.undo("void", sold)).state == "approved"
    days = await second.ground.pool.fetch(
        "SELECT DISTINCT business_date - (received_at AT TIME ZONE 'Asia/Shanghai')::date"
        " FROM transactions WHERE merchant_id = $1",
        merchant,
    )
    assert days == [(1,)]
    assert await site.pool.fetchval("SELECT count(*) FROM cut_overs") == 0


@pytest.mark.parametrize("behind", ["west", "east"])
async def test_it_does_not_move_while_only_one_cell_has_closed_a_day(
    cells: TwoCells, behind: str
) -> None:
    """Else the day ended in the middle of the evening for whoever still sells on it."""
    database = cells.site.database
    for cell, schema in (("west", "public"), ("east", "east")):
        day = date(2030, 1, 1 if cell == behind else 2)
        await _as_owner(database, f"UPDATE {schema}.books SET open_from = $1", day)
    with pytest.raises(moving.CanNotMove, match=f"{behind} has not closed business day 2030-01-01"):
        await cells.move(cells.merchant)
    standing = await moving.where(cells.directory, cells.merchant)
    assert standing["west"] == ("here", "")
    for schema in ("public", "east"):
        await _as_owner(database, f"UPDATE {schema}.books SET open_from = $1", date(2030, 1, 3))
    await cells.move(cells.merchant)


async def _as_owner(database: str, query: str, *values: Any) -> None:
    connection = await asyncpg.connect(as_owner(database))
    try:
        await connection.execute(query, *values)
    finally:
        await connection.close()


@pytest.mark.parametrize("step", ["copy", "stop", "catch_up", "arrive", "clear"])
async def test_what_was_cut_off_is_taken_up(
    cells: TwoCells, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before a step or after it: the same call again ends it, once."""
    site = cells.site
    merchant = cells.merchant
    real = getattr(moving._Move, step)

    async def killed(self: Any, *given: Any) -> Any:
        await real(self, *given)
        raise asyncpg.ConnectionDoesNotExistError

    async def nothing(_self: Any) -> None:
        raise asyncpg.ConnectionDoesNotExistError

    with cashier(site.port, site.terminals[0]) as till:
        sold = await till.take("sale", 10_000)
        with monkeypatch.context() as patch:
            patch.setattr(moving._Move, step, killed)
            patch.setattr(moving._Move, "back", nothing)  # killed, it can not go back
            with pytest.raises(asyncpg.ConnectionDoesNotExistError):
                await cells.move(merchant)
        source = (
            await moving.source_of(cells.directory, merchant, "east") if step != "clear" else ""
        )
        if source:
            await cells.move(merchant, source)
        await cells.heard()
        assert (await till.undo("void", sold)).state == "approved"
    standing = await moving.where(cells.directory, merchant)
    assert standing == {"west": ("away", "east"), "east": ("here", "")}
    assert (await _rows(site.pool, merchant))["transactions"] == 0
    assert site.rogue.net == 0


async def test_what_an_earlier_life_left_behind_is_not_taken_for_the_merchant(
    cells: TwoCells,
) -> None:
    """Rows that were not cleared are older than those that would come."""
    site, merchant = cells.site, cells.merchant
    with cashier(site.port, site.terminals[0]) as till:
        await till.take("sale", 10_000)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(moving._Move, "clear", _lost)
            with pytest.raises(asyncpg.ConnectionDoesNotExistError):
                await cells.move(merchant)
        with pytest.raises(moving.CanNotMove, match="not been cleared"):
            await cells.move(merchant, "east", "west")
        await cells.move(merchant)
        await cells.move(merchant, "east", "west")
    assert await moving.where(cells.directory, merchant) == {
        "west": ("here", ""), "east": ("away", "west"),
    }  # fmt: skip


async def _lost(_self: Any) -> None:
    raise asyncpg.ConnectionDoesNotExistError


async def test_a_cell_that_does_not_answer_is_named(cells: TwoCells, tmp_path: Path) -> None:
    file = tmp_path / "away.toml"
    away = "[north]\nnumber = 2\ndatabase = 'postgresql://annul@127.0.0.1:1/annul'\n"
    file.write_text((tmp_path / "cells.toml").read_text() + away)
    with pytest.raises(moving.CellUnreached, match="north"):
        await moving.where(directory.read(file), cells.merchant)


async def test_work_that_does_not_end_keeps_it_where_it_is(cells: TwoCells) -> None:
    site = cells.site
    merchant = cells.merchant
    with cashier(site.port, site.terminals[0]) as till:
        sold = await till.take("sale", 10_000)
        await site.pool.execute(
            "UPDATE transactions SET state = 'sent', sent = 'possibly_sent'"
            " WHERE state = 'approved'"
        )
        with pytest.raises(moving.StillBusy):
            await moving.move(cells.directory, cells.asked(merchant), SystemClock(), within_s=2.5)
        await cells.heard()
        await site.pool.execute("UPDATE transactions SET state = 'approved', sent = 'answered'")
        assert (await till.undo("void", sold)).state == "approved"
    assert await moving.where(cells.directory, merchant) == {"west": ("here", "")}
