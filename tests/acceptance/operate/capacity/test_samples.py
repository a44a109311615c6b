"""What a host measures of itself and of the database while terminals sell."""

import asyncio
from typing import Any

from annul.operate.capacity.samples import Sampler, read_host
from tests.support.site import Site
from tests.support.soft import cashier

_SALES = 12


def sampler_of(site: Site) -> Sampler:
    ground = site.running.ground
    return Sampler(site.running.host, 7, ground.clock, ground.loops)


async def sold(site: Site) -> None:
    with cashier(site.port, site.terminals[0]) as till:
        for _ in range(_SALES):
            sale = await till.take("sale", 10_000)
            assert (await till.undo("void", sale, 10_000)).state == "approved"


async def row_of(site: Site) -> dict[str, Any]:
    rows = await site.pool.fetch("SELECT * FROM host_samples WHERE node = 7 ORDER BY at DESC")
    return dict(rows[0]) | {"rows": len(rows)}


async def test_a_row_says_what_came_between_two_readings(site: Site) -> None:
    sampler = sampler_of(site)
    await sampler.turn()
    assert not await site.pool.fetchval("SELECT count(*) FROM host_samples WHERE node = 7")
    await sold(site)
    await sampler.turn()
    row = await row_of(site)
    assert row["transactions"] == 2 * _SALES
    lanes = row["lanes"]
    assert lanes["open"]["rows"] == lanes["open_undo"]["rows"] == _SALES
    assert lanes["conclude"]["rows"] == 2 * _SALES
    assert row["statements"] == sum(lane["statements"] for lane in lanes.values())
    for lane in lanes.values():
        assert sum(lane["took"]) == lane["statements"]
    assert lanes["conclude"]["seconds"] > 0
    assert sum(row["answers"]) >= 2 * _SALES
    assert row["cpu_s"] > 0
    assert row["seconds"] > 0

    await sampler.turn()  # nothing has come since
    row = await row_of(site)
    assert (row["transactions"], row["rows"]) == (0, 2)


async def test_what_the_database_has_done_is_in_one_of_the_next_rows(site: Site) -> None:
    """Its connections tell what they have done once a second, or when they have been idle."""
    sampler = sampler_of(site)
    await sampler.turn()
    await sold(site)
    asked = "SELECT coalesce(sum(db_commits), 0) FROM host_samples WHERE node = 7"
    async with asyncio.timeout(20):
        while await site.pool.fetchval(asked) < 4 * _SALES:
            await asyncio.sleep(0.1)
            await sampler.turn()
    assert await site.pool.fetchval("SELECT sum(db_active_s) FROM host_samples") > 0


async def test_the_database_on_this_machine_is_seen_whole(site: Site) -> None:
    sampler = sampler_of(site)
    await sampler.turn()
    await sold(site)
    await sampler.turn()
    row = await row_of(site)
    assert row["db_cpu_s"] >= 0
    assert 0 < row["disk_free"] < row["disk_total"]
    assert 0 < row["db_connections"] < row["db_allowed"]
    assert row["db_bytes"] > 1_000_000
    assert "transactions" in row["db_tables"]


async def test_counters_of_a_process_only_grow(site: Site) -> None:
    before = read_host(site.running.host)
    await sold(site)
    after = read_host(site.running.host)
    assert after.transactions - before.transactions == 2 * _SALES
    assert after.cpu_s > before.cpu_s
