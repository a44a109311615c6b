"""Who stands around the cell: cashiers with terminals, operators, and somebody without a key."""

import asyncio
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from annul.diagnose.lessons import Lessons
from annul.domain.errors import AnnulError
from annul.domain.kinds import KINDS, VOIDS
from annul.resolve.book import Book
from annul.resolve.people import People
from annul.security.vault import Vault
from annul.sim.terminal.batch import settle
from annul.sim.terminal.errors import (
    NoAnswerFromHost,
    NotPossible,
    SignInRefused,
    StillOwing,
    Unreachable,
)
from annul.sim.terminal.journal import Journal, Record
from annul.sim.terminal.messages import Order
from annul.sim.terminal.profile import Profile
from annul.sim.terminal.terminal import SoftTerminal
from annul.store.batcher import LOST
from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS
from annul.wire.errors import DecodeError, FrameError
from annul.wire.framing import TPDU_2, Framer

from .virtual import Process

if TYPE_CHECKING:
    from .cell import Cell

_ZONE: Final = ZoneInfo("Asia/Shanghai")
_PATIENCE_S: Final = (8.0, 8.0, 8.0, 1.0, 3.0)
_POS: Final = Codec(DIALECTS["unionpay_pos"])
_AS_HEARD: Final = 0.3  # of what a stranger sends has the number that it had
_SOLD: Final = ("sale", "qr_sale", "preauth")
_ACTIONS: Final = ("retry", "refund", "withdraw", "look", "reject", "close", "note")
_HANDS: Final = (("olga", "operator"), ("otto", "administrator"))


class Till:
    """One terminal and its cashier. The journal outlives a power cut, as on a real one."""

    def __init__(self, cell: "Cell", number: int) -> None:
        self.who = cell.world.terminals[number]
        self.number = number
        self.journal = Journal(":memory:", Vault(bytes.fromhex(self.who[2])))
        self.rounds = cell.plan.rounds // cell.plan.tills
        self.process = Process(f"till {number}")
        self.done = asyncio.Event()
        self.voids = 0
        self._cell = cell
        self._random = Random(f"{cell.plan.seed} till {number}")
        self._patience_s = self._random.choice(_PATIENCE_S)
        self._at = self._random.randrange(cell.plan.hosts)
        self._card = f"62000{self._random.choice('1112223334')}{self._random.randrange(10**9):09d}0"
        self._code = f"629{self._random.randrange(10**12):012d}4"
        self._sold: list[Record] = []
        self._terminal = self._new_terminal()

    def start(self) -> None:
        """Switch it on."""
        self._terminal = self._new_terminal()
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
        self.start()

    async def finish(self) -> None:
        """Send what is owed until nothing is."""
        while self.journal.owed():
            try:
                await self._terminal.settle_owed()
            except Unreachable:
                self._go_elsewhere()
                await asyncio.sleep(1.0)
            except (NoAnswerFromHost, StillOwing, SignInRefused):
                await asyncio.sleep(1.0)

    async def _work(self) -> None:
        random = self._random
        while self.rounds > 0:
            self.rounds -= 1
            await asyncio.sleep(random.expovariate(1.0) * self._cell.plan.pause_s)
            await self._round()
        await self.finish()
        self._terminal.close()
        self.done.set()

    async def _round(self) -> None:
        """Sell, and most often give it back, in one of the ways in which that is tried."""
        random, plan = self._random, self._cell.plan
        amount = random.randrange(1, 1_000_00)
        (kind,) = random.choices(_SOLD, plan.sold)
        sold = await self._try(self._order(kind, amount))
        if sold is None or sold.state != "approved":
            return
        self._sold.append(sold)
        if random.random() < plan.again / 2:
            sold = random.choice(self._sold)  # an older one, perhaps of another batch
        if sold.kind == "preauth":
            await self._complete(sold)
            return
        (then,) = random.choices(("void", "refund", "settle", ""), plan.then)
        if then == "settle":
            await self._settle()
        elif then:
            kind = f"qr_{then}" if sold.kind == "qr_sale" else then
            for _ in range(1 + (random.random() < plan.again)):
                part = sold.amount if then == "void" else random.randrange(1, sold.amount + 1)
                await self._try(self._order(kind, part, sold))

    async def _complete(self, held: Record) -> None:
        kind = self._random.choice(("preauth_void", "completion", "completion_advice"))
        done = await self._try(self._order(kind, held.amount, held))
        if done is not None and kind != "preauth_void" and done.state == "approved":
            await self._try(self._order("completion_void", held.amount, done))

    async def _settle(self) -> None:
        try:
            await settle(self._terminal)
        except (NotPossible, StillOwing, SignInRefused, NoAnswerFromHost, Unreachable):
            await asyncio.sleep(0.5)

    async def _try(self, order: Order) -> Record | None:
        """Do one transaction; None when its outcome is open, or nothing could be sent."""
        self.voids += order.kind.name in VOIDS
        for _ in range(40):
            try:
                return await self._terminal.perform(order)
            except (StillOwing, SignInRefused):
                await asyncio.sleep(1.0)
            except Unreachable:
                self._go_elsewhere()
                await asyncio.sleep(0.5)
            except NoAnswerFromHost:
                return None
        return None

    def _order(self, kind: str, amount: int, original: Record | None = None) -> Order:
        card = self._code if KINDS[kind].qr else self._card
        return Order(KINDS[kind], amount, card, swiped=original is None, original=original)

    def _go_elsewhere(self) -> None:
        self._terminal.close()
        self._at = (self._at + 1) % self._cell.plan.hosts
        self._terminal = self._new_terminal()

    def _new_terminal(self) -> SoftTerminal:
        merchant, terminal, key = self.who
        profile = Profile(
            merchant=merchant, terminal=terminal, master_key=key,
            port=self._cell.hosts[self._at].port, timeout_s=self._patience_s, resends=10**6,
        )  # fmt: skip
        return SoftTerminal(profile, self.journal, lambda: self._cell.loop.now().astimezone(_ZONE))


async def operate(cell: "Cell") -> None:
    """Press any button of any open case, as two people would who know nothing."""
    random = Random(f"{cell.plan.seed} operators")
    pool: Any = cell.database.pool()
    book = Book(pool, timedelta(minutes=1), 0)
    people = People(book, Lessons(pool))
    while True:
        await asyncio.sleep(random.expovariate(1 / 8))
        try:
            cases = await book.latest(only_open=True, limit=20)
            if not cases:
                continue
            case = random.choice(cases)
            who, role = random.choice(_HANDS)
            action = random.choice(_ACTIONS)
            said = await people.act(
                case, action, who=who, role=role, reason="一试", second_person_from=500_00,
                now=cell.loop.now(),
            )  # fmt: skip
            cell.say("operator", f"{who} {action} {case.number}: {said}")
        except AnnulError as error:
            cell.say("operator", f"refused: {error.code}")
        except LOST:
            await asyncio.sleep(1.0)


def _renumbered(frame: bytes, random: Random) -> bytes:
    """Make another request of one that was overheard: a new number, and a MAC that is guessed."""
    try:
        [heard] = Framer(TPDU_2).feed(frame)
        message = _POS.decode(heard.body)
        fields = message.fields()
        if 11 not in fields or random.random() < _AS_HEARD:
            return frame
        fields[11] = f"{random.randrange(10**6):06d}"
        if 64 in fields:
            fields[64] = random.randbytes(8)
        return TPDU_2.pack(_POS.encode(message.mti, fields), heard.head)
    except (DecodeError, FrameError, ValueError):
        return frame


async def knock(cell: "Cell") -> None:
    """Send a host what somebody without a key can send: forged, replayed, cut short, at random."""
    random = Random(f"{cell.plan.seed} stranger")
    overheard: list[bytes] = []
    cell.network.heard = overheard
    while True:
        await asyncio.sleep(random.expovariate(1 / 4))
        if not overheard:
            continue
        body = bytearray(_renumbered(random.choice(overheard), random))
        for _ in range(random.choice((0, 0, 1, 3))):
            body[random.randrange(2, len(body))] = random.randrange(256)
        if random.random() < 0.2:
            body = bytearray(random.randbytes(random.randrange(2, 200)))
        port = random.choice(cell.hosts).port
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(bytes(body))
            await asyncio.sleep(random.uniform(0.0, 2.0))
            writer.close()
        except OSError:
            continue
        cell.say("stranger", f"{len(body)} bytes to {port}")
