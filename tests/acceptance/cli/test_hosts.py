"""`annul up --hosts N`: processes that share a port and a database, one of which may die."""

import asyncio
import json
import os
import signal
import urllib.error
import urllib.request
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import Process, annul, children_of, command_of, free_port

_PASSWORD = "correct horse battery staple"
_HOSTS = 2
_HOST = b"--with-others"  # a word of its command


class Cell:
    """Several host processes with their demonstration, and the pages of all."""

    def __init__(self, folder: Path) -> None:
        self.folder, port, self.status = folder, free_port(), free_port()
        environment = {
            "ANNUL_TERMINALS_PORT": str(port),
            "ANNUL_STATUS_PORT": str(self.status),
            "ANNUL_CONSOLE_PORT": "0",
        }
        words = ["up", "--demo", f"--hosts={_HOSTS}", f"--data={folder}"]
        self.up = Process("up", words, port, folder, environment)

    async def pos(self, *words: str) -> tuple[int, str]:
        """Run a command of the demo's first terminal."""
        place = (f"--data={self.folder}", f"--port={self.up.port + 1}")
        status, out, err = await asyncio.to_thread(annul, "pos", *place, *words)
        return status, out + err

    async def ask(self, path: str, *, body: Any = None, password: str = "") -> Any:
        """Ask the status page; a password is that of admin."""
        return await asyncio.to_thread(self._ask, path, body, password)

    def _ask(self, path: str, body: Any, password: str) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{self.status}{path}")
        if password:
            said = b64encode(f"admin:{password}".encode()).decode()
            request.add_header("authorization", f"Basic {said}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request, timeout=20) as answer:
            raw = answer.read().decode()
        return json.loads(raw) if raw.startswith("{") else raw

    async def choose_a_password(self) -> None:
        said = self.up.log().partition("one-time password: ")[2].split()[0]
        await self.ask("/password", body={"password": _PASSWORD}, password=said)

    async def served(self) -> dict[str, int]:
        """Give how many requests each process has had."""
        hosts = (await self.ask("/status", password=_PASSWORD))["hosts"]
        return {name: one.get("requests", 0) for name, one in hosts.items()}

    async def healthy(self) -> None:
        """Wait until all of them serve."""
        async with asyncio.timeout(30):
            while (await self.ask("/health"))["status"] != "up":
                await asyncio.sleep(0.05)

    def processes(self) -> list[int]:
        """Give the process ids of the host processes."""
        return children_of(self.up.pid, _HOST)


async def _gone(processes: list[int]) -> None:
    async with asyncio.timeout(20):
        while any(_HOST in command_of(one) for one in processes):
            await asyncio.sleep(0.05)


@pytest.fixture
def cell(folder: Path) -> Cell:
    return Cell(folder)


async def test_they_share_the_work_and_one_that_dies_comes_back(cell: Cell) -> None:
    await cell.up.start()
    try:
        await cell.up.greeting()
        assert (await cell.ask("/health"))["hosts"] == {"1": "up", "2": "up"}
        await cell.choose_a_password()
        for _ in range(25):  # each connection is dealt to one of both
            assert (await cell.pos("sale", "12.00"))[0] == 0
            if all((await cell.served()).values()):
                break
        assert all((await cell.served()).values())
        series = await cell.ask("/metrics", password=_PASSWORD)
        for number in "12":
            assert f'annul_host_up{{process="{number}"}} 1.0' in series
            assert f'annul_answers_total{{code="00",process="{number}"}}' in series
        with pytest.raises(urllib.error.HTTPError, match="401"):
            await cell.ask("/status")

        first, second = cell.processes()
        os.kill(first, signal.SIGKILL)
        for _ in range(3):
            assert (await cell.pos("sale", "7.00"))[0] == 0, "the other one serves"
        await cell.healthy()
        assert len(cell.processes()) == _HOSTS
        assert second in cell.processes()
        assert first not in cell.processes()
        voucher = (await cell.pos("sale", "35.00"))[1].partition("VOUCHER")[2].split()[0]
        assert (await cell.pos("void", voucher))[0] == 0
        assert (await cell.pos("settle"))[0] == 0, "whichever had which, the batch is one"
        children = cell.processes()
    finally:
        await cell.up.stop()
    await _gone(children)
    assert "stopped" in cell.up.log()
    assert "Traceback" not in (cell.folder / "up.log").read_text()


async def test_none_outlives_who_looks_after_them(cell: Cell) -> None:
    await cell.up.start()
    await cell.up.greeting()
    children = cell.processes()
    assert len(children) == _HOSTS
    cell.up.kill()
    await _gone(children)


async def test_a_number_is_not_for_several(folder: Path) -> None:
    (folder / "annul.toml").write_text("node = 3\nterminals_port = 0\nstatus_port = 0\n")
    ended = await asyncio.to_thread(annul, "up", "--hosts=2", f"--data={folder}")
    assert ended.status == 1
    assert "Leave `node` out" in ended.err
