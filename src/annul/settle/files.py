"""Files go to the bank once: into a folder from which it is given them, or by a person.

A file is written beside its place under a hidden name, the part; then it is kept that it is
released; then a mark without content is written beside it, and only then the part is renamed. So
whoever finds it released knows: while the part lies there the bank has nothing; once it is gone,
the mark says that the bank may have it, even where it has taken it already. Where neither is
there, the folder is another one or was tidied up: the file is lost, and somebody is told. The mark
goes once it is kept that the file is delivered. Each of this is done under a lock of the file's
row, so nobody is given a file that a machine is just bringing to its place.
"""

import asyncio
import os
import secrets
import socket
import time
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
_PART: Final = ".part"
_MARK: Final = ".mark"
_LEFT_S: Final = 3_600.0  # a part that nobody has released since is of a process that was killed


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

    def open(self) -> None:
        """Make the folder, as a process begins: later it is missing because a disk is."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError:  # whoever writes there is told
            log.exception("outbox_not_made", folder=str(self._folder))

    async def turn(self) -> list[str]:
        """Bring what is owed to its place; gives the names of what stands still, here or elsewhere.

        Raises `OSError` where the folder cannot be written to.
        """
        still: list[str] = []
        for row in await self._pool.fetch(*_SQL["owed"]()):
            if row["released_at"] is None:
                placed = await self._first(row)
            elif row["released_by"] == self._by:
                placed = await self._again(row["id"], row["name"], row["part"])
            else:
                placed = False
            if not placed:
                still.append(row["name"])
        await self._tidy()
        return still

    async def _first(self, row: Any) -> bool:
        content = self._vault.open_file(row["sealed"], row["id"].bytes)
        # Named by chance: of two processes that begin at once, neither writes into the other's.
        part = f".{row['name']}.{secrets.token_hex(4)}{_PART}"
        await asyncio.to_thread(_write, self._folder / part, content)
        now = self._clock.now()
        release = _SQL["release"](id=row["id"], by=self._by, part=part, now=now)
        if await self._pool.fetchval(*release) is None:
            await asyncio.to_thread((self._folder / part).unlink)
            return True
        return await self._again(row["id"], row["name"], part)

    async def _again(self, identity: UUID, name: str, part: str) -> bool:
        """Bring a file to its place; whether it is there, or is somebody else's by now."""
        path = self._folder / part
        async with self._pool.acquire() as connection, connection.transaction():
            if await connection.fetchval(*_SQL["lock"](id=identity, by=self._by)) is None:
                return True
            if not await asyncio.to_thread(_place, path, self._folder / name):
                return False
            now = self._clock.now()
            await connection.execute(*_SQL["delivered"](id=identity, by=self._by, now=now))
        log.info("payout_file_delivered", name=name)
        await asyncio.to_thread(path.with_suffix(_MARK).unlink, missing_ok=True)
        return True

    async def _tidy(self) -> None:
        """Remove what processes left that were killed: accounts stand there in clear."""
        left = await asyncio.to_thread(_left, self._folder)
        if not left:
            return
        names = [one.name[1:].rsplit(".", 2)[0] for one in left]
        parts = [one.with_suffix(_PART).name for one in left]
        rows = await self._pool.fetch(*_SQL["left"](names=names, parts=parts))
        useless = {row["part"] for row in rows}
        for one in left:
            if one.with_suffix(_PART).name in useless:
                await asyncio.to_thread(one.unlink, missing_ok=True)


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


async def hand_over(connection: Any, identity: UUID, by: str, now: datetime) -> str:
    """Let a person `take` a file whose machine will not come back; gives its name.

    The bank may have it all the same: whoever calls this has asked there. The machine, if it does
    come back, leaves the file alone. Raises `NoFile`, and `NotYours` for one that is delivered.
    """
    if await connection.fetchrow(*_SQL["one"](id=identity)) is None:
        raise NoFile
    name = await connection.fetchval(*_SQL["hand_over"](id=identity, by=by, now=now))
    if name is None:
        raise NotYours
    return name


def _write(path: Path, content: bytes) -> None:
    """Write a file that survives a loss of power, or none."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _ONLY_OURS)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _keep(path.parent)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _place(part: Path, place: Path) -> bool:
    """Rename a part to its place; False where it is lost: not there, and never seen renamed."""
    mark = part.with_suffix(_MARK)
    if not part.exists():
        return place.exists() or mark.exists()
    _write(mark, b"")
    part.rename(place)
    _keep(place.parent)
    return True


def _left(folder: Path) -> list[Path]:
    """Give parts and marks that are old; by the clock that dates files, whatever ours says."""
    before = time.time() - _LEFT_S
    old = list[Path]()
    for one in (*folder.glob(f".*{_PART}"), *folder.glob(f".*{_MARK}")):
        with suppress(FileNotFoundError):  # it was renamed just now
            if one.lstat().st_mtime < before:
                old.append(one)
    return old


def _keep(folder: Path) -> None:
    """Let the folder itself survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
