"""What pays merchants by itself: payouts by schedule, files to the bank, its answers read back.

Each step is on its own: what one raises is told, and the others go on. So it is with each file.
"""

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple, Self

import asyncpg
import structlog

from annul.domain.business_day import Calendar
from annul.domain.errors import AnnulError
from annul.domain.incident import Incident
from annul.domain.text import Text
from annul.security.vault import Vault
from annul.store import incidents
from annul.store.batcher import STORE_LOST
from annul.store.clock import Clock
from annul.store.loop import Loop, Loops

from .answers import AlreadyRead, Answers
from .bank.rows import FileUnreadable
from .bank.values import told
from .files import Outbox
from .house_bank import HouseBank
from .payouts import Payouts

log = structlog.get_logger(__name__)

_EVERY_S: Final = 60.0
_WITHIN_S: Final = 3_600.0  # a statement of a large bank, payouts of all merchants
_READER: Final = "inbox"
_LARGEST: Final = 200_000_000  # bytes of a file that is read
_PATIENCE: Final = timedelta(seconds=5)  # a file that changed since is still being written
_FAILS: Final = "payouts_fail"
# The store comes back by itself; what a folder lacks does not.
_PASSES: Final = tuple(one for one in STORE_LOST if one is not OSError)


@dataclass(slots=True)
class PayingCounts:
    """What this process counts, since its start: payouts and files, and steps that failed."""

    made: int = 0
    held: int = 0
    files: int = 0
    read: int = 0
    unreadable: int = 0
    failed: int = 0


class Paying:
    """Goes round: makes what is due, brings files to the bank, reads what it sends."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        calendar: Calendar,
        clock: Clock,
        house: HouseBank,
        vault: Vault,
        loops: Loops | None = None,
        cell: str = "",
    ) -> None:
        self.counts = PayingCounts()
        self._pool = pool
        self._clock = clock
        self._house = house
        self._payouts = Payouts(pool, calendar, clock, house, vault, cell)
        self._answers = Answers(pool, calendar, clock, cell, house.number)
        self._outbox = Outbox(pool, vault, clock, house.outbox) if house.outbox else None
        self._inbox = _Inbox(house.inbox) if house.inbox else None
        self._loops = loops or Loops(clock)
        self._loop: Loop | None = None

    def start(self) -> None:
        """Begin: each minute what is due."""
        if self._outbox is not None:
            self._outbox.open()
        self._loop = self._loops.start(
            "payouts", self.turn, first_s=2.0, every_s=_EVERY_S, within_s=_WITHIN_S
        )

    async def stop(self) -> None:
        """End; what was not done is found by the next one."""
        if self._loop is not None:
            await self._loop.stop()

    async def turn(self) -> None:
        """Do all that is due; raises the first of what was raised, after all of it."""
        steps = (
            ("make", Text("生成付款", "payouts are made"), self._make),
            ("place", Text("送出付款文件", "files go to the bank"), self._send),
            ("finish", Text("完成已读的文件", "what was read has its effect"), self._finish),
            ("read", Text("读取银行文件", "files of the bank are read"), self._read_all),
        )  # fmt: skip
        errors = [await self._do(*step) for step in steps]
        for error in errors:
            if error is not None:
                raise error

    async def _do(
        self, name: str, title: Text, step: Callable[[], Awaitable[object]]
    ) -> Exception | None:
        """Do a step; gives what it raised, of which somebody is told until it goes on."""
        try:
            await step()
            ended = [incidents.Ended(_FAILS, "", name)]
            await self._pool.execute(*incidents.closing(ended, self._clock.now()))
        except _PASSES as error:
            return error
        except Exception as error:
            self.counts.failed += 1
            log.exception("payouts_fail", step=name)
            with suppress(*STORE_LOST):
                await self._tell(Incident.of(_FAILS, "", name, step=title, why=_why(error)))
            return error
        return None

    async def _make(self) -> None:
        await asyncio.to_thread(self._house.number)  # without it nothing is made that no file has
        made = await self._payouts.due()
        if made is not None and (made.made or made.files):
            self.counts.made += made.made
            self.counts.held += made.held
            self.counts.files += made.files
            log.info("payouts_made", made=made.made, held=made.held, files=made.files)

    async def _send(self) -> None:
        if self._outbox is not None:
            for name in await self._outbox.turn():
                await self._tell(Incident.of("payout_file_stands_still", "", name, name=name))

    async def _finish(self) -> None:
        await self._answers.finish()

    async def _read_all(self) -> None:
        if self._inbox is not None:
            for path in await asyncio.to_thread(self._inbox.whole, self._clock.now()):
                await self._read(path)

    async def _read(self, path: Path) -> None:
        """Read a file and put it aside; it is read again where this process ends in between.

        What cannot be read for another reason than what is in it stays, and is tried again.
        """
        name = told(path.name)
        try:
            where = await self._taken(path, name)
            await asyncio.to_thread(_aside, path, where)
        except FileNotFoundError:
            log.info("bank_file_gone", name=name)  # another process has put it aside
        except _PASSES:
            raise
        except Exception as error:
            log.exception("bank_file_not_taken", name=name)
            await self._tell(
                Incident.of("bank_file_unreadable", "", name, name=name, why=_why(error))
            )

    async def _taken(self, path: Path, name: str) -> str:
        """Let a file have its effect; gives the folder that it belongs into from then on."""
        try:
            content = await asyncio.to_thread(_content, path)
            done = await self._answers.read(content, name, _READER)
        except AlreadyRead:
            log.info("bank_file_known", name=name)
        except FileUnreadable as error:
            self.counts.unreadable += 1
            log.warning("bank_file_unreadable", name=name, why=str(error))
            await self._tell(
                Incident.of("bank_file_unreadable", "", name, name=name, why=str(error))
            )
            return "unreadable"
        else:
            self.counts.read += 1
            log.info("bank_file_read", name=name, lines=done.lines)
        return "read"

    async def _tell(self, one: Incident) -> None:
        await self._pool.execute(*incidents.opening([one], self._clock.now()))


class _Look(NamedTuple):
    """How a file lies there, and since when it was seen to lie so."""

    size: int
    date: float
    since: datetime

    def after(self, before: Self | None) -> Self:
        """Give the look before, where nothing has changed since."""
        return self if before is None or before[:2] != self[:2] else before

    def is_whole(self, now: datetime) -> bool:
        """Whether it has not changed for a while, as its date says or as was seen."""
        return self.date <= (now - _PATIENCE).timestamp() or self.since <= now - _PATIENCE


class _Inbox:
    """The folder of what the bank sends. A file is whole once it has not changed for a while.

    Its date tells that only where it is past: who writes there may have another clock.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[Path, _Look] = {}

    def whole(self, now: datetime) -> list[Path]:
        """Give the files that lie there whole, by name; hidden ones are still being written."""
        if not self._folder.is_dir():
            self._folder.mkdir(parents=True, exist_ok=True)
        before, self._seen = self._seen, {}
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another process has put it aside
                held = path.lstat()
                if not (path.name.startswith(".") or stat.S_ISDIR(held.st_mode)):
                    look = _Look(held.st_size, held.st_mtime, now)
                    self._seen[path] = look.after(before.get(path))
        return sorted(path for path, look in self._seen.items() if look.is_whole(now))


def _why(error: Exception) -> str:
    """Say what is wrong; of errors that are not ours the kind, for they may name an account."""
    return str(error) if isinstance(error, (OSError, AnnulError)) else type(error).__name__


def _content(path: Path) -> bytes:
    if not stat.S_ISREG(path.lstat().st_mode):
        message = f"{told(path.name)} is a link, or no file"
        raise FileUnreadable(message)
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if os.fstat(descriptor).st_size > _LARGEST:
            message = f"{told(path.name)} has more than {_LARGEST} bytes"
            raise FileUnreadable(message)
        return file.read()


def _aside(path: Path, where: str) -> None:
    folder = path.parent / where
    folder.mkdir(exist_ok=True)
    place = folder / path.name
    for number in count(2):
        if not place.exists():  # one of the same name before it stays
            break
        place = folder / f"{path.stem}.{number}{path.suffix}"
    path.rename(place)
