"""The sweep for contradictions: rows that can not all be true, found and told, whoever made them.

Each question is one statement of audit.sql, asked over a span of transactions or cases at a time,
so that neither memory nor a snapshot grows with the tables. What it finds opens an incident, and
an incident that is open is asked about again, and closed when its difference is gone. Nothing here
repairs anything, and no lock is taken but on rows of `incidents`.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg

from annul.domain.errors import AnnulError
from annul.domain.kinds import CASED, COMPLETIONS, GIVING, REFUNDS, TAKING, VOIDS
from annul.domain.records import OF_SHOPS
from annul.domain.response_codes import APPROVED, BOOKED, RESPONSE_CODES, Effect
from annul.domain.reversal_rules import CONCLUDED, PROVED
from annul.domain.states import STANDING, UNFINISHED, State
from annul.store.incidents import Ended, closing, open_of, opening
from annul.store.sql import Statement, listed, load
from annul.store.witness import Told
from annul.wire.masking import scan

from .audit_chargebacks import SQL as OF_CHARGEBACKS
from .audit_payouts import SQL as OF_PAYOUTS
from .audit_payouts import counted_days
from .case import Case, first_broken
from .differences import AT_ONCE, CHAIN, LOST, QUESTIONS, SEALED, Difference, Over, Question
from .exports import Exports
from .witnessed import lost, told_in

# What is younger may be on its way: twice the longest time-out of an issuer, and a minute in which
# another host takes over what one has left.
GRACE: Final = timedelta(minutes=3)
LIMIT: Final = 1_000  # differences of one kind: in a report, and out of one span
# Of one span; histories are read whole, and a payout's days one by one.
_ROWS: Final = {Over.TRANSACTIONS: 20_000, Over.CASES: 200, Over.PAYOUTS: 10_000}
# What is asked once, however much there is.
_AT_ONCE: Final = (
    *(Over.WITNESS, Over.OPEN, Over.ACCOUNTS, Over.CHARGEBACKS, Over.EVERYTHING, Over.SEALS),
)
EXPLAINERS: Final = frozenset({"operator", "administrator"})
EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S: Final = 86_400.0


class ExplanationRefused(AnnulError):
    """There is nothing of this number that can be explained, or not by you. Nothing was changed."""

    code = "resolve.nothing_explained"
    next_step = (
        "annul audit lists what there is. An operator or administrator explains it, with a reason;"
        " what has no outcome, case or incident has to be acted on."
    )


class Span(NamedTuple):
    """Which rows: from `since` up to `until`, of these those with `ids` if there are any given."""

    since: datetime
    until: datetime
    ids: Sequence[UUID] | None = None


@dataclass(slots=True)
class Report:
    """What a sweep has found, each difference once, up to `LIMIT` of a kind."""

    found: dict[str, dict[tuple[str, UUID | None, str], Difference]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    more: set[str] = field(default_factory=set[str])  # kinds of which there are more than that
    left_out: set[str] = field(default_factory=set[str])  # kinds whose question took too long
    opened: int = 0  # incidents
    closed: int = 0

    def add(self, kind: str, found: Sequence[Difference]) -> None:
        """Take in what a question has found over one span."""
        of_kind = self.found[kind]
        for one in found:
            if len(of_kind) < LIMIT:
                of_kind[one.merchant_id, one.identity, one.reference] = one
        if len(of_kind) >= LIMIT:
            self.more.add(kind)

    @property
    def differences(self) -> list[Difference]:
        """All of them, in the order of the questions."""
        return [one for question in QUESTIONS for one in self.found.get(question.kind, {}).values()]


class Auditor:
    """Asks the questions and keeps as incidents what they find.

    `limit_s` is how long one statement may take before it is given up; None, for a run by hand,
    lets it take as long as it does. With `exports` the seals are looked at too, with `witnesses`
    what the hosts of these folders were told.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        limit_s: float | None = None,
        exports: Exports | None = None,
        witnesses: Sequence[Path] = (),
    ) -> None:
        self._pool = pool
        self._witnesses = witnesses
        self._known: dict[UUID, Told] | None = None  # in these folders, read once
        self._exports = exports
        self._limit_s = limit_s
        self._set = _BY_HAND if limit_s is None else _BESIDE.format(int(limit_s * 1000))
        self._timeout = _DAY_S if limit_s is None else limit_s + 5.0

    async def everything(self, now: datetime) -> Report:
        """Look at all that was ever received, at a time `now`."""
        report, whole = Report(), Span(EVER, now)
        for over in _AT_ONCE:
            await self.look(over, whole, now, report, seldom=True)
        for over in (Over.TRANSACTIONS, Over.CASES, Over.PAYOUTS):
            async for span in self.spans(over, whole):
                await self.look(over, span, now, report, seldom=True)
        async for day in self._days():
            await self.look(Over.DAYS, day, now, report, seldom=True)
        await self.mend(now, report)
        return report

    async def look(
        self, over: Over, span: Span, now: datetime, report: Report, *, seldom: bool = False
    ) -> None:
        """Ask the questions over one span, and open an incident for each difference."""
        for question in QUESTIONS:
            if over is Over.WITNESS and not self._witnesses:
                continue
            if question.over is not over or (question.seldom and not seldom):
                continue
            if over is Over.SEALS and self._exports is None:
                continue
            try:
                found = await self.ask(question, span, now)
            except asyncpg.QueryCanceledError:
                if self._limit_s is None:
                    raise
                report.left_out.add(question.kind)  # the others are asked all the same
                continue
            report.add(question.kind, found)
            if found:
                report.opened += await self._tell(found, now)

    async def spans(self, over: Over, within: Span, rows: int = 0) -> AsyncIterator[Span]:
        """Cut a time into spans of about so many rows, the oldest first."""
        count, since = rows or _ROWS[over], within.since
        while since < within.until:
            async with self._reading() as connection:
                query = _asked(f"next_{over}")(since=since, rows=count, until=within.until)
                end = await connection.fetchval(*query) or within.until
            yield Span(since, end)
            since = end

    async def _days(self) -> AsyncIterator[Span]:
        """Give the business days that were counted, each as it stands in UTC."""
        async with self._reading() as connection:
            days = await counted_days(connection)
        for day in days:
            begins = datetime.combine(day, time(), UTC)
            yield Span(begins, begins + timedelta(days=1))

    async def ask(self, question: Question, span: Span, now: datetime) -> list[Difference]:
        """Ask one question; what is younger than `GRACE` is no difference yet."""
        if self._exports is not None and question is SEALED:
            broken = await self._exports.broken(now, LIMIT)
            return [
                Difference(SEALED.kind, "", None, one.reference, {"how": one.how, "what": one.what})
                for one in broken
            ]
        within = span._asdict() | {"before": now - GRACE}
        async with self._reading() as connection:
            if question is LOST:
                known = self._told(span.ids)
                found = (await lost(connection, known))[:LIMIT]
            elif question is CHAIN:
                limit = 2 * _ROWS[Over.CASES] + len(span.ids or ())
                rows = await connection.fetch(*SQL["chains"](**within, limit=limit))
                found = [one for row in rows if (one := _broken(row)) is not None]
            else:
                bounds = _bounds(question, within)
                query = _asked(question.name)(**bounds, limit=LIMIT)
                rows = await connection.fetch(*query, timeout=self._timeout)
                found = [_difference(question, row) for row in rows]
            if not found or not question.past:
                return found
            marks = await connection.fetch(*SQL["explained"](marks=[one.mark for one in found]))
            explained = {row[0] for row in marks}
            return [one for one in found if one.mark not in explained]

    def _told(self, ids: Sequence[UUID] | None) -> dict[UUID, Told]:
        if self._known is None:
            self._known = told_in(self._witnesses)
        known = self._known
        return known if ids is None else {one: known[one] for one in ids if one in known}

    async def explain(
        self, reference: str, *, who: str, role: str, reason: str, now: datetime
    ) -> list[Difference]:
        """Keep how a person explains the differences of a transaction or case; gives these.

        They are not told again unless their facts change. Raises `ExplanationRefused`.
        """
        if role not in EXPLAINERS or not reason.strip():
            raise ExplanationRefused
        ids = [row[0] for row in await self._pool.fetch(*SQL["named"](number=reference))]
        ids += [one.id for one in self._told(None).values() if one.rrn == reference]
        span, found = Span(EVER, now, ids), list[Difference]()
        for question in QUESTIONS:
            if question.past and ids:
                found += await self.ask(question, span, now)
        if not found:
            raise ExplanationRefused
        for one in found:
            await self._pool.execute(
                *SQL["explain"](
                    mark=one.mark,
                    now=now,
                    who=who,
                    role=role,
                    object=f"{one.kind} {one.reference}",
                    reason=scan(reason),
                    detail=dict(one.facts),
                )
            )
        report = Report()
        for seldom in (CHAIN, LOST):
            report.add(seldom.kind, [])
        await self.mend(now, report)
        return found

    async def long_open(self, before: datetime, rows: int) -> list[Span]:
        """Give what was received before a time and is unfinished, or still owed to an issuer."""
        async with self._reading() as connection:
            ids = [row[0] for row in await connection.fetch(*SQL["long_open"](before=before))]
        return [Span(EVER, before, ids[at : at + rows]) for at in range(0, len(ids), rows)]

    async def mend(self, now: datetime, report: Report) -> None:
        """Ask again about each difference that is told, and close what is gone.

        Accounts, days and seals are not asked about again: `report` says what of them is still
        there.
        """
        for question in QUESTIONS:
            at_once = question.over in AT_ONCE
            if (question.seldom or at_once) and question.kind not in report.found:
                continue
            kind = question.kind
            told = [Ended(kind, *row) for row in await self._pool.fetch(*open_of(kind))]
            if not at_once:
                gone = await self._gone(question, told, now)
            else:
                still = {one.over for one in report.found[kind].values()}
                gone = [one for one in told if one not in still and kind not in report.more]
            if gone:
                report.closed += len(await self._pool.fetch(*closing(gone, now)))

    async def _gone(self, question: Question, told: list[Ended], now: datetime) -> list[Ended]:
        if question is LOST:  # of what others were told, nothing is known here
            known = self._told(None)
            told = [one for one in told if UUID(one.subject) in known]
        gone: list[Ended] = []
        step = min(LIMIT, _ROWS[Over.CASES])  # so that no answer is cut short
        for at in range(0, len(told), step):
            some = told[at : at + step]
            span = Span(EVER, now, [UUID(one.subject) for one in some])
            still = {one.over for one in await self.ask(question, span, now)}
            gone += [one for one in some if one not in still]
        return gone

    async def _tell(self, found: Sequence[Difference], now: datetime) -> int:
        """Open the incidents that are not open; give how many."""
        incidents = [one.incident for one in found]
        return len(await self._pool.fetch(*opening(incidents, now)))

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Any]:
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            await connection.execute(self._set)
            yield connection


# Plans are made for the span at hand, not once for all of them.
_BY_HAND: Final = "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL jit = off"
_BESIDE: Final = (
    f"{_BY_HAND}; SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL statement_timeout = {{}}"
)


def _asked(name: str) -> Statement:
    return next(those[name] for those in (SQL, OF_PAYOUTS, OF_CHARGEBACKS) if name in those)


def _bounds(question: Question, within: dict[str, Any]) -> dict[str, Any]:
    """Give what a question takes to know where to look."""
    if question.over is Over.DAYS:
        return {"day": within["since"].date()}
    return {} if question.over in AT_ONCE else within


def _difference(question: Question, row: asyncpg.Record) -> Difference:
    facts = {name: row["facts"][name] for name in question.facts}
    currency = row["facts"].get("currency", "")
    return Difference(
        question.kind, row["merchant_id"], row["id"], row["reference"], facts, currency
    )


def _broken(row: asyncpg.Record) -> Difference | None:
    """Check a case's history: a line that was changed, one that is missing, or one too many."""
    *columns, bodies, hashes = row
    case = Case.of(columns)
    events = list(zip(bodies or (), hashes or (), strict=True))
    line = first_broken(events, case)
    if line is None and len(events) > case.events:
        line = case.events + 1
    if line is None:
        return None
    return Difference(CHAIN.kind, case.merchant_id, case.id, case.number, {"line": line})


# What the statements take from the code ---------------------------------------------------------


_ENDED: Final = frozenset({State.DECLINED, State.REVERSED})
_PLACES: Final = {
    "case_columns": ", ".join(f"t.{name}" for name in Case._fields),
    "by_people": listed((CONCLUDED, PROVED)),
    "booked": listed(BOOKED),
    "approved": listed(APPROVED),
    "not_done": listed(c for c, row in RESPONSE_CODES.items() if row.money is Effect.NOT_DONE),
    "standing": listed(STANDING),
    "unfinished": listed(UNFINISHED),
    "open": listed(UNFINISHED - {State.DISPUTED}),
    "ended": listed(_ENDED),
    "failed": listed(_ENDED | {State.UNKNOWN, State.REVERSING, State.DISPUTED}),
    "voids": listed(VOIDS),
    "refunds": listed(REFUNDS),
    "completions": listed(COMPLETIONS),
    "cased": listed(CASED),
    "of_shops": listed(OF_SHOPS),
    "taking": listed(TAKING),
    "giving": listed(GIVING),
}


SQL: Final = load("annul.resolve", "audit.sql", **_PLACES)
