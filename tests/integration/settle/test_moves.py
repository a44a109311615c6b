"""Money is frozen, freed, charged back: posted once, within what there is."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from annul.domain.payouts import MoveKind
from annul.security.vault import Vault
from annul.settle import moves
from annul.settle.payouts import Made
from tests.support.paying import (
    CALENDAR,
    DAY,
    NOW,
    SHOPS,
    balances_of,
    make_available,
    the_payouts,
)

pytestmark = pytest.mark.usefixtures("shops")


async def _move(pool: asyncpg.Pool, kind: MoveKind, amount: int) -> None:
    move = moves.Move(SHOPS[0], uuid4(), kind, amount, "156")
    async with pool.acquire() as connection, connection.transaction():
        assert await moves.ask(connection, move, "why", "li", NOW)
        await moves.carry_out(connection, CALENDAR, SHOPS[0], move.id, "wang", NOW)


async def test_what_is_frozen_is_not_paid_until_it_is_released(
    pool: asyncpg.Pool, vault: Vault
) -> None:
    await make_available(pool, SHOPS[0], 100)
    await _move(pool, MoveKind.FREEZE, -40)
    assert await the_payouts(pool, vault).run("li") == Made(1, 0, 1)
    assert await balances_of(pool) == (0, 60, 0)
    with pytest.raises(moves.NotCovered):
        await _move(pool, MoveKind.RELEASE, 41)
    await _move(pool, MoveKind.RELEASE, 40)
    assert await the_payouts(pool, vault).run("li") == Made(1, 0, 1)
    assert await balances_of(pool) == (0, 100, 0)
    assert await pool.fetchval("SELECT sum(frozen) FROM merchant_balances") == 0


async def test_a_freeze_takes_no_more_than_there_is_but_a_chargeback_does(
    pool: asyncpg.Pool, vault: Vault
) -> None:
    await make_available(pool, SHOPS[0], 100)
    with pytest.raises(moves.NotCovered):
        await _move(pool, MoveKind.FREEZE, -101)
    await _move(pool, MoveKind.CHARGEBACK, -130)
    assert await balances_of(pool) == (-30, 0, 0)
    assert await the_payouts(pool, vault).run("li") == Made(0, 0, 0)
    await make_available(pool, SHOPS[0], 50, DAY + timedelta(days=1))
    assert await the_payouts(pool, vault).run("li") == Made(1, 0, 1)
    assert await balances_of(pool) == (0, 20, 0)


async def test_a_move_is_posted_once(pool: asyncpg.Pool) -> None:
    await make_available(pool, SHOPS[0], 100)
    move = moves.Move(SHOPS[0], uuid4(), MoveKind.FREEZE, -10, "156")
    await moves.ask(pool, move, "why", "li", NOW)
    assert not await moves.ask(pool, move, "why", "li", NOW)

    async def once() -> bool:
        try:
            async with pool.acquire() as connection, connection.transaction():
                await moves.carry_out(connection, CALENDAR, SHOPS[0], move.id, "wang", NOW)
        except moves.NotAsked:
            return False
        return True

    assert sum(await asyncio.gather(*(once() for _ in range(4)))) == 1
    assert await balances_of(pool) == (90, 0, 0)
