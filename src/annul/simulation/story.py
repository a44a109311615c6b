"""One story from its seed to its verdict, always the same."""

import asyncio
import gc
import hashlib
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NoReturn, TypeVar

import structlog

from annul.domain.states import UNFINISHED
from annul.resolve.audit import Auditor
from annul.resolve.book import _SQL as BOOK
from annul.resolve.differences import Difference

from .cell import GIVE_UP_S, Cell
from .chance import seeded
from .chart import Chart
from .clearing import SimulatedClearing
from .compare import Comparison, compare
from .database import Pool
from .ends import Ends, ends_of_voids
from .network import NetworkLoop, SimulatedTransport, in_memory
from .nights import pass_days
from .people import conclude, operate, pay_out
from .plan import Plan
from .stranger import knock
from .tills import SimulatedTill
from .treasury import Treasury
from .trouble import TroubleMaker
from .virtual import Process
from .world import World

_T = TypeVar("_T")
_LAST_S: Final = GIVE_UP_S * 3 + 300.0  # all that can be decided is decided by then
_DONE_S: Final = 1_800.0  # virtual; a long day takes some hundred seconds
_OPEN: Final = (
    "SELECT (SELECT count(*) FROM transactions t WHERE state IN"
    " ('received', 'sent', 'unknown', 'reversing', 'disputed') AND NOT EXISTS ("
    " SELECT FROM incidents i WHERE i.merchant_id = t.merchant_id AND i.transaction_id = t.id))"
    " + (SELECT count(*) FROM cases WHERE ended = '')"
    " + (SELECT count(*) FROM refusals WHERE NOT cased)"
    " + (SELECT count(*) FROM transactions WHERE kind ~ 'void|refund|completion'"
    " AND NOT cased AND origin IN ('terminal', 'program') AND state IN ('declined', 'reversed'))"
)
_ROWS: Final = (
    "SELECT merchant_id, terminal_id, batch, trace, kind, amount FROM transactions"
    " WHERE origin = 'terminal'"
)
# Whose voids must be covered, and who owes more than was taken from them without asking.
_UNCOVERED: Final = (
    "SELECT b.merchant_id FROM merchant_balances b JOIN merchants m USING (merchant_id)"
    " WHERE m.void_needs_balance AND b.pending + b.available < -(SELECT coalesce(sum(amount), 0)"
    " FROM transactions t WHERE t.merchant_id = b.merchant_id AND t.kind !~ 'void|refund'"
    " AND t.state IN ('reversed', 'reversing', 'disputed'))"
    " + (SELECT coalesce(sum(amount), 0) FROM account_moves v WHERE v.state = 'done'"
    " AND v.merchant_id = b.merchant_id AND v.amount < 0"
    " AND v.kind IN ('correction', 'chargeback', 'clearing'))"
)


@dataclass(slots=True)
class StoryEnd:
    """How a story ended. `digest` is over everything that happened, in order."""

    seed: int
    verdict: Comparison
    ends: Ends
    voids: int
    endless: int
    wrong: list[str]  # what else may not be: contradictions, rows of nobody, money uncovered
    reached: Counter[str]
    digest: str
    events: int
    virtual_s: float
    faults: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether everything that must hold does."""
        return not self.complaints()

    def complaints(self) -> list[str]:
        """Say what does not hold."""
        found = [*self.verdict.differences, *self.wrong, *self.ends.open]
        found += [f"fault of annul's own: {fault}" for fault in self.faults]
        for name in ("lost", "twice", "pending", "unexplained"):
            if count := getattr(self.verdict, name):
                found.append(f"{name}: {count}")
        if not self.verdict.books_equal:
            found.append("the three books differ")
        if self.endless:
            found.append(f"without an end: {self.endless}")
        if not self.ends.hold:
            found.append(f"voids that did not end: {self.ends.voids - self.ends.ended}")
        return found

    def figures(self) -> dict[str, int]:
        """Give what is counted over many stories."""
        return {
            "voids": self.voids,
            "transactions": self.verdict.transactions,
            "lost": self.verdict.lost,
            "twice": self.verdict.twice,
            "endless": self.endless + len(self.ends.open),
            "unexplained": self.verdict.unexplained + self.verdict.pending + len(self.wrong),
            "faults": len(self.faults),
            "named": self.verdict.named,
            "cases": self.ends.cases,
            "freezes": sum(n for what, n in self.reached.items() if what.startswith("freeze ")),
            "numbers_lost": self.reached["node lost"],
            "numbers_refused": self.reached["node refused"],
        }


class Log:
    """What happens, in order: kept as lines where somebody reads them, and always as a digest."""

    def __init__(self, loop: NetworkLoop, write: Callable[[str], None] | None) -> None:
        self._loop = loop
        self._write = write
        self._hash = hashlib.sha256()
        self.events = 0

    def say(self, kind: str, what: str) -> None:
        """Write a line."""
        line = f"{self._loop.time():14.6f} {kind:<9} {what}"
        self._hash.update(line.encode() + b"\n")
        self.events += 1
        if self._write is not None:
            self._write(line)

    @property
    def digest(self) -> str:
        """Give the digest so far."""
        return self._hash.hexdigest()


def tell(
    world: World,
    plan: Plan,
    write: Callable[[str], None] | None = None,
    chart: Chart | None = None,
) -> StoryEnd:
    """Tell a story in a world that is put back first; `write` takes its log, line by line.

    Raises `Stuck` when somebody waits for ever.
    """
    with telling(world, plan, write) as telling_:
        found = telling_.run(_Story(world, plan, telling_.loop, telling_.log, chart).run())
    log = telling_.log
    return StoryEnd(
        plan.seed, *found, log.digest, log.events, telling_.loop.time(), telling_.faults
    )


class Telling:
    """A virtual loop with its log, while somebody tells something on it."""

    def __init__(self, plan: Plan, write: Callable[[str], None] | None) -> None:
        self.loop = NetworkLoop(plan.begins)
        self.log = Log(self.loop, write)
        self.faults: list[str] = []  # what was logged as an error by mistake

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run something to its end; raises `Stuck` when somebody waits for ever."""
        return self.loop.run_until_complete(work)

    def heard(self, _logger: Any, level: str, event: MutableMapping[str, Any]) -> NoReturn:
        """Take a line of annul's own log."""
        if level in {"error", "critical"}:
            error = sys.exc_info()[1] if event.get("exc_info") else None
            said = f"{event.get('event')} {error!r}" if error else str(event.get("event"))
            self.log.say("error", said)
            if error:
                self.faults.append(f"{said}\n{traceback.format_exc()}")
        raise structlog.DropEvent


@contextmanager
def telling(
    world: World, plan: Plan, write: Callable[[str], None] | None = None
) -> Iterator[Telling]:
    """Put a world back, and let time be virtual and chance be the seed's until the block ends."""
    world.reset()
    made = Telling(plan, write)
    structlog.configure(processors=[made.heard], cache_logger_on_first_use=False)
    asyncio.set_event_loop(made.loop)
    gc.disable()  # the dead have no last word, whenever it might be found that they are
    try:
        with seeded(str(plan.seed), made.loop.now):
            yield made
    finally:
        asyncio.set_event_loop(None)
        made.loop.bury()
        structlog.reset_defaults()
        gc.enable()


_Found = tuple[Comparison, Ends, int, int, list[str], Counter[str]]


class _Story:
    def __init__(
        self, world: World, plan: Plan, loop: NetworkLoop, log: Log, chart: Chart | None
    ) -> None:
        self._chart = chart
        self._plan = plan
        self._loop = loop
        self._log = log
        self._world = world

    async def run(self) -> _Found:
        cell = Cell(self._world, self._plan, self._loop, self._happened)
        with in_memory(cell.network):
            return await self._in(cell)

    async def _in(self, cell: Cell) -> _Found:
        plan = self._plan
        cell.network.seen = self._seen
        cell.database.said = self._said
        await cell.start()
        cell.let(plan.faults)
        tills = [SimulatedTill(cell, number) for number in range(plan.tills)]
        for till in tills:
            till.start()
        trouble = TroubleMaker(cell, tills)
        around = [
            self._beside("operators", operate(cell) if plan.operators else None),
            self._beside("telephone", conclude(cell) if plan.telephones else None),
            self._beside("stranger", knock(cell) if plan.strangers else None),
            self._beside("payouts", pay_out(cell) if plan.payouts and not plan.settles else None),
            self._beside("treasury", Treasury(cell).work() if plan.settles else None),
            self._beside("bank", cell.bank.work() if plan.settles else None),
            self._beside("trouble", trouble.run()),
        ]
        owing = await self._done(tills)
        for process in around[2:]:
            process.kill()
        trouble.over()
        cell.let([one for one in plan.faults if one.rate == 1.0 and one.of_kind == "reversal"])
        for host in cell.hosts:
            host.process.dies_at = 0
            if host.process.dead and not host.gone:
                host.start()
        pool: Any = cell.database.pool()
        clearing = SimulatedClearing(cell) if plan.clears else None
        if clearing is not None and plan.clears_at_once:
            await clearing.at_once()
        endless = await self._dry(pool, around[:2])
        ends = await ends_of_voids(pool)
        served_until = self._loop.now()
        nights = await self._nights(cell, clearing) if plan.settles else []
        verdict = await compare(pool, self._entries(cell), self._records(tills))
        report = await Auditor(pool).everything(self._loop.now())
        wrong = [
            f"{one.kind} {one.reference}"
            for one in report.differences
            if not _waits_for_a_host(one, served_until)
        ]
        wrong += nights + owing + await self._of_nobody(pool, tills)
        wrong += ["an issuer was sent what it does not know"] * sum(
            issuer.not_known + issuer.garbled for issuer in cell.issuers
        )
        wrong += [f"uncovered: {merchant}" for (merchant,) in await pool.fetch(_UNCOVERED)]
        coverage = cell.database.coverage
        await coverage.count(pool)
        await pool.close()
        cell.network.end()
        cell.database.end()
        return verdict, ends, sum(till.voids for till in tills), endless, wrong, coverage.reached

    @staticmethod
    async def _nights(cell: Cell, clearing: SimulatedClearing | None) -> list[str]:
        """Let the days after it pass, without hosts: nothing of a sale is on its way any more."""
        for host in cell.hosts:
            host.kill()
        return await pass_days(cell, clearing)

    @staticmethod
    async def _done(tills: list[SimulatedTill]) -> list[str]:
        """Wait until every till owes nothing any more; gives those that never come to it."""
        try:
            async with asyncio.timeout(_DONE_S):
                for till in tills:
                    await till.done.wait()
        except TimeoutError:
            never = [till for till in tills if not till.done.is_set()]
            _leave([till.process for till in never])
            return [f"{till.process.name} owes something for ever" for till in never]
        return []

    def _beside(self, name: str, work: Coroutine[Any, Any, None] | None) -> Process:
        process = Process(name)
        if work is not None:
            self._loop.create_task(_seen_to_end(name, work), context=process.context())
        return process

    def _seen(self, sender: SimulatedTransport, data: bytes) -> None:
        digest = hashlib.sha256(data).hexdigest()[:16]
        self._log.say("bytes", f"{sender.owner} {digest} {len(data)}")
        if self._chart is not None:
            self._chart.message(self._loop.time(), sender.owner, sender.peer.owner, data)

    def _said(self, who: str, sql: str, args: Sequence[Any], error: object) -> None:
        failed = type(error).__name__ if error else ""
        self._log.say("sql", f"{who} {' '.join(sql[:90].split())[:60]} {failed}")
        if self._chart is not None:
            self._chart.statement(self._loop.time(), who, sql, args, error)

    def _happened(self, kind: str, what: str) -> None:
        self._log.say(kind, what)
        if self._chart is not None:
            self._chart.happened(self._loop.time(), kind, what)

    async def _dry(self, pool: Pool, people: Sequence[Process]) -> int:
        """Wait until nothing is open of which nobody was told; gives what still is at the last."""
        began = self._loop.time()
        left = 0
        while self._loop.time() - began < _LAST_S:
            left = await pool.fetchval(_OPEN)
            left += len(await pool.fetch(*BOOK["unproved"](states=sorted(UNFINISHED), limit=100)))
            if not left:
                break
            if self._loop.time() - began > GIVE_UP_S:
                _leave(people)
            await asyncio.sleep(5.0)
        _leave(people)
        return left

    @staticmethod
    def _entries(cell: Cell) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for issuer in cell.issuers:
            issuer.books.check()
            found += [
                {"merchant": entry.merchant, "rrn": entry.rrn, "net": entry.net}
                for entry in issuer.books.entries.values()
            ]
        return found

    @staticmethod
    async def _of_nobody(pool: Pool, tills: list[SimulatedTill]) -> list[str]:
        """Find rows that no terminal has asked for: somebody without its key has made them."""
        asked = {
            (*device.who[:2], record.batch, record.trace): (record.kind, record.amount)
            for till in tills
            for device in till.devices
            for record in device.journal.records()
        }
        found: list[str] = []
        for *key, kind, amount in await pool.fetch(_ROWS):
            if asked.get(tuple(key)) != (kind, amount):
                found.append(f"asked for by nobody: {kind} {amount} {key}")
        return found

    @staticmethod
    def _records(tills: list[SimulatedTill]) -> list[Any]:
        return [
            (device.who, record)
            for till in tills
            for device in till.devices
            for record in device.journal.records()
        ]


def _leave(people: Sequence[Process]) -> None:
    for one in people:
        one.kill()


def _waits_for_a_host(one: Difference, served_until: datetime) -> bool:
    """Whether it is a case that a clearing file took up again in nights without hosts."""
    taken_up = one.kind == "audit_case_without_look" and not one.facts["ended"]
    return taken_up and datetime.fromisoformat(one.facts["due_look"]) >= served_until


async def _seen_to_end(name: str, work: Coroutine[Any, Any, None]) -> None:
    """Let nobody beside the cell end unseen: a story without them would prove less than it says."""
    try:
        await work
    except Exception:  # noqa: BLE001 - whatever it is, it is counted as a fault of the story
        structlog.get_logger(__name__).exception("ended_unseen", who=name)
