"""Connections to PostgreSQL, and named queries from `.sql` files beside the code that uses them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import asyncpg

_ROLE: Final = "annul_app"
_JSONB: Final = b"\x01"  # the version of the binary form
_NAMED: Final = re.compile(r"^-- name: (\w+)\n-- description: (.+)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Query:
    """One SQL statement with the name and the description it has in its file."""

    name: str
    description: str
    sql: str


def load_queries(package: str, filename: str) -> Mapping[str, Query]:
    """Read the named queries of a file: `-- name: x`, `-- description: y`, then the statement.

    Raises `ValueError` for a file without queries or with a name twice.
    """
    parts = _NAMED.split(files(package).joinpath(filename).read_text(encoding="utf-8"))
    queries = {
        name: Query(name, description, sql.strip().rstrip(";"))
        for name, description, sql in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    }
    if len(queries) * 3 != len(parts) - 1 or not queries:
        message = f"{package}/{filename}: no named queries, or a name twice"
        raise ValueError(message)
    return queries


async def read_json(connection: Any) -> None:
    """Let a connection take and give `jsonb` as Python values, also as a field of a row type."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: _JSONB + json.dumps(value).encode(),
        decoder=lambda stored: json.loads(stored[len(_JSONB) :]),
        format="binary",
    )


async def connect(url: str, *, size: int = 20, role: str | None = _ROLE) -> asyncpg.Pool:
    """Open a pool of connections that work as `role`, which may only add to the ledger.

    Reading JSON gives Python values. The caller closes the pool.
    """
    settings = {"application_name": "annul", "timezone": "UTC"}
    if role is not None:
        settings["role"] = role

    async def keep(_connection: Any) -> None:
        """Spare the round trip of a reset: annul leaves no session state behind."""

    pool = await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=size,
        timeout=10,
        command_timeout=60,
        server_settings=settings,
        init=read_json,
        reset=keep,
    )
    assert pool is not None
    return pool
