"""`annul up --hosts N`: so many host processes on one machine, and one that looks after them.

This one has the database, the demonstration, the console and one page of health and metrics; it
serves no terminal. Each host process has a core and a data folder of its own; all listen on the
same port, and the kernel deals the connections out. One that ends unasked is started again.
"""

import asyncio
import json
import os
import random
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import httpx
import structlog

from annul.api import several
from annul.app import Ground, desk_page
from annul.domain.backoff import Backoff
from annul.domain.errors import AnnulError
from annul.serving import serve_http
from annul.settings import DEFAULT_FILE, Settings

log = structlog.get_logger(__name__)

MOST: Final = 10  # as there are numbers of host processes
_FOLDER: Final = "hosts"
_UP_S: Final = 60.0  # for all of them, at the start
_LOOK_S: Final = 0.1
_STEADY_S: Final = 30.0  # a process that lasted so long is started again at once
_AGAIN: Final = Backoff(0.2, 30.0)


class HostsNotUp(AnnulError):
    """The host processes do not come up, so annul has ended them again. No money has moved."""

    code = "up.hosts"
    next_step = "Read what they said above; each logs under its number."


class NumberForSeveral(AnnulError):
    """`node` is the number of one process, and several are to be started. Nothing was."""

    code = "up.hosts_number"
    next_step = "Leave `node` out of annul.toml and the environment: each process takes a free one."


class TerminalPorts(NamedTuple):
    """Where terminals connect, plain and by TLS."""

    plain: int
    secured: int | None = None


class Served(NamedTuple):
    """What is served where: terminals, the status of all, console and API."""

    terminals: TerminalPorts
    status: int
    console: int | None
    processes: Sequence["HostProcess"] = ()


@dataclass(slots=True)
class HostProcess:
    """One of the host processes: `number` among them, its arguments and environment."""

    number: int
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)  # it may hold secrets
    port: int = 0  # of its status page, on loopback
    starts: int = 0
    running: asyncio.subprocess.Process | None = None

    async def keep(self) -> None:
        """Start it, and again whenever it ends, until cancelled; then have it end."""
        failures, clock = 0, asyncio.get_running_loop().time
        try:
            while True:
                began = clock()
                self.port, self.starts = _free_port(), self.starts + 1
                self.running = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "annul",
                    *self.arguments,
                    env={**self.environment, "ANNUL_STATUS_PORT": str(self.port)},
                    stdin=asyncio.subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl-C is for this process, which ends them in order
                )
                status = await self.running.wait()
                failures = 0 if clock() - began > _STEADY_S else failures + 1
                log.error("host_process_ended", host=self.number, status=status)
                await asyncio.sleep(_AGAIN.delay(max(failures, 1), random.random))
        finally:
            await self._end()

    async def _end(self) -> None:
        running = self.running
        if running is not None and running.returncode is None:
            running.terminate()
            await running.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def _reserved(host: str, port: int) -> socket.socket:
    """Hold a port that others of this user may open too; it takes no connection itself."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    held = socket.socket(family)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind((host, port))
    return held


def _environment(settings: Settings, database: str, ports: Mapping[str, int]) -> dict[str, str]:
    """Say to a host process what is otherwise than in the file that it reads too."""
    own: dict[str, str] = {
        "ANNUL_DATABASE": database,
        "ANNUL_DATABASE_OWNER": "",
        "ANNUL_TERMINALS_SHARED": "true",
        "ANNUL_STATUS_HOST": "127.0.0.1",
        "ANNUL_STATUS_TLS": "null",
        "ANNUL_CONSOLE": "false",
        "ANNUL_SEALS_FOLDER": str(settings.seals.resolve()),
        "ANNUL_LOG_LEVEL": settings.log_level,
        **{f"ANNUL_{name.upper()}": str(port) for name, port in ports.items()},
    }
    if not settings.master_key.get_secret_value():
        own["ANNUL_MASTER_KEY_FILE"] = str(settings.key_file.resolve())
    if settings.terminals_tls is not None:
        own["ANNUL_TERMINALS_TLS"] = json.dumps(asdict(settings.terminals_tls), default=str)
    return {**os.environ, **own}


@asynccontextmanager
async def host_processes(
    settings: Settings, database: str, count: int, config: Path | None
) -> AsyncIterator[tuple[TerminalPorts, Sequence[HostProcess]]]:
    """Run so many of them; gives them and their ports once all serve.

    Raises `NumberForSeveral`, `HostsNotUp`.
    """
    if settings.node is not None:
        raise NumberForSeveral
    file = (config or settings.data / DEFAULT_FILE).resolve()
    with _reserved(settings.terminals_host, settings.terminals_port) as held:
        ports = {"terminals_port": int(held.getsockname()[1])}
        if settings.terminals_tls is not None:
            ports["terminals_tls_port"] = settings.secured_port or _free_port()
        environment = _environment(settings, database, ports)
        processes = [
            HostProcess(number, _arguments(settings, number, file), environment)
            for number in range(1, count + 1)
        ]
        tasks = [asyncio.create_task(one.keep()) for one in processes]
        try:
            await _all_up(processes)
            yield TerminalPorts(*ports.values()), processes
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _arguments(settings: Settings, number: int, file: Path) -> list[str]:
    folder = settings.data / _FOLDER / str(number)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return [
        "up",
        "--with-others",
        f"--data={folder.resolve()}",
        *([f"--config={file}"] if file.exists() else []),
    ]


async def _all_up(processes: Sequence[HostProcess]) -> None:
    """Wait until each of them serves; raises `HostsNotUp`."""
    try:
        async with asyncio.timeout(_UP_S), httpx.AsyncClient() as client:
            for one in processes:
                while not await several.is_up(client, one.port):
                    if one.starts > 1:  # it has ended, and would again
                        raise HostsNotUp
                    await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        raise HostsNotUp from None


@asynccontextmanager
async def served(
    base: Ground, count: int, config: Path | None, controls: Mapping[str, str]
) -> AsyncIterator[Served]:
    """Run host processes with the pages for all of them; gives what is served where."""
    settings = base.settings
    async with AsyncExitStack() as stack:
        running = host_processes(settings, base.database, count, config)
        ports, processes = await stack.enter_async_context(running)
        health = several.opened(
            base.access,
            base.loops,
            lambda: {str(one.number): one.port for one in processes},
            base.measures,
        )
        app = await stack.enter_async_context(health)
        status = serve_http(
            app, settings.status_host, settings.status_port, tls=settings.status_tls,
            loops=base.loops,
        )  # fmt: skip
        status_port, console = await stack.enter_async_context(status), None
        if settings.console:
            console = await stack.enter_async_context(desk_page(base, None, controls))
        yield Served(ports, status_port, console, processes)
