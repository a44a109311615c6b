"""What `annul up` does: the host and its HTTP side, with a demonstration around it when asked."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import typer

from annul.app import Ground, desk_page, ground, serve, status_page
from annul.merchants.demo import ISSUERS, Plan, seed
from annul.security.masterkey import load_or_create
from annul.settings import Settings
from annul.sim.issuer.simulator import Options, Simulator, simulate
from annul.sim.terminal.profile import Profile

# The demo's issuers listen this far above the terminals' port, their controls above them.
_ISSUERS: Final = (8, 9, 10)
_CONTROL: Final = 100
_CARD: Final = "6200010000000007"
_CODE: Final = "6290000000000004"


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


async def serve_until_told(settings: Settings, *, demo: bool) -> None:
    """Serve until SIGINT or SIGTERM; raises `OSError` when a port is taken."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as stack:
        base = await stack.enter_async_context(ground(settings))
        shown = await stack.enter_async_context(_demo(base)) if demo else None
        running = await stack.enter_async_context(serve(base))
        status = await stack.enter_async_context(status_page(running))
        desk = None
        if settings.console:
            controls = shown.by_issuer if shown else {}
            desk = await stack.enter_async_context(desk_page(base, running, controls))
        password = await base.access.first_password()
        typer.echo(_greeting(settings, running.port, status, desk, password, shown))
        _settle_memory()
        await stopped.wait()
        typer.echo("stopping: requests under way are finished first")
    typer.echo("stopped")


def _settle_memory() -> None:
    """Spare what lives as long as the process from being looked at again by each collection.

    A request leaves no cycles behind, so collections may also be rare.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@asynccontextmanager
async def _demo(base: Ground) -> AsyncIterator[Demo]:
    """Run the demo's issuers and put its merchants and terminals in; what is there stays."""
    folder = base.settings.data
    (folder / "issuers").mkdir(exist_ok=True, mode=0o700)
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
                **shared,
            )
            issuers.append(await stack.enter_async_context(simulate(options)))
        plan = Plan(tuple(issuer.port for issuer in issuers), **shared)
        for merchant, terminal, key in await seed(base.pool, base.security, plan):
            profile = Profile(
                merchant=merchant, terminal=terminal, master_key=key, card=_CARD, code=_CODE,
                host=base.settings.terminals_host, port=base.settings.terminals_port,
            )  # fmt: skip
            profile.write(folder / "pos" / f"{terminal}.json")
        controls = [issuer.control_port or 0 for issuer in issuers]
        yield Demo(sorted((folder / "pos").glob("*.json")), controls)


def _scheme(settings: Settings) -> str:
    return "https" if settings.tls_certificate else "http"


def _greeting(
    settings: Settings,
    port: int,
    status: int,
    desk: int | None,
    password: str | None,
    demo: Demo | None,
) -> str:
    lines = [
        "",
        "annul is up.",
        f"  terminals   {settings.terminals_host}:{port}",
        *([f"  console     {_scheme(settings)}://{settings.console_host}:{desk}"] if desk else []),
        f"  status      http://{settings.status_host}:{status}/status  (also /health, /metrics)",
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
            f"    curl -u admin:{password} http://{settings.status_host}:{status}/password \\",
            "      -H 'content-type: application/json' -d '{\"password\": \"one of your own\"}'",
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
