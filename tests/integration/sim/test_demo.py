"""The demo's shops: made up, complete, and never written over what is there."""

import asyncpg
import pytest

from annul.issuers import directory
from annul.merchants.registry import Registry
from annul.security.keys import KeyKind
from annul.security.software import SoftwareModule
from annul.sim.demo import ISSUERS, DemoPlan, seed

_SECURITY = SoftwareModule(bytes(32))


async def test_every_terminal_is_given_out_with_its_key_once(pool: asyncpg.Pool) -> None:
    made = await seed(pool, _SECURITY, DemoPlan((1,), merchants=5, terminals_each=3))
    assert len(made) == len({(merchant, terminal) for merchant, terminal, _ in made}) == 15
    assert len({key for *_, key in made}) == 15
    assert all(len(bytes.fromhex(key)) == 16 for *_, key in made)
    registry = Registry(pool)
    await registry.load()
    for merchant, terminal, _ in made:
        station = registry.station(merchant, terminal)
        assert station is not None
        assert station.keys.keys() == {KeyKind.MASTER}


async def test_what_is_there_stays_and_only_what_is_new_is_given_out(
    pool: asyncpg.Pool, table_owner: asyncpg.Pool
) -> None:
    first = await seed(pool, _SECURITY, DemoPlan((1,), merchants=1))
    await pool.execute("UPDATE merchants SET amount_limit = 5")
    await table_owner.execute("UPDATE fee_rates SET rate_ppm = 1")
    again = await seed(pool, _SECURITY, DemoPlan((1,), merchants=2))
    assert {merchant for merchant, *_ in again} == {"898000059420001"}
    assert not {terminal for _, terminal, _ in first} & {terminal for _, terminal, _ in again}
    assert await pool.fetchval("SELECT min(amount_limit) FROM merchants") == 5
    assert await pool.fetchval("SELECT max(rate_ppm) FROM fee_rates") == 1


async def test_an_issuer_gets_the_address_and_the_keys_that_it_has_now(
    pool: asyncpg.Pool,
) -> None:
    await seed(pool, _SECURITY, DemoPlan((1_001,)))
    await pool.execute("UPDATE issuers SET active = false WHERE issuer_id = '00000202'")
    await seed(pool, _SECURITY, DemoPlan((2_001, 2_002), mac_key=bytes(range(16))))
    rows = {row.issuer_id: row for row in (await directory.read(pool)).issuers}
    assert [rows[issuer].port for issuer, *_ in ISSUERS] == [2_001, 2_002, 2_001]
    assert not rows["00000202"].active, "what somebody has switched off stays off"
    assert all(row.mac_key and not row.pin_key for row in rows.values())


@pytest.mark.parametrize(
    ("prefix", "issuer", "backup"),
    [("620001", 0, 1), ("620002", 1, 0), ("629", 2, None), ("62", 0, None)],
)
async def test_every_card_of_the_demo_has_a_way(
    pool: asyncpg.Pool, prefix: str, issuer: int, backup: int | None
) -> None:
    await seed(pool, _SECURITY, DemoPlan((1,)))
    (row,) = await pool.fetch("SELECT * FROM bins WHERE prefix = $1", prefix)
    assert row["issuer_id"] == ISSUERS[issuer][0]
    assert row["backup_issuer_id"] == (None if backup is None else ISSUERS[backup][0])


async def test_an_identity_is_asked_for_of_each_terminal(pool: asyncpg.Pool) -> None:
    def identity(terminal: str, merchant: str) -> str:
        return f"{terminal}{merchant[-2:]}".ljust(64, "0")

    await seed(pool, _SECURITY, DemoPlan((1,), merchants=2, terminals_each=1, identity=identity))
    rows = await pool.fetch("SELECT terminal_id, tls_identity FROM terminals ORDER BY 1")
    assert [row["tls_identity"][:10] for row in rows] == ["1000000100", "1000000201"]
