"""The resolver: opens cases for what failed, takes those that are due, and moves each one on.

Three layers keep a request from being forgotten: the timer of each case, the sweep that opens cases
for whatever failed without one and takes up what could not be proved, and the look at a case by a
person, which lets it be looked at anew. Nothing is remembered outside of the database: each round
decides from the rows as they are, so a process that dies at any point leaves nothing half done.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from annul.diagnose.causes import CAUSES
from annul.diagnose.gather import Gatherer
from annul.diagnose.lessons import Lessons
from annul.diagnose.observe import family
from annul.diagnose.rank import rank_series
from annul.domain.records import Transaction
from annul.domain.text import Text
from annul.host.host import Host
from annul.store.batcher import STORE_LOST
from annul.store.worker import Worker

from . import accused, promise
from .actions import ActionResult, Actions
from .book import Book, CaseEntry
from .case import RESOLVER, Case, Event
from .circuits import Circuits
from .conclusions import Conclusions
from .entries import announcement, entry_of
from .pace import Pace
from .plan import decide
from .probes import Probes
from .proven import diagnoses, proven, told
from .rulings import refused
from .situation import Situation, Step

log = structlog.get_logger(__name__)

_ROUNDS: Final = 6  # actions in a row before a case is put back
_AFTER_FAULT_S: Final = 60.0
_PROMISE: Final = timedelta(hours=24)  # what the figures of the promise are about
_SELDOM_S: Final = 5.0


@dataclass(slots=True)
class ResolverCounts:
    """What this process has done since its start."""

    opened: int = 0
    reopened: int = 0
    advanced: int = 0
    ended: int = 0
    contended: int = 0


class Resolver:
    """Works on cases until it is stopped. `random` (0 up to 1) spreads the tries."""

    def __init__(
        self,
        host: Host,
        book: Book,
        gatherer: Gatherer,
        lessons: Lessons,
        circuits: Circuits,
        pace: Pace,
        *,
        random: Callable[[], float],
    ) -> None:
        self.counts = ResolverCounts()
        self._host = host
        self._book = book
        self._gatherer = gatherer
        self._lessons = lessons
        self._circuits = circuits
        self._probes = Probes(host.pool)
        self._actions = Actions(host, circuits, self._probes)
        self._conclusions = Conclusions(host.pool, book, host.vault, host.outcomes, host.clock)
        self._pace = pace
        self._random = random
        self.promise = promise.Promise()
        self._seldom_due = self._reopen_due = self._began = datetime.min.replace(tzinfo=UTC)
        self.worker = Worker(
            "resolver",
            self,
            host.loops,
            host.failed,
            concurrency=pace.concurrency,
            wakes_at=pace.concurrency // 2,
            after_s=pace.idle_s,
        )
        self._freed = False  # what this node held before it started

    def start(self) -> None:
        """Begin to work."""
        self.worker.start()

    async def stop(self, grace_s: float = 20.0) -> None:
        """Take no more cases and finish those in hand; the rest is taken up by whoever is next."""
        await self.worker.stop(grace_s)

    # What the worker asks -------------------------------------------------------------------

    async def claim(self, room: int) -> Sequence[Case]:
        """Open what has failed meanwhile, and lease what is due."""
        if not self._freed:
            await self._book.free_node(self._host.clock.now())
            self._freed = True
        host, now = self._host, self._host.clock.now()
        host.failed.clear()
        self.counts.opened += await self._book.open(now)
        if now >= self._reopen_due:  # among many that nobody has proved it takes a while
            self._reopen_due = now + timedelta(seconds=self._pace.idle_s)
            await self._conclusions.finish(now)
            self.counts.reopened += await self._book.reopen(now)
        await self._circuits.refresh()
        await self._probes.refresh(now)
        await self._now_and_then(now)
        self._began = now
        return await self._book.claim(now, self._lease, room) if room > 0 else ()

    async def rest_s(self) -> float:
        """Give the seconds until the next case is due, at most a while."""
        due = await self._book.next_due()
        if due is None or self.worker.room <= 0:
            return self._pace.idle_s
        return min(self._pace.idle_s, max((due - self._began).total_seconds(), 0.02))

    async def work(self, case: Case) -> None:
        """Move a case on."""
        await self.advance(case)

    async def failed(self, case: Case, error: BaseException) -> None:
        """Give a case back; what failed by a fault of ours is told, and tried again later."""
        later_s = 0.0
        if not isinstance(error, STORE_LOST):
            later_s = _AFTER_FAULT_S
            await self._book.fault(case, error, self._host.clock.now())
        await self._book.release(case, self._host.clock.now() + self._pace.seconds(later_s))

    def name(self, case: Case) -> str:
        """Name a case in the log."""
        return case.number

    async def _now_and_then(self, now: datetime) -> None:
        if now >= self._seldom_due:
            self._seldom_due = now + timedelta(seconds=_SELDOM_S)
            await self._lessons.refresh()
            await accused.tell(self._host.pool, now, self._pace.seconds(self._pace.apart_s))
            self.promise = await promise.read(self._host.pool, now, now - _PROMISE)

    async def turned_back(self, void: Transaction, *, beside: bool) -> None:
        """Show in the case that a void was approved too late and is being taken back."""
        if void.original_id is None:
            return
        why = Text(
            f"撤销{void.rrn}迟到成功，正在发卡行冲正，不会重复退款",
            f"void {void.rrn} was approved too late; it is being reversed, nothing is paid twice",
        )
        now = self._host.clock.now()
        for _ in range(_ROUNDS):
            case = await self._book.of_original(void.merchant_id, void.original_id)
            if case is None:
                return
            entry = CaseEntry(
                case, [Event("turned_back", why, evidence={"beside_another": beside})]
            )
            if await self._book.append(case, entry, now):
                return

    # One case -------------------------------------------------------------------------------

    async def advance(self, case: Case) -> Case:
        """Move a case on until it ends or has to wait; gives it as it then is."""
        for _ in range(_ROUNDS):
            situation = await self.situation(case)
            step, done = decide(situation), ActionResult()
            if step.do:
                ready = await self._ready(case, situation)
                if ready is None:
                    self.counts.contended += 1
                    case = await self._book.reread(case)
                    continue
                case, situation = ready, replace(situation, case=ready)
                done = await self._actions.do(step.do, situation)
            if done.ruling is not None:
                step, done = refused(situation, step, done.ruling), ActionResult()
            entry = entry_of(situation, step, done.result, self._random)
            if step.end:
                await self._learn(situation, step, entry)
            self.counts.advanced += 1
            written = await self._book.write(case, entry, situation.now)
            self.counts.contended += written is None
            self.counts.ended += written is not None and bool(step.end)
            case = written or await self._book.reread(case)
            if case.ended or (written and (not step.do or done.result in {"not_done", "asked"})):
                return case
        return case

    async def _ready(self, case: Case, s: Situation) -> Case | None:
        """Write down what is known before an issuer is asked, which may take its time.

        None when somebody has written the case since it was read: their order comes first.
        """
        if s.named != case.cause:
            until = s.now + self._lease
            return await self._book.write(case, announcement(s, until, self._random), s.now)
        fresh = await self._book.reread(case)
        return fresh if fresh.events == case.events else None

    @property
    def _lease(self) -> timedelta:
        return timedelta(seconds=self._host.issuers.longest_timeout_s + self._pace.margin_s)

    async def situation(self, case: Case) -> Situation:
        """Gather all that the next step of a case is decided on."""
        host = self._host
        now = host.clock.now()
        picture = await self._gatherer.picture(case, newest=family(case.kind))
        findings = rank_series(picture.looks, self._lessons.shifts)
        original = picture.original
        issuer_id = original.issuer_id if original else ""
        station = host.registry.station(case.merchant_id, case.terminal_id)
        usable = host.issuers.usable(issuer_id)
        probe_at = self._circuits.probe_at(issuer_id, now)
        if probe_at is None and issuer_id and not usable:
            wait = self._pace.probe.delay(1, self._random)
            probe_at = now + self._pace.seconds(wait)
        in_force = host.registry.in_force
        return Situation(
            case=case,
            now=now,
            business_date=host.business_date(now, case.merchant_id),
            batch=station.terminal.batch if station else "",
            picture=picture,
            findings=findings,
            merchant=host.registry.merchant(case.merchant_id),
            pace=self._pace,
            probe_at=probe_at,
            other_route=probe_at is not None and host.issuers.same_bank(issuer_id) is not None,
            retries_from=in_force.retries_from(issuer_id, now),
            refunds_up_to=in_force.refunds_up_to(issuer_id, now),
            random=self._random(),
            probing=self._probes.wants(case),
        )

    async def _learn(self, s: Situation, step: Step, entry: CaseEntry) -> None:
        """Let a cause that the outcome proves teach the ranking; what a person confirmed stands."""
        if s.case.confirmed:
            return
        events = told(await self._book.history(s.case))
        cause = proven(events, step.end, str(step.evidence.get("cause", "")), s.case.cause)
        if not cause:
            return
        title = CAUSES[cause].title
        why = Text(f"结果证明原因：{title.zh}", f"the outcome proves the cause: {title.en}")
        entry.events.append(Event("proven", why, evidence={"cause": cause}))
        entry.case = entry.case._replace(confirmed=cause)
        for named, facts in diagnoses(events):
            if named != cause:
                await self._lessons.teach(s.case.id, facts, cause, RESOLVER, s.now)
                return
