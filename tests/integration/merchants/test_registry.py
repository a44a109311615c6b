"""Merchants and terminals in memory: as the database has them, whatever happens meanwhile."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from annul.merchants.registry import Registry
from annul.merchants.station import Station
from annul.merchants.working_keys import hand_out, refresh
from annul.security.keys import KeyKind
from annul.security.software import SoftwareModule
from annul.sim.demo import DemoPlan, seed
from tests.support.clock import NOON
from tests.support.roles import as_owner


@pytest.fixture
async def registry(pool: asyncpg.Pool) -> Registry:
    """Give what a host has in memory of three shops with two terminals each."""
    await seed(pool, SoftwareModule(bytes(32)), DemoPlan((1,), merchants=3))
    loaded = Registry(pool)
    await loaded.load()
    return loaded


_TEA, _TILL = "898000058120000", "10000001"


def _station(registry: Registry, terminal_id: str = _TILL) -> Station:
    found = registry.station(_TEA, terminal_id)
    assert found is not None
    return found


async def _set(pool: asyncpg.Pool, table: str, **columns: Any) -> None:
    for name, value in columns.items():
        await pool.execute(f"UPDATE {table} SET {name} = $2 WHERE merchant_id = $1", _TEA, value)


async def test_what_is_registered_is_found_and_nothing_else(registry: Registry) -> None:
    merchant = registry.merchant(_TEA)
    assert merchant is not None
    assert (merchant.name_zh, merchant.category, merchant.pricing) == (
        "示例茶馆",
        "5812",
        "standard",
    )
    assert registry.merchant("898000000000000") is None
    assert registry.station(_TEA, "10000009") is None
    assert registry.station("898000059420001", _TILL) is None, "a terminal is its shop's"


async def test_a_contract_is_read_whole(pool: asyncpg.Pool, registry: Registry) -> None:
    """A column that is read into the place of another moves money."""
    await _set(
        pool,
        "merchants",
        active=False,
        currency="840",
        pricing="discount",
        amount_limit=1,
        void_needs_balance=True,
        refund_days=2,
        pending_covers=False,
        retry_voids=False,
        refund_instead_limit=3,
        second_person_from=4,
        reversed_voids="stand",
    )
    await registry.load()
    merchant = registry.merchant(_TEA)
    assert merchant is not None
    assert (merchant.active, merchant.currency, merchant.pricing) == (False, "840", "discount")
    assert (merchant.amount_limit, merchant.refund_days) == (1, 2)
    assert (merchant.void_needs_balance, merchant.pending_covers) == (True, False)
    assert (merchant.retry_voids, merchant.reversed_voids) == (False, "stand")
    assert (merchant.refund_instead_limit, merchant.second_person_from) == (3, 4)


async def test_a_terminal_is_read_with_its_kinds_and_its_profile(
    pool: asyncpg.Pool, registry: Registry
) -> None:
    station = _station(registry)
    assert station.terminal.kinds is None
    await _set(
        pool,
        "terminals",
        kinds=["sale", "void"],
        amount_limit=7,
        batch="000123",
        signed_in=True,
        unbound_management=True,
        tls_identity="a1" * 32,
        wants="update",
    )
    await registry.load()
    terminal = station.terminal
    assert terminal.kinds == {"sale", "void"}
    assert (terminal.amount_limit, terminal.batch, terminal.wants) == (7, "000123", "update")
    assert terminal.signed_in
    assert terminal.unbound_management
    assert registry.knows("a1" * 32)
    assert not registry.knows(""), "no certificate is none of anybody"


async def test_a_station_stays_the_same_when_everything_is_read_anew(registry: Registry) -> None:
    """What it remembers of seen codes and refused requests would be gone with it."""
    station = _station(registry)
    station.refused.keep(b"a void", "25", "original_not_found")
    await registry.load()
    assert _station(registry) is station
    assert station.refused.get(b"a void") == ("25", "original_not_found")


async def test_who_is_gone_is_not_found_any_more(
    database: str, pool: asyncpg.Pool, registry: Registry
) -> None:
    owner = await asyncpg.connect(as_owner(database))
    await owner.execute("DELETE FROM terminal_keys WHERE terminal_id = '10000002'")
    await owner.execute("DELETE FROM terminals WHERE terminal_id = '10000002'")
    await owner.close()
    await registry.load()
    assert registry.station(_TEA, "10000002") is None
    assert _station(registry).master_key is not None
    assert pool is not None


async def test_keys_of_one_terminal_are_no_others(registry: Registry) -> None:
    keys = [
        station.keys[KeyKind.MASTER].wrapped
        for terminal in (_TILL, "10000002")
        if (station := registry.station(_TEA, terminal))
    ]
    assert len(set(keys)) == 2
    assert _station(registry).pending is None


async def test_fees_are_those_of_the_day(pool: asyncpg.Pool, registry: Registry) -> None:
    day = date(2026, 11, 25)
    assert registry.fees.charge("standard", "debit", 10_000, day).merchant == 50
    await pool.execute(
        "INSERT INTO fee_rates (pricing, card_type, party, valid_from, rate_ppm)"
        " VALUES ('standard', 'debit', 'merchant', $1, 1000)",
        day,
    )
    assert registry.fees.charge("standard", "debit", 10_000, day).merchant == 50, "until it is read"
    await registry.load()
    assert registry.fees.charge("standard", "debit", 10_000, day).merchant == 10
    before = date(2026, 11, 24)
    assert registry.fees.charge("standard", "debit", 10_000, before).merchant == 50


async def test_a_version_is_that_of_what_was_read(pool: asyncpg.Pool, registry: Registry) -> None:
    read = registry.version
    assert read == await pool.fetchval("SELECT version FROM reference")
    await pool.execute("UPDATE reference SET version = version + 1")
    assert registry.version == read
    await registry.load()
    assert registry.version == read + 1


async def test_a_lost_database_keeps_nobody_from_being_found(
    pool: asyncpg.Pool, registry: Registry
) -> None:
    await pool.close()
    assert registry.merchant(_TEA) is not None
    assert registry.station(_TEA, _TILL) is not None
    with pytest.raises(asyncpg.InterfaceError):
        await registry.load()
    assert registry.merchant(_TEA) is not None, "what was read stays"


async def test_keys_handed_out_while_everything_is_read_are_in_force_at_every_moment(
    pool: asyncpg.Pool, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a reading saw before them would refuse a terminal that has just signed in."""
    module, station = SoftwareModule(bytes(32)), _station(registry)
    await _set(pool, "terminals", kinds=["sale"])
    seen: list[bool] = []

    async def refreshed(_: object, one: Station) -> None:
        seen.append(one.pending is not None)
        await refresh(pool, one)

    async def handed_out() -> None:
        await hand_out(pool, station, module, NOON)
        assert station.pending is not None

    monkeypatch.setattr("annul.merchants.registry.refresh", refreshed)
    meanwhile = _Meanwhile(pool, "FROM fee_rates", handed_out)
    registry._pool = meanwhile  # type: ignore[assignment]  # it has what a pool is used for
    await registry.load()
    assert seen == [True]
    assert station.pending is not None
    assert station.terminal.kinds == {"sale"}, "and what somebody else has changed is read"


class _Meanwhile:
    """A pool in whose transactions something happens before one statement."""

    def __init__(self, pool: asyncpg.Pool, part: str, doing: Callable[[], Awaitable[None]]) -> None:
        self._pool, self._part, self._doing = pool, part, doing

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        async with self._pool.acquire() as connection:
            fetch = connection.fetch

            async def fetched(sql: str, *values: Any) -> Any:
                if self._part in sql:
                    await self._doing()
                return await fetch(sql, *values)

            yield SimpleNamespace(
                fetch=fetched, fetchval=connection.fetchval, transaction=connection.transaction
            )


async def test_what_a_terminal_does_is_kept_in_both_places(
    pool: asyncpg.Pool, registry: Registry
) -> None:
    station, other = _station(registry), _station(registry, "10000002")
    await _set(pool, "terminals", signed_in=True)
    await registry.load()
    await registry.signed_off(station, NOON)
    await registry.informed(station, "缺纸", NOON)
    await registry.want(_TEA, _TILL, "parameters")
    await registry.want(_TEA, "10000009", "update")  # nobody is there
    (row,) = await pool.fetch("SELECT * FROM terminals WHERE terminal_id = $1", _TILL)
    assert (row["signed_in"], row["information"], row["wants"]) == (False, "缺纸", "parameters")
    assert row["last_seen_at"] == NOON
    assert (station.terminal.signed_in, station.terminal.wants) == (False, "parameters")
    assert other.terminal.signed_in
    registry.in_batch(station, "000002")
    assert (station.terminal.batch, other.terminal.batch) == ("000002", "000001")


async def test_what_was_not_read_to_its_end_is_to_be_read_again(
    registry: Registry, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that is held says that all of it is known."""
    before = registry.version
    await pool.execute("UPDATE merchants SET active = false")
    await pool.execute("UPDATE reference SET version = version + 1")

    def lost(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr("annul.merchants.registry.FeeTable", lost)
        with pytest.raises(ConnectionError):
            await registry.load()
    assert registry.version == before
    await registry.load()
    assert registry.version == before + 1
