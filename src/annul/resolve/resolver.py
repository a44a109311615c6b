"""The resolver: opens cases for what failed, takes those that are due, and moves each one on.

Three layers keep a void from being forgotten: the timer of each case, the sweep that opens cases
for whatever failed without one, and the look at a case by a person, which lets it be looked at
anew. Nothing is remembered outside of the database: each round decides from the rows as they are,
so a process that dies at any point leaves nothing half done.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from annul.diagnose.causes import CAUSES, Text
from annul.diagnose.gather import Gatherer, Picture
from annul.diagnose.lessons import Lessons
from annul.diagnose.rank import Finding, rank
from annul.domain.records import Transaction
from annul.host.host import Host
from annul.store.batcher import LOST, StoreOverloaded, StoreUnavailable

from . import promise
from .actions import Actions
from .book import Book, Entry
from .case import RESOLVER, Case, Event
from .circuits import Circuits
from .pace import Pace
from .plan import DROPPED, decide
from .proven import diagnoses, proven, told
from .situation import Situation, Step

log = structlog.get_logger(__name__)

_STORE_LOST: Final = (*LOST, StoreUnavailable, StoreOverloaded)
_ROUNDS: Final = 6  # actions in a row before a case is put back
_SHOWN: Final = 5  # findings that go into an event
_AFTER_FAULT_S: Final = 60.0
_PROMISE: Final = timedelta(hours=24)  # what the figures of the promise are about
_SELDOM_S: Final = 5.0
_INCIDENTS: Final = frozenset({"acquirer_fault", "issuer_error"})

_SAID: Final = {
    "voided": Text("已撤销", "voided"),
    "refunded": Text("已改为退货", "refunded instead"),
    "refused": Text("未撤销", "not voided"),
}


@dataclass(slots=True)
class ResolverCounts:
    """What this process has done since its start."""

    opened: int = 0
    advanced: int = 0
    ended: int = 0
    failed: int = 0
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
        self._actions = Actions(host, circuits)
        self._pace = pace
        self._random = random
        self.promise = promise.Promise()
        self._seldom_due = datetime.min.replace(tzinfo=UTC)
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work."""
        self._loop = asyncio.create_task(self._forever())

    async def stop(self, grace_s: float = 20.0) -> None:
        """Take no more cases and finish those in hand; the rest is taken up by whoever is next."""
        if self._loop is None:
            return
        self._loop.cancel()
        await asyncio.wait([self._loop])
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    # The loop -------------------------------------------------------------------------------

    async def _forever(self) -> None:
        freed = False
        while True:
            try:
                if not freed:
                    await self._book.free_node(self._host.clock.now())
                    freed = True
                await self._round()
            except _STORE_LOST:
                log.warning("resolver_waits_for_store")
                await asyncio.sleep(self._pace.idle_s)
            except Exception:
                # The promise outlives a fault of ours; the cases are still in the table.
                log.exception("resolver_failed")
                await asyncio.sleep(self._pace.idle_s)

    async def _round(self) -> None:
        host, now = self._host, self._host.clock.now()
        host.failed.clear()
        self.counts.opened += await self._book.open(now)
        await self._circuits.refresh()
        await self._now_and_then(now)
        room = self._pace.concurrency - len(self._tasks)
        if room > 0:
            for case in await self._book.claim(now, self._lease, room):
                task = asyncio.create_task(self._work(case))
                self._tasks.add(task)
                task.add_done_callback(self._finished)
        await self._rest(now)

    async def _rest(self, now: datetime) -> None:
        """Wait for something that failed, for the next case's time, or a while."""
        due = await self._book.next_due()
        wait = self._pace.idle_s
        if due is not None and len(self._tasks) < self._pace.concurrency:
            wait = min(wait, max((due - now).total_seconds(), 0.02))
        try:
            async with asyncio.timeout(wait):
                await self._host.failed.wait()
        except TimeoutError:
            return

    async def _now_and_then(self, now: datetime) -> None:
        if now >= self._seldom_due:
            self._seldom_due = now + timedelta(seconds=_SELDOM_S)
            await self._lessons.refresh()
            self.promise = await promise.read(self._host.pool, now, now - _PROMISE)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if len(self._tasks) == self._pace.concurrency // 2:
            self._host.failed.set()  # there is room again

    async def _work(self, case: Case) -> None:
        try:
            await self.advance(case)
        except _STORE_LOST:
            log.warning("case_postponed", case=case.number)
            await self._give_back(case, 0.0)
        except Exception:
            self.counts.failed += 1
            log.exception("case_failed", case=case.number)
            await self._give_back(case, _AFTER_FAULT_S)

    async def _give_back(self, case: Case, later_s: float) -> None:
        with suppress(*_STORE_LOST):  # else the lease ends by itself
            await self._book.release(case, self._host.clock.now() + self._pace.seconds(later_s))

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
            entry = Entry(case, [Event("turned_back", why, evidence={"beside_another": beside})])
            if await self._book.append(case, entry, now):
                return

    # One case -------------------------------------------------------------------------------

    async def advance(self, case: Case) -> Case:
        """Move a case on until it ends or has to wait; gives it as it then is."""
        for _ in range(_ROUNDS):
            situation = await self.situation(case)
            step = decide(situation)
            if step.do and _named(situation) != case.cause:
                announced = await self._announced(case, situation)
                if announced is None:
                    self.counts.contended += 1
                    case = await self._book.reread(case)
                    continue
                case, situation = announced, replace(situation, case=announced)
            result = await self._actions.do(step.do, situation) if step.do else ""
            entry = self._entry(situation, step, result)
            if step.end:
                await self._learn(situation, step, entry)
            self.counts.advanced += 1
            written = await self._book.write(case, entry, situation.now)
            self.counts.contended += written is None
            self.counts.ended += written is not None and bool(step.end)
            case = written or await self._book.reread(case)
            if case.ended or (written and (not step.do or result in {"not_done", "asked"})):
                return case
        return case

    async def _announced(self, case: Case, s: Situation) -> Case | None:
        """Write down what is known before an issuer is asked, which may take its time."""
        until = s.now + self._lease
        entry = self._entry(s, Step(case.step, Text("", ""), until=until), "")
        entry.leased_until = until
        return await self._book.write(case, entry, s.now)

    @property
    def _lease(self) -> timedelta:
        return timedelta(seconds=self._host.issuers.longest_timeout_s + self._pace.margin_s)

    async def situation(self, case: Case) -> Situation:
        """Gather all that the next step of a case is decided on."""
        host = self._host
        now = host.clock.now()
        void = await self._gatherer.find(str(case.id))
        picture = await self._gatherer.picture(void, newest=True)
        findings = rank(picture.facts, self._lessons.shifts)
        original = picture.original
        issuer_id = original.issuer_id if original else ""
        station = host.registry.station(case.merchant_id, case.terminal_id)
        usable = host.issuers.usable(issuer_id)
        probe_at = self._circuits.probe_at(issuer_id, now)
        if probe_at is None and issuer_id and not usable:
            wait = self._pace.probe.delay(1, self._random)
            probe_at = now + self._pace.seconds(wait)
        return Situation(
            case=case,
            now=now,
            business_date=host.business_date(now),
            batch=station.terminal.batch if station else "",
            picture=picture,
            findings=findings,
            merchant=host.registry.merchant(case.merchant_id),
            pace=self._pace,
            probe_at=probe_at,
            other_route=probe_at is not None and host.issuers.same_bank(issuer_id) is not None,
            random=self._random(),
        )

    async def _learn(self, s: Situation, step: Step, entry: Entry) -> None:
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

    def _entry(self, s: Situation, step: Step, result: str) -> Entry:
        """Put together what is written after a step."""
        case, now, best = s.case, s.now, s.findings[0]
        events: list[Event] = []
        if not case.events:
            events.append(_opened(s))
        cause = _named(s)
        if cause != case.cause:
            events.append(_diagnosed(s.findings, s.picture))
        done = bool(step.do) and result != "not_done"
        # An order that could not be carried out yet stays, and is tried again.
        taken = step.name == DROPPED or (done and step.do in {"retry", "refund"})
        if done or step.end or step.name != case.step:
            evidence = {**step.evidence, **({"result": result} if result else {})}
            events.append(Event(step.name, step.why, evidence=evidence))
        due_at = case.opened_at + self._pace.due(CAUSES[cause].patience)
        task, incident = step.task, None
        if cause in _INCIDENTS and cause != case.cause:
            incident = (f"case_{cause}", f"Case {case.number}: {CAUSES[cause].title.en}.")
        late = now >= due_at and not step.end
        if late:
            task = task or "late"
            incident = ("case_late", f"Case {case.number} is over its time, step {step.name}.")
            if case.task != task:
                said = Text(
                    "已超过承诺时间，请人工处理", "over its promised time; a person is asked"
                )
                events.append(Event("late", said))
        changed = case._replace(
            step=step.name,
            cause=cause,
            probability=best.probability,
            tries=len(s.own_tries) + (step.do in {"retry", "other_route"}),
            task=task,
            ordered="" if taken else case.ordered,
            due_at=due_at,
            next_action_at=self._again_at(s, step, due_at, result),
        )
        entry = Entry(changed, events, incident=incident)
        if step.end:
            entry.case = changed._replace(
                ended=step.end, ended_at=now, ordered="", proposed="", proposed_by=""
            )
            entry.notice = _notice(s, step)
            entry.notification = _notification(s, step)
            if step.task:
                detail = (
                    f"Case {case.number} ended as refused ({cause}); somebody should follow it up."
                )
                entry.incident = (f"escalated_{cause}", detail)
        return entry

    def _again_at(self, s: Situation, step: Step, due_at: datetime, result: str) -> datetime:
        """Say when to look again: no later than the due time and the last time of the case."""
        now = s.now
        if step.do and result not in {"not_done", "asked"}:
            return now
        soon = now + self._pace.seconds(self._pace.probe.delay(1, self._random))
        at = step.until or soon
        last = s.case.opened_at + self._pace.last(s.cause.patience)
        return min([at, *(limit for limit in (due_at, last) if limit > now)])


def _named(s: Situation) -> str:
    return s.case.confirmed or s.findings[0].cause.name


def _opened(s: Situation) -> Event:
    void = s.picture.void
    return Event(
        "opened",
        Text(f"撤销未成功，应答码{void.response_code or '无'}",
             f"the void was not approved, response code {void.response_code or 'none'}"),
        evidence={"void": void.rrn, "terminal": void.terminal_id, "trace": void.trace},
    )  # fmt: skip


def _diagnosed(findings: Sequence[Finding], picture: Picture) -> Event:
    best = findings[0]
    return Event(
        "diagnosed",
        Text(f"{best.cause.title.zh}（{best.probability:.0%}）",
             f"{best.cause.title.en} ({best.probability:.0%})"),
        evidence={
            "causes": [one.as_json() for one in findings[:_SHOWN]],
            "facts": picture.facts.as_json(),
            "void": picture.void.rrn,
        },
    )  # fmt: skip


def _voucher(s: Situation) -> str:
    original = s.picture.original
    return original.trace if original else s.picture.void.trace


def _notice(s: Situation, step: Step) -> str:
    """Give the text for the terminal's display: short, in Chinese."""
    said = f"凭证{_voucher(s)}{_SAID[step.end].zh}"
    return f"{said}:{s.cause.title.zh}" if step.end == "refused" else said


def _notification(s: Situation, step: Step) -> dict[str, object]:
    original = s.picture.original
    return {
        "case": s.case.number,
        "ended": step.end,
        "merchant": s.case.merchant_id,
        "terminal": s.case.terminal_id,
        "voucher": _voucher(s),
        "amount": s.case.amount,
        "currency": s.case.currency,
        "original": original.rrn if original else "",
        "cause": s.cause.name,
        "text": step.why._asdict(),
    }
