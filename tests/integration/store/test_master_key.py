"""One database, one local master key: whoever has another is refused, whoever comes at once too."""

import asyncio
from typing import Any

import asyncpg
import pytest

from annul.security.derive import check_value
from annul.security.keys import KeyKind
from annul.security.software import SoftwareModule
from annul.security.vault import Vault
from annul.sim.demo import DemoPlan, seed
from annul.store.database import connect
from annul.store.master_key import AnotherMasterKey, keep, sealed_in
from tests.support.rows import put, put_transaction

_OURS, _OTHER = bytes(range(32)), bytes(range(1, 33))


async def _kept(pool: asyncpg.Pool) -> list[bytes]:
    return [row[0] for row in await pool.fetch("SELECT check_value FROM master_key")]


async def test_the_first_key_is_the_databases_and_no_other(pool: asyncpg.Pool) -> None:
    assert not await sealed_in(pool)
    await keep(pool, _OURS)
    await keep(pool, _OURS)
    with pytest.raises(AnotherMasterKey) as refused:
        await keep(pool, _OTHER)
    assert await _kept(pool) == [check_value(_OURS)]
    assert refused.value.code == "store.master_key"
    assert "ANNUL_MASTER_KEY" in refused.value.next_step


async def _terminals(pool: asyncpg.Pool, master: bytes) -> None:
    await seed(pool, SoftwareModule(master), DemoPlan((1,), merchants=1))


async def _issuer(pool: asyncpg.Pool, master: bytes) -> None:
    wrapped = SoftwareModule(master).import_key(KeyKind.MAC, "3des", bytes(range(16))).wrapped
    values: dict[str, Any] = {
        "issuer_id": "00000101",
        "name_zh": "行",
        "name_en": "Bank",
        "host": "127.0.0.1",
        "port": 1,
        "mac_key": wrapped,
    }
    await put(pool, "issuers", values)


async def _card(pool: asyncpg.Pool, master: bytes) -> None:
    await put_transaction(pool, 1, card_cipher=Vault(master).seal("6200010000000007"))


@pytest.mark.parametrize("store", [_terminals, _issuer, _card])
async def test_without_a_value_what_is_stored_decides(pool: asyncpg.Pool, store: Any) -> None:
    await store(pool, _OURS)
    with pytest.raises(AnotherMasterKey, match="nothing that is stored opens"):
        await keep(pool, _OTHER)
    assert await _kept(pool) == []
    await keep(pool, _OURS)
    assert await _kept(pool) == [check_value(_OURS)]


async def test_of_two_that_come_at_once_one_has_the_database(database: str) -> None:
    pools = [await connect(database, size=1) for _ in range(8)]
    try:
        masters = [bytes([number]) * 32 for number in range(len(pools))]
        done = await asyncio.gather(
            *(keep(pool, master) for pool, master in zip(pools, masters, strict=True)),
            return_exceptions=True,
        )
        [winner] = [master for master, end in zip(masters, done, strict=True) if end is None]
        assert await _kept(pools[0]) == [check_value(winner)]
        assert sum(isinstance(end, AnotherMasterKey) for end in done) == len(pools) - 1
    finally:
        for pool in pools:
            await pool.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE master_key SET check_value = $1",
        "DELETE FROM master_key WHERE check_value <> $1",
    ],
)
async def test_the_serving_role_can_not_change_it(pool: asyncpg.Pool, change: str) -> None:
    await keep(pool, _OURS)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute(change, check_value(_OTHER))
