"""What the POS page shows and writes: names, cases of a terminal, announced maintenance."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from annul.store.sql import load

_SQL: Final = load("annul.desk", "pos.sql")
_BACK: Final = timedelta(days=7)


async def merchants(pool: asyncpg.Pool, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Give the names of merchants, by merchant."""
    rows = await pool.fetch(*_SQL["merchants"](ids=sorted(set(ids))))
    return {row["merchant_id"]: dict(row) for row in rows}


async def issuers(pool: asyncpg.Pool, ids: Iterable[str]) -> list[dict[str, Any]]:
    """Give the names of issuers."""
    return [dict(row) for row in await pool.fetch(*_SQL["issuers"](ids=sorted(set(ids))))]


async def cases(
    pool: asyncpg.Pool, merchant_id: str, terminal_id: str, now: datetime, limit: int = 8
) -> list[dict[str, Any]]:
    """Give a terminal's cases of the last days, the latest first."""
    rows = await pool.fetch(
        *_SQL["cases"](merchant=merchant_id, terminal=terminal_id, limit=limit, since=now - _BACK)
    )
    return [dict(row) for row in rows]


async def announced(pool: asyncpg.Pool, now: datetime) -> dict[str, datetime]:
    """Say until when maintenance is announced, by issuer."""
    return {row["issuer_id"]: row["until"] for row in await pool.fetch(*_SQL["announced"](now=now))}


async def announce(
    pool: asyncpg.Pool, issuer_id: str, now: datetime, until: datetime, by: str
) -> None:
    """Let the acquirer know of a maintenance that ends at `until`."""
    await pool.execute(*_SQL["announce"](issuer=issuer_id, now=now, until=until, by=by))


async def withdraw(pool: asyncpg.Pool, issuer_id: str, now: datetime) -> None:
    """Let the acquirer know that the announced maintenance is over."""
    await pool.execute(*_SQL["withdraw"](issuer=issuer_id, now=now))
