"""The one place that wires everything: database, registry, journal, issuers, host, status."""

import fcntl
import random
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from annul.api.status import build
from annul.console import build as console
from annul.desk.access import Access
from annul.desk.desk import Desk, Settled
from annul.desk.feed import Feed
from annul.desk.kept import Kept
from annul.diagnose.gather import Gatherer
from annul.diagnose.lessons import Lessons
from annul.domain.business_day import Calendar
from annul.domain.errors import AnnulError
from annul.host.connections import Limits
from annul.host.descriptors import connections_allowed
from annul.host.door import Door
from annul.host.evidence import Evidence
from annul.host.forwarded import Forwarded
from annul.host.handlers import HANDLERS
from annul.host.host import Host
from annul.host.membership import Membership, identity
from annul.host.notices import Notices
from annul.host.numbers import IssuerTraces, ReferenceNumbers
from annul.host.outcomes import Outcomes
from annul.host.recovery import Recovery
from annul.host.server import TerminalServer, silent_once_lost
from annul.host.upkeep import Upkeep
from annul.issuers import directory
from annul.issuers.desk import Issuers
from annul.issuers.forward import Forwarder
from annul.issuers.forward import Pace as ForwardPace
from annul.merchants.registry import Registry
from annul.renewal import renewing
from annul.resolve.audit import Auditor
from annul.resolve.book import Book
from annul.resolve.circuits import Circuits
from annul.resolve.notify.webhooks import Deliverer
from annul.resolve.pace import Pace
from annul.resolve.people import People
from annul.resolve.resolver import Resolver
from annul.resolve.sweep import Sweep
from annul.security.masterkey import load_or_create
from annul.security.module import SecurityModule
from annul.security.software import SoftwareModule
from annul.security.tls import ServerTls, server_context
from annul.security.vault import Vault
from annul.serving import serve_http
from annul.settings import Settings
from annul.store.clock import Clock, SystemClock
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from annul.store.journal import Journal
from annul.store.loop import Loops
from annul.store.migrate import upgrade
from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS
from annul.wire.framing import FRAMINGS

log = structlog.get_logger(__name__)

# How long links may take to come up before the host serves terminals all the same.
_LINKS_S: Final = 5.0
# How old an unfinished transaction that nobody serves is when the sweep takes it.
_PATIENCE: Final = timedelta(seconds=5)
# How long one question of the sweep for contradictions may keep the database.
_QUESTION_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Ground:
    """What everything stands on: the database, the keys, the clock."""

    settings: Settings
    database: str
    pool: asyncpg.Pool
    security: SecurityModule
    vault: Vault
    clock: Clock
    access: Access
    loops: Loops = field(default_factory=Loops)


@dataclass(frozen=True, slots=True)
class Running:
    """A host that serves terminals."""

    ground: Ground
    host: Host
    server: TerminalServer
    forwarder: Forwarder
    recovery: Recovery
    resolver: Resolver
    membership: Membership
    port: int
    tls_port: int | None = None

    def figures(self) -> dict[str, Any]:
        """Give the counters of this process, for status and metrics."""
        counts, strangers = self.host.counts, self.host.door.strangers
        return {
            "requests": counts.requests,
            "turned_away": dict(strangers.by_reason),
            "strangers": strangers.by_address(),
            "busy": counts.busy,
            "failed": counts.failed,
            "connections": len(self.server.connections),
            "in_flight": len(self.host.in_flight),
            "replies": dict(counts.replies),
            "loops": {loop.name: loop.failures for loop in self.ground.loops},
            **{f"voids_{name}": value for name, value in self.resolver.promise.figures().items()},
            "issuers": {
                issuer_id: {"up": line.link.up, "health": str(line.health.state)}
                for issuer_id, line in self.host.issuers.lines.items()
            },
        }


class AlreadyRunning(AnnulError):
    """Another annul runs on this data folder, so this one serves nothing. No money has moved."""

    code = "app.already_running"
    next_step = "Stop the other one, or give another folder with --data."


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which the kernel gives back whatever becomes of this process."""
    with (folder / "annul.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"another annul runs on {folder.resolve()}"
            raise AlreadyRunning(message) from None
        yield


@asynccontextmanager
async def ground(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Ground]:
    """Start or reach the database, migrate it, and load the keys."""
    async with AsyncExitStack() as stack:
        settings.data.mkdir(parents=True, exist_ok=True)
        stack.enter_context(_alone(settings.data))
        url = settings.database.get_secret_value()
        if not url:
            embedded = EmbeddedPostgres(settings.data)
            url = await embedded.start()
            stack.push_async_callback(embedded.stop)
            embedded.keep_alive()
        await upgrade(url)
        pool = await connect(url)
        stack.push_async_callback(pool.close)
        master = load_or_create(
            settings.master_key_file or settings.data / "master.key",
            settings.master_key.get_secret_value(),
        )
        yield Ground(
            settings=settings,
            database=url,
            pool=pool,
            security=SoftwareModule(master),
            vault=Vault(master),
            clock=clock or SystemClock(),
            access=Access(pool),
        )


@asynccontextmanager
async def serve(base: Ground) -> AsyncIterator[Running]:
    """Serve terminals on `base` until the block ends; then finish what is under way.

    Raises `NodeTaken` when another process has the number. When one takes it later, `membership`
    says so, and no terminal is served any more.
    """
    settings = base.settings
    async with AsyncExitStack() as stack:
        membership = Membership(
            base.pool,
            base.clock,
            settings.node,
            identity(settings.data),
            settings.node_lease_s,
            base.loops,
        )
        await membership.claim()
        stack.push_async_callback(membership.leave)
        registry = Registry(base.pool)
        await registry.load()
        tables = await directory.read(base.pool)
        journal = Journal(base.pool, settings.node)
        stack.push_async_callback(journal.close)
        issuers = Issuers(
            tables.issuers,
            tables.bins,
            base.clock,
            base.security,
            random=random.random,
            tls=settings.issuer_tls,
            loops=base.loops,
        )
        host = _host(base, registry, journal, issuers)
        recovery = Recovery(host, _PATIENCE, membership)
        issuers.start(recovery.late)
        stack.push_async_callback(issuers.stop)
        if not await issuers.ready(_LINKS_S):
            log.warning("issuers_not_up", up=issuers.up())
        forwarder = _forwarder(base, host)
        upkeep = Upkeep(host, settings.node)
        await upkeep.start()
        stack.push_async_callback(upkeep.stop)
        resolver = _resolver(base, host)
        host.on_turned_back = resolver.turned_back
        await recovery.start()
        stack.push_async_callback(recovery.stop)
        forwarder.start()
        stack.push_async_callback(forwarder.stop)
        if settings.resolver:
            resolver.start()
            stack.push_async_callback(resolver.stop)
        sweep = Sweep(Auditor(base.pool, _QUESTION_S), base.clock, loops=base.loops)
        sweep.start()
        stack.push_async_callback(sweep.stop)
        server = TerminalServer(host, FRAMINGS[settings.terminals_framing], _limits(settings))
        stack.push_async_callback(server.stop)
        port = await server.listen(settings.terminals_host, settings.terminals_port)
        tls_port = None
        if settings.terminals_tls is not None:
            tls_port = await stack.enter_async_context(
                _secured(server, settings.terminals_tls, settings)
            )
        await stack.enter_async_context(silent_once_lost(membership.lost, server))
        yield Running(
            base, host, server, forwarder, recovery, resolver, membership, port.number, tls_port
        )


@asynccontextmanager
async def _secured(
    server: TerminalServer, tls: ServerTls, settings: Settings
) -> AsyncIterator[int]:
    """Open the port for terminals that speak TLS, and renew its certificate while it is open."""
    opened = await server.listen(
        settings.terminals_host, settings.secured_port, server_context(tls)
    )
    async with renewing(tls, opened.use):
        yield opened.number


def _limits(settings: Settings) -> Limits:
    connections = connections_allowed(settings.max_connections)
    return Limits(
        in_flight=settings.max_in_flight,
        connections=connections,
        per_address=min(settings.connections_per_address, connections),
        frame=settings.frame_limit,
        first_message_s=settings.first_message_s,
        idle_s=settings.idle_s,
    )


def _host(base: Ground, registry: Registry, journal: Journal, issuers: Issuers) -> Host:
    settings = base.settings
    calendar = Calendar(ZoneInfo(settings.zone), settings.cut_over)
    outcomes = Outcomes(journal, registry, calendar.business_date)
    codec = Codec(DIALECTS["unionpay_pos"], trusting=False)
    evidence = Evidence(base.pool, base.clock, settings.node)
    return Host(
        pool=base.pool,
        registry=registry,
        journal=journal,
        outcomes=outcomes,
        issuers=issuers,
        security=base.security,
        vault=base.vault,
        clock=base.clock,
        calendar=calendar,
        numbers=ReferenceNumbers(settings.node),
        traces=IssuerTraces(settings.node, random.randrange(100_000)),  # noqa: S311 - where to begin, no secret
        codec=codec,
        acquirer_id=settings.acquirer_id,
        handlers=HANDLERS,
        evidence=evidence,
        notices=Notices(base.pool),
        door=Door(
            codec, registry, base.security, evidence, base.clock, calendar, settings.acquirer_id
        ),
        loops=base.loops,
    )


def _forwarder(base: Ground, host: Host) -> Forwarder:
    return Forwarder(
        base.pool,
        host.issuers,
        Forwarded(host.journal, host.outcomes),
        base.clock,
        open_card=base.vault.open,
        acquirer_id=base.settings.acquirer_id,
        local=host.local,
        random=random.random,
        pace=ForwardPace(tries=base.settings.reversal_tries),
        loops=base.loops,
    )


def _resolver(base: Ground, host: Host) -> Resolver:
    settings = base.settings
    pace = Pace(
        scale=settings.void_time_scale,
        due_s={**settings.void_due_s},
        tries=settings.void_tries,
        give_up_s=settings.void_give_up_s,
    )

    async def flush() -> None:
        await host.evidence.flush(host.issuers)

    return Resolver(
        host,
        Book(base.pool, pace.due("network"), settings.node),
        Gatherer(base.pool, host.calendar, base.clock, flush),
        Lessons(base.pool),
        Circuits(base.pool, pace),
        pace,
        random=random.random,
    )


@asynccontextmanager
async def status_page(running: Running) -> AsyncIterator[int]:
    """Serve health, metrics and status over HTTP beside the host; gives the port."""
    settings = running.ground.settings
    app = build(running.ground.access, running.figures, running.ground.loops)
    async with serve_http(
        app, settings.status_host, settings.status_port, tls=settings.status_tls
    ) as port:
        yield port


@asynccontextmanager
async def desk_page(
    base: Ground, running: Running | None = None, controls: Mapping[str, str] | None = None
) -> AsyncIterator[int]:
    """Serve console and API, beside a host or alone; gives the port.

    `controls` are the control addresses of demo issuers, by issuer.
    """
    settings = base.settings
    calendar = Calendar(ZoneInfo(settings.zone), settings.cut_over)
    book, lessons = Book(base.pool, timedelta(minutes=15), settings.node), Lessons(base.pool)
    feed = Feed(base.pool, base.clock, base.loops)
    desk = Desk(
        pool=base.pool,
        access=base.access,
        book=book,
        gatherer=Gatherer(base.pool, calendar, base.clock),
        lessons=lessons,
        people=People(book, lessons),
        feed=feed,
        vault=base.vault,
        calendar=calendar,
        clock=base.clock,
        kept=Kept(base.clock.monotonic),
        host=running.host if running else None,
        data=settings.data,
        terminals=(
            settings.terminals_host,
            running.port if running else settings.terminals_port,
            running.tls_port if running else settings.secured_port,
        ),
        controls=controls or {},
        settings=tuple(_shown(settings)),
        figures=running.figures if running else None,
        loops=base.loops,
        rate=settings.api_rate,
        burst=settings.api_burst,
    )
    secure = settings.console_tls is not None
    application = console.build(desk, secure=secure)
    deliverer = Deliverer(base.pool, base.vault, base.clock, random=random.random, loops=base.loops)
    deliverer.start()
    feed.start()
    try:
        async with serve_http(
            application,
            settings.console_host,
            settings.console_port,
            lifespan=True,
            tls=settings.console_tls,
        ) as port:
            try:
                yield port
            finally:
                await feed.stop()  # first, so that streams end and nobody waits any more
    finally:
        await deliverer.stop()


def _shown(settings: Settings) -> Iterator[Settled]:
    """Give the settings in force with their origin; secrets stay secret."""
    origins = settings.origins()
    for name, declared in type(settings).model_fields.items():
        value = getattr(settings, name)
        yield Settled(name, str(value), origins[name], declared.description or "")
