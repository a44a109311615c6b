"""Terminals at work for `make chaos`: sales and what undoes them, whatever is away meanwhile."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from annul.domain.kinds import KINDS
from annul.security.vault import Vault
from annul.sim.terminal.errors import NoAnswerFromHost, SignInRefused, StillOwing, Unreachable
from annul.sim.terminal.journal import Record, TerminalJournal
from annul.sim.terminal.messages import TerminalOrder
from annul.sim.terminal.profile import Profile
from annul.sim.terminal.terminal import SoftTerminal

_ZONE: Final = ZoneInfo("Asia/Shanghai")
_PATIENT_S, _IMPATIENT_S = 5.0, 0.4


@dataclass(slots=True)
class Progress:
    """What the terminals have done so far; `moved` wakes who waits for more of it."""

    done: int = 0
    refused: int = 0
    silent: int = 0
    moved: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def ended(self, *, refused: bool = False) -> None:
        """Count a transaction."""
        self.done += 1
        self.refused += refused
        self.moved.set()

    async def reached(self, count: int) -> None:
        """Wait until so many transactions have ended."""
        while self.done < count:
            self.moved.clear()
            await self.moved.wait()


class Teller:
    """One terminal at work: sales, and for most of them what undoes them."""

    def __init__(
        self, profiles: tuple[Profile, Profile], random: Random, progress: Progress
    ) -> None:
        """`profiles` are those of two hosts: whoever can not reach one goes to the other."""
        profile, self._elsewhere = profiles
        self.journal = TerminalJournal(":memory:", Vault(bytes.fromhex(profile.master_key)))
        self._profile = profile
        self._terminal = self._at(profile)
        self._random = random
        self._progress = progress
        self._card = f"62000{random.choice('11122234')}{random.randrange(10**9):09d}0"

    async def work(self, rounds: int) -> None:
        """Do so many rounds, each a taking and perhaps what undoes it."""
        for _ in range(rounds):
            amount = self._random.randrange(1, 1_000_00)
            taken = await self._sold(amount)
            if taken is None:
                continue
            undoing = self._random.choices(["void", "refund", ""], [60, 25, 15])[0]
            if undoing:
                part = amount if undoing == "void" else self._random.randrange(1, amount + 1)
                await self._try(self._order(undoing, part, taken))
                if self._random.random() < 0.2:  # an impatient cashier does it again
                    await self._try(self._order(undoing, part, taken))

    async def _sold(self, amount: int) -> Record | None:
        """Sell, a few times if it is refused for a moment; None when it does not go through."""
        for _ in range(5):
            taken = await self._try(self._order("sale", amount))
            if taken is not None and taken.state == "approved":
                return taken
            await asyncio.sleep(0.2)
        return None

    async def finish(self) -> None:
        """Send what is owed until nothing is; the host may still be coming up."""
        while self.journal.owed():
            try:
                await self._terminal.settle_owed()
            except (NoAnswerFromHost, StillOwing, SignInRefused):
                await asyncio.sleep(0.2)
            except Unreachable:
                self._go_elsewhere()
                await asyncio.sleep(0.2)
        self._terminal.close()

    def _at(self, profile: Profile) -> SoftTerminal:
        return SoftTerminal(profile, self.journal, lambda: datetime.now(_ZONE))

    def _go_elsewhere(self) -> None:
        self._terminal.close()
        self._profile, self._elsewhere = self._elsewhere, self._profile
        self._terminal = self._at(self._profile)

    def _order(self, kind: str, amount: int, original: Record | None = None) -> TerminalOrder:
        return TerminalOrder(
            KINDS[kind], amount, self._card, swiped=original is None, original=original
        )

    async def _try(self, order: TerminalOrder) -> Record | None:
        """Do one transaction; None when the host was away before anything was sent."""
        for _ in range(200):
            try:
                record = await self._terminal.perform(order)
            except (StillOwing, SignInRefused):  # the database may be away
                await asyncio.sleep(0.1)
                continue
            except Unreachable:
                self._go_elsewhere()
                await asyncio.sleep(0.1)
                continue
            except NoAnswerFromHost:
                self._progress.silent += 1
                return None
            self._progress.ended(refused=record.state != "approved")
            return record
        return None


def profiles(credentials: tuple[str, str, str], first: int, second: int) -> tuple[Profile, Profile]:
    """Give a terminal at both hosts, one in five at the second one to begin with."""
    at_second = int(credentials[1]) % 5 == 1
    ports = (second, first) if at_second else (first, second)
    return _profile(credentials, ports[0]), _profile(credentials, ports[1])


def _profile(credentials: tuple[str, str, str], port: int) -> Profile:
    """Give a terminal that never gives up; one in five reverses before the issuer may answer."""
    merchant, terminal, key = credentials
    patience = _IMPATIENT_S if int(terminal) % 5 == 0 else _PATIENT_S
    return Profile(
        merchant=merchant,
        terminal=terminal,
        master_key=key,
        port=port,
        timeout_s=patience,
        resends=10**6,
    )
