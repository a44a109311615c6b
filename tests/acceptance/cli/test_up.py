"""annul as a new user meets it: `annul up --demo`, then a sale and its void from `annul pos`."""

import asyncio
import json
import stat
from pathlib import Path

import asyncpg
import pytest

from annul.store.embedded import EmbeddedPostgres
from tests.support.processes import Process, annul, free_port

pytestmark = pytest.mark.usefixtures("installed_command")


def _up(folder: Path, name: str = "up") -> Process:
    port = free_port()
    environment = {
        "ANNUL_TERMINALS_PORT": str(port),
        "ANNUL_STATUS_PORT": "0",
        "ANNUL_CONSOLE_PORT": "0",
    }
    return Process(name, ["up", "--demo", f"--data={folder}"], port, folder, environment)


async def _pos(folder: Path, port: int, *words: str) -> tuple[int, str]:
    """Run a command of the terminal over TLS; give its exit status and what it printed."""
    place = (f"--data={folder}", f"--port={port + 1}", "--lang=zh")
    status, out, err = await asyncio.to_thread(annul, "pos", *place, *words)
    return status, out + err


async def _served_by(server: EmbeddedPostgres) -> set[str]:
    """Give the roles under which annul is connected."""
    connection = await asyncpg.connect(server.superuser_url)
    query = "SELECT usename::text FROM pg_stat_activity WHERE application_name = 'annul'"
    roles = {role for (role,) in await connection.fetch(query)}
    await connection.close()
    return roles


async def test_the_first_five_minutes(folder: Path) -> None:
    up = _up(folder)
    await up.start()
    greeting = await up.greeting()
    try:
        assert "one-time password" in greeting
        assert await _served_by(EmbeddedPostgres(folder)) == {"annul"}
        status, slip = await _pos(folder, up.port, "sale", "100.00")
        assert status == 0
        assert "620001******0007" in slip
        assert "100.00" in slip
        status, slip = await _pos(folder, up.port, "void", "2")
        assert (status, "消费撤销" in slip, "成功" in slip) == (0, True, True)
        status, slip = await _pos(folder, up.port, "void", "2")
        assert (status, "22" in slip, "未动账" in slip) == (1, True, True)
        status, text = await _pos(folder, up.port, "void", "77")
        assert status == 1
        assert "no money has moved" in text
        status, slip = await _pos(folder, up.port, "qr-sale", "8.80")
        assert (status, "付款凭证" in slip) == (0, True)
        status, slip = await _pos(folder, up.port, "settle")
        assert (status, "与主机相符" in slip) == (0, True)
        second = await asyncio.to_thread(annul, "up", f"--data={folder}")
        assert second.status == 1
        assert "another annul" in second.err
    finally:
        await up.stop()
    assert up.running is not None
    assert up.running.returncode == 0
    assert "stopped" in up.log()
    closed = ("issuers", "issuers/shared.key", "issuers/1.jsonl", "issuers/1.key", "master.key")
    for file in (*closed, "pos", "pos/10000001.json", "pos/10000001.db"):
        assert not stat.S_IMODE((folder / file).stat().st_mode) & 0o077
    books = "".join(file.read_text() for file in (folder / "issuers").glob("*.jsonl"))
    assert "sale" in books
    assert "6200010000000007" not in books
    assert "6200010000000007" not in up.log()

    again = _up(folder, "again")
    await again.start()
    greeting = await again.greeting()
    try:
        assert "one-time password" not in greeting
        status, slip = await _pos(folder, again.port, "--terminal=10000002", "sale", "1")
        assert status == 0
    finally:
        await again.stop()


async def test_a_host_that_is_away_is_said_plainly(folder: Path) -> None:
    profile = {
        "merchant": "898000058120000",
        "terminal": "10000001",
        "master_key": "00" * 16,
        "card": "6200010000000007",
    }
    (folder / "pos").mkdir()
    (folder / "pos" / "10000001.json").write_text(json.dumps(profile))
    status, text = await _pos(folder, free_port(), "sale", "1")
    assert status == 1
    assert "no money has moved" in text
    status, text = await _pos(folder, 1, "sale", "1.234")
    assert (status, "not an amount" in text) == (1, True)


def test_a_wrong_setting_is_named(folder: Path) -> None:
    result = annul("up", f"--data={folder}", environment={"ANNUL_CUT_OVER": "late"})
    assert result.status == 1
    assert "setting cut_over" in result.err


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://annul@127.0.0.1:1/annul",
        "postgresql://annul@/annul?host=/nowhere",
        "postgresql://annul@127.0.0.1:port/annul",
    ],
)
def test_a_database_that_cannot_be_reached_is_named_and_no_port_is_blamed(
    folder: Path, url: str
) -> None:
    result = annul("up", f"--data={folder}", f"--database={url}")
    assert result.status == 1
    assert "See that PostgreSQL runs" in result.err


async def test_a_host_that_serves_outlives_a_database_that_is_killed_at_that_moment(
    folder: Path,
) -> None:
    up = _up(folder)
    await up.start()
    try:
        EmbeddedPostgres(folder).kill()
        await up.greeting()
        async with asyncio.timeout(30):
            while (await _pos(folder, up.port, "sale", "1"))[0]:
                pass
    finally:
        await up.stop()
