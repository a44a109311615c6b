"""What is measured of the database."""

import asyncpg

from annul.operate.capacity.samples import SQL


async def test_its_tables_are_annuls_whichever_schema_comes_first(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL search_path = information_schema, public")
        row = await connection.fetchrow(*SQL["database"](tables=200))
    assert row is not None
    assert {"transactions", "host_samples"} <= row["tables"].keys()
