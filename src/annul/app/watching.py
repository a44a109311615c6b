"""What a host watches by itself: its traffic, what waits, what goes wrong; and whom it tells."""

import random
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import Protocol
from zoneinfo import ZoneInfo

from annul.desk.report_mails import READERS
from annul.diagnose.gather import Gatherer
from annul.diagnose.lessons import Lessons
from annul.host.host import Host
from annul.operate.alarms.asking import Asking
from annul.operate.alarms.judging import Judging
from annul.operate.alarms.keeping import Counting
from annul.operate.alarms.probing import Prober
from annul.operate.capacity.judging import Judging as CapacityJudging
from annul.operate.capacity.samples import Sampler
from annul.operate.incidents.gathering import HeadGatherer
from annul.operate.incidents.raising import Limits, Raising
from annul.operate.measures.backlog import Backlog
from annul.operate.notices.telling import Teller
from annul.operate.playbooks.reading import playbook_of
from annul.operate.playbooks.running import Runner
from annul.operate.reports.mailing import Mailing
from annul.operate.tracing import OtlpTracer, TracingSettings

from .foundation import Ground


class Part(Protocol):
    """Something that goes on beside the terminals until it is stopped."""

    def start(self) -> None:
        """Begin."""
        ...

    async def stop(self) -> None:
        """End, and give back what it holds."""
        ...


def watching(base: Ground, host: Host) -> tuple[Part, ...]:
    """Give what is to run."""
    backlog = Backlog(base.pool, base.clock, base.loops)
    base.measures.add(backlog)
    runner = Runner(base.pool, base.clock, base.loops)
    told = (*_incidents(base), runner, _teller(base), _mailing(base, host))
    return (backlog, *_alarms(base, host), *_capacity(base, host), *told)


def _alarms(base: Ground, host: Host) -> tuple[Part, ...]:
    """Count traffic, and judge what all hosts have counted, unless alarms are switched off."""
    tally, zone = host.issuers.tally, host.calendar.zone
    if tally is None:
        return ()
    base.measures.add(tally)
    flush = partial(host.evidence.flush_for, host.issuers)
    gatherer = Gatherer(base.pool, host.calendar, base.clock, flush)
    asking = Asking(base.pool, gatherer, Lessons(base.pool))
    judging = Judging(base.pool, base.clock, zone, base.settings.alarms, base.loops, asking)
    prober = Prober(
        base.pool,
        host.issuers,
        lambda: host.registry.in_force,
        base.clock,
        zone,
        base.settings.alarms,
        base.loops,
    )
    base.measures.add(prober)
    return Counting(base.pool, tally, base.clock, base.loops), judging, prober


def _capacity(base: Ground, host: Host) -> tuple[Part, ...]:
    """Measure this process and the database, and work out what they carry."""
    if not base.settings.capacity:
        return ()
    notice_days = base.settings.capacity_notice_days
    return (
        Sampler(host, base.node, base.clock, base.loops, base.settings.capacity_every_s),
        CapacityJudging(base.pool, host.calendar, base.clock, notice_days, base.loops),
    )


def _incidents(base: Ground) -> tuple[Part, ...]:
    """Give what raises what annul sees of itself, and what gathers all that was raised."""
    settings = base.settings
    limits = Limits(owed=settings.incidents_owed, sign_ins=settings.incidents_sign_ins)
    quiet = timedelta(seconds=settings.incidents_quiet_s)
    return (
        Raising(base.pool, base.clock, limits=limits, loops=base.loops),
        HeadGatherer(base.pool, base.clock, quiet=quiet, playbooks=playbook_of(), loops=base.loops),
    )


def _teller(base: Ground) -> Part:
    """Give what tells people of incidents."""
    settings = base.settings
    teller = Teller(
        base.pool,
        base.vault,
        base.clock,
        ZoneInfo(settings.zone),
        random=random.random,
        base=settings.console_url,
        language=settings.notices_language,
        loops=base.loops,
    )
    base.measures.add(teller)
    return teller


def _mailing(base: Ground, host: Host) -> Part:
    """Give what owes reports to who asked for them by mail."""
    return Mailing(
        base.pool,
        host.calendar,
        base.clock,
        READERS,
        base=base.settings.console_url,
        language=base.settings.notices_language,
        loops=base.loops,
    )


async def tracer_of(base: Ground, stack: AsyncExitStack) -> OtlpTracer | None:
    """Trace transactions, where somebody is to be told; ends after the last of them."""
    settings = base.settings
    if not settings.otlp_endpoint:
        return None
    tracing = TracingSettings(settings.otlp_endpoint, settings.otlp_service, settings.otlp_ratio)
    tracer = OtlpTracer(tracing)
    tracer.start()
    stack.push_async_callback(tracer.stop)
    base.measures.add(tracer)
    return tracer
