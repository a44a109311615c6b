"""Files go to the bank once: into a folder from which it is given them, or by a person.

A file is written beside its place under a hidden name; then it is kept that it is released; then
it is renamed. So whoever finds it released knows: while the hidden one lies there the bank has
nothing, once it is gone the bank may have it. Nobody but who released it can tell.
"""

import asyncio
import os
import secrets
import socket
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog

from annul.domain.errors import AnnulError
from annul.security.vault import Vault
from annul.store.clock import Clock
from annul.store.sql import load

log = structlog.get_logger(__name__)

_SQL: Final = load("annul.settle", "files.sql")
_ONLY_OURS: Final = 0o600


class NotYours(AnnulError):
    """This file is on its way to the bank already. It was not given out a second time."""

    code = "settle.file_released"
    next_step = "Ask the bank whether it has the file before anybody sends it once more."


class NoFile(AnnulError):
    """There is no such file of payouts."""

    code = "settle.no_file"
    next_step = "Look at the list of files for its number."


class Outbox:
    """The folder of files for the bank. What is left there by a process that ended goes on."""

    def __init__(self, pool: asyncpg.Pool, vault: Vault, clock: Clock, folder: Path) -> None:
        self._pool = pool
        self._vault = vault
        self._clock = clock
        self._folder = folder.resolve()
        self._by = f"{socket.gethostname()}:{self._folder}"

    async def turn(self) -> list[str]:
        """Bring what is owed to its place; gives the names of what stands still elsewhere."""
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        still: list[str] = []
        for row in await self._pool.fetch(*_SQL["owed"]()):
            if row["released_at"] is None:
                await self._first(row)
            elif row["released_by"] == self._by:
                await self._again(row["id"], row["name"], row["part"])
            else:
                still.append(row["name"])
        return still

    async def _first(self, row: Any) -> None:
        content = self._vault.open_file(row["sealed"], row["id"].bytes)
        # Named by chance: of two processes that begin at once, neither writes into the other's.
        part = f".{row['name']}.{secrets.token_hex(4)}.part"
        await asyncio.to_thread(_write, self._folder / part, content)
        now = self._clock.now()
        release = _SQL["release"](id=row["id"], by=self._by, part=part, now=now)
        if await self._pool.fetchval(*release) is None:
            await asyncio.to_thread((self._folder / part).unlink)
            return
        await self._again(row["id"], row["name"], part)

    async def _again(self, identity: UUID, name: str, part: str) -> None:
        await asyncio.to_thread(_place, self._folder / part, self._folder / name)
        delivered = _SQL["delivered"](id=identity, by=self._by, now=self._clock.now())
        if await self._pool.fetchval(*delivered) is not None:
            log.info("payout_file_delivered", name=name)


async def take(
    connection: Any, vault: Vault, identity: UUID, by: str, now: datetime
) -> tuple[str, bytes]:
    """Give a file to a person who brings it to the bank, and again to the same one: name, content.

    Raises `NoFile` and `NotYours`.
    """
    await connection.execute(*_SQL["release"](id=identity, by=by, part="", now=now))
    row = await connection.fetchrow(*_SQL["one"](id=identity))
    if row is None:
        raise NoFile
    if row["released_by"] != by:
        raise NotYours
    await connection.execute(*_SQL["delivered"](id=identity, by=by, now=now))
    return row["name"], vault.open_file(row["sealed"], row["id"].bytes)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _ONLY_OURS)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    _keep(path.parent)


def _place(part: Path, place: Path) -> None:
    with suppress(FileNotFoundError):  # it was renamed before
        part.rename(place)
    _keep(place.parent)


def _keep(folder: Path) -> None:
    """Let the folder itself survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
