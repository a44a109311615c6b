"""Cells as schemas of a Citus: `ANNUL_CITUS_URL=... python -m tools.citus`.

Founds two cells in schemas of their own, distributes them, has terminals trade, void and settle in
one by the worker that has it, moves the schema to another node, compares all rows, trades again.
Takes away what it has made, whatever comes. The URL is of a superuser at the coordinator, in a
database for trials; roles `annul` and `annul_owner` stay.

It ends with 0 when all held, 1 when something did not, 2 when there is no Citus behind the URL, and
77 when no URL is given.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from annul.app import ground, serve
from annul.cells import directory
from annul.cells.directory import Directory
from annul.cells.founding import found
from annul.settings import Settings
from annul.sim.demo import DemoPlan, seed
from annul.sim.issuer.simulator import Options, Simulator, simulate
from annul.sim.terminal.batch import settle
from annul.store.schema import in_schema
from tests.support.site import Site
from tests.support.soft import cashier

VARIABLE: Final = "ANNUL_CITUS_URL"
HELD, FAILED, NO_CITUS, NOT_ASKED = 0, 1, 2, 77
_KEYS: Final[Mapping[str, Any]] = {"pin_key": bytes(range(16)), "mac_key": bytes(range(16, 32))}
# The nodes that may hold a schema, and the one that has it.
_NODES: Final = """
    SELECT nodename AS host, nodeport AS port FROM pg_dist_node
    WHERE isactive AND shouldhaveshards ORDER BY nodeid
"""
_OWNS: Final = """
    SELECT DISTINCT nodename AS host, nodeport AS port FROM citus_shards
    WHERE table_name::text LIKE $1 || '.%'
"""
_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY 1"


class Node(NamedTuple):
    """Where a node of the Citus takes connections."""

    host: str
    port: int


class Trial:
    """Two cells in one Citus; `say` is told each step."""

    def __init__(self, url: str, coordinator: Any, folder: Path) -> None:
        self._url = url
        self._coordinator = coordinator
        self._folder = folder
        mark = uuid4().hex[:8]
        self._terminals: list[tuple[str, str, str]] = []
        self.schemas = {"west": f"trial_{mark}_west", "east": f"trial_{mark}_east"}

    async def run(self) -> None:
        """Do all of it; raises what did not hold."""
        async with simulate(Options(control_port=None, **_KEYS)) as issuer:
            await self._found(issuer)
            west = self.schemas["west"]
            for schema in self.schemas.values():
                await self._coordinator.execute(
                    "SELECT citus_schema_distribute($1::text::regnamespace)", schema
                )
            await self._day("a day", await self.owner(west), issuer)
            before = await self._rows(west)
            await self._move(west)
            after = await self._rows(west)
            assert after == before, {name for name in before if after.get(name) != before[name]}
            print(f"{len(before)} tables, {sum(n for n, _ in before.values())} rows as before")
            await self._day("another day", await self.owner(west), issuer)
            sold, _ = (await self._rows(self.schemas["east"]))["transactions"]
            assert sold == 0, "the other cell has had no part in it"

    async def clear(self) -> None:
        """Take away the schemas."""
        for schema in self.schemas.values():
            await self._coordinator.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")

    async def owner(self, schema: str) -> Node:
        """Give the node that has a schema, and no other has a part of it."""
        (row,) = await self._coordinator.fetch(_OWNS, schema)
        return Node(row["host"], row["port"])

    def _at(self, schema: str, node: Node | None = None) -> str:
        """Give the URL of a schema, at the coordinator or a node."""
        parts = urlsplit(self._url)
        if node is not None:
            signs_in = parts.netloc.rpartition("@")[0]
            place = f"[{node.host}]" if ":" in node.host else node.host
            parts = parts._replace(netloc=f"{signs_in}@{place}:{node.port}")
        return in_schema(urlunsplit(parts), schema)

    def _directory(self) -> Directory:
        file = self._folder / "cells.toml"
        file.write_text(
            "".join(
                f'[{cell}]\nnumber = {number}\nschema = "{schema}"\n'
                for number, (cell, schema) in enumerate(self.schemas.items())
            )
        )
        for cell in self.schemas:  # a URL may hold a password
            os.environ[f"ANNUL_CELL_{cell.upper()}_DATABASE"] = self._url
        return directory.read(file)

    async def _found(self, issuer: Simulator) -> None:
        """Found both, the second with the issuers of the first; terminals are in the first."""
        cells = self._directory()
        await found(cells, "west")
        settings = self._settings(self._at(self.schemas["west"]), "founding")
        plan = DemoPlan((issuer.port,), **_KEYS)
        async with ground(settings) as base:
            self._terminals = await seed(base.pool, base.security, plan)
        copied = await found(cells, "east", "west")
        print(f"two cells founded, {copied} rows of reference data in the second")

    def _settings(self, url: str, name: str) -> Settings:
        return Settings.load(
            None, data=self._folder / name, database=url, terminals_port=0, status_port=0,
            console=False, master_key_file=self._folder / "master.key",
        )  # fmt: skip

    @asynccontextmanager
    async def _site(self, name: str, node: Node, issuer: Simulator) -> AsyncIterator[Site]:
        settings = self._settings(self._at(self.schemas["west"], node), name)
        async with ground(settings) as base, serve(base) as running:
            yield Site(running, self._terminals, issuer)

    async def _day(self, name: str, node: Node, issuer: Simulator) -> None:
        """Trade, give back, settle; the books of issuer, host and ledger agree."""
        async with self._site(name.replace(" ", "-"), node, issuer) as site:
            with cashier(site.port, site.terminals[0]) as till:
                await till.terminal.sign_in()
                sales = [await till.take("sale", 1_000 * one) for one in range(1, 6)]
                given = [
                    await till.undo("void", sales[0]),
                    await till.undo("refund", sales[1], 500),
                ]
                assert {one.state for one in sales + given} == {"approved"}
                again = await till.undo("void", sales[0])
                assert again.state == "declined", "nothing is voided twice"
                settled = await settle(till.terminal)
                assert settled.agrees, settled
            await site.books_agree()
        print(f"{name} at {node.host}:{node.port}: sold, voided, refunded, settled; books agree")

    async def _move(self, schema: str) -> None:
        here = await self.owner(schema)
        nodes = [Node(*row) for row in await self._coordinator.fetch(_NODES)]
        others = [node for node in nodes if node != here]
        if not others:
            print("one node only: the schema stays where it is")
            return
        to = others[0]
        await self._coordinator.execute(
            "SELECT citus_schema_move($1::text::regnamespace, $2, $3, 'block_writes')", schema, *to
        )
        assert await self.owner(schema) == to
        print(f"moved from {here.host}:{here.port} to {to.host}:{to.port}")

    async def _rows(self, schema: str) -> dict[str, tuple[int, int]]:
        """Give number and sum of hashes of the rows of each table, in whatever order they lie."""
        found: dict[str, tuple[int, int]] = {}
        for (table,) in await self._coordinator.fetch(_TABLES, schema):
            row = await self._coordinator.fetchrow(
                "SELECT count(*) AS rows,"  # noqa: S608 - our own schema, tables by the catalog
                " coalesce(sum(hashtextextended(t::text, 0)), 0)::text AS sum"
                f' FROM {schema}."{table}" t',
            )
            found[table] = (row["rows"], int(row["sum"]))
        return found


async def attempt(url: str, folder: Path) -> int:
    """Try the Citus behind a URL; gives the status to end with."""
    async with AsyncExitStack() as stack:
        coordinator = await asyncpg.connect(url, timeout=10)
        stack.push_async_callback(coordinator.close)
        known = "SELECT to_regproc('citus_schema_distribute') IS NOT NULL"
        if not await coordinator.fetchval(known):
            print("no Citus of version 12 or newer is there: nothing was done")
            return NO_CITUS
        trial = Trial(url, coordinator, folder)
        stack.push_async_callback(trial.clear)
        await trial.run()
    print("all held")
    return HELD


def main() -> int:
    """Try the Citus that the environment names."""
    url = os.environ.get(VARIABLE, "")
    if not url:
        print(f"{VARIABLE} is not set: give the URL of a Citus; nothing was tried")
        return NOT_ASKED
    with tempfile.TemporaryDirectory(prefix="annul-citus-") as folder:
        try:
            return asyncio.run(attempt(url, Path(folder)))
        except AssertionError as error:
            print(f"did not hold: {error}")
        except (OSError, asyncpg.PostgresError) as error:  # never with the URL
            print(f"{type(error).__name__}: {error}")
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
