"""Views of a list that somebody has kept: a name and the query string of a page."""

from typing import Any, Final

import asyncpg

from annul.store.database import load_queries

_QUERIES: Final = {n: q.sql for n, q in load_queries("annul.desk", "saved.sql").items()}


async def of(pool: asyncpg.Pool, owner: str, page: str) -> list[dict[str, Any]]:
    """Give somebody's views of a page."""
    return [dict(row) for row in await pool.fetch(_QUERIES["of"], owner, page)]


async def keep(pool: asyncpg.Pool, owner: str, page: str, name: str, query: str) -> None:
    """Keep a view; one of the same name is replaced."""
    await pool.execute(_QUERIES["keep"], owner, page, name, query)
