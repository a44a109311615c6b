"""A scene in which faults are caused: an issuer, a shop with its tills, the truth."""

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, Final

from annul.issuers.link import Link
from annul.sim.issuer.faults import Fault, FaultKind
from annul.sim.issuer.simulator import Simulator
from annul.sim.terminal.journal import Record
from annul.store.sql import load
from annul.wire.subfields import Field60

from .place import Place
from .proxy import Proxy
from .till import Till

SQL: Final = load("annul.sim.scenes", "scene.sql")


@dataclass(slots=True)
class Scene:
    """One issuer, one merchant, some tills, and the truth of each void that was sent.

    `things` are what else something went wrong with: files, by name and id.

    Faults have the first two tills, traffic the next two, the hum of the shop the fifth; the last
    is where a sale was made `elsewhere`.
    """

    place: Place
    random: Random
    issuer: Simulator
    proxy: Proxy
    issuer_id: str
    prefix: str
    merchant: str
    tills: list[Till]
    truths: list[tuple[tuple[str, str, str, str], str]] = field(default_factory=list)
    things: set[str] = field(default_factory=set[str])

    @property
    def elsewhere(self) -> Till:
        """Another terminal of the shop, far from the others."""
        return self.tills[5]

    @property
    def link(self) -> Link:
        """The host's line to the issuer."""
        return self.place.link(self.issuer_id)

    # What people do -------------------------------------------------------------------------

    def card(self) -> str:
        """Give a card of this issuer that nobody has used."""
        return f"{self.prefix}{self.random.randrange(10**9):09d}1"

    @staticmethod
    def pan(sale: Record) -> str:
        """Give the card of a sale."""
        return str(sale.fields.get(2, ""))

    async def sale(
        self, till: Till, amount: int | None = None, card: str | None = None
    ) -> Record | None:
        """Sell something."""
        amount = amount or self.random.randrange(10_00, 400_00)
        return await till.do("sale", amount, card or self.card())

    async def sales(self, till: Till, count: int) -> list[Record]:
        """Sell so often; gives the sales that went through."""
        sold = [await self.sale(till) for _ in range(count)]
        return [sale for sale in sold if sale is not None and sale.state == "approved"]

    async def void(
        self,
        till: Till,
        sale: Record,
        truth: str,
        amount: int | None = None,
        card: str | None = None,
    ) -> bool:
        """Void a sale, and say whether it went through.

        Keeps what is true of it if it fails, unless `truth` is empty.
        """
        batch = till.journal.batch
        known = {record.trace for record in till.journal.records()}
        done = await till.do("void", amount or sale.amount, card or self.pan(sale), sale)
        new = [record for record in till.journal.records() if record.trace not in known]
        if new and truth:
            self._true(till, new[0].batch or batch, new[0].trace, truth)
        return done is not None and done.state == "approved"

    async def bare_void(self, till: Till, sale: Record, truth: str) -> None:
        """Send a void without field 61, as software did before it was asked for."""
        trace = till.journal.next_trace()
        fields: dict[int, str | bytes] = {
            2: self.pan(sale),
            3: "200000",
            4: f"{sale.amount:012d}",
            11: trace,
            22: "012",
            25: "00",
            37: sale.rrn,
            41: till.ids[0],
            42: till.ids[1],
            49: "156",
            60: Field60("23", sale.batch, "000").build(),
        }
        soft = till.terminal
        await soft._exchange("0200", fields, soft._keys)  # pyright: ignore[reportPrivateUsage]
        self._true(till, sale.batch, trace, truth)

    async def interrupted_void(self, till: Till, sale: Record, truth: str) -> None:
        """Send a void, and end the host's work on it once it is written and sent."""
        began = self.place.now()
        doing = asyncio.create_task(self.void(till, sale, truth))
        of = {"merchant": self.merchant, "terminal": till.ids[0]}
        await self.place.until(*SQL["void_sent"](**of))
        self.place.interrupt(till.ids[0])
        await self.place.until(*SQL["void_interrupted"](since=began, **of))
        till.proxy.cut()
        await doing

    async def unheard_void(self, till: Till, sale: Record, truth: str) -> None:
        """Send a void whose answer hangs in the line until the terminal hangs up."""
        began = self.place.now()
        doing = asyncio.create_task(self.void(till, sale, truth))
        of = {"merchant": self.merchant, "terminal": till.ids[0]}
        await self.place.until(*SQL["void_approved"](since=began, **of))
        till.proxy.cut()
        await doing

    async def traffic(self, sales: int, voids: int = 0) -> None:
        """Let others sell, and void as many of it."""

        async def serve(till: Till) -> None:
            for index in range(sales // 2):
                sold = await self.sale(till)
                if sold is not None and sold.state == "approved" and index < voids:
                    await self.void(till, sold, "")

        await asyncio.gather(*(serve(till) for till in self.tills[2:4]))

    async def hum(self) -> None:
        """Sell, and void every fourth sale, until cancelled."""
        till = self.tills[4]
        for number in itertools.count():
            sold = await self.sale(till)
            if sold is not None and sold.state == "approved" and number % 4 == 0:
                await self.void(till, sold, "")
            await asyncio.sleep(0.05)

    async def pays_no_fees(self) -> None:
        """Let the shop be one of those that pay none."""
        await self.change("shop_pays_no_fees")

    async def fee(self, sale: Record) -> int:
        """Give the fee that the shop has paid for a sale, in minor units."""
        return await self.place.pool.fetchval(*SQL["fee"](merchant=self.merchant, rrn=sale.rrn))

    # What goes wrong ------------------------------------------------------------------------

    def meets(self, kind: FaultKind, *, left: int | None = 1, **aim: Any) -> Fault:
        """Let the issuer do something wrong."""
        row = Fault(kind, left=left, **aim)
        self.issuer.server.faults.rows.append(row)
        return row

    async def spoilt_card(
        self, till: Till, sale: Record, state: str, code: str, truth: str
    ) -> None:
        """Void a sale whose card has got into a state; a purchase before it was refused as well."""
        pan = self.pan(sale)
        self.issuer.server.books.account(pan).state = state
        plain = code not in {"05", "57"}
        if not plain or self.random.random() < 0.5:
            await self.sale(till, card=pan)
        self.meets(FaultKind.CODE, of_kind="void", terminal=till.ids[0], code=code)
        await self.void(till, sale, truth)

    async def change(self, name: str, merchant: str = "", **values: Any) -> None:
        """Change a shop by a statement of `scene.sql`, this one's if none is named."""
        await self.place.pool.execute(*SQL[name](merchant=merchant or self.merchant, **values))
        await self.place.take_up()

    async def terminal(self, till: Till, name: str, **values: Any) -> None:
        """Change the set-up of a terminal by a statement of `scene.sql`."""
        terminal, merchant = till.ids
        await self.place.pool.execute(*SQL[name](terminal=terminal, merchant=merchant, **values))
        await self.place.take_up()

    async def sold_before(
        self, till: Till, sales: Sequence[Record], ago: timedelta, *, same_day: bool = False
    ) -> None:
        """Let sales of a till have been made so long ago, on the business day before."""
        terminal, merchant = till.ids
        traces = [sale.trace for sale in sales]
        moved = SQL["earlier" if same_day else "day_before"]
        await self.place.pool.execute(
            *moved(merchant=merchant, terminal=terminal, traces=traces, ago=ago)
        )

    async def money(self, *, pending: int, available: int, frozen: int = 0) -> None:
        """Leave the merchant so much, and let its contract ask that voids are covered."""
        await self.change("shop_money", pending=pending, available=available, frozen=frozen)
        await self.change("shop_voids_are_covered")

    async def policy(
        self, kind: str, number: int, age_s: float, lasts_s: float | None = None
    ) -> None:
        """Tell the acquirer of a rule of this issuer that has been in force for so long."""
        now = self.place.now()
        await self.place.pool.execute(
            *SQL["policy"](
                issuer=self.issuer_id,
                kind=kind,
                number=number,
                valid_from=now - timedelta(seconds=age_s),
                valid_until=None if lasts_s is None else now + timedelta(seconds=lasts_s),
                set_at=now,
            )
        )

    async def end_windows(self) -> None:
        """End what the issuer had announced."""
        row = SQL["windows_over"](issuer=self.issuer_id, now=self.place.now())
        await self.place.pool.execute(*row)

    async def meaning(self, code: str, cause: str) -> None:
        """Write down what this issuer means by a code."""
        row = SQL["code_meaning"](issuer=self.issuer_id, code=code, cause=cause)
        await self.place.pool.execute(*row)

    async def route(self, *, on: bool) -> None:
        """Switch the issuer's line off or on."""
        await self.place.switch(self.issuer_id, on=on)
        if on:
            await self.up()

    async def up(self) -> None:
        """Wait until the line is up."""
        async with asyncio.timeout(30):
            await self.link.wait_up()

    async def down(self, trouble: str = "") -> None:
        """Wait until the line is down, and known to be so for a reason."""
        async with asyncio.timeout(30):
            while self.link.up or (trouble and self.link.trouble != trouble):
                await asyncio.sleep(0.01)

    async def settled(self) -> None:
        """Wait until nothing of the shop is under way, as far as that will ever be."""
        with suppress(TimeoutError):
            nothing = SQL["nothing_sent"](merchant=self.merchant)
            await self.place.until(*nothing, within_s=1.5)

    def _true(self, till: Till, batch: str, trace: str, truth: str) -> None:
        terminal, merchant = till.ids
        self.truths.append(((merchant, terminal, batch, trace), truth))
