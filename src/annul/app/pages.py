"""Status, console and API of a process over HTTP."""

import random
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import fields, is_dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from annul.api.status import build
from annul.console import build as console
from annul.desk.desk import Desk, SettingInForce
from annul.desk.feed import Feed
from annul.desk.shared_results import SharedResults
from annul.diagnose.gather import Gatherer
from annul.diagnose.lessons import Lessons
from annul.domain.business_day import Calendar
from annul.resolve.book import Book
from annul.resolve.notify.webhooks import Deliverer
from annul.resolve.people import People
from annul.serving import serve_http
from annul.settings import Settings

from .foundation import Ground
from .hosting import Running


@asynccontextmanager
async def status_page(running: Running) -> AsyncIterator[int]:
    """Serve health, metrics and status over HTTP beside the host; gives the port."""
    settings = running.ground.settings
    app = build(running.ground.access, running.figures, running.ground.loops)
    async with serve_http(
        app,
        settings.status_host,
        settings.status_port,
        tls=settings.status_tls,
        loops=running.ground.loops,
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
    book, lessons = Book(base.pool, timedelta(minutes=15), base.node), Lessons(base.pool)
    kept = SharedResults(base.clock.monotonic)
    feed = Feed(base.pool, base.clock, base.loops, kept.forget)
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
        kept=kept,
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
        notary=base.notary,
        rate=settings.api_rate,
        burst=settings.api_burst,
        support_phone=settings.support_phone,
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
            loops=base.loops,
        ) as port:
            try:
                yield port
            finally:
                await feed.stop()  # first, so that streams end and nobody waits any more
    finally:
        await deliverer.stop()


def _shown(settings: Settings) -> Iterator[SettingInForce]:
    """Give the settings in force with their origin; secrets stay secret."""
    origins = settings.origins()
    for name, declared in type(settings).model_fields.items():
        value = getattr(settings, name)
        yield SettingInForce(name, _said(value), origins[name], declared.description or "")


def _said(value: object) -> str:
    """Write a setting as a file of settings would; of a group all that is set."""
    if is_dataclass(value):
        parts = ((one.name, getattr(value, one.name)) for one in fields(value))
        return ", ".join(f"{name}: {_said(part)}" for name, part in parts if part)
    return str(value)
