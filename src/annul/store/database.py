"""Connections to PostgreSQL."""

import json
from typing import Any, Final

import asyncpg

from .roles import SERVING
from .servers import CONNECT_S, KEPT_ALIVE, Connection, Servers

_JSONB: Final = b"\x01"  # the version of the binary form
# A connection is renewed after so many statements, and closed after so many seconds without one.
_QUERIES: Final = 50_000
_IDLE_S: Final = 300.0


async def read_json(connection: Any) -> None:
    """Let a connection take and give `jsonb` as Python values, also as a field of a row type."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: _JSONB + json.dumps(value).encode(),
        decoder=lambda stored: json.loads(stored[len(_JSONB) :]),
        format="binary",
    )


class ServingPool(asyncpg.Pool):
    """A pool that can say how many wait for a connection, and what its servers have refused."""

    def __init__(self, *url: str, servers: Servers, **options: Any) -> None:
        super().__init__(*url, connect=servers.connect, **options)
        self.servers = servers
        self.waiting = 0

    async def _acquire(self, timeout: float | None) -> Any:
        """Take the place of asyncpg's own, by which every statement gets its connection."""
        self.waiting += 1
        try:
            return await super()._acquire(timeout)  # pyright: ignore[reportAttributeAccessIssue]
        finally:
            self.waiting -= 1


async def connect(
    url: str, *, size: int = 20, role: str | None = SERVING, within_s: float = CONNECT_S
) -> ServingPool:
    """Open a pool of connections that work as `role`, whatever else who signs in may do.

    They are to the server that takes writes, which each of the URL has `within_s` to say. Reading
    JSON gives Python values. The caller closes the pool.
    """
    settings = {"application_name": "annul", "timezone": "UTC", **KEPT_ALIVE}
    if role is not None:
        settings["role"] = role

    async def keep(_connection: Any) -> None:
        """Spare the round trip of a reset: annul leaves no session state behind."""

    pool = ServingPool(
        url,
        servers=Servers(url, within_s),
        connection_class=Connection,
        record_class=asyncpg.Record,
        loop=None,
        max_queries=_QUERIES,
        max_inactive_connection_lifetime=_IDLE_S,
        min_size=0,
        max_size=size,
        command_timeout=60,
        server_settings=settings,
        init=read_json,
        reset=keep,
    )
    await pool
    return pool
