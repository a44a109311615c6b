"""Cashiers and their terminals, which outlive a power cut, as real ones do."""

import asyncio
from random import Random
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from annul.domain.kinds import KINDS, VOIDS
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

from .plan import COLLEAGUES
from .virtual import Process

if TYPE_CHECKING:
    from .cell import Cell

_ZONE: Final = ZoneInfo("Asia/Shanghai")
_PATIENCE_S: Final = (8.0, 8.0, 8.0, 1.0, 3.0)
_SOLD: Final = ("sale", "qr_sale", "preauth")
_TRIES: Final = 40


class SimulatedDevice:
    """One terminal, and the host that it speaks to now. The journal outlives a power cut."""

    def __init__(self, cell: "Cell", number: int, random: Random) -> None:
        self.who = cell.world.terminals[number]
        self.journal = TerminalJournal(":memory:", Vault(bytes.fromhex(self.who[2])))
        self.voids = 0
        self._cell = cell
        self._random = random
        self._patience_s = random.choice(_PATIENCE_S)
        self._at = random.randrange(cell.plan.hosts)
        self._terminal = self._new_terminal()

    def switch_on(self) -> None:
        """Begin with what the journal knows."""
        self._terminal = self._new_terminal()

    async def attempt(self, order: TerminalOrder) -> Record | None:
        """Do one transaction; None when its outcome is open, or nothing could be sent."""
        self.voids += order.kind.name in VOIDS
        self._roam()
        for _ in range(_TRIES):
            try:
                return await self._terminal.perform(order)
            except (StillOwing, SignInRefused):
                self._leave_who_is_silent()
                await asyncio.sleep(1.0)
            except Unreachable:
                self._go_elsewhere()
                await asyncio.sleep(0.5)
            except (NoAnswerFromHost, NotPossible):
                return None
        return None

    async def settle(self) -> None:
        """Settle the batch, if that goes."""
        self._roam()
        try:
            await settle(self._terminal)
        except (NotPossible, StillOwing, SignInRefused, NoAnswerFromHost, Unreachable):
            await asyncio.sleep(0.5)

    async def finish(self) -> None:
        """Send what is owed until nothing is, and hang up."""
        while self.journal.owed():
            try:
                await self._terminal.settle_owed()
            except Unreachable:
                self._go_elsewhere()
                await asyncio.sleep(1.0)
            except (NoAnswerFromHost, StillOwing, SignInRefused):
                self._leave_who_is_silent()
                await asyncio.sleep(1.0)
        self._terminal.close()

    def _leave_who_is_silent(self) -> None:
        """Be led to another host, as by whatever balances the load, once this one stands still."""
        if self._cell.hosts[self._at].process.frozen:
            self._go_elsewhere()

    def _roam(self) -> None:
        if self._cell.plan.hosts > 1 and self._random.random() < self._cell.plan.roams:
            self._go_elsewhere()

    def _go_elsewhere(self) -> None:
        self._terminal.close()
        self._at = (self._at + 1) % len(self._cell.hosts)
        self._terminal = self._new_terminal()

    def _new_terminal(self) -> SoftTerminal:
        merchant, terminal, key = self.who
        profile = Profile(
            merchant=merchant,
            terminal=terminal,
            master_key=key,
            port=self._cell.hosts[self._at].port,
            timeout_s=self._patience_s,
            resends=10**6,
        )
        return SoftTerminal(profile, self.journal, lambda: self._cell.loop.now().astimezone(_ZONE))


class SimulatedTill:
    """A cashier with a terminal, and a colleague who refunds by reference at another one."""

    def __init__(self, cell: "Cell", number: int) -> None:
        self.rounds = cell.plan.rounds // cell.plan.tills
        self.process = Process(f"till {number}")
        self.done = asyncio.Event()
        self._cell = cell
        self._random = random = Random(f"{cell.plan.seed} till {number}")
        self._device = SimulatedDevice(cell, number, random)
        self._colleague = (
            SimulatedDevice(cell, number + COLLEAGUES, random)
            if cell.plan.tills <= COLLEAGUES
            else None
        )
        self.devices = [one for one in (self._device, self._colleague) if one is not None]
        self.card = f"62000{random.choice('11223344')}{random.randrange(10**9):09d}0"
        self._code = f"629{random.randrange(10**12):012d}4"
        self._sold: list[Record] = []

    @property
    def voids(self) -> int:
        """How many voids it has tried."""
        return sum(device.voids for device in self.devices)

    def start(self) -> None:
        """Switch it on."""
        self._cell.loop.create_task(self._work(), context=self.process.context())

    def cut_power(self) -> None:
        """Switch it off in the middle of whatever it does, and on again."""
        if self.done.is_set():
            return
        cell = self._cell
        self.process.kill()
        cell.network.died(self.process)
        cell.say("power", self.process.name)
        self.process = Process(self.process.name)
        for device in self.devices:
            device.switch_on()
        self.start()

    async def _work(self) -> None:
        random = self._random
        while self.rounds > 0:
            self.rounds -= 1
            await asyncio.sleep(random.expovariate(1.0) * self._cell.plan.pause_s)
            await self._round()
        for device in self.devices:
            await device.finish()
        self.done.set()

    async def _round(self) -> None:
        """Sell, and most often give it back, in one of the ways in which that is tried."""
        random, plan = self._random, self._cell.plan
        amount = random.randrange(1, 1_000_00)
        (kind,) = random.choices(_SOLD, plan.sold)
        sold = await self._device.attempt(self._order(kind, amount))
        if sold is None:
            return
        mistaken = bool(plan.mistakes) and self._once(plan.mistakes)
        if sold.state != "approved":
            if mistaken:
                await self._give_back("void", sold)
            return
        self._sold.append(sold)
        if random.random() < plan.again / 2:
            sold = random.choice(self._sold)  # an older one, perhaps of another batch
        if sold.kind == "preauth":
            await self._complete(sold)
            return
        (then,) = random.choices(("void", "refund", "settle", ""), plan.then)
        if mistaken:
            void = "qr_void" if sold.kind == "qr_sale" else "void"
            await self._device.attempt(self._order(void, sold.amount + 1, sold))
        if then == "settle":
            await self._device.settle()
        elif then:
            await self._give_back(then, sold)

    async def _give_back(self, how: str, sold: Record) -> None:
        random, again = self._random, self._cell.plan.again
        kind = f"qr_{how}" if sold.kind == "qr_sale" else how
        ordered = [
            self._order(kind, self._part(how, sold), sold) for _ in range(1 + self._once(again))
        ]
        if self._colleague is None or kind != how or random.random() >= again:
            for order in ordered:
                await self._device.attempt(order)
            return
        refund = TerminalOrder(
            KINDS["refund"],
            self._part("refund", sold),
            self.card,
            swiped=False,
            rrn=sold.rrn,
            auth_code=sold.auth_code,
            date=sold.date,
        )
        await asyncio.gather(self._device.attempt(ordered[0]), self._colleague.attempt(refund))

    async def _complete(self, held: Record) -> None:
        kind = self._random.choice(("preauth_void", "completion", "completion_advice"))
        done = await self._device.attempt(self._order(kind, held.amount, held))
        if done is not None and kind != "preauth_void" and done.state == "approved":
            await self._device.attempt(self._order("completion_void", held.amount, done))

    def _once(self, chance: float) -> bool:
        return self._random.random() < chance

    def _part(self, how: str, sold: Record) -> int:
        """Give what is given back: all of it by a void, and some of it, often all, by a refund."""
        if how == "void" or self._once(0.3):
            return sold.amount
        return self._random.randrange(1, sold.amount + 1)

    def _order(self, kind: str, amount: int, original: Record | None = None) -> TerminalOrder:
        card = self._code if KINDS[kind].qr else self.card
        return TerminalOrder(KINDS[kind], amount, card, swiped=original is None, original=original)
