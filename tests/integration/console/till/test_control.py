"""The panel's hand on a demo issuer: what is set there is in force there, over its real control."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from annul.console.till.control import Control, ControlSilent
from annul.console.till.troubles import TROUBLES, WELL, in_force
from annul.desk import pos as views
from annul.sim.issuer.simulator import Options, Simulator, simulate
from annul.store.clock import SystemClock
from tests.support.rows import put

_ISSUER = "00000101"


@pytest.fixture
async def issuer() -> AsyncIterator[Simulator]:
    async with simulate(Options(control_port=0)) as running:
        yield running


async def test_each_trouble_takes_the_place_of_the_one_before(issuer: Simulator) -> None:
    control = Control(f"http://127.0.0.1:{issuer.control_port}")
    for trouble in TROUBLES.values():
        await control.set(trouble, 3)
        assert in_force(await control.read(), announced=trouble.announced) == trouble.key
        assert issuer.server.maintenance is trouble.maintenance
        assert issuer.server.silent is trouble.silent
        assert [row.left for row in issuer.server.faults.rows] == [3] * len(trouble.faults)
    await control.clear()
    assert in_force(await control.read()) == ""
    assert (await control.read()).policy == WELL


async def test_a_control_that_is_not_there_is_said_so() -> None:
    with pytest.raises(ControlSilent):
        await Control("http://127.0.0.1:9").read()


async def test_an_announced_maintenance_is_known_until_it_ends(pool: asyncpg.Pool) -> None:
    now = SystemClock().now()
    until = now + timedelta(seconds=60)
    await put(
        pool,
        "issuers",
        {
            "issuer_id": _ISSUER,
            "name_zh": "示例银行",
            "name_en": "Example Bank",
            "host": "127.0.0.1",
            "port": 1,
        },
    )
    await views.announce(pool, _ISSUER, now, until, "admin")
    assert await views.announced(pool, now) == {_ISSUER: until}
    assert await views.announced(pool, until) == {}
    await views.withdraw(pool, _ISSUER, now)
    assert await views.announced(pool, now) == {}
    assert [row["name_en"] for row in await views.issuers(pool, [_ISSUER])] == ["Example Bank"]
