"""The services of deploy/ as systemd starts them: their own command lines, settings and folders."""

import asyncio
import re
import shlex
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from tests.support.processes import Process, annul, children_of, free_port
from tests.support.roles import as_owner

pytestmark = pytest.mark.usefixtures("installed_command")

_DEPLOY: Final = Path(__file__).parents[2] / "deploy"
_CELL: Final = "east"


def _installed(root: Path) -> None:
    """Put the examples where the units look for them, below a folder that is the root here."""
    etc = root / "etc" / "annul"
    etc.mkdir(parents=True)
    settings = (_DEPLOY / "annul.toml").read_text()
    settings = settings.replace('"/etc/', f'"{root}/etc/').replace('"10.1.0.21"', '"127.0.0.1"')
    (etc / f"{_CELL}.toml").write_text(settings)
    (etc / "cells.toml").write_text((_DEPLOY / "cells.toml").read_text())
    (etc / "master.key").write_text("5a" * 32)
    (etc / "master.key").chmod(0o600)


def _service(root: Path, name: str, port: int, environment: Mapping[str, str]) -> Process:
    """Make a process of a unit's command, as systemd would of its instance for the cell."""
    unit = (_DEPLOY / "systemd" / f"{name}@.service").read_text().replace("%i", _CELL)
    said = dict(re.findall(r"^(\w+)=(.+)$", unit, re.MULTILINE))
    variables = dict(one.split("=") for one in said.get("Environment", "").split())
    command = re.sub(r"\$\{(\w+)\}", lambda found: variables[found[1]], said["ExecStart"])
    folder = root / "var" / "lib" / said["StateDirectory"]
    folder.mkdir(parents=True, mode=0o700)
    words = [one.replace("=/", f"={root}/") for one in shlex.split(command)[1:]]
    return Process(name, words, port, root, environment)


async def _said(port: int, path: str) -> str:
    def ask() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.read().decode()

    return await asyncio.to_thread(ask)


async def test_hosts_and_console_start_by_their_units_and_end_in_order(
    database: str, tmp_path: Path
) -> None:
    _installed(tmp_path)
    terminals, status, console = free_port(), free_port(), free_port()
    environment = {  # what /etc/annul/east.env holds, and ports that are free here
        "ANNUL_DATABASE": database,
        "ANNUL_DATABASE_OWNER": as_owner(database),
        "ANNUL_TERMINALS_PORT": str(terminals),
        "ANNUL_STATUS_PORT": str(status),
        "ANNUL_CONSOLE_PORT": str(console),
    }
    hosts = _service(tmp_path, "annul", status, environment)
    desk = _service(tmp_path, "annul-console", console, environment)
    try:
        await hosts.start()
        await hosts.greeting()
        await desk.start()
        assert '"status":"up"' in (await _said(status, "/health")).replace(" ", "")
        assert "annul" in await _said(console, "/login")
        connection = await asyncpg.connect(database)
        try:
            alive = "SELECT count(*) FROM hosts WHERE leased_until > clock_timestamp()"
            assert await connection.fetchval(alive) == 2
        finally:
            await connection.close()
        assert len(children_of(hosts.pid, b"--with-others")) == 2
    finally:
        await desk.stop()
        await hosts.stop()
    assert hosts.running is not None
    assert hosts.running.returncode == 0
    kept = {path.name for path in (tmp_path / "var" / "lib" / "annul" / _CELL).iterdir()}
    assert {"hosts", "annul.lock"} <= kept
    assert "Traceback" not in hosts.log() + desk.log()


def test_a_unit_without_its_cell_serves_nothing(tmp_path: Path) -> None:
    _installed(tmp_path)
    etc = tmp_path / "etc" / "annul"
    (etc / "cells.toml").write_text("[west]\nnumber = 0\n")
    ended = annul("up", f"--config={etc / 'east.toml'}", f"--data={tmp_path}")
    assert ended.status == 1
    assert "there is no cell east" in ended.err
