"""The sandbox of `annul training open`: an installation of its own that its people know."""

import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import SecretStr

from annul.app import Ground
from annul.desk.roles import OF_A_SHOP
from annul.domain.errors import AnnulError
from annul.operate.training import carrying
from annul.settings import Settings

from .reach import Reach, reach
from .serve import Beside, serve_until_told
from .up import starting

# What a sandbox has in common with its installation; all else is as in any new one.
_SHARED: Final = (
    *("zone", "cut_over", "support_phone", "console_tls", "log_level", "void_time_scale"),
    *("api_rate", "api_burst", "notices_language"),
)
_EVERY_S: Final = 2.0
_FOLDER: Final = "training"
Installation = tuple[Path | None, str | None, Path | None]  # data, database, config


class SandboxOpen(AnnulError):
    """People would send their passwords to this sandbox in the clear, so it does not start."""

    code = "training.open"
    next_step = "Set console_tls (or tls_certificate), or leave --host out: it is for one machine."


class SandboxPorts(NamedTuple):
    """Where a sandbox listens."""

    console: int
    terminals: int
    status: int


def serve_sandbox(
    installation: Installation, folder: Path | None, address: str, ports: SandboxPorts
) -> None:
    """Serve it until told to stop.

    Raises `NotRunning` when the installation's database does not answer, `SandboxOpen`, and what
    `annul up` raises.
    """
    import uvloop

    from annul.logs import configure

    data, database, config = installation
    of = Settings.load(config, data=data, database=database)
    settings = sandbox_settings(of, folder or of.data / _FOLDER, address, ports)
    configure(settings.log_level)

    async def serve() -> None:
        async with reach(data, database, config) as base:
            await serve_until_told(settings, demo=True, beside=_beside(base))

    with starting():
        uvloop.run(serve())


def sandbox_settings(of: Settings, folder: Path, address: str, ports: SandboxPorts) -> Settings:
    """Give the settings of the sandbox of an installation; environment and file say nothing here.

    Raises `SandboxOpen`.
    """
    if of.console_tls is None and not _loopback(address):
        raise SandboxOpen
    usual = {
        name: one.get_default(call_default_factory=True)
        for name, one in Settings.model_fields.items()
    }
    shared = {name: getattr(of, name) for name in _SHARED}
    own: dict[str, Any] = {
        "data": folder,
        "database": SecretStr(""),
        "console_host": address,
        "console_port": ports.console,
        "terminals_port": ports.terminals,
        "status_port": ports.status,
    }
    return Settings(**(usual | shared | own))


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _beside(installation: Reach) -> Beside:
    @asynccontextmanager
    async def carried(sandbox: Ground) -> AsyncIterator[None]:
        """Carry people there and progress both ways, before it is open, while it is, at its end."""
        there, here = installation.pool, sandbox.pool
        await carrying.progress(there, here)

        async def carry() -> None:
            await carrying.people(there, here, OF_A_SHOP, sandbox.clock.now())
            await carrying.progress(here, there)

        await carry()
        carrier = sandbox.loops.start("training", carry, every_s=_EVERY_S, first_s=_EVERY_S)
        try:
            yield
        finally:
            await carrier.stop()
            await carry()

    return carried
