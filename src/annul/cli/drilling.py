"""The sandbox of a drill: its own folder, database and ports, shops with traffic, and the strokes.

It takes nothing from the installation in which it is started: neither settings nor environment.
"""

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from unittest.mock import patch
from zoneinfo import ZoneInfo

import typer

from annul.app import Ground, desk_page, ground, serve, status_page
from annul.domain.errors import AnnulError
from annul.operate.drills.evidence import Span, deeds, ends, money
from annul.operate.drills.keeping import keep
from annul.operate.drills.record import Journal, Record
from annul.operate.drills.script import Script
from annul.operate.drills.striking import Striking, paced
from annul.security.private import own_folder
from annul.settings import Settings
from annul.sim.demo import fee_rates
from annul.sim.scenes.hosted import Hosted, Served

from .counter import Places
from .drill_house import house

_ZONE: Final = ZoneInfo("Asia/Shanghai")  # the usual one, as of all settings of a sandbox
_STARTS: Final = timedelta(seconds=15)  # until a sandbox serves
_TIMEOUT_MS: Final = 5_000
_OURS: Final = "ANNUL_"
_FREE_TILL: Final = 5  # of each shop: neither faults nor traffic use it, so people may


class FolderInUse(AnnulError):
    """This folder holds something, and a drill wants one of its own. Nothing was started."""

    code = "drills.folder"
    next_step = "Name a folder that is empty, or that is not there yet."


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which drill, in which folder, how fast and by whom; port 0 takes a free one."""

    script: Script
    seed: int
    speed: float
    folder: Path
    console_port: int = 0
    team: str = ""
    started_by: str = ""
    keeps: Places = (None, None, None)  # the installation that keeps the run


def settings_of(wanted: Wanted) -> Settings:
    """Give the settings of a sandbox: none of another installation are in force in it."""
    with patch.dict(os.environ):
        for name in [name for name in os.environ if name.startswith(_OURS)]:
            del os.environ[name]
        return Settings.load(
            wanted.folder / "annul.toml",
            data=wanted.folder,
            drill=wanted.script.name,
            terminals_port=0,
            console_port=wanted.console_port,
            status_port=0,
            **paced(wanted.script, wanted.speed, datetime.now(_ZONE) + _STARTS),
            capacity=False,
            log_level="error",
        )


async def run(wanted: Wanted, stopped: asyncio.Event) -> Record:
    """Play a drill to its end, or until somebody stops it; what was started has ended then.

    Raises `FolderInUse`, and `OSError` when a port is taken.
    """
    folder = wanted.folder
    if folder.exists() and any(folder.iterdir()):
        raise FolderInUse
    own_folder(folder)
    async with AsyncExitStack() as stack:
        base = await stack.enter_async_context(ground(settings_of(wanted)))
        await fee_rates(base.pool)
        running = await stack.enter_async_context(serve(base))
        await stack.enter_async_context(status_page(running.ground, running))
        served = Served(running.host, running.server, base.security, running.port)
        place = Hosted(served, _TIMEOUT_MS)
        journal = Journal(folder)
        striking = Striking(place, wanted.script, wanted.seed, wanted.speed, journal.note)
        await stack.enter_async_context(striking.open())
        _profiles(striking, folder)
        console = await stack.enter_async_context(desk_page(running.ground, running))
        await _greet(base, console, wanted)
        return await _played(base, striking, wanted, stopped)


async def _played(
    base: Ground, striking: Striking, wanted: Wanted, stopped: asyncio.Event
) -> Record:
    began = base.clock.now()
    striking.begin()
    playing = asyncio.create_task(striking.play())
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait([playing, stopping], return_when=asyncio.FIRST_COMPLETED)
    for task in (playing, stopping):
        task.cancel()
    await asyncio.wait([playing, stopping])
    for failure in striking.failed:
        typer.echo(f"a stroke failed: {failure}", err=True)
    span = Span(began, base.clock.now(), wanted.speed)
    truths = striking.truths
    record = Record(
        drill=wanted.script.name,
        seed=wanted.seed,
        speed=wanted.speed,
        began=began,
        ended=span.ended,
        truths=tuple(truths),
        deeds=tuple(await deeds(base.pool, span)),
        ends=tuple(await ends(base.pool, span, truths)),
        money=await money(base.pool, span),
        team=wanted.team,
        started_by=wanted.started_by,
    )
    record.keep(wanted.folder)
    async with house(wanted.keeps, wanted.folder) as pool:
        await keep(pool, record)
    return record


def _profiles(striking: Striking, folder: Path) -> None:
    """Leave one till of each shop to the people, in the console and for `annul pos`."""
    own_folder(folder / "pos")
    for scene in striking.scenes:
        profile = scene.tills[_FREE_TILL].terminal.profile
        profile.write(folder / "pos" / f"{profile.terminal}.json")


async def _greet(base: Ground, console: int, wanted: Wanted) -> None:
    password = await base.access.first_password()
    for line in (
        "",
        f"Drill {wanted.script.name}: {wanted.script.title.zh} / {wanted.script.title.en}",
        f"  console   http://{base.settings.console_host}:{console}",
        *([f"  user admin, one-time password: {password}"] if password else []),
        f"  folder    {wanted.folder.resolve()}",
        f"  lasts     {wanted.script.minutes / wanted.speed:.1f} minutes; Ctrl-C ends it earlier",
        "",
    ):
        typer.echo(line)
