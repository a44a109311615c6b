"""Seals over the audit log and the histories of cases, by which a rewritten one is found.

A host seals what has come within seconds: a keyed hash over the seal before it, and over what is
sealed. Who owns the database can change a row, but cannot make its seal without the master key; and
the end of the chain is signed and put beside the database each day (`annul audit export`), so that
it cannot be cut off unseen either.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg

from annul.security.notary import Notary
from annul.store.sql import load

_SQL: Final = load("annul.resolve", "seals.sql")
AT_ONCE: Final = 500
_READ: Final = 2_000
# A row may be committed so long after the time that it bears.
_MARGIN: Final = timedelta(hours=1)
_CASES: Final = timedelta(days=8)  # a case ends within four; what people do later is in the audit
# Rows of the audit log that are older may have been purged (docs/SECURITY.md).
_KEPT: Final = timedelta(days=365)
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Sealed(NamedTuple):
    """One thing that is sealed; `line` is how far the history of a case goes, else 0."""

    what: str
    id: UUID
    line: int
    digest: bytes
    at: datetime

    def content(self, number: int, before: bytes) -> bytes:
        """Give what its seal is over."""
        parts = (str(number), self.what, self.id.hex, str(self.line), self.digest.hex())
        return before + "\n".join((*parts, self.at.astimezone(UTC).isoformat())).encode()


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain."""

    number: int = 0
    hash: bytes = b""


@dataclass(frozen=True, slots=True)
class Broken:
    """What does not fit: `reference` names the seal, row or file, `what` says what is sealed."""

    how: str
    reference: str
    what: str = ""


class Seals:
    """Makes the chain longer, and holds what is sealed against it."""

    def __init__(self, pool: asyncpg.Pool, notary: Notary) -> None:
        self._pool = pool
        self._notary = notary

    async def seal(self) -> int:
        """Seal what has come, up to `AT_ONCE`; gives how much. Of several who try one does."""
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(*_SQL["alone"]()):
                return 0
            until = await connection.fetchval(*_SQL["sealed_until"]())
            since = until - _MARGIN if until else _EVER
            rows = await connection.fetch(*_SQL["unsealed"](since=since, limit=AT_ONCE))
            await self._add(connection, [_of_audit(row, row["at"]) for row in rows])
            return len(rows)

    async def seal_cases(self, now: datetime) -> int:
        """Seal how far the histories of late cases go; gives how many have gone on."""
        sealed = 0
        while True:
            async with self._pool.acquire() as connection, connection.transaction():
                if not await connection.fetchval(*_SQL["alone"]()):
                    return sealed
                asked = _SQL["unsealed_cases"](since=now - _CASES, limit=AT_ONCE)
                rows = await connection.fetch(*asked)
                await self._add(connection, [Sealed("case", *row) for row in rows])
            sealed += len(rows)
            if len(rows) < AT_ONCE:
                return sealed

    async def head(self) -> Head:
        """Give the end of the chain."""
        row = await self._pool.fetchrow(*_SQL["last"]())
        return Head(*row) if row else Head()

    async def hash_of(self, number: int) -> bytes | None:
        """Give a link of the chain."""
        return await self._pool.fetchval(*_SQL["at"](number=number))

    async def broken(self, now: datetime, limit: int) -> list[Broken]:
        """Hold everything against its seals; gives what does not fit, up to a limit."""
        found: list[Broken] = []
        async for one in self._checked(now):
            found.append(one)
            if len(found) >= limit:
                return found
        until = await self._pool.fetchval(*_SQL["sealed_until"]())
        before = (until or now) - _MARGIN
        rows = await self._pool.fetch(*_SQL["left_out"](before=before, limit=limit - len(found)))
        return found + [Broken("unsealed", f"audit {row['id']}", _what(row)) for row in rows]

    async def _checked(self, now: datetime) -> AsyncIterator[Broken]:
        before = Head()
        while True:
            rows = await self._pool.fetch(*_SQL["read"](after=before.number, limit=_READ))
            for row in rows:
                sealed = Sealed(row["what"], row["id"], row["line"], row["digest"], row["at"])
                number, reference = row["number"], f"seal {row['number']}"
                if number != before.number + 1:
                    yield Broken("gap", reference)
                elif self._notary.seal(sealed.content(number, before.hash)) != row["hash"]:
                    yield Broken("forged", reference, _what(row))
                elif how := _differs(row, now):
                    yield Broken(how, reference, _what(row))
                before = Head(number, row["hash"])
            if len(rows) < _READ:
                return

    async def _add(self, connection: Any, things: Sequence[Sealed]) -> None:
        if not things:
            return
        row = await connection.fetchrow(*_SQL["last"]())
        head = Head(*row) if row else Head()
        hashes, numbers = list[bytes](), list[int]()
        for thing in things:
            number = head.number + 1
            head = Head(number, self._notary.seal(thing.content(number, head.hash)))
            numbers.append(number)
            hashes.append(head.hash)
        whats, ids, lines, digests, ats = zip(*things, strict=True)
        add = _SQL["add"](
            numbers=numbers,
            whats=whats,
            ids=ids,
            lines=lines,
            digests=digests,
            hashes=hashes,
            ats=ats,
        )
        await connection.execute(*add)


def _of_audit(row: Any, at: datetime) -> Sealed:
    said = [row[name] for name in ("who", "role", "action", "object", "reason", "detail")]
    text = json.dumps(
        [row["id"].hex, at.astimezone(UTC).isoformat(), *said], sort_keys=True, ensure_ascii=False
    )
    return Sealed("audit", row["id"], 0, hashlib.sha256(text.encode()).digest(), at)


def _differs(row: Any, now: datetime) -> str:
    """Say how what is sealed differs from its seal; empty when it does not."""
    if row["what"] == "case":
        if row["head"] is None:
            return "gone"
        return "" if row["head"] == row["digest"] else "changed"
    if not row["there"]:
        return "" if row["at"] < now - _KEPT else "gone"
    return "" if _of_audit(row, row["audit_at"]).digest == row["digest"] else "changed"


def _what(row: Any) -> str:
    """Name what is sealed: the act and its object, or the case."""
    if row.get("what") == "case":
        return f"case {row['id']}"
    return f"{row['action']} {row['object']}" if row["action"] else ""
