"""The clearing of a story: issuers' files arrive late, twice and wrong, in any order they may.

Whoever works on them dies at any step and begins again. What was wrong is discarded, with all that
was built upon it, and read once more as the issuer puts it right. People end breaks meanwhile.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import structlog

from annul.domain.breaks import Resolution
from annul.domain.errors import AnnulError
from annul.host.outcomes import Outcomes
from annul.merchants.registry import Registry
from annul.resolve.book import Book
from annul.security.vault import Vault
from annul.settle.clearing import ending
from annul.settle.clearing.commit import Clearing
from annul.settle.clearing.load import AlreadyThere, Described, Loader
from annul.settle.clearing.proving import Proving
from annul.settle.clearing.rows import ClearingUnreadable
from annul.settle.clearing.rules import USUAL
from annul.sim.demo import ISSUERS
from annul.sim.issuer.clearing import FORMS, ClearingFile, ClearingFiles, pieces
from annul.sim.issuer.clearing_faults import ClearingFault, FaultRow
from annul.store.batcher import LOST
from annul.store.journal import Journal

from .virtual import Process, VirtualClock
from .world import MASTER_KEY

if TYPE_CHECKING:
    from .cell import Cell

_DAYS: Final = 4  # of which issuers tell: those of the story, and what is carried over
_ONE, _OTHER = "olga", "otto"
_AGAIN_S: Final = 1.0  # until another one goes on
_LEFT: Final = timedelta(hours=7)  # after which what the dead have left is tidied up
_KILLS: Final = (0, 0, 0, 1, 2)
_STEPS: Final = 60
_PLACES: Final = tuple(
    f"{when} {statement}"
    for when in ("before", "after")
    for statement in (
        "clearing.staged",
        "matching.by_reference",
        "matching.expected",
        "breaks.hold_money",
        "clearing.committed",
        "proofs.carried",
        "proofs.undo",
        "proofs.undone",
        "ending.unmatch",
        "clearing.discarded",
        "ending.resolve",
    )
)
# How often something is wrong with a row or a file, where a story has it at all.
_WRONG: Final = {
    ClearingFault.ROW_MISSING: 0.1,
    ClearingFault.ROW_TWICE: 0.05,
    ClearingFault.OTHER_AMOUNT: 0.05,
    ClearingFault.OTHER_DAY: 0.05,
    ClearingFault.OTHER_FEE: 0.05,
    ClearingFault.OTHER_CURRENCY: 0.03,
    ClearingFault.DONE_ALTHOUGH_NOT: 0.2,
    ClearingFault.VOID_LEFT_OUT: 0.2,
    ClearingFault.REVERSAL_LEFT_OUT: 0.2,
    ClearingFault.STRANGER: 0.05,
    ClearingFault.LATE: 0.3,
    ClearingFault.AGAIN: 0.3,
    ClearingFault.CUT_OFF: 0.2,
}
_HAS: Final = 0.35
# With these a file is right about all money of cards that we know: it may stay.
_HARMLESS: Final = frozenset(
    {
        ClearingFault.OTHER_FEE,
        ClearingFault.OTHER_DAY,
        ClearingFault.STRANGER,
        ClearingFault.LATE,
        ClearingFault.AGAIN,
    }
)
_OPEN: Final = "SELECT id, money FROM breaks WHERE state = 'open' ORDER BY opened_at, id LIMIT 50"
_DIGEST: Final = (
    "SELECT id, name, state FROM clearing_files WHERE digest = $1"
    " AND state IN ('staged', 'committed')"
)
_STATES: Final = "SELECT md5(string_agg(id::text || state, ',' ORDER BY id)) FROM transactions"
_STATE: Final = "SELECT state FROM clearing_files WHERE id = $1"


@dataclass(slots=True)
class _Coming:
    """A file on its way, or kept to be read again; `wrong` says that another one will follow."""

    file: ClearingFile
    issuer: int
    due: date
    wrong: bool = False
    id: UUID | None = None

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.file.content).digest()


@dataclass(frozen=True, slots=True)
class _Tools:
    """What a process works with."""

    pool: Any
    loader: Loader
    clearing: Clearing
    proving: Proving


_Job = Callable[[_Tools], Awaitable[None]]


class SimulatedClearing:
    """The issuers' files of a story, and who works on them; `wrong` is what may not have been."""

    def __init__(self, cell: "Cell") -> None:
        self.cell = cell
        self.wrong: list[str] = []
        self._runs = 0
        self._coming: list[_Coming] = []
        self._counts: list[list[_Coming]] = []  # by issuer, what is committed
        seed = cell.plan.seed
        self._random = Random(f"{seed} clearing")
        self._form = self._random.choice(FORMS)
        self._first = self._next = cell.calendar.business_date(cell.plan.begins)
        self._told: list[ClearingFiles] = []
        self._right: list[ClearingFiles] = []
        for number, issuer in enumerate(cell.issuers):
            name = f"{ISSUERS[number][0]}-"
            told, right = (
                ClearingFiles(issuer.books, cell.calendar, seed * 10 + number, name)
                for _ in range(2)
            )
            told.faults.rows = list(self._faults())
            self._told.append(told)
            self._right.append(right)
            self._counts.append([])

    def _faults(self) -> Iterator[FaultRow]:
        # What is discarded takes all that came later along: there what is late is never missing.
        right = self.cell.plan.first_file_late > 0
        for kind, rate in _WRONG.items():
            if self._random.random() < _HAS and (kind in _HARMLESS or not right):
                yield FaultRow(kind, rate=rate)

    @property
    def over(self) -> bool:
        """Whether no file is on its way, and none will be."""
        return not self._coming and self._next > self._first + timedelta(days=_DAYS)

    @property
    def _awaited(self) -> bool:
        """Whether people know that a file is late, and end nothing before it has come."""
        late = self.cell.plan.first_file_late > 0
        return late and any(one.file.day == self._first for one in self._coming)

    async def at_once(self) -> None:
        """Let the files of a day that has ended come while hosts still work on what is open."""
        today = self.cell.calendar.business_date(self.cell.loop.now())
        for issuer, right in enumerate(self._right):
            for day in (self._first,) if self._first < today else ():
                for file in right.of(day, self._form):
                    await self._read(_Coming(file, issuer, day))
        self._next = max(self._next, min(self._first + timedelta(days=1), today))

    async def run(self) -> None:
        """Read what has come by now, put right what was wrong, end some breaks."""
        today = self.cell.calendar.business_date(self.cell.loop.now())
        while self._next < today and not self._next > self._first + timedelta(days=_DAYS):
            self._leave_the_issuers(self._next)
            self._next += timedelta(days=1)
        due = [one for one in self._coming if one.due < today]
        self._random.shuffle(due)
        for one in due:
            self._coming.remove(one)
            await self._read(one)
            if self._random.random() < 0.4 and not self._awaited:
                await self._work(self._people)
        for issuer, counts in enumerate(self._counts):
            wrong = next((one for one in counts if one.wrong), None)
            if wrong is not None and (self.over or self._random.random() < 0.6):
                await self._put_right(issuer, wrong)
        if not self._awaited:
            await self._work(self._people)

    async def end(self) -> None:
        """Let everything come that is on its way, and nothing wait that can be done."""
        await self.run()
        assert self.over, "files are on their way for ever"
        self.cell.loop.leap(_LEFT)
        await self._work(_prove)

    # Files ------------------------------------------------------------------------------------

    def _leave_the_issuers(self, day: date) -> None:
        """Let the files of a day be on their way."""
        held = timedelta(days=self.cell.plan.first_file_late if day == self._first else 0)
        for number, told in enumerate(self._told):
            files = told.of(day, self._form) or [told.strangers(day, self._form)]
            for file in files:
                wrong = any(one.kind not in _HARMLESS for one in file.played)
                due = day + timedelta(days=file.late + self._random.choice((0, 0, 0, 1)))
                self._coming.append(_Coming(file, number, due + held, wrong))

    async def _read(self, one: _Coming) -> None:
        """Let a file count, unless it counts already; what cannot be read comes right later."""
        again = any(one.digest == other.digest for other in self._counts[one.issuer])
        await self._work(lambda tools: self._commit(tools, one, again=again))
        if one.id is not None and not again:
            self._counts[one.issuer].append(one)
            self._counts[one.issuer].sort(key=lambda counted: counted.file.day)
        elif one.wrong and not again:
            await self._read(self._corrected(one))

    def _corrected(self, one: _Coming) -> _Coming:
        right, day = self._right[one.issuer], one.file.day
        files = right.of(day, self._form, turn=1) or [right.strangers(day, self._form)]
        return _Coming(files[0], one.issuer, day)

    async def _put_right(self, issuer: int, wrong: _Coming) -> None:
        """Discard a file that was wrong, and those after it first; then read all of them again."""
        later = [one for one in self._counts[issuer] if one.file.day >= wrong.file.day]
        for one in reversed(later):
            await self._work(lambda tools, one=one: _discard(tools, one))
            self._counts[issuer].remove(one)
        for one in later:
            again = (
                self._corrected(one)
                if one is wrong
                else _Coming(one.file, issuer, one.due, one.wrong)
            )
            await self._read(again)

    async def _commit(self, tools: _Tools, one: _Coming, *, again: bool) -> None:
        known = await tools.pool.fetchrow(_DIGEST, one.digest)
        if known is not None and again:
            await self._refused(tools, one)
            return
        identity = known["id"] if known is not None else await self._staged(tools, one)
        if identity is None:
            return
        if known is None or known["state"] == "staged":
            before = await tools.pool.fetchval(_STATES)
            seen = await tools.clearing.preview(identity)
            async with tools.pool.acquire() as connection, connection.transaction():
                result = await tools.clearing.commit(connection, identity, _OTHER)
                after = await connection.fetchval(_STATES)
            if seen.kept() != result.kept() and before == after:  # hosts go on meanwhile
                self.wrong.append(f"seen was {seen.kept()}, it came to {result.kept()}")
        one.id = identity
        await tools.clearing.unstage(identity)
        await _prove(tools)
        self.cell.say("clearing", f"{one.file.name} counts")

    async def _refused(self, tools: _Tools, one: _Coming) -> None:
        try:
            await self._staged(tools, one)
        except AlreadyThere:
            self.cell.say("clearing", f"{one.file.name} was there")
        else:
            self.wrong.append(f"read twice: {one.file.name}")

    async def _staged(self, tools: _Tools, one: _Coming) -> UUID | None:
        file = one.file
        described = Described(file.name, file.form, file.day, (ISSUERS[one.issuer][0],))
        try:
            staged = await tools.loader.stage(described, pieces(file), lambda: one.digest, _ONE)
        except ClearingUnreadable as error:
            self.cell.say("clearing", f"{file.name} cannot be read: {error.code}")
            if not one.wrong:
                self.wrong.append(f"unreadable: {file.name} {error}")
            return None
        return staged.id

    # People -----------------------------------------------------------------------------------

    async def _people(self, tools: _Tools) -> None:
        """Look at some breaks, and end a few of them in any way that there is."""
        rows = await tools.pool.fetch(_OPEN)
        for row in self._random.sample(list(rows), min(len(rows), 3)):
            ends = self._random.choice(tuple(Resolution))
            rejected = self._random.random() < 0.2
            try:
                async with tools.pool.acquire() as connection, connection.transaction():
                    now = self.cell.loop.now()
                    one = await ending.locked(connection, row["id"])
                    await ending.ask(connection, one, ends, "why", _ONE, now)
                    one = await ending.locked(connection, row["id"])
                    if rejected:
                        await ending.reject(connection, one, _OTHER, now)
                    else:
                        await ending.carry_out(connection, self.cell.calendar, one, _OTHER, now)
                said = f"{one.kind} {one.money} {'stays' if rejected else ends}"
            except AnnulError as error:
                said = f"refused: {error.code}"
            self.cell.say("clearing", said)
        await _prove(tools)

    # Processes --------------------------------------------------------------------------------

    async def _work(self, job: _Job) -> None:
        """Let a process do a job, and another one go on where it died."""
        kills = self._random.choice(_KILLS)
        while not await self._once(job, dies=kills > 0):
            kills -= 1
            await asyncio.sleep(_AGAIN_S)

    async def _once(self, job: _Job, *, dies: bool) -> bool:
        self._runs += 1
        process = Process(f"clerk {self._runs}")
        process.on_death.append(lambda: self.cell.died(process))
        if dies and self._random.random() < 0.7:
            process.dies_where = self.cell.plan.dies or self._random.choice(_PLACES)
        elif dies:
            process.dies_at = self._random.randrange(1, _STEPS)
        done: list[bool] = []
        self.cell.loop.create_task(self._done(job, process, done), context=process.context())
        while not done and not process.dead:
            await asyncio.sleep(0.05)
        return bool(done and done[0])

    async def _done(self, job: _Job, process: Process, done: list[bool]) -> None:
        try:
            async with self._tools() as tools:
                await job(tools)
            done.append(True)
        except LOST:
            self.cell.say("clearing", f"{process.name} lost the database")
            done.append(False)
        except Exception:  # noqa: BLE001 - whatever it is, it is counted as a fault of the story
            structlog.get_logger(__name__).exception("ended_unseen", who=process.name)
            done.append(True)

    @asynccontextmanager
    async def _tools(self) -> AsyncIterator[_Tools]:
        cell = self.cell
        pool: Any = cell.database.pool()
        clock = VirtualClock(cell.loop)
        registry, journal = Registry(pool), Journal(pool)
        await registry.load()
        outcomes = Outcomes(journal, registry, cell.calendar.business_date)
        loader = Loader(pool, Vault(MASTER_KEY), clock)
        await loader.tidy(clock.now())
        yield _Tools(
            pool,
            loader,
            Clearing(pool, cell.calendar, clock, USUAL),
            Proving(pool, Book(pool, timedelta(minutes=1)), outcomes, cell.calendar, clock),
        )
        await journal.close()
        await pool.close()


async def _prove(tools: _Tools) -> None:
    while await tools.proving.run():
        pass


async def _discard(tools: _Tools, one: _Coming) -> None:
    if one.id and await tools.pool.fetchval(_STATE, one.id) == "committed":
        async with tools.pool.acquire() as connection, connection.transaction():
            await tools.clearing.discard(connection, one.id, _ONE, "why")
    await _prove(tools)
