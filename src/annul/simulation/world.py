"""The ground that all stories of one process stand on: a PostgreSQL with shops, as it was at first.

Between two stories every table is put back, so that a story knows nothing of those before it.
"""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg

from annul.security.software import SoftwareModule
from annul.sim.demo import DemoPlan, seed
from annul.store.embedded import EmbeddedPostgres
from annul.store.migrate import upgrade
from annul.store.temporary import NOT_DURABLE, temporary_folder

from .chance import seeded
from .postgres import SIM_SCHEMA, Server

MASTER_KEY: Final = bytes(range(32))
ISSUER_PORTS: Final = (8591, 8592, 8593)
TIMEOUT_MS: Final = 3_000
_SETTINGS: Final = {
    **NOT_DURABLE,
    "autovacuum": "off",
    "shared_buffers": "128MB",
    "deadlock_timeout": "1h",
}
_KEEP: Final = """
SELECT format('CREATE TABLE kept.%1$I AS TABLE public.%1$I', tablename)
FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename
"""
_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"


class World:
    """A database to tell stories in. `terminals` are (merchant, terminal, master key)."""

    def __init__(self, server: Server, terminals: list[tuple[str, str, str]], folder: Path) -> None:
        self.server = server
        self.terminals = terminals
        self.folder = folder
        self._reset = ""

    async def keep(self, connection: Any) -> None:
        """Remember every table as it is."""
        await connection.execute("CREATE SCHEMA kept")
        tables = [name for (name,) in await connection.fetch(_TABLES)]
        steps = [f"TRUNCATE {', '.join(tables)} RESTART IDENTITY", "ALTER SEQUENCE sim.ids RESTART"]
        for (statement,) in await connection.fetch(_KEEP):
            await connection.execute(statement)
        for name in tables:
            if await connection.fetchval(f"SELECT count(*) FROM kept.{name}"):  # noqa: S608 - our own tables
                steps.append(f"INSERT INTO public.{name} TABLE kept.{name}")  # noqa: PERF401
        self._reset = "SET session_replication_role = replica; " + "; ".join(steps)

    def reset(self) -> None:
        """Put every table back, and forget the folders of hosts and bank."""
        for name in ("host*", "bank"):
            for folder in self.folder.glob(name):
                shutil.rmtree(folder)

        async def work() -> None:
            connection = await asyncpg.connect(self.server.superuser_url)
            try:
                await connection.execute(self._reset)
            finally:
                await connection.close()

        self.server.run(work())


@contextmanager
def world() -> Iterator[World]:
    """Make a world and take it away again."""
    with temporary_folder("annul-sim-") as folder:
        postgres = EmbeddedPostgres(folder, _SETTINGS)
        server = Server(postgres.url, postgres.superuser_url)
        server.run(postgres.start())
        try:
            with seeded("world", lambda: datetime(2026, 11, 23, tzinfo=UTC)):
                made = server.run(_made(postgres, server, folder))
            yield made
        finally:
            server.close()
            _stopped(postgres)


async def _made(postgres: EmbeddedPostgres, server: Server, folder: Path) -> World:
    await upgrade(postgres.owner_url)
    pool = await asyncpg.create_pool(server.superuser_url, min_size=1, max_size=2)
    plan = DemoPlan(ISSUER_PORTS, merchants=8, terminals_each=32, timeout_ms=TIMEOUT_MS)
    terminals = await seed(pool, SoftwareModule(MASTER_KEY), plan)
    terminals.sort(
        key=lambda one: ((int(one[1]) - 1) % plan.terminals_each, one)
    )  # a shop after another
    await pool.execute(
        "UPDATE merchants SET reversed_voids = CASE right(merchant_id, 1)::integer % 3"
        " WHEN 0 THEN 'ask' ELSE 'void' END"
    )
    await pool.execute(
        "INSERT INTO bins (prefix, issuer_id, card_type) VALUES ('620004', '00000303', 'debit')"
    )
    await pool.execute(SIM_SCHEMA)
    made = World(server, terminals, folder)
    async with pool.acquire() as connection:
        await made.keep(connection)
    await pool.close()
    return made


def _stopped(postgres: EmbeddedPostgres) -> None:
    asyncio.run(postgres.stop())
