"""Sites with the terminals' TLS port in a process apart, one after the other.

They serve under uvloop, as `annul up` does, and owe nothing to the loop of a test. To start a
process for each would cost more than all that is asked of it.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import uvloop

from annul import renewal
from annul.security.certificates import authority
from annul.security.tls import Clients, ServerTls
from tests.support.site import open_site
from tests.support.wire import Credentials

_ROOT: Final = Path(__file__).parents[2]
_HOST: Final = "127.0.0.1"
_START_S: Final = 60
_STOP_S: Final = 40
_OVER: Final = "over"  # what ends a site, and what is said when it has ended


@dataclass(frozen=True, slots=True)
class Apart:
    """The process; it serves one site at a time."""

    process: subprocess.Popen[str]

    @asynccontextmanager
    async def serving(self, **arguments: Any) -> AsyncIterator[tuple[int, list[Credentials]]]:
        """Let a site serve until the block ends; gives its port, and a terminal with a certificate.

        `arguments` are those of `_serving`; what comes out second are two terminals: the first is
        registered with its certificate, the other with none.
        """
        async with asyncio.timeout(_START_S):
            port, terminals = await asyncio.to_thread(self._asked, json.dumps(arguments))
        try:
            yield port, [(one[0], one[1], one[2]) for one in terminals]
        finally:
            async with asyncio.timeout(_STOP_S):
                assert await asyncio.to_thread(self._asked, json.dumps(_OVER)) == _OVER

    def _asked(self, line: str) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        while not (said := self.process.stdout.readline()).startswith(("[", '"')):
            assert said, "it ended"  # lines of its log are passed over
        return json.loads(said)


@contextmanager
def started() -> Iterator[Apart]:
    """Start the process; whatever serves in it ends with the block."""
    command = "from tests.support.apart import serve_all; serve_all()"
    with subprocess.Popen(
        [sys.executable, "-c", command],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Apart(process)
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(_STOP_S) == 0
        finally:
            process.kill()


def serve_all() -> None:
    """Serve what each line asks for, until there are no more."""
    for line in sys.stdin:
        uvloop.run(_serve(json.loads(line)))
        _say(_OVER)


async def _serve(arguments: dict[str, Any]) -> None:
    arguments["folder"] = Path(arguments["folder"])
    async with _serving(**arguments) as served:
        _say(served)
        await asyncio.to_thread(sys.stdin.readline)


def _say(what: Any) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201 - the pipe is how we talk


@asynccontextmanager
async def _serving(
    database: str,
    folder: Path,
    clients: str,
    minimum: str,
    handshake_s: float,
    settings: dict[str, Any],
) -> AsyncIterator[tuple[int, list[Credentials]]]:
    now = datetime.now(UTC)
    own = authority(folder / "tls", "test", now)
    server = own.server([_HOST], now)
    tls = ServerTls(
        server.certificate,
        server.key,
        Clients(clients),
        None if clients == Clients.NONE else folder / "tls" / "trusted.pem",
        minimum="1.3" if minimum == "1.3" else "1.2",
    )
    with patch.object(renewal, "_HANDSHAKE_S", handshake_s):
        async with open_site(
            database, folder, terminals_tls=tls, terminals_tls_port=0, **settings
        ) as site:
            merchant, terminal, _ = site.terminals[0]
            pair = own.client(terminal, merchant, now)
            known = await site.enrol(0, tls_identity=pair.identity)
            assert site.running.tls_port is not None
            yield site.running.tls_port, [known, site.terminals[1]]
