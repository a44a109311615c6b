"""What goes wrong around the tills, at moments drawn over the time that they take."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final

from .cell import LEASE_S

if TYPE_CHECKING:
    from .cell import Cell, SimulatedHost
    from .tills import SimulatedTill

# What an issuer may begin to ask for in the middle of a day: setting and value.
_RULES: Final[tuple[tuple[str, Any], ...]] = (
    ("void_supported", False),
    ("refund_supported", False),
    ("void_same_day", False),
    ("void_amount_limit", 300_00),
    ("void_window_s", 2.0),
    ("voids_per_day", 2),
    ("void_interval_s", 3.0),
    ("day_count", 5),
)
_CARDS: Final = ("lost", "stolen", "expired", "closed", "frozen", "suspected")
_A_WHILE_S: Final = (0.5, 3.0, 12.0)
# How long a host stands still, and where: at a statement of these, or between any two steps.
_FROZEN_S: Final = (2.0, LEASE_S + 0.5, 2 * LEASE_S, 4 * LEASE_S)
_FREEZES: Final = (
    *(
        f"{when} {statement}"
        for when in ("before", "after")
        for statement in (
            "journal.open",
            "journal.open_undo",
            "journal.conclude",
            "forward.lease",
            "membership.beat",
            "working_keys.claim",
        )
    ),
    *("",) * 6,
)
_COMES_S: Final = 30.0  # a host that has not come to its place by then freezes wherever it is
_AHEAD_S: Final = (-2 * LEASE_S, -1.0, 1.0, 2 * LEASE_S)  # how far off a standby's clock is
_TAKEN_UP_S: Final = 8.0  # running hosts have read what was changed by then


class TroubleMaker:
    """Makes happen what a plan says. Each event is a row of `EVENTS`."""

    def __init__(self, cell: "Cell", tills: Sequence["SimulatedTill"]) -> None:
        self._cell = cell
        self._tills = tills
        self._random = Random(f"{cell.plan.seed} story")

    async def run(self) -> None:
        """Let one event after the other happen."""
        plan, random = self._cell.plan, self._random
        span = max(plan.rounds / plan.tills * (plan.pause_s + 1.0), 5.0)
        moments = sorted(random.uniform(0.5, span) for _ in plan.events)
        for moment, event in zip(moments, random.sample(plan.events, len(moments)), strict=True):
            await asyncio.sleep(max(0.0, moment - self._cell.loop.time()))
            await EVENTS[event](self)

    def over(self) -> None:
        """End what may have been in the middle of something."""
        self._cell.database.away = False
        for host in self._cell.hosts:
            host.process.freezes_at, host.process.freezes_where = 0, ""
            if not host.gone:
                self._thaw(host)
        for issuer in self._cell.issuers:
            issuer.maintenance = issuer.books.policy.end_of_day = False

    async def _power(self) -> None:
        self._random.choice(self._tills).cut_power()

    async def _line(self) -> None:
        self._cell.network.cut(self._random.choice(self._cell.hosts).process)
        self._cell.say("line", "cut")

    async def _kill(self) -> None:
        """Kill a host after so many more of its steps; mostly it comes back."""
        random = self._random
        alive = [host for host in self._cell.hosts if host.stands]
        if not alive:
            return
        host = random.choice(alive)
        process = host.process
        steps = random.randrange(1, 400)
        if self._cell.plan.dies:
            process.dies_where = self._cell.plan.dies
        else:
            process.dies_at = process.steps + steps
        while not process.dead:
            await asyncio.sleep(0.2)
        host.running = None
        if len(alive) > 1 and random.random() < 0.3:
            host.gone = True
            self._cell.say("death", f"{process.name} for good")
            return
        await asyncio.sleep(random.choice((0.1, 1.0, 10.0)))
        host.start()

    async def _freeze(self) -> None:
        """Stop a host at a moment of its own, mostly past its lease; another may take its number.

        Who is killed meanwhile does not thaw.
        """
        random, cell = self._random, self._cell
        host = await self._frozen()
        if host is None:
            return
        seconds = random.choice(_FROZEN_S)
        if seconds > LEASE_S and random.random() < 0.4:
            await asyncio.sleep(LEASE_S)
            cell.another(host.node)
            seconds -= LEASE_S
        await asyncio.sleep(seconds)
        self._thaw(host)

    async def _stands_for_ever(self) -> None:
        """Stop a host for good, as a machine whose connections stay open; one goes on."""
        if sum(host.stands for host in self._cell.hosts) > 1:
            host = await self._frozen()
            if host is not None:
                host.gone = True
                await asyncio.sleep(LEASE_S)
                self._cell.network.lead_away(host.process, host.port)

    async def _frozen(self) -> "SimulatedHost | None":
        """Stop a host once it has come to a place; None when there is none."""
        random, cell = self._random, self._cell
        alive = [host for host in cell.hosts if host.stands and host.running]
        if not alive:
            return None
        host = random.choice(alive)
        process = host.process
        process.freezes_where = cell.plan.freezes or random.choice(_FREEZES)
        if not process.freezes_where:
            process.freezes_at = process.steps + random.randrange(1, 400)
        waited = 0.0
        while not process.frozen and not process.dead and waited < _COMES_S:
            await asyncio.sleep(0.2)
            waited += 0.2
        process.freeze()
        cell.say("freeze", process.name)
        return host

    def _thaw(self, host: "SimulatedHost") -> None:
        if host.process.frozen:
            host.process.thaw(timers_first=self._random.random() < 0.5)
            self._cell.say("thaw", host.process.name)

    async def _same_number(self) -> None:
        """Start a process with the number of another one: it is refused while that one lives."""
        host = self._cell.another(self._random.choice(self._cell.hosts).node)
        await asyncio.sleep(self._random.choice(_A_WHILE_S))
        if host.running is None:
            host.gone = True
            host.kill()

    async def _failover(self) -> None:
        """Let the database go on elsewhere, by another clock: leases last longer, or are over."""
        await self._database()
        self._cell.database.ahead = timedelta(seconds=self._random.choice(_AHEAD_S))

    async def _database(self) -> None:
        database = self._cell.database
        database.away = True
        database.restart()
        self._cell.say("database", "away")
        await asyncio.sleep(self._random.choice(_A_WHILE_S))
        database.away = False
        self._cell.say("database", "back")

    async def _maintenance(self) -> None:
        issuer = self._random.choice(self._cell.issuers)
        issuer.maintenance = True
        self._cell.say("issuer", "maintenance")
        await asyncio.sleep(self._random.choice(_A_WHILE_S))
        issuer.maintenance = False

    async def _end_of_day(self) -> None:
        policy = self._random.choice(self._cell.issuers).books.policy
        policy.end_of_day = True
        self._cell.say("issuer", "end of day")
        await asyncio.sleep(self._random.choice(_A_WHILE_S))
        policy.end_of_day = False

    async def _rule(self) -> None:
        setting, value = self._random.choice(_RULES)
        policy = self._random.choice(self._cell.issuers).books.policy
        before = getattr(policy, setting)
        setattr(policy, setting, value)
        self._cell.say("issuer", f"{setting} {value}")
        await asyncio.sleep(self._random.choice(_A_WHILE_S))
        setattr(policy, setting, before)

    async def _card(self) -> None:
        card, state = self._random.choice(self._tills).card, self._random.choice(_CARDS)
        for issuer in self._cell.issuers:
            issuer.books.account(card).state = state
        self._cell.say("issuer", f"a card is {state}")

    async def _change(self) -> None:
        """Change what the acquirer has set up, and back again; running hosts are told."""
        pool: Any = self._cell.database.pool()
        for statement in self._random.choice(self._cell.plan.changes):
            await pool.execute(statement)
            await pool.execute("UPDATE reference SET version = version + 1")
            self._cell.say("change", statement[:60])
            await asyncio.sleep(_TAKEN_UP_S)
        await pool.close()


EVENTS: Final[Mapping[str, Callable[[TroubleMaker], Awaitable[None]]]] = {
    "kill": TroubleMaker._kill,
    "power_cut": TroubleMaker._power,
    "line_cut": TroubleMaker._line,
    "freeze": TroubleMaker._freeze,
    "stands_for_ever": TroubleMaker._stands_for_ever,
    "same_number": TroubleMaker._same_number,
    "database_away": TroubleMaker._database,
    "failover": TroubleMaker._failover,
    "maintenance": TroubleMaker._maintenance,
    "end_of_day": TroubleMaker._end_of_day,
    "rule": TroubleMaker._rule,
    "card": TroubleMaker._card,
    "change": TroubleMaker._change,
}
