"""What `annul up` does: the host and its HTTP side, with a demonstration around it when asked."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import typer

from annul.app import Ground, desk_page, ground, serve, status_page
from annul.host.membership import NodeLost
from annul.security.certificates import authority
from annul.security.masterkey import load_or_create
from annul.security.private import own_folder
from annul.security.tls import Clients, ClientTls, ServerTls
from annul.settings import Settings
from annul.sim.demo import ISSUERS, DemoPlan, seed
from annul.sim.issuer.faults import TRAINING
from annul.sim.issuer.simulator import Options, Simulator, simulate
from annul.sim.terminal.profile import Profile

from .hosts import Served, TerminalPorts, served

# The demo's issuers listen this far above the terminals' port, their controls above them.
_ISSUERS: Final = (8, 9, 10)
_CONTROL: Final = 100
_CARD: Final = "6200010000000007"
_CODE: Final = "6290000000000004"
_AUTHORITY: Final = "annul demo"
_TLS: Final = "tls"  # folder of the demo's certificates, beside that of its terminals
_NAME: Final = "localhost"  # what the host proves to be
Beside = Callable[[Ground], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demonstration added: profiles of soft terminals, ports of the issuers' control."""

    profiles: Sequence[Path]
    controls: Sequence[int]

    @property
    def by_issuer(self) -> dict[str, str]:
        """Addresses of the issuers' control, by issuer."""
        return {
            issuer: f"http://127.0.0.1:{control}"
            for (issuer, _, _), control in zip(ISSUERS, self.controls, strict=True)
        }


@dataclass(frozen=True, slots=True)
class Begun:
    """What there is before anything is served; `password` is the first administrator's, once."""

    base: Ground
    demo: Demo | None
    password: str | None

    @property
    def controls(self) -> dict[str, str]:
        """Addresses of the control of the demo's issuers, by issuer."""
        return self.demo.by_issuer if self.demo else {}


@asynccontextmanager
async def _begun(
    settings: Settings, *, demo: bool, beside: Beside | None = None
) -> AsyncIterator[Begun]:
    """Make ready what needs the database, before the ports: a host that serves outlives it."""
    async with AsyncExitStack() as stack:
        settings = _to_try(settings) if demo else settings
        base = await stack.enter_async_context(ground(settings))
        shown = await stack.enter_async_context(_demo(base)) if demo else None
        if beside is not None:
            await stack.enter_async_context(beside(base))
        yield Begun(base, shown, await base.access.first_password())


async def serve_hosts_until_told(
    settings: Settings, count: int, config: Path | None, *, demo: bool
) -> None:
    """Look after so many host processes until SIGINT or SIGTERM.

    Raises `OSError` when a port is taken, `NumberForSeveral`, and `HostsNotUp` when one ends at its
    start.
    """
    stopped = _told_to_stop()
    async with AsyncExitStack() as stack:
        begun = await stack.enter_async_context(_begun(settings, demo=demo))
        hosts = served(begun.base, count, config, begun.controls)
        typer.echo(_greeting(begun, await stack.enter_async_context(hosts)))
        await stopped.wait()
        typer.echo("stopping: requests under way are finished first")
    typer.echo("stopped")


def _told_to_stop() -> asyncio.Event:
    """Give what SIGINT and SIGTERM set."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


async def serve_until_told(
    settings: Settings, *, demo: bool, greet: bool = True, beside: Beside | None = None
) -> None:
    """Serve until SIGINT or SIGTERM, with what is to work beside it before the first sign-in.

    Raises `OSError` when a port is taken, `NodeTaken` or `NodeLost` when the node number is.
    """
    stopped = _told_to_stop()
    async with AsyncExitStack() as stack:
        begun = await stack.enter_async_context(_begun(settings, demo=demo, beside=beside))
        running = await stack.enter_async_context(serve(begun.base))
        status = await stack.enter_async_context(status_page(running.ground, running))
        desk = None
        if settings.console:
            page = desk_page(running.ground, running, begun.controls)
            desk = await stack.enter_async_context(page)
        where = Served(TerminalPorts(running.port, running.tls_port), status, desk)
        if greet:
            typer.echo(_greeting(begun, where))
        _settle_memory()
        await _first(stopped, running.membership.lost)
        if running.membership.lost.is_set():
            raise NodeLost
        if greet:
            typer.echo("stopping: requests under way are finished first")
    if greet:
        typer.echo("stopped")


async def _first(*events: asyncio.Event) -> None:
    """Wait until one of them is set."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


def _settle_memory() -> None:
    """Spare what lives as long as the process from being looked at again by each collection."""
    gc.collect()
    gc.freeze()


def _to_try(settings: Settings) -> Settings:
    """Give the settings of a demonstration: terminals may speak TLS, and tasks are done in it."""
    training = settings.training.model_copy(update={"sandbox": True})
    return with_certificates(settings.model_copy(update={"training": training}))


def with_certificates(settings: Settings) -> Settings:
    """Let terminals speak TLS under certificates of the demo's own, unless there are others."""
    if settings.terminals_tls is not None:
        return settings
    own = authority(settings.data / _TLS, _AUTHORITY, datetime.now(UTC))
    server = own.server([_NAME, settings.terminals_host], datetime.now(UTC))
    tls = ServerTls(
        server.certificate, server.key, clients=Clients.WANTED, client_ca=own.pair.certificate
    )
    return settings.model_copy(update={"terminals_tls": tls})


class _Certificates:
    """Those of the demo's terminals. Where the port trusts others, they come without."""

    def __init__(self, settings: Settings) -> None:
        tls, folder = settings.terminals_tls, settings.data / _TLS
        mine = tls is not None and tls.certificate.parent == folder
        self._now = datetime.now(UTC)
        self._own = authority(folder, _AUTHORITY, self._now) if mine else None

    def identity(self, terminal: str, merchant: str) -> str:
        """Give the identity that a terminal is registered with."""
        return self._own.client(terminal, merchant, self._now).identity if self._own else ""

    def of(self, terminal: str, merchant: str) -> ClientTls | None:
        """Say how a terminal speaks TLS, in paths from where its profile lies."""
        if self._own is None:
            return None
        pair = self._own.client(terminal, merchant, self._now)
        return ClientTls(
            _beside(self._own.pair.certificate),
            name=_NAME,
            certificate=_beside(pair.certificate),
            key=_beside(pair.key),
        )


def _beside(file: Path) -> Path:
    """Give the path of a certificate from the folder of profiles, so that both may move."""
    return Path("..") / _TLS / file.name


@asynccontextmanager
async def _demo(base: Ground) -> AsyncIterator[Demo]:
    """Run the demo's issuers and put its merchants and terminals in; what is there stays."""
    folder = base.settings.data
    for part in ("issuers", "pos"):
        own_folder(folder / part)
    keys = load_or_create(folder / "issuers" / "shared.key")
    shared: dict[str, Any] = {"pin_key": keys[:16], "mac_key": keys[16:]}
    async with AsyncExitStack() as stack:
        issuers: list[Simulator] = []
        for number, above in enumerate(_ISSUERS, 1):
            port = base.settings.terminals_port + above
            options = Options(
                port=port,
                control_port=port + _CONTROL,
                seed=number,
                books=folder / "issuers" / f"{number}.jsonl",
                faults=TRAINING,
                **shared,
            )
            issuers.append(await stack.enter_async_context(simulate(options)))
        own = _Certificates(base.settings)
        plan = DemoPlan(tuple(issuer.port for issuer in issuers), identity=own.identity, **shared)
        for merchant, terminal, key in await seed(base.pool, base.security, plan):
            tls = own.of(terminal, merchant)
            profile = Profile(
                merchant=merchant,
                terminal=terminal,
                master_key=key,
                card=_CARD,
                code=_CODE,
                host=base.settings.terminals_host,
                tls=tls,
                port=base.settings.secured_port if tls else base.settings.terminals_port,
            )
            profile.write(folder / "pos" / f"{terminal}.json")
        controls = [issuer.control_port or 0 for issuer in issuers]
        yield Demo(sorted((folder / "pos").glob("*.json")), controls)


def _scheme(tls: ServerTls | None) -> str:
    return "https" if tls else "http"


def _greeting(begun: Begun, where: Served) -> str:
    settings, password, demo = begun.base.settings, begun.password, begun.demo
    seen = f"{_scheme(settings.status_tls)}://{settings.status_host}:{where.status}"
    plain, secured = where.terminals
    lines = [
        "",
        "annul is up.",
        f"  terminals   {settings.terminals_host}:{plain}",
        *([f"              {settings.terminals_host}:{secured} (TLS)"] if secured else []),
        *([f"  hosts       {len(where.processes)} processes"] if where.processes else []),
        *(
            [
                f"  console     {_scheme(settings.console_tls)}://{settings.console_host}:{where.console}"
            ]
            if where.console
            else []
        ),
        f"  status      {seen}/status  (also /health, /metrics)",
        f"  data        {settings.data.resolve()}",
    ]
    if demo:
        issuers = ", ".join(f"http://127.0.0.1:{control}/books" for control in demo.controls)
        lines += [
            f"  issuers     {issuers}",
            f"  terminals   {len(demo.profiles)} demo terminals in {settings.data / 'pos'}",
        ]
    if password:
        lines += [
            "",
            f"  user admin, one-time password: {password}",
            "  It opens nothing before you choose your own, in the console or by",
            f"    curl -u admin {seen}/password -H 'content-type: application/json' -d @FILE",
            '  that asks for it, where FILE holds {"password": "one of your own"}.',
        ]
    if demo:
        command = f"annul pos --data {settings.data}"
        lines += [
            "",
            "Try, in another shell:",
            f"  .venv/bin/{command} sale 100.00        # prints the slip with its voucher number",
            f"  .venv/bin/{command} void VOUCHER       # gives the money back",
            f"  .venv/bin/{command} --help             # refund, preauth, qr-sale, settle, ...",
        ]
    return "\n".join([*lines, "", "Ctrl-C stops it.", ""])
