"""What pays merchants by itself: payouts by schedule, files to the bank, its answers read back."""

import asyncio
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Final

import asyncpg
import structlog

from annul.domain.business_day import Calendar
from annul.domain.incident import Incident
from annul.security.vault import Vault
from annul.store import incidents
from annul.store.clock import Clock
from annul.store.loop import Loop, Loops

from .answers import AlreadyRead, Answers
from .bank.rows import FileUnreadable
from .files import Outbox
from .house_bank import HouseBank
from .payouts import Payouts

log = structlog.get_logger(__name__)

_EVERY_S: Final = 60.0
_WITHIN_S: Final = 3_600.0  # a statement of a large bank, payouts of all merchants
_READER: Final = "inbox"
_LARGEST: Final = 200_000_000  # bytes of a file that is read
_PATIENCE: Final = timedelta(seconds=5)  # a file that changed since is still being written


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
        self._pool = pool
        self._clock = clock
        self._payouts = Payouts(pool, calendar, clock, house, vault, cell)
        self._answers = Answers(pool, calendar, clock, cell)
        self._outbox = Outbox(pool, vault, clock, house.outbox) if house.outbox else None
        self._inbox = house.inbox
        self._loops = loops or Loops(clock)
        self._loop: Loop | None = None

    def start(self) -> None:
        """Begin: each minute what is due."""
        self._loop = self._loops.start(
            "payouts", self.turn, first_s=2.0, every_s=_EVERY_S, within_s=_WITHIN_S
        )

    async def stop(self) -> None:
        """End; what was not done is found by the next one."""
        if self._loop is not None:
            await self._loop.stop()

    async def turn(self) -> None:
        """Do all that is due."""
        made = await self._payouts.due()
        if made is not None and (made.made or made.files):
            log.info("payouts_made", made=made.made, held=made.held, files=made.files)
        if self._outbox is not None:
            await self._still(await self._outbox.turn())
        await self._answers.finish()
        if self._inbox is not None:
            for path in await asyncio.to_thread(_files, self._inbox, self._clock.now().timestamp()):
                await self._read(path)

    async def _read(self, path: Path) -> None:
        """Read a file and put it aside; it is read again where this process ends in between."""
        try:
            content = await asyncio.to_thread(_content, path)
            done = await self._answers.read(content, path.name, _READER)
        except AlreadyRead:
            log.info("bank_file_known", name=path.name)
        except FileUnreadable as error:
            log.warning("bank_file_unreadable", name=path.name, why=str(error))
            one = Incident.of("bank_file_unreadable", "", path.name, name=path.name, why=str(error))
            await self._pool.execute(*incidents.opening([one], self._clock.now()))
            await asyncio.to_thread(_aside, path, "unreadable")
            return
        else:
            log.info("bank_file_read", name=path.name, lines=done.lines)
        await asyncio.to_thread(_aside, path, "read")

    async def _still(self, names: list[str]) -> None:
        raised = [Incident.of("payout_file_stands_still", "", name, name=name) for name in names]
        if raised:
            await self._pool.execute(*incidents.opening(raised, self._clock.now()))


def _files(folder: Path, now: float) -> list[Path]:
    """Give the files that lie there whole, by name; hidden ones are still being written."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
    patient = now - _PATIENCE.total_seconds()
    found = (one for one in folder.iterdir() if one.is_file() and not one.name.startswith("."))
    return sorted(one for one in found if one.stat().st_mtime <= patient)


def _content(path: Path) -> bytes:
    if path.stat().st_size > _LARGEST:
        message = f"{path.name} has more than {_LARGEST} bytes"
        raise FileUnreadable(message)
    return path.read_bytes()


def _aside(path: Path, where: str) -> None:
    folder = path.parent / where
    folder.mkdir(exist_ok=True)
    place = folder / path.name
    for number in count(2):
        if not place.exists():  # one of the same name before it stays
            break
        place = folder / f"{path.stem}.{number}{path.suffix}"
    path.rename(place)
