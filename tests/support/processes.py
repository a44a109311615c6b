"""The processes of annul as an operator starts them, on free ports of loopback."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from socket import create_server
from typing import IO, Any, Final, NamedTuple

from tests.support.nursery import Born, Nursery

_ANNUL: Final = str(Path(sys.executable).parent / "annul")
_START_S: Final = 60.0
_GREETING_S: Final = 60.0
_UP: Final = ("annul is up.", "Ctrl-C stops it.")  # how its greeting begins and ends
_STOP_S: Final = 40.0
_LOWEST, _HIGHEST, _STEP = 12_000, 32_000, 11
_NEEDED: Final = (0, 1, 8, 9, 10, 108, 109, 110)
_given: Final[set[int]] = set()
# What forks the commands of a test run; without it each is the installed program, started anew.
nursery: Nursery | None = None


def free_port() -> int:
    """Give a port that nothing listens on, nor on those that a demo needs above it.

    It lies below the range from which the kernel takes ports for connections, so that none of
    them can be taken meanwhile. No two are given that could meet: each worker of a test run has
    a share of the ports, and gives none again before all of its share were given.
    """
    for _ in range(2):
        for port in Random().sample(ports := _share(), k=len(ports)):
            needed = {port + above for above in _NEEDED}
            if needed.isdisjoint(_given) and all(map(_is_free, needed)):
                _given.update(needed)
                return port
        _given.clear()
    message = "no free port on loopback"
    raise RuntimeError(message)


def _share() -> range:
    """Give the ports that this worker may give, so that also those above them are its own."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    width = (_HIGHEST - _LOWEST) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    lowest = _LOWEST + worker * width
    return range(lowest, lowest + width - max(_NEEDED), _STEP)


def _is_free(port: int) -> bool:
    with suppress(OSError):
        create_server(("127.0.0.1", port)).close()
        return True
    return False


@contextmanager
def open_folder() -> Iterator[Path]:
    """Give a folder that PostgreSQL's own user can reach, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="annul-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


class Ended(NamedTuple):
    """What a command came to: its exit status, what it printed, what it complained of."""

    status: int
    out: str
    err: str


def annul(
    *words: str,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    within_s: float = 60.0,
    logs: bool = False,
) -> Ended:
    """Run a command of annul to its end; a traceback fails the test, unless it `logs` its work."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        running = _started(words, out.fileno(), err.fileno(), environment or {}, cwd)
        try:
            status = running.wait(within_s)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
            raise
        told = [_all_of(one) for one in (out, err)]
    assert logs or "Traceback" not in told[0] + told[1]
    return Ended(status, told[0], told[1])


def _started(
    words: Sequence[str],
    out: int,
    err: int,
    environment: Mapping[str, str],
    cwd: Path | None = None,
) -> subprocess.Popen[bytes] | Born:
    """Start a command in a session of its own."""
    known = {**os.environ, **environment}
    if nursery is None:
        return subprocess.Popen(
            [_ANNUL, *words],
            cwd=cwd,
            env=known,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    with Path(os.devnull).open("rb") as nothing:
        return nursery.start(words, (nothing.fileno(), out, err), known, cwd)


def _all_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def children_of(process: int, word: bytes) -> list[int]:
    """Give the processes that a process has started with a word in their command."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return [one for one in map(int, children.split()) if word in command_of(one)]


def command_of(process: int) -> bytes:
    """Give the command of a process, empty when it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


@dataclass(slots=True)
class Process:
    """One command of annul, its log in a file; it can be killed and started again."""

    name: str
    arguments: Sequence[str]
    port: int
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    running: subprocess.Popen[bytes] | Born | None = None

    async def start(self) -> None:
        """Start it and wait until its port answers; raises `RuntimeError` with its log."""
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.running = _started(self.arguments, log.fileno(), log.fileno(), self.environment)
        async with asyncio.timeout(_START_S):
            while not await self._answers():
                if self.running.poll() is not None:
                    raise RuntimeError(self.log())
                await asyncio.sleep(0.05)

    async def greeting(self) -> str:
        """Wait until everything serves; give what it says then."""
        begins, ends = _UP
        async with asyncio.timeout(_GREETING_S):
            while ends not in (said := self.log().rpartition(begins)[2]):
                await asyncio.sleep(0.02)
        return said

    def kill(self) -> None:
        """End it as a crash would."""
        assert self.running is not None, "a process that was started"
        self.running.kill()
        self.running.wait()

    def freeze(self) -> None:
        """Let it stand still: its sockets stay open, nothing of it runs."""
        assert self.running is not None, "a process that was started"
        self.running.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self.running is not None, "a process that was started"
        self.running.send_signal(signal.SIGCONT)

    async def ended(self, within_s: float) -> int:
        """Wait until it ends by itself; gives its status, raises `subprocess.TimeoutExpired`."""
        assert self.running is not None, "a process that was started"
        return await asyncio.to_thread(self.running.wait, within_s)

    async def stop(self) -> None:
        """Ask it to end and wait; a process that does not listen is killed."""
        if self.running is None or self.running.poll() is not None:
            return
        self.running.send_signal(signal.SIGCONT)
        self.running.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(self.running.wait, _STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.running is not None, "a process that was started"
        return self.running.pid

    def log(self) -> str:
        """Give the end of what it wrote."""
        return (self.folder / f"{self.name}.log").read_text(encoding="utf-8")[-4_000:]

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True


@dataclass(slots=True)
class IssuerProcess:
    """A simulator in a process of its own, and its control."""

    process: Process
    control: str

    @classmethod
    def plan(cls, folder: Path, seed: int) -> "IssuerProcess":
        """Choose ports and prepare the command."""
        port, control = free_port(), free_port()
        arguments = [
            "sim",
            "issuer",
            f"--port={port}",
            f"--control-port={control}",
            f"--seed={seed}",
        ]
        process = Process("issuer", arguments, port, folder)
        return cls(process, f"http://127.0.0.1:{control}")

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """Call the control; gives the JSON of the answer, None when it is empty."""
        return await asyncio.to_thread(self._ask, method, path, body)

    async def entries(self) -> list[dict[str, Any]]:
        """Give all entries of the books, once they are found to add up."""
        await self.ask("GET", "/books")
        entries: list[dict[str, Any]] = []
        while page := await self.ask("GET", f"/books/entries?after={len(entries)}&limit=50000"):
            entries += page
        return entries

    def _ask(self, method: str, path: str, body: object) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.control + path, data, {"content-type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            raw = answer.read()
        return json.loads(raw) if raw else None


def cpu_seconds(pid: int) -> float:
    """Give the CPU time that a process has taken, its ended children included."""
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(parts[at]) for at in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")


def descendants(pid: int) -> list[int]:
    """Give the ids of a process's children, theirs included."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid:
            child = int(folder.name)
            found += [child, *descendants(child)]
    return found
