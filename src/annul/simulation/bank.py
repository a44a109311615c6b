"""The bank of a story: folders for its files, accounts of merchants there, and what it did."""

import asyncio
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import UUID

from annul.domain.business_day import Calendar
from annul.security.vault import Vault
from annul.settle import accounts
from annul.sim.bank.bank import Bank, Habits
from annul.sim.bank.orders import take

from .virtual import VirtualLoop
from .world import MASTER_KEY

# How banks answer, and in which format they take orders: who rejects says so in a status report.
_WAYS: Final = (
    ("pain.001", ("pain.002", "camt.054", "camt.053")),
    ("pain.001", ("pain.002", "camt.053")),
    ("pain.001", ("pain.002", "MT940")),
    ("csv", ("CSV",)),
    ("csv", ("CSV", "camt.053")),
)
_HONEST: Final = ("00", "00", "00", "91", "92", "95", "97", "98")
_LYING: Final = ("93", "94", "96")
# A contract each: when what a shop has sold is its own, and from how much on it is paid.
_TERMS: Final[tuple[Mapping[str, Any], ...]] = (
    {"cycle": "working", "days": 1},
    {"cycle": "calendar", "days": 0, "fee_ppm": 500},
    {"cycle": "calendar", "days": 0, "minimum": 30_000},
    {"cycle": "weekly", "weekday": 3},
)
# When its business days end, by turns; the house's do at 23:00.
_ENDS: Final = (None, "06:00", "23:50", "00:00")
_EVERY_S: Final = 20.0  # on average
_AGAIN: Final = 0.2  # how often it sends a file once more, under another name
CURRENCY: Final = "156"


@dataclass(frozen=True, slots=True)
class Sent:
    """A transfer as the bank was given it; `ending` are the last digits of the account."""

    file: str
    amount: int
    ending: str


class SimulatedBank:
    """The acquirer's bank. `sent` is all that it was ever given, by reference."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        loop: VirtualLoop,
        calendar: Calendar,
        say: Callable[[str, str], None],
    ) -> None:
        self._loop = loop
        self._calendar = calendar
        self._say = say
        self._random = Random(f"{seed} bank")
        self.format, answers = self._random.choice(_WAYS)
        self.outbox, self.inbox = folder / "out", folder / "in"
        for one in (self.outbox, self.inbox):
            one.mkdir(parents=True)
        twice, first = self._random.random() < 0.5, self._random.random() < 0.5
        self._bank = Bank(self.outbox, self.inbox, Habits(answers, twice, first))
        self.sent: dict[str, list[Sent]] = {}
        self._accounts = 0

    def settings(self) -> dict[str, Any]:
        """Give the table of the settings file: payouts are made each minute."""
        return {
            "name": "Acquirer",
            "account": "102000000001",
            "bank": "102100099996",
            "format": self.format,
            "outbox": self.outbox,
            "inbox": self.inbox,
            "at": [f"{minute // 60:02}:{minute % 60:02}" for minute in range(24 * 60)],
            "second_person_from": 50_000,
        }

    async def open(self, pool: Any) -> None:
        """Give each shop an account there, and a contract."""
        rows = await pool.fetch("SELECT merchant_id FROM merchants ORDER BY 1")
        for (merchant_id,), ends in zip(rows, cycle(_ENDS), strict=False):
            if ends:
                await pool.execute(
                    "INSERT INTO cut_overs (merchant_id, valid_from, cut_over, set_by, set_at)"
                    " VALUES ($1, '2026-01-01', $2, 'olga', $3)",
                    *(merchant_id, time.fromisoformat(ends), self._loop.now()),
                )
            terms = {"weekday": None, "fee_ppm": 0, "days": 1, "minimum": 0}
            terms |= self._random.choice(_TERMS)
            names = ", ".join(terms)
            await pool.execute(
                f"INSERT INTO settlement_terms (merchant_id, valid_from, set_by, set_at, {names})"  # noqa: S608 - our own names
                " VALUES ($1, '2026-01-01', 'olga', $2, $3, $4, $5, $6, $7)",
                *(merchant_id, self._loop.now(), *terms.values()),
            )
            await self.give_account(pool, merchant_id)

    async def give_account(self, pool: Any, merchant_id: str, ending: str = "") -> None:
        """Let a shop have an account of its own, in place of the one before."""
        kinds = _HONEST if self._random.random() < 0.8 else _LYING
        self._accounts += 1
        number = f"6222{self._accounts:08}{ending or self._random.choice(kinds)}"
        identity, now = UUID(int=self._random.getrandbits(128), version=4), self._loop.now()
        account = accounts.Account(merchant_id, "104100000004", number)
        async with pool.acquire() as connection, connection.transaction():
            await accounts.ask(
                connection,
                Vault(MASTER_KEY),
                merchant_id,
                identity,
                account,
                CURRENCY,
                reason="new",
                who="olga",
                now=now,
            )
            await accounts.use(connection, merchant_id, identity, "otto", now)

    async def work(self) -> None:
        """Come round now and then."""
        while True:
            await asyncio.sleep(self._random.expovariate(1 / _EVERY_S))
            self.come_round()

    def come_round(self) -> None:
        """Let it take what lies there and tell what it has to tell, or what it told before."""
        for file in sorted(self.outbox.glob("[!.]*")):
            if file.is_file():
                for asked in take(file.read_bytes()).asked:
                    given = Sent(file.name, asked.amount, asked.ending)
                    self.sent.setdefault(asked.reference, []).append(given)
        told = self._bank.come_round(self._calendar.local(self._loop.now()).date())
        read = self.inbox / "read"
        known = sorted(read.iterdir()) if read.is_dir() else []
        if known and self._random.random() < _AGAIN:
            before = self._random.choice(known)
            told.append(f"again-{len(known)}-{before.name}")
            shutil.copyfile(before, self.inbox / told[-1])
        for name in told:
            self._dated(self.inbox / name)
            self._say("bank", name)

    def _dated(self, file: Path) -> None:
        """Let a file be as old as it is in the story."""
        written = self._loop.now().timestamp()
        os.utime(file, (written, written))

    @property
    def has_more(self) -> bool:
        """Whether it has booked for days that are yet to come, or has not told of all."""
        return any(not each.told for each in self._bank.books.bookings)

    def moved(self) -> dict[str, int]:
        """Give what was paid of each reference, less what came back, in minor units."""
        today = self._calendar.local(self._loop.now()).date().isoformat()
        moved: dict[str, int] = {}
        for each in self._bank.books.bookings:
            if each.reference and each.day <= today:
                moved[each.reference] = moved.get(each.reference, 0) - each.moved
        return moved

    @property
    def orders(self) -> int:
        """Of how many files it knows."""
        return len(self._bank.books.orders)

    def unread(self) -> list[str]:
        """Name the files that lie there, or that could not be read."""
        aside = self.inbox / "unreadable"
        left = [one for one in self.inbox.glob("[!.]*") if one.is_file()]
        return sorted(one.name for one in [*left, *(aside.iterdir() if aside.is_dir() else ())])
