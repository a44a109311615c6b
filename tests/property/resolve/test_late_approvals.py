"""A void and a refund of one sale never both pay, in whatever order things happen.

The host is real, on a real database; only the issuer is played. It believes everything, also what
it should know to be undone, and every message to it and every answer takes as long as it likes:
so nothing but the host keeps the money from being given back twice.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from annul.domain.kinds import KINDS
from annul.domain.records import Transaction
from annul.domain.states import UNFINISHED, State
from annul.host.financial import ask
from annul.host.handlers.reversal import reverse
from annul.issuers.errors import NoAnswer, Silence
from annul.issuers.message import REVERSAL, Answer, request_fields
from annul.store.journal import Opening

from .world import AMOUNT, ISSUER, PAN, Exchange, Issuer, World, open_world

PART: Final = 4_000
OPEN: Final = frozenset({State.APPROVED, State.PARTLY_REFUNDED})
ENDED: Final = frozenset({State.DECLINED, State.REVERSED})
REVERSIBLE: Final = frozenset({State.SENT, State.UNKNOWN, State.APPROVED})
Event = Callable[[], Coroutine[Any, Any, None]]


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with open_world(database) as opened:
        yield opened


class Orders:
    """One sale, and everything that may happen to it at terminal, host, network and issuer."""

    def __init__(self, world: World) -> None:
        self.world, self.host, self.issuer = world, world.host, Issuer()
        self.sale = world.new("sale", AMOUNT)
        self.running: set[asyncio.Task[Any]] = set()
        self.at_terminal: list[Transaction] = []
        self.rows: dict[UUID, asyncpg.Record] = {}
        self.posted: dict[UUID, int] = {}
        self.incidents: set[UUID] = set()
        self.owing = self.refused = 0
        self.taken_back: dict[UUID, bool] = {}  # voids that must end reversed: beside another?
        self.told: set[str] = set()  # reference numbers whose approval has reached the host
        self.cleared: set[str] = set()

    async def begin(self) -> None:
        played: Any = self.issuer
        self.host.issuers = self.world.forwarder._issuers = played
        self.host.on_turned_back = self._hear
        await self.world.clear()
        await self.host.journal.open(Opening(self.sale, 0))
        await self._refused()
        await self._asked(self.sale, None)
        await self._answered(self.issuer.exchanges.pop(), "00")
        self.issuer.moved[self.sale.rrn] = AMOUNT
        await self.check()

    async def stop(self) -> None:
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)

    async def _hear(self, void: Transaction, *, beside: bool) -> None:
        self.taken_back[void.id] = self.taken_back.get(void.id, False) or beside

    def possible(self) -> dict[str, Event]:
        """Give what may happen next, by what it is called."""
        events: dict[str, Event] = {}
        sale = self.rows[self.sale.id]
        room = AMOUNT - sale["undone"] if sale["state"] in OPEN else 0
        if room >= PART:
            events["partial refund"] = partial(self._opened, "refund", PART)
        if room == AMOUNT:
            events["void"] = partial(self._opened, "void", AMOUNT)
            events["refund"] = partial(self._opened, "refund", AMOUNT)
            events["void by the resolver"] = partial(self._resolved, "void")
            events["refund by the resolver"] = partial(self._resolved, "refund")
        elif self.refused < 2:
            events["what there is no room for"] = self._refused
        for void in self.at_terminal:
            if self.rows[void.id]["state"] in REVERSIBLE:
                name = f"reversal of {self.issuer.names[void.rrn]} by the terminal"
                events[name] = partial(self._reversed_by_terminal, void)
        for one in self.issuer.exchanges:
            events |= self._of(one)
        for rrn in self.issuer.voids:
            if rrn not in self.cleared:
                events[f"clearing row of {self.issuer.names[rrn]}"] = partial(self._proved, rrn)
        if self.owing:
            events["what is owed"] = self._forwarded
        if sum(one.due for one in self.issuer.exchanges) > 1:
            events["all answers at once"] = self._all_delivered
        return events

    def _of(self, one: Exchange) -> dict[str, Event]:
        events: dict[str, Event] = {}
        if not one.code:
            events[f"{one.name} read"] = partial(self.issuer.read, one)
            events[f"{one.name} read and answered"] = partial(self._served, one)
            if one.mti != REVERSAL:
                events[f"{one.name} declined"] = partial(self.issuer.read, one, approve=False)
        if one.awaited:
            events[f"{one.name} silent"] = partial(self._answered, one, "")
            if one.mti == "0200" and not one.code:  # the switch gave up, the message goes on
                events[f"{one.name} refused by the switch"] = partial(self._answered, one, "96")
        elif not one.arrivals:
            events[f"{one.name} lost"] = partial(self._lost, one)
        if one.code and one.arrivals < 2:
            events[f"{one.name} answered"] = partial(self._delivered, one)
        return events

    # What must always hold

    async def check(self) -> None:
        await self._look()
        rows = self.rows
        sale = rows[self.sale.id]
        attempts = [row for row in rows.values() if row is not sale]
        assert sale["undone"] == sum(row["holds"] for row in attempts) <= AMOUNT
        dead = {*ENDED, State.REVERSING}
        live = [row for row in attempts if row["kind"] == "void" and row["state"] not in dead]
        assert len(live) <= 1
        approved = [row for row in attempts if row["state"] == State.APPROVED]
        assert sum(row["amount"] for row in approved) <= AMOUNT
        entries = await self.world.entries()
        posted = {row["transaction_id"]: int(row["taken"]) for row in entries}
        for row in rows.values():
            sign = 1 if row is sale else -1
            stands = row["state"] not in {*UNFINISHED, *ENDED}
            expected = sign * row["amount"] if stands else 0
            if row["state"] == State.REVERSING:  # as before, until the issuer acknowledges it
                expected = self.posted.get(row["id"], 0)
            assert posted.get(row["id"], 0) == expected, (row["kind"], row["state"])
        self.posted = posted
        pending, *_ = await self.host.journal.balance(self.sale.merchant_id, "156")
        assert pending == sum(row["owed"] for row in entries)

    async def end(self) -> None:
        """Deliver everything that is under way or owed, and compare the books."""
        async with asyncio.timeout(30):
            await self._converge()
        booked = self.issuer.moved
        for row in self.rows.values():
            assert row["state"] not in UNFINISHED
            stands = row["state"] not in ENDED
            assert bool(booked.get(row["rrn"])) == stands, (row["kind"], row["state"])
        assert sum(-moved for moved in booked.values() if moved < 0) <= AMOUNT
        sale = self.rows[self.sale.id]
        given = {row["kind"] for row in self.rows.values() if row["state"] == State.APPROVED}
        refunded = State.PARTLY_REFUNDED if sale["undone"] < AMOUNT else State.REFUNDED
        becomes = {"void": State.VOIDED, "refund": refunded}
        (state,) = [becomes[kind] for kind in given - {"sale"}] or [State.APPROVED]
        assert sale["state"] == state
        assert AMOUNT - sale["undone"] == sum(booked.values()) == sum(self.posted.values())
        for void_id, beside in self.taken_back.items():
            assert self.rows[void_id]["state"] == State.REVERSED
            assert (void_id in self.incidents) == beside
        assert not self.world.forwarder.counts.failed

    async def _converge(self) -> None:
        while True:
            for one in self.issuer.exchanges:
                if not one.code:
                    await self.issuer.read(one)
                if one.due:
                    await self._delivered(one)
            for rrn in self.issuer.voids:
                if rrn not in self.told:
                    await self._proved(rrn)
            await self._forwarded()
            await self.check()
            if not self.running and not self.owing:
                return

    async def _look(self) -> None:
        fetch = self.world.owner.fetch
        self.rows = {row["id"]: row for row in await fetch("SELECT * FROM transactions")}
        incidents = await fetch("SELECT * FROM incidents WHERE kind = 'late_approval'")
        self.incidents = {row["transaction_id"] for row in incidents}
        self.owing = await self.world.forwarder.backlog()

    # What happens

    async def _opened(self, kind: str, amount: int) -> None:
        attempt = self.world.new(kind, amount, self.sale.id)
        assert await self.host.journal.open(Opening(attempt, 0, whole=kind == "void"))
        self.at_terminal += [attempt] if kind == "void" else []
        await self._asked(attempt, self.sale)

    async def _refused(self) -> None:
        self.refused += 1
        for kind in ("void", "refund"):
            attempt = self.world.new(kind, AMOUNT, self.sale.id)
            assert not await self.host.journal.open(Opening(attempt, 0, whole=kind == "void"))

    async def _asked(self, request: Transaction, original: Transaction | None) -> None:
        host = self.host
        merchant = host.registry.merchant(request.merchant_id)
        assert merchant is not None
        message = request_fields(
            request, pan=PAN, merchant=merchant, acquirer_id=host.acquirer_id,
            local=host.local(request.received_at), original=original,
        )  # fmt: skip
        await self._started(ask(host, request, self.issuer.route_to(ISSUER), original, *message))

    async def _resolved(self, kind: str) -> None:
        situation: Any = SimpleNamespace(own_tries=(), random=0.5)
        route = self.issuer.route_to(ISSUER)
        await self._started(self.world.actions._attempt(situation, self.sale, kind, route))

    async def _reversed_by_terminal(self, void: Transaction) -> None:
        key = (void.merchant_id, void.terminal_id, void.batch, void.trace)
        request: Any = SimpleNamespace(
            key=key, kind=KINDS[void.kind], amount=void.amount, message={39: "98"},
            station=self.host.registry.station(*key[:2]),
        )  # fmt: skip
        assert (await reverse(request, self.host)).response_code == "00"
        self.taken_back.setdefault(void.id, False)

    async def _forwarded(self) -> None:
        forwarder = self.world.forwarder
        for owed in await forwarder._claim(64):
            await self._started(forwarder._try(owed))

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
        landing = self._landed(one)
        await (self._heard(one.rrn, landing) if one.approves_void else landing)

    async def _landed(self, *answers: Exchange) -> None:
        await asyncio.gather(*map(self._arrived, answers))
        await self._settled()

    async def _all_delivered(self) -> None:
        """Let answers meet each other halfway."""
        await self._landed(*(one for one in self.issuer.exchanges if one.due))

    async def _arrived(self, one: Exchange) -> None:
        one.arrivals += 1
        self.told |= {one.rrn} if one.approves_void else set()
        if one.awaited:
            one.answer.set_result(Answer(one.code))
        else:
            await self.world.recovery.late(ISSUER, self.world.late(one))

    async def _proved(self, rrn: str) -> None:
        self.told.add(rrn)
        self.cleared.add(rrn)
        void = await self.host.journal.find_by_rrn(self.sale.merchant_id, rrn)
        assert void is not None
        await self._heard(rrn, self.world.recovery.approved_after_all(void, "00"))

    async def _heard(self, rrn: str, hearing: Coroutine[Any, Any, None]) -> None:
        """See that the approval of a void that had ended holds the original, or is an incident."""
        await self._look()
        (void,) = (row for row in self.rows.values() if row["rrn"] == rrn)
        sale, known = self.rows[self.sale.id], self.incidents
        await hearing
        if void["state"] not in ENDED:
            return
        await self._look()
        assert self.rows[void["id"]]["state"] == State.REVERSING
        taken = sale["undone"] > 0 or sale["state"] not in OPEN
        assert (void["id"] in self.incidents) == (taken or void["id"] in known)
        assert taken or self.rows[self.sale.id]["undone"] == AMOUNT

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
async def beginning(world: World) -> AsyncIterator[Orders]:
    """Give a sale that is approved; at the end deliver all that is left and compare the books."""
    orders = Orders(world)
    try:
        await orders.begin()
        yield orders
        await orders.end()
    finally:
        await orders.stop()


_FREED: Final = ("void", "void 1 silent", "what is owed", "reversal of void 1 read and answered")

ORDERS: Final[dict[str, tuple[str, ...]]] = {
    "before anything takes its place": (*_FREED, "void 1 read and answered"),
    "after a refund was sent": (*_FREED, "refund", "void 1 read and answered"),
    "after a refund was sent in vain": (
        *_FREED, "refund", "refund 2 silent", "void 1 read and answered", "refund 2 declined"),
    "after a refund was approved": (
        *_FREED, "refund", "refund 2 read and answered", "void 1 read and answered"),
    "after a part was refunded": (
        *_FREED, "partial refund", "refund 2 read and answered", "void 1 read and answered"),
    "after a second void was approved": (
        *_FREED, "void by the resolver", "void 2 read and answered", "void 1 read and answered"),
    "after the switch refused it": (
        "void", "void 1 refused by the switch", "refund", "refund 2 read and answered",
        "void 1 read and answered"),
    "while its reversal is acknowledged": (
        "void", "void 1 silent", "what is owed", "reversal of void 1 read",
        "void 1 read and answered", "reversal of void 1 answered"),
    "before an old acknowledgement": (
        "void", "void 1 silent", "what is owed", "reversal of void 1 read",
        "reversal of void 1 silent", "what is owed",
        "reversal of void 1 again (1) read and answered", "void 1 read and answered",
        "reversal of void 1 answered"),
    "in time, while the terminal's reversal is owed": (
        "void", "reversal of void 1 by the terminal", "void 1 read and answered"),
    "a second time, after the terminal reversed it": (
        "void", "void 1 read and answered", "reversal of void 1 by the terminal", "what is owed",
        "reversal of void 1 read and answered", "refund", "void 1 answered"),
    "in time, after the terminal reversed it": (
        "void", "reversal of void 1 by the terminal", "what is owed",
        "reversal of void 1 read and answered", "void 1 read and answered"),
    "by a clearing row, while its reversal is acknowledged": (
        "void", "void 1 silent", "what is owed", "reversal of void 1 read", "void 1 read",
        "void 1 lost", "clearing row of void 1", "reversal of void 1 answered"),
    "by a clearing row, after a refund was approved": (
        *_FREED, "void 1 read", "refund", "refund 2 read and answered", "clearing row of void 1"),
}  # fmt: skip


@pytest.mark.parametrize("order", ORDERS)
async def test_a_void_approved_late_is_turned_back(world: World, order: str) -> None:
    async with beginning(world) as orders:
        for event in ORDERS[order]:
            await orders.possible()[event]()
            await orders.check()


FIRST: Final = ("void", "void", "void by the resolver", "refund", "partial refund")
# Drawn before the events are known: of answers that come at once either may win.
PICKS: Final = st.sampled_from(range(60))


@pytest.mark.timeout(600)  # shrinking a failure takes its time; a success takes seconds
@settings(
    max_examples=100,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # an example begins anew
)
@given(st.lists(PICKS, min_size=15, max_size=25))
async def test_a_sale_is_given_back_once_in_every_order(world: World, picks: list[int]) -> None:
    async with beginning(world) as orders:
        for number, pick in enumerate(picks):
            events = orders.possible()
            names = sorted(events) if number else FIRST
            if not names:
                break
            event = names[pick % len(names)]
            note(event)
            await events[event]()
            await orders.check()
