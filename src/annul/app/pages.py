"""Status, console and API of a process over HTTP."""

import random
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg

from annul.api.status import build
from annul.cells.directory import NoDatabase
from annul.console import build as console
from annul.desk.desk import Desk, SettingInForce
from annul.desk.feed import Feed
from annul.desk.over_cells import share_people
from annul.desk.shared_results import SharedResults
from annul.diagnose.gather import Gatherer
from annul.diagnose.lessons import Lessons
from annul.domain.business_day import Calendar
from annul.operate.measures.people import Watchers
from annul.resolve.book import Book
from annul.resolve.notify.webhooks import Deliverer
from annul.resolve.people import People
from annul.serving import serve_http
from annul.settings import Settings
from annul.store.database import connect

from .foundation import Ground
from .hosting import Running

_EACH: Final = 5  # connections to the database of another cell
_PEOPLE_S: Final = 1.0  # until a change of who may act is known in every cell


@asynccontextmanager
async def status_page(
    base: Ground, running: Running | None = None, port: int | None = None
) -> AsyncIterator[int]:
    """Serve health, metrics and status over HTTP, beside a host or alone; gives the port."""
    settings = base.settings
    figures = running.figures if running is not None else dict[str, Any]
    async with serve_http(
        build(base.access, figures, base.loops, base.measures),
        settings.status_host,
        settings.status_port if port is None else port,
        tls=settings.status_tls,
        loops=base.loops,
    ) as opened:
        yield opened


@asynccontextmanager
async def desk_page(
    base: Ground, running: Running | None = None, controls: Mapping[str, str] | None = None
) -> AsyncIterator[int]:
    """Serve console and API, beside a host or alone; gives the port.

    `controls` are the control addresses of demo issuers, by issuer.
    """
    async with AsyncExitStack() as stack:
        pools = await _of_other_cells(base, stack)
        kept = SharedResults(base.clock.monotonic)
        feed = Feed(base.pool, base.clock, base.loops, kept.forget, tuple(pools.values()))
        desk = replace(
            _desk(base, base.pool, base.settings.cell, feed, kept, running),
            controls=controls or {},
            others=tuple(_desk(base, pool, cell, feed, kept) for cell, pool in pools.items()),
        )
        if desk.others:
            sharing = base.loops.start("people", partial(share_people, desk), every_s=_PEOPLE_S)
            stack.push_async_callback(sharing.stop)
        yield await stack.enter_async_context(_served(base, desk, feed))


async def _of_other_cells(base: Ground, stack: AsyncExitStack) -> dict[str, asyncpg.Pool]:
    """Reach the databases of other cells, as far as the directory says where they are."""
    pools: dict[str, asyncpg.Pool] = {}
    for cell in base.directory.cells if base.directory else ():
        if cell.name == base.settings.cell:
            continue
        with suppress(NoDatabase):
            assert base.directory is not None, "it has cells"
            pools[cell.name] = await connect(base.directory.database(cell.name).url, size=_EACH)
            stack.push_async_callback(pools[cell.name].close)
    return pools


def _desk(
    base: Ground,
    pool: asyncpg.Pool,
    cell: str,
    feed: Feed,
    kept: SharedResults,
    running: Running | None = None,
) -> Desk:
    settings = base.settings
    calendar = Calendar(ZoneInfo(settings.zone), settings.cut_over)
    book, lessons = Book(pool, timedelta(minutes=15), base.node), Lessons(pool)
    return Desk(
        pool=pool,
        cell=cell,
        access=base.access,
        book=book,
        gatherer=Gatherer(pool, calendar, base.clock),
        lessons=lessons,
        people=People(book, lessons),
        feed=feed,
        vault=base.vault,
        house_bank=settings.bank,
        clearing=settings.clearing,
        clearing_files=settings.clearing_files,
        chargebacks=settings.chargebacks,
        alarms=settings.alarms,
        training=settings.training,
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
        settings=tuple(_shown(settings)),
        figures=running.figures if running else None,
        loops=base.loops,
        notary=base.notary,
        rate=settings.api_rate,
        burst=settings.api_burst,
        support_phone=settings.support_phone,
        notices_language=settings.notices_language,
        drill=settings.drill,
    )


@asynccontextmanager
async def _served(base: Ground, desk: Desk, feed: Feed) -> AsyncIterator[int]:
    settings = base.settings
    secure = settings.console_tls is not None
    application = console.build(desk, secure=secure)
    feed.start()
    base.measures.add(Watchers(lambda: feed.watching))
    async with AsyncExitStack() as stack:
        for one in desk.every:  # what merchants are told of, in whichever cell they live
            deliverer = Deliverer(
                one.pool, base.vault, base.clock, random=random.random, loops=base.loops
            )
            deliverer.start()
            base.measures.add(deliverer, deliverer.worker)
            stack.push_async_callback(deliverer.stop)
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
