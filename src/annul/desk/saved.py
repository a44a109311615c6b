"""Views of a list that somebody has kept: a name and the query string of a page."""

from typing import Any, Final

import asyncpg

from annul.store.sql import load

_SQL: Final = load("annul.desk", "saved.sql")


async def of(pool: asyncpg.Pool, owner: str, page: str) -> list[dict[str, Any]]:
    """Give somebody's views of a page."""
    return [dict(row) for row in await pool.fetch(*_SQL["of"](owner=owner, page=page))]


async def keep(pool: asyncpg.Pool, owner: str, page: str, name: str, query: str) -> None:
    """Keep a view; one of the same name is replaced."""
    await pool.execute(*_SQL["keep"](owner=owner, page=page, name=name, query=query))
