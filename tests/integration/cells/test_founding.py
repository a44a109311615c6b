"""A new cell has the issuers of another one, and nothing that a merchant has."""

from pathlib import Path

import asyncpg
import pytest

from annul.cells import directory
from annul.cells.founding import NotEmpty, found
from annul.security.software import SoftwareModule
from annul.sim.demo import DemoPlan, seed
from annul.store.database import connect
from tests.support.roles import as_owner


async def test_it_knows_the_issuers_and_no_merchant(
    database: str, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    await seed(pool, SoftwareModule(bytes(32)), DemoPlan((7001, 7002)))
    file = tmp_path / "cells.toml"
    file.write_text(
        "".join(
            f'[{name}]\nnumber = {number}\ndatabase = "{database}"\n'
            f'database_owner = "{as_owner(database)}"\nschema = "{schema}"\n'
            for number, (name, schema) in enumerate([("west", "public"), ("east", "east")])
        )
    )
    known = directory.read(file)
    copied = await found(known, "east", "west")
    there = await connect(known.database("east").url)
    try:
        for table in ("issuers", "bins", "fee_rates"):
            rows = f"SELECT array_agg(t::text ORDER BY t::text) FROM {table} t"
            assert await there.fetchval(rows) == await pool.fetchval(rows)
        assert copied > 0
        assert await there.fetchval("SELECT count(*) FROM merchants") == 0
    finally:
        await there.close()
    with pytest.raises(NotEmpty):
        await found(known, "east", "west")
