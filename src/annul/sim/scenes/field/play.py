"""One situation while it is played: its scene, what people do in it, and the truth of each void."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from annul.sim.issuer.faults import Fault, FaultKind
from annul.sim.issuer.rules import IssuerSettings
from annul.sim.scenes.scene import Scene
from annul.sim.scenes.till import Till
from annul.sim.terminal.journal import Record, TerminalJournal
from annul.sim.terminal.terminal import SoftTerminal
from annul.store.sql import load

_ANY: Final = ("voided", "refunded", "refused", "unproved", "")
_ASKED: Final = ("sale", "void", "refund", "balance")
_FAR: Final = 2_000  # a voucher number that the first device does not reach
_TRIES_S: Final = 7.0  # how long three tries of annul's own are waited for
_SQL: Final = load("annul.sim.scenes.field", "play.sql")


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of one void, if it fails.

    `causes` are the causes that are right, any of them; `at_first` those that are right as long as
    annul has not tried by itself; `ends` how its case may end. `unknown` is the name for what
    nothing can tell.
    """

    causes: tuple[str, ...]
    at_first: tuple[str, ...] = ()
    ends: tuple[str, ...] = _ANY

    def right(self, cause: str, *, at_first: bool = False) -> bool:
        """Say whether a cause is a right one."""
        return cause in ((self.at_first if at_first else ()) or self.causes)


@dataclass(frozen=True, slots=True)
class Sent:
    """A void that was sent: the key by which the database finds it, its sale, and its truth."""

    merchant: str
    terminal: str
    batch: str
    trace: str
    sale: Record
    truth: Truth
    said: str = ""  # the code that the terminal was answered, if it heard any


@dataclass(slots=True)
class Play:
    """A scene, the code by which its issuer says what goes wrong, and the voids that were sent."""

    scene: Scene
    code: str
    stack: AsyncExitStack
    sent: list[Sent] = field(default_factory=list)
    # What looks at the cases meanwhile, and when three tries of annul's own were over.
    inspect: Callable[["Play"], Awaitable[None]] | None = None
    tried_at: datetime | None = None

    @property
    def till(self) -> Till:
        """The till at which it happens."""
        return self.scene.tills[0]

    @property
    def policy(self) -> IssuerSettings:
        """The issuer's own settings."""
        return self.scene.issuer.server.books.policy

    # What people do -------------------------------------------------------------------------

    def card(self, of_range: str = "") -> str:
        """Give a new card, of a part of the issuer's range if one is given."""
        digits = f"{self.scene.random.randrange(10**9):09d}"
        return f"{self.scene.prefix}{of_range}{digits[len(of_range) :]}1"

    async def sales(
        self, count: int, *, till: Till | None = None, of_range: str = "", card: str = ""
    ) -> list[Record]:
        """Sell so often, with cards of a range or with one card; gives what went through."""
        sold = [
            await self.scene.sale(till or self.till, card=card or self.card(of_range))
            for _ in range(count)
        ]
        return [sale for sale in sold if sale is not None and sale.state == "approved"]

    async def void(
        self,
        sale: Record,
        *causes: str,
        at_first: tuple[str, ...] = (),
        ends: tuple[str, ...] = _ANY,
        till: Till | None = None,
        **keyed: Any,
    ) -> None:
        """Void a sale, of which this is true if it fails. `keyed`: another amount or card.

        Without a cause there is none for which it could fail.
        """
        till = till or self.till
        await self.scene.void(till, sale, "field", **keyed)
        # Nothing else has run since this one was entered.
        for key, _ in self.scene.truths:
            records = till.journal.records()
            said = next(record.response_code for record in records if record.trace == key[3])
            truth = Truth(causes or ("none",), at_first, ends)
            self.sent.append(Sent(*key, sale, truth, said))
        self.scene.truths.clear()

    async def voids(self, sales: list[Record], *causes: str, **said: Any) -> None:
        """Void them one after another."""
        for sale in sales:
            await self.void(sale, *causes, **said)

    def forget(self) -> None:
        """Let what was voided so far be history, of which nobody asks."""
        self.sent.clear()

    async def others(self, sales: int, *, voids: int = 0, of_range: str = "") -> None:
        """Let the other tills of the shop sell, and void as many of it."""
        if not of_range:
            await self.scene.traffic(sales, voids)
            return
        for number in range(sales):
            await self.scene.sale(self.scene.tills[2 + number % 2], card=self.card(of_range))

    async def another_shop(self) -> Till:
        """Give the till of another shop; nothing is tried again there, or refunded unasked."""
        till = await self.scene.place.another_shop(self.stack)
        await self.scene.change("shop_does_nothing_unasked", till.ids[1])
        return till

    async def reinstalled(self, till: Till) -> Till:
        """Give the same terminal installed anew: its voucher numbers start at one again."""
        fresh = self._device(till, TerminalJournal(":memory:", till.terminal.journal._vault))  # pyright: ignore[reportPrivateUsage]
        await fresh.terminal.sign_in()
        return fresh

    def _device(self, till: Till, journal: TerminalJournal) -> Till:
        old = till.terminal
        soft = SoftTerminal(old.profile, journal, old._now)  # pyright: ignore[reportPrivateUsage]
        self.stack.callback(journal.close)
        self.stack.callback(soft.close)
        return replace(till, terminal=soft, journal=journal)

    async def cloned(self, till: Till) -> Till:
        """Give a second device with the same number and the same keys, its vouchers far off."""
        journal = TerminalJournal(":memory:", till.terminal.journal._vault)  # pyright: ignore[reportPrivateUsage]
        journal.signed_in(till.journal.batch, till.journal.keys)
        while int(journal.next_trace()) < _FAR:
            pass
        return self._device(till, journal)

    def now_of(self, till: Till, now: Any) -> None:
        """Give a terminal another clock."""
        till.terminal._now = now  # pyright: ignore[reportPrivateUsage]

    # What goes wrong ------------------------------------------------------------------------

    def meets(self, kind: FaultKind, *, left: int | None = None, **aim: Any) -> Fault:
        """Let the issuer do something wrong until it is taken away."""
        return self.scene.meets(kind, left=left, **aim)

    def refuses(self, *, left: int | None = None, of_kind: str = "", **aim: Any) -> None:
        """Let the issuer refuse with the code of the play; reversals it acknowledges."""
        for kind in (of_kind,) if of_kind else _ASKED:
            self.meets(FaultKind.CODE, left=left, code=self.code, of_kind=kind, **aim)

    def healed(self) -> None:
        """Let the issuer do everything right again."""
        server = self.scene.issuer.server
        server.faults.rows.clear()
        server.maintenance = server.silent = False
        self.policy.end_of_day = False

    async def well_again(self) -> None:
        """Let the issuer do everything right again, and others find that out."""
        self.healed()
        await self.others(12, voids=1)

    def down(self, *, silent: bool = False) -> None:
        """Let the issuer fail: with the code of the play, or without a word."""
        server = self.scene.issuer.server
        server.silent = silent
        server.maintenance = not silent
        self.policy.codes["maintenance"] = self.code

    def beside(self, doing: Coroutine[Any, Any, None]) -> None:
        """Do something beside it until the play is over."""
        task = asyncio.create_task(doing)

        async def end() -> None:
            task.cancel()
            await asyncio.wait([task])

        self.stack.push_async_callback(end)

    # How it goes on -------------------------------------------------------------------------

    async def tried(self, tries: int = 3) -> None:
        """Wait until annul has tried so often for each void, or as far as that will ever be."""
        await self._until("tried", tries=0, within_s=_TRIES_S)
        await self._inspected()
        await self._until("tried", tries=tries, within_s=_TRIES_S)
        self.tried_at = self.scene.place.now()
        await self._inspected()

    async def _inspected(self) -> None:
        if self.inspect is not None:
            await self.inspect(self)

    async def over(self, within_s: float) -> None:
        """Wait until each case has ended, or until no more is to be expected."""
        await self._until("over", within_s=within_s)

    async def _until(self, name: str, *, within_s: float, **values: Any) -> None:
        asked = _SQL[name](merchant=self.scene.merchant, **values)
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not await self.scene.place.pool.fetchval(*asked):
                    await asyncio.sleep(0.15)
