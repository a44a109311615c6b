"""Who may look: the first user with a one-time password, and the check of a password."""

import asyncio
import secrets
from enum import StrEnum
from typing import Final

import asyncpg
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from annul.store.database import load_queries

FIRST_USER: Final = "admin"
SHORTEST: Final = 12  # characters of a password that a person chooses

_QUERIES: Final = load_queries("annul.api", "access.sql")


class Verdict(StrEnum):
    """What a name and a password are good for."""

    REFUSED = "refused"
    MUST_CHANGE = "must_change"
    ACCEPTED = "accepted"


class Access:
    """Users and passwords in the database; hashing runs beside the event loop."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._hasher = PasswordHasher()
        # Compared against for unknown names, so that the time does not tell which names exist.
        self._nobody = self._hasher.hash(secrets.token_urlsafe())

    async def first_password(self) -> str | None:
        """Make the first user and give its one-time password; None when there are users already."""
        if await self._pool.fetchval(_QUERIES["count"].sql):
            return None
        password = secrets.token_urlsafe(12)
        hashed = await asyncio.to_thread(self._hasher.hash, password)
        added = await self._pool.fetchval(
            _QUERIES["add_first"].sql, FIRST_USER, hashed, "administrator"
        )
        return password if added else None

    async def check(self, name: str, password: str) -> Verdict:
        """Say what a name and a password are good for."""
        row = await self._pool.fetchrow(_QUERIES["find"].sql, name)
        hashed = row[0] if row else self._nobody
        right = await asyncio.to_thread(self._matches, hashed, password)
        if row is None or not right:
            return Verdict.REFUSED
        return Verdict.MUST_CHANGE if row[1] else Verdict.ACCEPTED

    async def change(self, name: str, password: str) -> None:
        """Replace the password of a user; raises `ValueError` when it is too short."""
        if len(password) < SHORTEST:
            message = f"a password has at least {SHORTEST} characters"
            raise ValueError(message)
        hashed = await asyncio.to_thread(self._hasher.hash, password)
        await self._pool.execute(_QUERIES["change"].sql, name, hashed)

    async def role(self, name: str) -> str:
        """Give the role of a user who is known."""
        return str(await self._pool.fetchval(_QUERIES["role"].sql, name))

    async def add(self, name: str, password: str, role: str) -> bool:
        """Add a user with a password of their own; False when the name is taken."""
        hashed = await asyncio.to_thread(self._hasher.hash, password)
        return bool(await self._pool.fetchval(_QUERIES["add"].sql, name, hashed, role))

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False
