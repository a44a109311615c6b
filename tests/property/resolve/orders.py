"""One sale, and everything that may happen to it at terminal, host, network and issuer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

from annul.domain.kinds import KINDS
from annul.domain.records import Origin, Transaction
from annul.domain.reversal_rules import CONCLUDED
from annul.domain.states import State
from annul.host.financial import ask
from annul.host.handlers.reversal import reverse
from annul.host.recovery import too_late
from annul.issuers.errors import NoAnswer, Silence
from annul.issuers.forward import ForwardCounts
from annul.issuers.message import REVERSAL, Answer, parse_answer, request_fields
from annul.store.journal import Opening

from .books import ENDED, Books
from .issuer import (
    DECLINED,
    FORGOTTEN,
    ISSUER,
    RUDE,
    RUDE_REVERSALS,
    STUBBORN,
    TIMEOUT,
    Exchange,
)
from .world import AMOUNT, PAN, World

PART: Final = 4_000
OPEN: Final = frozenset({State.APPROVED, State.PARTLY_REFUNDED})
REVERSIBLE: Final = frozenset({State.SENT, State.UNKNOWN, State.APPROVED})
Event = Callable[[], Coroutine[Any, Any, None]]


class Orders(Books):
    """See the module. `possible` and `rude` say what may happen next."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.running: set[asyncio.Task[Any]] = set()
        self.at_terminal: list[Transaction] = [self.sale]
        self.refused = self.crashed = 0
        self.turned_back: dict[UUID, bool] = {}  # what the host told of: beside another?
        self.cleared: set[str] = set()

    async def begin(self, *, approved: bool = True) -> None:
        """Send the sale; unless it is to be `approved` its answer is still to come."""
        played: Any = self.issuer
        self.host.issuers = self.world.forwarder._issuers = played
        self.host.on_turned_back = self._hear
        await self.world.clear()
        self.world.forwarder.counts = ForwardCounts()
        assert await self.host.journal.open(Opening(self.sale, 0))
        await self._asked(self.sale, None)
        await self.check()
        if approved:
            (one,) = self.issuer.exchanges
            await self.issuer.read(one)
            await self._delivered(one)
            self.issuer.exchanges.clear()
            await self.check()

    async def stop(self) -> None:
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)
        self.running.clear()

    async def _hear(self, void: Transaction, *, beside: bool) -> None:
        self.turned_back[void.id] = beside

    # What may happen

    def possible(self) -> dict[str, Event]:
        """Give what may happen next, by what it is called."""
        events: dict[str, Event] = {}
        sale = self.rows[self.sale.id]
        free = sale["state"] in OPEN and not sale["undoing"]
        room = AMOUNT - sale["undone"] if free else 0
        if room >= PART:
            events["partial refund"] = partial(self._opened, "refund", PART)
        if room == AMOUNT:
            events["void"] = partial(self._opened, "void", AMOUNT)
            events["refund"] = partial(self._opened, "refund", AMOUNT)
            events["void by the resolver"] = partial(self._resolved, "void")
            events["refund by the resolver"] = partial(self._resolved, "refund")
        elif self.refused < 2:
            events["what there is no room for"] = self._refused
        for one in self.at_terminal:
            if self.rows[one.id]["state"] in REVERSIBLE:
                name = f"reversal of {self.issuer.names[one.rrn]} by the terminal"
                events[name] = partial(self._reversed_by_terminal, one)
        for exchange in self.issuer.exchanges:
            events |= self._of(exchange)
        for row in self.hidden():
            if row["rrn"] not in self.cleared:
                name = self.issuer.names[row["rrn"]]
                events[f"clearing row of {name}"] = partial(self._proved, row["rrn"])
        for row in self.concludable():
            name = self.issuer.names[row["rrn"]]
            events[f"two people conclude {name}"] = partial(self.conclude, row)
        if self.due:
            events["what is owed"] = self._forwarded
        if self.pending:
            events["time passes"] = self._waited
        if sum(one.due for one in self.issuer.exchanges) > 1:
            events["all answers at once"] = self._all_delivered
            events["all answers at once, the first heard last"] = self._first_heard_last
        if self.running and not self.crashed:
            events["the host dies and comes back"] = self._crashed
        return events

    def rude(self) -> dict[str, Event]:
        """Give what an issuer may do that is not polite."""
        events: dict[str, Event] = {}
        for one in self.issuer.exchanges:
            if one.said:
                continue
            ways = RUDE_REVERSALS if one.mti == REVERSAL else RUDE
            for how, way in ways.items():
                events[f"{one.name} {how}"] = partial(self.issuer.read, one, way)
            if one.mti == REVERSAL:
                events[f"{one.name} {FORGOTTEN}"] = partial(self.issuer.forget, one)
                events[f"{one.name} {STUBBORN}"] = partial(self.issuer.deny, one)
        return events

    def _of(self, one: Exchange) -> dict[str, Event]:
        events: dict[str, Event] = {}
        if not one.said:
            events[f"{one.name} read"] = partial(self.issuer.read, one)
            events[f"{one.name} read and answered"] = partial(self._served, one)
            if one.mti != REVERSAL:
                events[f"{one.name} declined"] = partial(self.issuer.read, one, DECLINED)
        if one.awaited:
            events[f"{one.name} silent"] = partial(self._answered, one, "")
            if one.mti != REVERSAL and not one.said:  # the switch gave up, the message goes on
                events[f"{one.name} refused by the switch"] = partial(self._answered, one, "96")
        elif not one.arrivals and len(one.said) < 2:  # what says two things is heard some time
            events[f"{one.name} lost"] = partial(self._lost, one)
        if one.said and one.arrivals <= len(one.said):
            events[f"{one.name} answered"] = partial(self._delivered, one)
        return events

    # To the end

    async def settle(self) -> None:
        """Deliver everything that is under way or owed, and compare the books."""
        async with asyncio.timeout(60):
            await self._converge()
        await self.compared()

    async def end(self) -> None:
        """Settle, and let two people conclude what is in dispute."""
        await self.settle()
        for row in self.concludable():
            await self.conclude(row)
        await self.compared()
        assert not self.world.forwarder.worker.failures

    async def _converge(self) -> None:
        """Go on with an issuer that is polite from now on, until nothing more happens."""
        for _ in range(80):
            for one in tuple(self.issuer.exchanges):
                if not one.said:
                    await self.issuer.read(one)
                while one.due:
                    await self._delivered(one)
            await self.check()
            for row in self.hidden():
                await self._proved(row["rrn"])
            await self.check()
            left = [self.rows[one] for one in self.pending]
            still = all(row["state"] == State.DISPUTED for row in left)
            denied = all(self.issuer.denies(row["rrn"]) for row in left)
            if not self.running and not self.hidden() and still and denied:
                return
            await self._waited()
            await self._forwarded()
        rows = [(self.issuer.names[row["rrn"]], row["state"]) for row in self.rows.values()]
        message = f"it does not end: {rows}"
        raise AssertionError(message)

    # What happens

    async def _opened(self, kind: str, amount: int) -> None:
        sale = await self.stored(self.sale.rrn)
        attempt = self.world.new(kind, amount, sale)
        assert await self.host.journal.open(Opening(attempt, 0, whole=kind == "void"))
        self.at_terminal += [attempt] if kind == "void" else []
        await self._asked(attempt, sale)

    async def _refused(self) -> None:
        self.refused += 1
        sale = await self.stored(self.sale.rrn)
        under_way = bool(sale.undoing) or sale.state not in OPEN
        for kind, amount in (("void", AMOUNT), ("refund", AMOUNT), ("refund", PART)):
            if amount == AMOUNT or under_way:
                attempt = self.world.new(kind, amount, sale)
                assert not await self.host.journal.open(Opening(attempt, 0, whole=kind == "void"))

    async def _asked(self, request: Transaction, original: Transaction | None) -> None:
        host = self.host
        merchant = host.registry.merchant(request.merchant_id)
        assert merchant is not None
        message = request_fields(
            request,
            pan=PAN,
            merchant=merchant,
            acquirer_id=host.acquirer_id,
            local=host.local(request.received_at),
            original=original,
        )
        await self._started(ask(host, request, self.issuer.route_to(ISSUER), original, *message))

    async def _resolved(self, kind: str) -> None:
        situation: Any = SimpleNamespace(own_tries=(), random=0.5, probing=False)
        route, sale = self.issuer.route_to(ISSUER), await self.stored(self.sale.rrn)
        await self._started(
            self.world.actions._attempt(situation, sale, kind, route, Origin.RESOLVER)
        )

    async def _reversed_by_terminal(self, one: Transaction) -> None:
        stored = await self.stored(one.rrn)
        request: Any = SimpleNamespace(
            key=(one.merchant_id, one.terminal_id, one.batch, one.trace),
            kind=KINDS[one.kind],
            amount=one.amount,
            message={39: "98"},
            card_hash=one.card_hash,
            business_date=one.business_date,
            station=self.host.registry.station(one.merchant_id, one.terminal_id),
        )
        code = (await reverse(request, self.host)).response_code
        assert code == ("12" if stored.undone or stored.why == CONCLUDED else "00")

    async def _forwarded(self) -> None:
        forwarder = self.world.forwarder
        for owed in await forwarder._claim(64):
            await self._started(forwarder.worker._do(owed))

    async def _waited(self) -> None:
        """Let more time pass than anything may take on the network."""
        self.world.clock.by += 2 * TIMEOUT

    async def _crashed(self) -> None:
        self.crashed += 1
        await self.stop()
        await self.world.recovery.recover(self.host.clock.now())

    async def _answered(self, one: Exchange, code: str) -> None:
        if code:
            one.answer.set_result(Answer(code))
        else:
            one.answer.set_exception(NoAnswer(Silence.TIMED_OUT))
        await self._settled()

    async def _lost(self, one: Exchange) -> None:
        self.issuer.exchanges.remove(one)

    async def _served(self, one: Exchange) -> None:
        await self.issuer.read(one)
        await self._delivered(one)

    async def _delivered(self, one: Exchange) -> None:
        landing = self._landed([one])
        await (self._heard(one.rrn, landing) if one.says_booked else landing)

    async def _landed(self, answers: Iterable[Exchange]) -> None:
        await asyncio.gather(*map(self._arrived, answers))
        await self._settled()

    async def _all_delivered(self) -> None:
        """Let answers meet each other halfway."""
        await self._landed(one for one in self.issuer.exchanges for _ in range(one.due))

    async def _first_heard_last(self) -> None:
        """Let what follows an answer be written down before that has been concluded from."""
        awaited = [one for one in self.issuer.exchanges if one.due and one.awaited]
        heard = [(one, self._said(one)) for one in awaited]
        rest = (one for one in self.issuer.exchanges for _ in range(one.due))
        await asyncio.gather(*(self.world.recovery.late(ISSUER, self._said(one)) for one in rest))
        for one, message in heard:
            one.answer.set_result(parse_answer(message, one.fields))
        await self._settled()

    def _said(self, one: Exchange) -> Any:
        message = self.world.answer(one, one.next)
        if one.says_booked and one.due:
            self.issuer.told.add(one.rrn)
        one.arrivals += 1
        return message

    async def _arrived(self, one: Exchange) -> None:
        message = self._said(one)
        if one.awaited:
            one.answer.set_result(parse_answer(message, one.fields))
        else:
            await self.world.recovery.late(ISSUER, message)

    async def _proved(self, rrn: str) -> None:
        self.cleared.add(rrn)
        stored = await self.stored(rrn)
        await self._heard(rrn, too_late(self.host, stored, Answer("00")))

    async def _heard(self, rrn: str, hearing: Coroutine[Any, Any, None]) -> None:
        """See that what had ended and is booked after all is open again, or is an incident."""
        await self.look()
        (row,) = (row for row in self.rows.values() if row["rrn"] == rrn)
        sale = self.rows[self.sale.id]
        self.turned_back.pop(row["id"], None)
        await hearing
        if row["state"] not in ENDED:
            return
        await self.look()
        told = self.incidents.get(row["id"], set[str]())
        now, undoes = self.rows[row["id"]], row["kind"] != "sale"
        reversible = row["kind"] != "refund"
        assert now["state"] == (State.REVERSING if reversible else State.DISPUTED)
        assert now["late_code"] in {"00", "10"}
        taken = undoes and (sale["state"] not in OPEN or sale["undone"] + row["amount"] > AMOUNT)
        assert now["holds"] == (row["amount"] if undoes and not taken else 0)
        if taken:
            assert told & {"late_approval", "disputed"}
        assert reversible or "disputed" in told
        assert self.turned_back.get(row["id"]) == (taken if row["kind"] == "void" else None)

    async def _started(self, work: Coroutine[Any, Any, Any]) -> None:
        self.running.add(asyncio.create_task(work))
        await self._settled()

    async def _settled(self) -> None:
        """Wait until all that runs waits for the issuer."""
        issuer = self.issuer
        async with asyncio.timeout(20):
            while True:
                ended = {task for task in self.running if task.done()}
                self.running -= ended
                for task in ended:
                    task.result()
                if len(self.running) == sum(one.awaited for one in issuer.exchanges):
                    return
                issuer.arrival.clear()
                arrival = asyncio.create_task(issuer.arrival.wait())
                await asyncio.wait({*self.running, arrival}, return_when=asyncio.FIRST_COMPLETED)
                arrival.cancel()


@asynccontextmanager
async def beginning(world: World, *, approved: bool = True) -> AsyncIterator[Orders]:
    """Give a sale; at the end deliver all that is left and compare the books."""
    orders = Orders(world)
    try:
        await orders.begin(approved=approved)
        yield orders
        await orders.end()
    finally:
        await orders.stop()
