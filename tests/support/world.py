"""The world in which faults are caused: a host and its database in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg

from annul.app import Running, ground, serve
from annul.settings import Settings
from annul.sim.demo import DemoPlan, seed
from annul.sim.scenes.hosted import Hosted, Served
from tests.support.roles import as_owner

TIMEOUT_MS: Final = 700


class World(Hosted):
    """A place in which the whole of annul runs."""

    def __init__(self, running: Running) -> None:
        served = Served(running.host, running.server, running.ground.security, running.port)
        super().__init__(served, TIMEOUT_MS)
        self.running = running


@asynccontextmanager
async def world(folder: Path, **pace: Any) -> AsyncIterator[World]:
    """Start it all. `pace` are settings of cases (`void_...`), by which the resolver works.

    Without them it works at a shop's pace, so that it does not stir the evidence of a short scene.
    """
    settings = Settings.load(
        None, data=folder, terminals_port=0, status_port=0, log_level="error", **pace
    )
    async with ground(settings) as base:
        await seed(base.pool, base.security, DemoPlan((1,), merchants=1, terminals_each=1))
        owner = await asyncpg.connect(as_owner(base.database))
        await owner.execute("DELETE FROM bins; UPDATE issuers SET active = false")
        await owner.close()
        async with serve(base) as running:
            yield World(running)
