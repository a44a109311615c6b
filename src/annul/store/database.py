"""Connections to PostgreSQL."""

import json
from typing import Any, Final

import asyncpg

from .roles import SERVING
from .servers import CONNECT_S, KEPT_ALIVE, Connection, Servers

_JSONB: Final = b"\x01"  # the version of the binary form


async def read_json(connection: Any) -> None:
    """Let a connection take and give `jsonb` as Python values, also as a field of a row type."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: _JSONB + json.dumps(value).encode(),
        decoder=lambda stored: json.loads(stored[len(_JSONB) :]),
        format="binary",
    )


async def connect(
    url: str, *, size: int = 20, role: str | None = SERVING, within_s: float = CONNECT_S
) -> asyncpg.Pool:
    """Open a pool of connections that work as `role`, whatever else who signs in may do.

    They are to the server that takes writes, which each of the URL has `within_s` to say. Reading
    JSON gives Python values. The caller closes the pool.
    """
    settings = {"application_name": "annul", "timezone": "UTC", **KEPT_ALIVE}
    if role is not None:
        settings["role"] = role

    async def keep(_connection: Any) -> None:
        """Spare the round trip of a reset: annul leaves no session state behind."""

    pool = await asyncpg.create_pool(
        url,
        connect=Servers(url, within_s).connect,
        connection_class=Connection,
        min_size=0,
        max_size=size,
        command_timeout=60,
        server_settings=settings,
        init=read_json,
        reset=keep,
    )
    assert pool is not None
    return pool
