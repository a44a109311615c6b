"""Where too little traffic comes to tell, one host asks the issuer: with an echo, or a void."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from annul.diagnose.gather import Gatherer
from annul.diagnose.lessons import Lessons
from annul.domain.alarm_streams import ECHO, EVERYTHING, PROBE, Scope, Stream, Way
from annul.domain.alarms import Counts
from annul.domain.interventions import Intervention, InterventionKind
from annul.issuers import directory
from annul.issuers.limits import LinkLimits
from annul.issuers.lines import Issuers
from annul.issuers.tally import Tally
from annul.operate.alarms.judging import Judging
from annul.operate.alarms.keeping import Counting, counted
from annul.operate.alarms.probing import Prober
from annul.operate.alarms.rules import AlarmRules
from annul.resolve.book import Book
from annul.resolve.circuits import Circuits
from annul.resolve.pace import Pace
from annul.resolve.resolver import Resolver
from annul.store import interventions
from tests.support.hosts import SECURITY, Inside, open_inside
from tests.support.rows import DUE_IN, put

_RULES = AlarmRules()
# Without echoes of the line's own, so that those that come are probes.
_NEVER_IDLE = LinkLimits(rest_s=0.05, idle_s=1e9)
_ISSUER = "SELECT issuer_id FROM issuers ORDER BY issuer_id LIMIT 1"
_PROBE = "SELECT why, how, outcome, asked, unanswered, case_id FROM issuer_probes"


@pytest.fixture
async def inside(pool: asyncpg.Pool) -> AsyncIterator[Inside]:
    async with open_inside(pool, limits=_NEVER_IDLE) as opened:
        opened.host.issuers.tally = Tally(opened.clock.monotonic)
        await _learnt(opened)
        yield opened


async def _bank(inside: Inside) -> str:
    return str(await inside.pool.fetchval(_ISSUER))


async def _learnt(inside: Inside) -> None:
    """Give four weeks in which the issuer answers nearly all, and two requests come in a minute."""
    bank = await _bank(inside)
    hour = inside.clock.now().replace(minute=0, second=0, microsecond=0)
    streams = (
        EVERYTHING,
        Stream(Scope.ISSUER, bank),
        Stream(Scope.KIND, f"{bank} sale"),
        Stream(Scope.KIND, f"{bank} {ECHO}"),
    )
    rows = [
        (*stream, hour - timedelta(hours=n), 115, 5, 0, n % 2, 1, True)
        for stream in streams
        for n in range(1, 28 * 24)
    ]
    await inside.pool.copy_records_to_table("watched_hours", records=rows)


async def _judge(inside: Inside, judging: Judging, counts: Counts, turns: int = 1) -> None:
    for _ in range(turns):
        if counts.asked:
            ways = {Way(await _bank(inside), "sale"): counts}
            await inside.pool.execute(*counted(ways, inside.clock.now()))
        inside.clock.forward(seconds=3)
        await judging.turn()


async def _suspicious(inside: Inside) -> Judging:
    """Let two requests go unanswered, and little come after them."""
    judging = Judging(inside.pool, inside.clock, inside.host.calendar.zone)
    await _judge(inside, judging, Counts(approved=19, declined=1), 3)
    await _judge(inside, judging, Counts(silent=2))
    inside.clock.forward(seconds=_RULES.probe_every_s)
    return judging


async def _quiet(inside: Inside, judging: Judging, seconds: int) -> None:
    """Let nothing come for a while in which somebody judges."""
    for _ in range(seconds // 30):
        inside.clock.forward(seconds=27)
        await _judge(inside, judging, Counts())


def _prober(inside: Inside, issuers: Issuers | None = None, **changes: Any) -> Prober:
    return Prober(
        inside.pool,
        issuers or inside.host.issuers,
        lambda: inside.host.registry.in_force,
        inside.clock,
        inside.host.calendar.zone,
        AlarmRules(**changes) if changes else _RULES,
    )


@asynccontextmanager
async def _another(inside: Inside) -> AsyncIterator[Issuers]:
    """Give the lines of a second host to the same issuer."""
    tables = await directory.read(inside.pool)
    issuers = Issuers(
        tables.issuers, tables.bins, inside.clock, SECURITY, random=lambda: 0.5, limits=_NEVER_IDLE
    )

    async def late(*_: object) -> None:
        return None

    issuers.start(late)
    assert await issuers.ready(10)
    yield issuers
    await issuers.stop()


async def _open(inside: Inside) -> list[tuple[str, str]]:
    rows = await inside.pool.fetch("SELECT kind, subject FROM incidents WHERE closed_at IS NULL")
    return [tuple(row) for row in rows]


def _echoes(inside: Inside) -> int:
    return sum(one[70] == "301" for one in inside.rogue.signals)


async def test_a_suspicious_issuer_is_asked_once_by_two_hosts_and_answers(inside: Inside) -> None:
    await _suspicious(inside)
    async with _another(inside) as lines:
        probers = [_prober(inside), _prober(inside, lines)]
        await asyncio.gather(*(one.turn() for one in probers))
        await asyncio.gather(*(one.turn() for one in probers))
    assert _echoes(inside) == 1
    (row,) = await inside.pool.fetch(_PROBE)
    assert tuple(row) == ("silent", "echo", "answered", 1, 0, None)
    assert sum(one.counts.answered for one in probers) == 1
    inside.clock.forward(seconds=61)
    await probers[0].turn()
    assert _echoes(inside) == 2, "again after the interval"


async def test_its_answer_is_a_probe_and_no_customers_approval(inside: Inside) -> None:
    await _suspicious(inside)
    await _prober(inside).turn()
    tally = inside.host.issuers.tally
    assert tally is not None
    assert tally.taken() == {Way(await _bank(inside), PROBE): Counts(approved=1)}


async def test_silence_is_evidence_until_it_is_an_alarm(inside: Inside) -> None:
    judging = await _suspicious(inside)
    inside.rogue.silent("network")
    tally, prober = inside.host.issuers.tally, _prober(inside)
    assert tally is not None
    counting = Counting(inside.pool, tally, inside.clock)
    asked = 0
    while not await _open(inside):
        asked += 1
        assert asked < 8, "an alarm by now"
        turn = asyncio.create_task(prober.turn())
        while _echoes(inside) < asked:
            await asyncio.sleep(0.01)
        inside.clock.forward(seconds=16)  # beyond the issuer's time-out
        await turn
        await counting.write()
        await _judge(inside, judging, Counts())
        inside.clock.forward(seconds=50)
    assert await _open(inside) == [("went_silent", f"kind {await _bank(inside)} {PROBE}")]
    assert await inside.pool.fetchval("SELECT unanswered FROM issuer_probes") == asked
    inside.rogue.let("network")
    while await _open(inside):
        assert _echoes(inside) < asked + 8, "over by now"
        await prober.turn()
        await counting.write()
        await _judge(inside, judging, Counts(approved=20))  # which alone would leave it open
        inside.clock.forward(seconds=60)
    assert _echoes(inside) > asked


async def test_traffic_that_tells_by_itself_is_left_to_tell(inside: Inside) -> None:
    judging = await _suspicious(inside)
    await _judge(inside, judging, Counts(approved=3))
    await _prober(inside).turn()
    assert _echoes(inside) == 0


@pytest.mark.parametrize(
    "kind", [InterventionKind.CIRCUIT_OPEN, InterventionKind.RETRIES_PAUSED, "window", "off"]
)
async def test_a_held_issuer_is_not_asked(inside: Inside, kind: Any) -> None:
    await _suspicious(inside)
    bank, now = await _bank(inside), inside.clock.now()
    until = now + timedelta(minutes=10)
    if isinstance(kind, InterventionKind):
        new = Intervention(uuid4(), kind, now, until, bank, set_by="olga", reason="an exercise")
        async with inside.pool.acquire() as connection, connection.transaction():
            await interventions.begin(connection, new, now)
        await inside.host.registry.load()
    elif kind == "window":
        window = {
            "id": uuid4(),
            "issuer_id": bank,
            "kind": "maintenance",
            "set_by": "olga",
            "set_at": now,
        }
        await put(inside.pool, "policies", window | {"valid_from": now, "valid_until": until})
    prober = _prober(inside, probe_every_s=0) if kind == "off" else _prober(inside)
    if kind == "off":
        prober.start()
        assert prober._loop is None
        return
    await prober.turn()
    assert _echoes(inside) == 0
    inside.clock.forward(seconds=601)
    await prober.turn()
    assert _echoes(inside) == 1, "once it is over"


async def test_an_issuer_that_usually_has_traffic_is_asked_when_none_comes(inside: Inside) -> None:
    judging = Judging(inside.pool, inside.clock, inside.host.calendar.zone)
    await _judge(inside, judging, Counts(approved=19, declined=1), 2)
    prober = _prober(inside)
    await _quiet(inside, judging, seconds=240)
    await prober.turn()
    assert _echoes(inside) == 0, "not yet"
    await _quiet(inside, judging, seconds=180)
    before = await inside.pool.fetchval("SELECT silent_since FROM watched_traffic LIMIT 1")
    await prober.turn()
    assert (before, _echoes(inside)) == (None, 1)
    assert await inside.pool.fetchval("SELECT why FROM issuer_probes") == "quiet"


# A void that waits -----------------------------------------------------------------------------


def _resolver(inside: Inside) -> Resolver:
    host, pace = inside.host, Pace()
    gatherer = Gatherer(inside.pool, host.calendar, host.clock)
    circuits = Circuits(inside.pool, pace)
    book = Book(inside.pool, DUE_IN)
    return Resolver(host, book, gatherer, Lessons(inside.pool), circuits, pace, random=lambda: 0.5)


async def _round(resolver: Resolver) -> int:
    """Take what is due and move it on; gives how many."""
    cases = await resolver.claim(10)
    for case in cases:
        await resolver.advance(case)
    return len(cases)


async def test_a_void_that_waits_asks_by_its_own_case(inside: Inside) -> None:
    till = await inside.till()
    sold = await inside.sold(till)
    inside.rogue.always("void", "19")
    assert (await till.ask("void", till.undoing("void", sold))).code != "00"
    resolver = _resolver(inside)
    assert await _round(resolver) == 1
    step = await inside.pool.fetchval("SELECT step FROM cases")
    assert step == "back_off"
    await _suspicious(inside)
    await inside.pool.execute(
        "UPDATE cases SET next_action_at = $1", inside.clock.now() + timedelta(minutes=20)
    )
    tried = len(inside.rogue.of("void"))
    assert await _round(resolver) == 0
    inside.rogue.let("void")
    tally = inside.host.issuers.tally
    assert tally is not None
    tally.taken()
    echoes = _echoes(inside)  # of the case's own, which does not know the cause
    await _prober(inside).turn()
    assert _echoes(inside) == echoes
    assert await _round(resolver) == 1
    assert len(inside.rogue.of("void")) == tried + 1
    (row,) = await inside.pool.fetch(_PROBE)
    (case,) = await inside.pool.fetch("SELECT id, ended, tries FROM cases")
    assert tuple(row) == ("silent", "void", "answered", 1, 0, case["id"])
    assert (case["ended"], case["tries"]) == ("voided", 1)
    ways = tally.taken()
    assert ways[Way(await _bank(inside), PROBE)] == Counts(approved=1)
    assert {way.kind for way in ways} <= {PROBE, ECHO}, "no approval of a customer"
