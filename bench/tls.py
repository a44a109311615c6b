"""What TLS 1.3 with client certificates costs the host: per transaction, and per connection."""

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from annul.app import ground
from annul.settings import Settings
from annul.sim.demo import DemoPlan, seed
from annul.store.embedded import EmbeddedPostgres
from annul.wire.framing import TPDU_2, Framer
from bench import e2e
from bench.lines import SecuredLines
from tests.support.processes import Process, cpu_seconds, free_port, open_folder
from tests.support.wire import CODEC, HEAD

_CONNECTIONS: Final = 1_000
_MICRO: Final = 1e6


def measure(plain: Mapping[str, float]) -> dict[str, float]:
    """Give what TLS costs beside the `plain` measurement of the same run."""
    secured = e2e.measure(tls=True)
    with open_folder() as folder:
        per_connection = asyncio.run(_connections(folder))
    return {
        "tps": secured["tps"],
        "host_cpu_us": secured["host_cpu_us"],
        "host_cpu_share": secured["host_cpu_us"] / plain["host_cpu_us"],
        "host_cpu_us_more": secured["host_cpu_us"] - plain["host_cpu_us"],
        **per_connection,
    }


async def _connections(folder: Path) -> dict[str, float]:
    """Give the host's CPU for a connection that asks one echo test, plain and over TLS."""
    lines, port = SecuredLines(folder), free_port()
    settings = Settings.load(None, data=folder, terminals_port=port)
    async with ground(settings) as base:
        plan = DemoPlan((free_port(),), identity=lines.identity)
        credentials = await seed(base.pool, base.security, plan)
    environment = {
        "ANNUL_TERMINALS_PORT": str(port),
        "ANNUL_STATUS_PORT": "0",
        "ANNUL_CONSOLE": "false",
        **lines.environment,
    }
    host = Process("host", ["up", f"--data={folder}"], port, folder, environment)
    await host.start()
    try:
        context = lines.contexts(credentials[:1])[0]
        echo = _echo(*credentials[0][:2])
        plain = await _cost(host.pid, port, echo, None)
        secured = await _cost(host.pid, port + 1, echo, context)
    finally:
        await host.stop()
        await EmbeddedPostgres(folder).stop()
    return {"connection_plain_us": plain, "connection_tls_us": secured}


async def _cost(pid: int, port: int, echo: bytes, context: ssl.SSLContext | None) -> float:
    await _ask(port, echo, context)  # what is done once
    before = cpu_seconds(pid)
    for _ in range(_CONNECTIONS):
        await _ask(port, echo, context)
    return (cpu_seconds(pid) - before) * _MICRO / _CONNECTIONS


async def _ask(port: int, echo: bytes, context: ssl.SSLContext | None) -> None:
    """Open a connection with a whole handshake, ask once, and hang up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    writer.write(echo)
    framer = Framer(TPDU_2)
    while not framer.feed(await reader.read(4_096)):
        pass
    writer.close()


def _echo(merchant: str, terminal: str) -> bytes:
    body = CODEC.encode("0820", {41: terminal, 42: merchant, 60: "00000001301"})
    return TPDU_2.pack(body, HEAD)
