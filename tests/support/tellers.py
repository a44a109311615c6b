"""Terminals at work for `make chaos`: sales and what undoes them, whatever is away meanwhile."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from annul.domain.kinds import KINDS
from annul.security.vault import Vault
from annul.sim.terminal.batch import settle
from annul.sim.terminal.errors import (
    NoAnswerFromHost,
    NotPossible,
    SignInRefused,
    StillOwing,
    Unreachable,
)
from annul.sim.terminal.journal import Record, TerminalJournal
from annul.sim.terminal.messages import TerminalOrder
from annul.sim.terminal.profile import Profile
from annul.sim.terminal.terminal import SoftTerminal

_ZONE: Final = ZoneInfo("Asia/Shanghai")
_PATIENT_S, _IMPATIENT_S = 5.0, 0.4
_TRIES: Final = 200


@dataclass(slots=True)
class Progress:
    """What the terminals have done so far; `moved` wakes who waits for more of it.

    `unbalanced` are batches (merchant, terminal, number) that the host had otherwise, `unexplained`
    what of them is neither open on the terminal nor named by an incident.
    """

    done: int = 0
    refused: int = 0
    silent: int = 0
    roams: int = 0
    frozen: int = 0
    refused_numbers: int = 0
    failovers: int = 0
    settled: int = 0
    unbalanced: list[tuple[str, str, str]] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    moved: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def figures(self) -> dict[str, int]:
        """Give what is reported of where terminals went and what became of hosts."""
        return {
            "roams": self.roams,
            "frozen": self.frozen,
            "refused_numbers": self.refused_numbers,
            "failovers": self.failovers,
            "settled": self.settled,
            "unbalanced": len(self.unbalanced),
        }

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
        self,
        credentials: tuple[str, str, str],
        ports: Callable[[], Sequence[int]],
        random: Random,
        progress: Progress,
        roams: float = 0.0,
    ) -> None:
        """`ports` are those of hosts, as it is now.

        It goes elsewhere where it can not reach a host, and with a chance of `roams` anyhow.
        """
        self._credentials = credentials
        self._ports = ports
        self._random = random
        self._progress = progress
        self._roams = roams
        self.journal = TerminalJournal(":memory:", Vault(bytes.fromhex(credentials[2])))
        self._port = random.choice(ports())
        self._terminal = self._at(self._port)
        self._card = f"62000{random.choice('11122234')}{random.randrange(10**9):09d}0"

    async def work(self, rounds: int) -> None:
        """Do so many rounds, each a taking and perhaps what undoes it."""
        for _ in range(rounds):
            amount = self._random.randrange(1, 1_000_00)
            taken = await self._sold(amount)
            if taken is None:
                continue
            then = self._random.choices(["void", "refund", "settle", ""], [60, 25, 2, 13])[0]
            if then == "settle":
                await self.settle()
            elif then:
                undoing = then
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
            self._perhaps_roam()
            try:
                await self._terminal.settle_owed()
            except (NoAnswerFromHost, StillOwing, SignInRefused):
                await asyncio.sleep(0.2)
            except Unreachable:
                self._go_elsewhere()
                await asyncio.sleep(0.2)

    async def settle(self) -> None:
        """End the batch at another host, and take down whether both have the same of it.

        A last sale there proves who settles.
        """
        for _ in range(_TRIES):
            self._go_elsewhere()
            order = self._order("sale", self._random.randrange(1, 1_000_00))
            try:
                await self._terminal.perform(order)
                done = await settle(self._terminal)
            except (NoAnswerFromHost, StillOwing, SignInRefused, NotPossible, Unreachable):
                await asyncio.sleep(0.2)
                continue
            self._progress.settled += 1
            if not done.agrees:
                self._progress.unbalanced.append((*self._credentials[:2], done.batch))
            return
        self._progress.unbalanced.append((*self._credentials[:2], ""))

    def close(self) -> None:
        """Hang up."""
        self._terminal.close()

    def _at(self, port: int) -> SoftTerminal:
        """Give one that never gives up; one in five reverses before the issuer may answer."""
        merchant, terminal, key = self._credentials
        profile = Profile(
            merchant=merchant,
            terminal=terminal,
            master_key=key,
            port=port,
            timeout_s=_IMPATIENT_S if int(terminal) % 5 == 0 else _PATIENT_S,
            resends=10**6,
        )
        return SoftTerminal(profile, self.journal, lambda: datetime.now(_ZONE))

    def _perhaps_roam(self) -> None:
        if self._random.random() < self._roams:
            self._go_elsewhere()

    def _go_elsewhere(self) -> None:
        others = [port for port in self._ports() if port != self._port]
        self._terminal.close()
        if others:
            self._port = self._random.choice(others)
            self._progress.roams += 1
        self._terminal = self._at(self._port)

    def _order(self, kind: str, amount: int, original: Record | None = None) -> TerminalOrder:
        return TerminalOrder(
            KINDS[kind], amount, self._card, swiped=original is None, original=original
        )

    async def _try(self, order: TerminalOrder) -> Record | None:
        """Do one transaction; None when the host was away before anything was sent."""
        for _ in range(_TRIES):
            self._perhaps_roam()
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
