"""What a host does beside serving: counts are written, changed settings taken up, loops watched."""

import asyncio

import asyncpg
import pytest

from annul.host.upkeep import Upkeep
from annul.store.loop import Loops
from tests.support.hosts import Inside, Till

_OWN = {"counts", "notices", "reference", "watch"}


@pytest.fixture
def upkeep(inside: Inside) -> Upkeep:
    return Upkeep(inside.host, 3)


async def _changed(pool: asyncpg.Pool, sql: str) -> None:
    await pool.execute(sql)
    await pool.execute("UPDATE reference SET version = version + 1")


async def test_what_somebody_has_changed_is_taken_up_once(
    inside: Inside, till: Till, upkeep: Upkeep
) -> None:
    await _changed(inside.pool, "UPDATE merchants SET active = false")
    assert (await till.ask("sale", till.fields("sale"))).code == "00", "not before it is read"
    await upkeep._follow_reference()
    assert (await till.ask("sale", till.fields("sale"))).code == "03"
    loaded = inside.host.registry.merchant(inside.merchant_id)
    await upkeep._follow_reference()
    assert inside.host.registry.merchant(inside.merchant_id) is loaded, "nothing has changed"


async def test_issuers_that_could_not_be_read_are_read_again(
    inside: Inside, upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Merchants were taken up already; the version is that of all."""
    await _changed(inside.pool, "UPDATE merchants SET name_en = 'other'")
    with monkeypatch.context() as patch:
        patch.setattr("annul.host.upkeep.directory.read", _lost)
        with pytest.raises(ConnectionError):
            await upkeep._follow_reference()
    applied: list[object] = []

    async def apply(*tables: object) -> None:
        applied.append(tables)

    monkeypatch.setattr(inside.host.issuers, "apply", apply)
    await upkeep._follow_reference()
    assert len(applied) == 1


async def _lost(*_: object) -> None:
    raise ConnectionError


async def test_routes_and_issuers_are_taken_up_with_it(
    inside: Inside, till: Till, upkeep: Upkeep, table_owner: asyncpg.Pool
) -> None:
    sold = await inside.sold(till)
    await _changed(table_owner, "UPDATE bins SET issuer_id = '00000303', backup_issuer_id = NULL")
    await upkeep._follow_reference()
    assert (await inside.sold(till)).issuer_id == "00000303" != sold.issuer_id
    await _changed(inside.pool, "UPDATE issuers SET active = false WHERE issuer_id = '00000303'")
    await upkeep._follow_reference()
    assert "00000303" not in inside.host.issuers.lines
    assert (await till.ask("sale", till.fields("sale"))).code == "91"
    assert (await till.ask("void", till.undoing("void", sold))).code == "00"


async def test_a_loop_that_stands_still_is_told_once_and_taken_back(
    inside: Inside, upkeep: Upkeep
) -> None:
    other = Upkeep(inside.host, 4)
    inside.host.loops = Loops(inside.clock)
    gate = asyncio.Event()

    async def hang() -> None:
        await gate.wait()

    loop = inside.host.loops.start("hangs", hang, every_s=1.0, within_s=10.0)
    await upkeep._watch()
    assert await inside.incidents() == []
    inside.clock.forward(seconds=20)
    for one in (upkeep, upkeep, other):
        await one._watch()
    rows = await inside.pool.fetch("SELECT subject FROM incidents WHERE closed_at IS NULL")
    assert sorted(row["subject"] for row in rows) == ["3 hangs", "4 hangs"]
    gate.set()
    async with asyncio.timeout(5):
        while inside.host.loops.late():
            await asyncio.sleep(0.01)
    await upkeep._watch()
    rows = await inside.pool.fetch("SELECT subject FROM incidents WHERE closed_at IS NULL")
    assert [row["subject"] for row in rows] == ["4 hangs"], "that is another process's"
    await loop.stop()


async def test_at_its_end_nothing_that_was_counted_is_lost(inside: Inside, till: Till) -> None:
    upkeep = Upkeep(inside.host, 0)
    await upkeep.start()
    assert not any(loop.stopped for loop in inside.host.loops)
    await inside.sold(till)
    inside.host.evidence.trouble(*till.keyed.who[:2], "link_drops")
    await upkeep.stop()
    assert await inside.pool.fetchval("SELECT sum(link_drops) FROM terminal_stats") == 1
    assert await inside.pool.fetchval("SELECT sum(requests) FROM issuer_stats") == 1
    assert await inside.pool.fetchval("SELECT count(*) FROM issuer_links WHERE up") == 3
    own = [loop for loop in inside.host.loops if loop.name in _OWN]
    assert {loop.name for loop in own} == _OWN
    assert all(loop.stopped for loop in own)
