"""A host that serves terminals, with all that works beside it."""

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog

from annul.diagnose.fitting import Fitting
from annul.diagnose.gather import Gatherer
from annul.diagnose.learning import Learning
from annul.diagnose.lessons import Lessons
from annul.diagnose.samples import Samples
from annul.domain.business_day import Calendar
from annul.domain.cells import NONE
from annul.host.connections import ConnectionLimits
from annul.host.descriptors import connections_allowed
from annul.host.door import Door
from annul.host.evidence import EvidenceKeeper
from annul.host.forwarded import Forwarded
from annul.host.handlers import HANDLERS
from annul.host.host import Host
from annul.host.membership import Membership, identity, once_lost
from annul.host.notices import Notices
from annul.host.numbers import IssuerTraces, ReferenceNumbers
from annul.host.outcomes import Outcomes
from annul.host.owners import Owners
from annul.host.proxied import Proxies
from annul.host.recovery import Recovery
from annul.host.server import TerminalServer
from annul.host.tongues import Tongues
from annul.host.troubles import Troubles
from annul.host.upkeep import Upkeep
from annul.issuers import directory
from annul.issuers.forward import Forwarder, ForwardPace
from annul.issuers.health import HealthLimits
from annul.issuers.key_asking import KeyAsking
from annul.issuers.key_exchange import KeyExchange
from annul.issuers.lines import Issuers
from annul.issuers.tally import Tally
from annul.merchants.registry import Registry
from annul.renewal import renewing
from annul.resolve.audit import Auditor
from annul.resolve.book import Book
from annul.resolve.circuits import Circuits
from annul.resolve.exports import Exports
from annul.resolve.pace import Pace
from annul.resolve.resolver import Resolver
from annul.resolve.sealing import Sealing
from annul.resolve.seals import Seals
from annul.resolve.sweep import Sweep
from annul.resolve.witnessed import Witnessing
from annul.security.tls import ServerTls, server_context
from annul.settings import Settings
from annul.settle.chargebacks.turns import Turns
from annul.settle.clearing.expecting import Expecting
from annul.settle.clearing.foretell import Foretelling
from annul.settle.clearing.load import Loader
from annul.settle.clearing.proving import Proving
from annul.settle.days import Days
from annul.settle.paying import Paying
from annul.store.journal import Journal
from annul.store.retention import Retention
from annul.store.witness import Witness
from annul.wire.framing import framing_of

from .figures import figures_of
from .foundation import Ground
from .watching import tracer_of, watching

log = structlog.get_logger(__name__)

# How long links may take to come up before the host serves terminals all the same.
_LINKS_S: Final = 5.0
# How old an unfinished transaction that nobody serves is when the sweep takes it.
_PATIENCE: Final = timedelta(seconds=5)
_KEYS_S: Final = 2.0  # between two looks at which issuers are to be asked for new keys
# How long one question of the sweep for contradictions may keep the database.
_QUESTION_S: Final = 5.0


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
        return figures_of(self.host, self.server, self.resolver, self.ground.loops)


@asynccontextmanager
async def serve(base: Ground) -> AsyncIterator[Running]:
    """Serve terminals on `base` until the block ends; then finish what is under way.

    Raises `NodeTaken` when another process has the number. When one takes it later, `membership`
    says so, and no terminal is served any more.
    """
    settings = base.settings
    async with AsyncExitStack() as stack:
        membership = await _member(base, stack)
        base = replace(base, node=membership.node)
        host = await _made(base, stack)
        host.tracer = await tracer_of(base, stack)
        recovery = Recovery(host, _PATIENCE, membership)
        host.issuers.start(recovery.late)
        stack.push_async_callback(host.issuers.stop)
        if not await host.issuers.ready(_LINKS_S):
            log.warning("issuers_not_up", up=host.issuers.up())
        forwarder, resolver = _forwarder(base, host), _resolver(base, host)
        await _start_workers(base, host, recovery, (forwarder, resolver), stack)
        server = TerminalServer(
            host,
            framing_of(settings.terminals_framing),
            _limits(settings),
            _proxies(base),
        )
        stack.push_async_callback(server.stop)
        port = await server.listen(
            settings.terminals_host, settings.terminals_port, shared=settings.terminals_shared
        )
        tls_port = None
        if settings.terminals_tls is not None:
            tls_port = await stack.enter_async_context(
                _secured(server, settings.terminals_tls, settings)
            )
        await stack.enter_async_context(once_lost(membership.lost, server.leave))
        base.measures.add(host, host.issuers, host.journal, server, forwarder, forwarder.worker)
        base.measures.add(resolver, resolver.worker)
        yield Running(
            base, host, server, forwarder, recovery, resolver, membership, port.number, tls_port
        )


def _proxies(base: Ground) -> Proxies:
    settings, notary = base.settings, base.notary
    seal = notary.seal if notary is not None else None
    return Proxies(settings.terminals_proxies, seal, settings.cell, base.clock)


@asynccontextmanager
async def _secured(
    server: TerminalServer, tls: ServerTls, settings: Settings
) -> AsyncIterator[int]:
    """Open the port for terminals that speak TLS, and renew its certificate while it is open."""
    opened = await server.listen(
        settings.terminals_host,
        settings.secured_port,
        server_context(tls),
        shared=settings.terminals_shared,
    )
    async with renewing(tls, opened.use, server.host.loops, opened.number):
        yield opened.number


def _limits(settings: Settings) -> ConnectionLimits:
    connections = connections_allowed(settings.max_connections)
    return ConnectionLimits(
        in_flight=settings.max_in_flight,
        connections=connections,
        per_address=min(settings.connections_per_address, connections),
        frame=settings.frame_limit,
        first_message_s=settings.first_message_s,
        idle_s=settings.idle_s,
    )


async def _member(base: Ground, stack: AsyncExitStack) -> Membership:
    settings = base.settings
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
    return membership


async def _start_workers(
    base: Ground,
    host: Host,
    recovery: Recovery,
    workers: tuple[Forwarder, Resolver],
    stack: AsyncExitStack,
) -> None:
    """Start what goes on beside the terminals, so that it ends after them, the latest first."""
    forwarder, resolver = workers
    host.on_turned_back = resolver.turned_back
    upkeep = Upkeep(host, base.node)
    for part in (upkeep, recovery):
        await part.start()
        stack.push_async_callback(part.stop)
    sweep = Sweep(Auditor(base.pool, _QUESTION_S), base.clock, loops=base.loops)
    retention = Retention(
        base.pool,
        base.clock,
        host.calendar.business_date,
        base.settings.retention_days,
        loops=base.loops,
    )
    resolvers = (resolver, _learning(base, host)) if base.settings.resolver else ()
    if host.issuers.keys is not None:
        asking = KeyAsking(host.issuers, host.issuers.keys)
        loop = base.loops.start("issuer_keys", asking.turn, first_s=_KEYS_S, every_s=_KEYS_S)
        stack.push_async_callback(loop.stop)
    days = Days(base.pool, host.calendar, base.clock, loops=base.loops)
    for part in (
        *(forwarder, *resolvers, sweep, retention, days),
        *_paying(base, host),
        *_clearing(base, host),
        *_sealing(base, host),
        *watching(base, host),
    ):
        part.start()
        stack.push_async_callback(part.stop)


def _paying(base: Ground, host: Host) -> tuple[Paying, ...]:
    """Give what pays merchants, where a bank is set up."""
    house = base.settings.bank
    if house is None:
        return ()
    cell = base.settings.cell
    paying = Paying(base.pool, host.calendar, base.clock, house, base.vault, base.loops, cell)
    base.measures.add(paying)
    return (paying,)


def _clearing(base: Ground, host: Host) -> tuple[Foretelling, Proving, Turns, Expecting]:
    """Give what foretells breaks, carries out proofs of clearing files, and ends chargebacks.

    And what looks for files that do not come.
    """
    loader = Loader(base.pool, base.vault, base.clock)
    book = Book(base.pool, timedelta(minutes=15), base.node)
    parts = (base.pool, book, host.outcomes, host.calendar, base.clock, base.loops)
    foretelling = Foretelling(base.pool, loader, host.calendar, base.clock, base.loops)
    rules = base.settings.chargebacks
    turns = Turns(base.pool, rules, host.calendar, base.clock, base.loops)
    declared = base.settings.clearing_files
    expecting = Expecting(base.pool, host.calendar, base.clock, declared, base.loops)
    proving = Proving(*parts)
    base.measures.add(foretelling, proving)
    return foretelling, proving, turns, expecting


def _learning(base: Ground, host: Host) -> Learning:
    settings = base.settings
    return Learning(
        Samples(base.pool, settings.zone),
        Fitting(base.pool, settings.zone),
        host.calendar,
        base.clock,
        every_s=settings.learnt_every_s,
        policies_from=settings.learnt_policies_from,
        loops=base.loops,
    )


def _sealing(base: Ground, host: Host) -> tuple[Sealing, ...]:
    if base.notary is None:
        return ()
    seals = Seals(base.pool, base.notary)
    exports = Exports(seals, base.notary, base.settings.seals)
    return (Sealing(seals, exports, base.clock, host.calendar, base.loops),)


def _witness(base: Ground, stack: AsyncExitStack) -> Witness | None:
    """Keep what the database confirms, and look whether it still knows; ends after the journal."""
    if base.witness is None:
        return None
    witness = Witness(base.witness)
    stack.callback(witness.close)
    witnessing = Witnessing(base.pool, witness, base.clock, base.loops)
    witnessing.start()
    stack.push_async_callback(witnessing.stop)
    return witness


async def _made(base: Ground, stack: AsyncExitStack) -> Host:
    settings = base.settings
    registry = Registry(base.pool, base.clock)
    await registry.load()
    tables = await directory.read(base.pool)
    journal = Journal(base.pool, base.node, _witness(base, stack))
    stack.push_async_callback(journal.close)
    keys = KeyExchange(base.pool, base.security, base.clock)
    await keys.load()
    issuers = Issuers(
        tables.issuers,
        tables.bins,
        base.clock,
        base.security,
        random=random.random,
        tls=settings.issuer_tls,
        keys=keys,
        dialects=tables.dialects,
        health=HealthLimits(judged_s=settings.issuer_judged_s),
        loops=base.loops,
        tally=Tally(base.clock.monotonic) if settings.alarms.on else None,
        in_force=lambda: registry.in_force,
    )
    return _host(base, registry, journal, issuers)


def _host(base: Ground, registry: Registry, journal: Journal, issuers: Issuers) -> Host:
    settings = base.settings
    cells = base.directory.cells if base.directory else NONE
    calendar = Calendar(ZoneInfo(settings.zone), settings.cut_over)
    outcomes = Outcomes(journal, registry, calendar.business_date)
    evidence = EvidenceKeeper(base.pool, base.clock, base.node)
    owners = Owners(base.pool, base.node, base.clock)
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
        numbers=ReferenceNumbers(base.node, cells.share),
        traces=IssuerTraces(base.node, random.randrange(100_000), cells.share),  # noqa: S311 - where to begin, no secret
        acquirer_id=settings.acquirer_id,
        handlers=HANDLERS,
        support_phone=settings.support_phone,
        evidence=evidence,
        notices=Notices(base.pool),
        troubles=Troubles(base.pool),
        owners=owners,
        door=Door(
            Tongues(settings.terminals_dialect, lambda: issuers.dialects),
            registry,
            owners,
            base.security,
            evidence,
            base.clock,
            calendar,
            settings.acquirer_id,
            cells,
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
        pace=ForwardPace(tries=base.settings.reversal_tries).scaled(base.settings.void_time_scale),
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

    return Resolver(
        host,
        Book(base.pool, pace.due("network"), base.node),
        Gatherer(
            base.pool, host.calendar, base.clock, partial(host.evidence.flush_for, host.issuers)
        ),
        Lessons(base.pool),
        Circuits(base.pool, pace),
        pace,
        random=random.random,
    )
