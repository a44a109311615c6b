"""Keys of issuers as rows: read, kept, put in force, over. Also those of the issuers' own rows."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from annul.domain.records import Issuer
from annul.security.ciphers import TDES
from annul.security.keys import KeyKind, WrappedKey
from annul.store.sql import load

from .key_ring import IssuerKey

_SQL: Final = load("annul.issuers", "key_rows.sql")


async def read(pool: asyncpg.Pool) -> dict[str, tuple[IssuerKey, ...]]:
    """Give what counts by issuer: what is in force or waits, then what was before."""
    found: dict[str, list[IssuerKey]] = {}
    for row in await pool.fetch(*_SQL["keys"]()):
        found.setdefault(row["issuer_id"], []).append(_key(row))
    return {
        issuer_id: tuple(sorted(keys, key=lambda one: one.ended_at is not None))
        for issuer_id, keys in found.items()
    }


async def keep(connection: Any, issuer_id: str, key: WrappedKey, now: datetime) -> UUID | None:
    """Keep a key that came in a message; it waits, in place of one that waited.

    Gives the row that there is already when it came before and is not over; None for one that is
    over, or that serves another purpose.
    """
    await connection.execute(*_SQL["hold"](issuer=issuer_id))
    named = {"issuer": issuer_id, "check_value": key.check_value}
    known = await connection.fetchrow(*_SQL["known"](**named))
    if known is None:
        return await put(connection, issuer_id, key, now, since=None)
    same = known["kind"] == key.kind and known["ended_at"] is None
    return known["id"] if same else None


async def put(
    connection: Any, issuer_id: str, key: WrappedKey, now: datetime, *, since: datetime | None
) -> UUID:
    """Keep a key of an issuer that is held: it waits, or is in force `since`."""
    named = {"issuer": issuer_id, "kind": key.kind.value}
    identity = uuid7()
    await connection.execute(*_SQL["drop_waiting"](**named, now=now))
    if since is not None:
        await connection.execute(*_SQL["forget"](**named, now=now))
        await connection.execute(*_SQL["end_in_force"](**named, now=now))
    await connection.execute(
        *_SQL["put"](
            **named,
            id=identity,
            algorithm=key.algorithm,
            wrapped=key.wrapped,
            check_value=key.check_value,
            now=now,
            since=since,
        )
    )
    await connection.execute(*_SQL["changed"]())
    return identity


async def take_up(connection: Any, issuer_id: str, key: UUID | None, now: datetime) -> None:
    """Put a key in force if it waits; the one before is over."""
    await connection.execute(*_SQL["hold"](issuer=issuer_id))
    kind = await connection.fetchval(*_SQL["waits"](id=key))
    if kind is not None:
        await connection.execute(*_SQL["forget"](issuer=issuer_id, kind=kind, now=now))
        await connection.execute(*_SQL["end_in_force"](issuer=issuer_id, kind=kind, now=now))
        await connection.execute(*_SQL["take_up"](id=key, now=now))
        await connection.execute(*_SQL["changed"]())


async def prove(connection: Any, issuer_id: str, key: UUID, now: datetime) -> None:
    """Keep that a message of the issuer held under a key, which puts it in force."""
    await take_up(connection, issuer_id, key, now)
    await connection.execute(*_SQL["prove"](id=key, now=now))


async def wanted(pool: asyncpg.Pool, reachable: Iterable[str]) -> list[str]:
    """Take whose keys somebody has asked for, once, of those that can be reached."""
    rows = await pool.fetch(*_SQL["wanted"](issuers=list(reachable)))
    return [row["issuer_id"] for row in rows]


def agreed(issuer: Issuer) -> tuple[IssuerKey, ...]:
    """Give the keys that were agreed before there were messages, of the issuer's own row."""
    found = ((KeyKind.MAC, issuer.mac_key), (KeyKind.PIN, issuer.pin_key))
    return tuple(
        IssuerKey(None, WrappedKey(kind, algorithm_of(issuer, kind), wrapped))
        for kind, wrapped in found
        if wrapped is not None
    )


def serves(issuer: Issuer, one: IssuerKey) -> bool:
    """Whether a key is of the cipher that its kind has here; one before may be of another."""
    kind = one.key.kind
    return kind is KeyKind.ZONE or one.key.algorithm == algorithm_of(issuer, kind)


def algorithm_of(issuer: Issuer, kind: KeyKind) -> str:
    """Give the cipher that keys of a kind have at an issuer."""
    return {
        KeyKind.MAC: issuer.mac_key_algorithm,
        KeyKind.PIN: issuer.pin_key_algorithm,
    }.get(kind, TDES)


def _key(row: Any) -> IssuerKey:
    kind = KeyKind(row["kind"])
    return IssuerKey(
        row["id"],
        WrappedKey(kind, row["algorithm"], row["wrapped"], row["check_value"]),
        row["in_force_since"],
        row["proved_at"],
        row["ended_at"],
    )
