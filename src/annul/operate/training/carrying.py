"""Between an installation and its sandbox: people go there, progress and certificates come back.

Each way is one transaction and may be gone again and again: what has arrived stays as it is.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import asyncpg

from annul.store.sql import load

_SQL: Final = load("annul.operate.training", "carrying.sql")
MARK: Final = "training"  # who made the users of a sandbox that came from its installation


async def people(
    there: asyncpg.Pool, here: asyncpg.Pool, of_shops: Collection[str], now: datetime
) -> int:
    """Let those into a sandbox (`here`) who are let in there; give how many they are.

    Passwords go along as hashes, second factors do not. Roles of `of_shops` get the demo's shop.
    """
    rows = await there.fetch(*_SQL["people"]())
    async with here.acquire() as connection, connection.transaction():
        shop = await connection.fetchval(*_SQL["shop"]())
        for row in rows:
            given = {name: row[name] for name in row.keys() if name != "merchant_id"}  # noqa: SIM118
            merchant = shop if row["role"] in of_shops else ""
            await connection.execute(
                *_SQL["bring_person"](**given, merchant=merchant, now=now, mark=MARK)
            )
        names = [row["name"] for row in rows]
        await connection.execute(*_SQL["send_away"](mark=MARK, names=names, now=now))
    return len(rows)


async def progress(there: asyncpg.Pool, here: asyncpg.Pool) -> None:
    """Bring what was done and earned there to this database."""
    parts = await there.fetch(*_SQL["parts"]())
    certificates = await there.fetch(*_SQL["certificates"]())
    async with here.acquire() as connection, connection.transaction():
        await _bring(connection, "bring_part", parts)
        await _bring(connection, "bring_certificate", certificates)


async def _bring(connection: Any, statement: str, rows: list[asyncpg.Record]) -> None:
    bring = _SQL[statement]
    await connection.executemany(bring.sql, [bring.arguments(**row) for row in rows])
