"""`annul training`: what it tells, and a sandbox that is killed and loses nothing."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
from typer.testing import CliRunner

from annul.cli import application
from annul.cli.sandbox import SandboxOpen, SandboxPorts, sandbox_settings
from annul.desk.access import Access
from annul.operate.training.required import NAMES
from annul.security.tls import ServerTls
from annul.settings import Settings
from annul.store.clock import SystemClock
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from annul.store.temporary import temporary_folder
from tests.support.processes import Process, annul, free_port
from tests.support.trained import all_done, certified

_PASSWORD = "a longer one of their own"
_PORTS = SandboxPorts(8681, 8683, 8680)


def test_courses_are_listed_in_either_language() -> None:
    told = CliRunner().invoke(application, ["training", "list", "--json"])
    assert tuple(one["course"] for one in json.loads(told.output)) == NAMES
    for language, said in (("en", "Cashier: 8 tasks and questions"), ("zh", "收银员: 8项")):
        assert (
            said
            in CliRunner().invoke(application, ["training", "list", f"--lang={language}"]).output
        )


async def test_progress_is_told(pool: asyncpg.Pool, database: str, tmp_path: Path) -> None:
    url = tmp_path / "url"
    url.write_text(database)
    url.chmod(0o600)
    where = (f"--data={tmp_path}", f"--database={url}", "--lang=en")

    async def told(*words: str) -> str:
        return (await asyncio.to_thread(annul, "training", "progress", *where, *words))[1]

    assert await told() == "Nobody has begun a course.\n"
    now = SystemClock().now()
    await all_done(pool, "mei", "cashier", now, spared="notice")
    assert "7 / 8" in await told()
    number = await certified(pool, "mei", "cashier", now)
    assert f"certificate {number}, valid until" in await told()
    assert json.loads(await told("--json"))[0]["certificate"] == number


async def test_a_sandbox_that_is_killed_loses_nothing(
    pool: asyncpg.Pool, database: str, tmp_path: Path
) -> None:
    await Access(pool).add("mei", _PASSWORD, "cashier", "999000000000001")
    url = tmp_path / "url"
    url.write_text(database)
    url.chmod(0o600)
    console, terminals = free_port(), free_port()
    with temporary_folder("annul-sandbox-") as folder:
        words = [
            *("training", "open", f"--data={tmp_path}", f"--database={url}"),
            *(f"--sandbox={folder}", f"--console-port={console}", "--status-port=0"),
            f"--terminals-port={terminals}",
        ]
        sandbox = Process("sandbox", words, console, tmp_path)
        try:
            await sandbox.start()
            assert await _signs_in(console)
            there = await connect(EmbeddedPostgres(folder).url, size=2)
            now = SystemClock().now()
            await all_done(there, "mei", "cashier", now)
            first = await certified(there, "mei", "cashier", now)
            await _has(pool, [first])
            sandbox.kill()
            second = await certified(there, "mei", "owner", now + timedelta(seconds=1))
            await there.close()
            await sandbox.start()
            await _has(pool, sorted([first, second]))
            assert await pool.fetchval("SELECT count(*) FROM course_tasks") == 8
        finally:
            await sandbox.stop()


async def _signs_in(console: int) -> bool:
    address = f"http://127.0.0.1:{console}"
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=30) as http:
        form = {"name": "mei", "password": _PASSWORD}
        answer = await http.post("/login", data=form, headers={"origin": address})
        return answer.status_code == 303 and "session" in str(answer.headers.get_list("set-cookie"))


async def _has(pool: asyncpg.Pool, numbers: list[str]) -> None:
    """Wait until an installation has these certificates, and no others."""
    async with asyncio.timeout(60):
        while True:
            rows = await pool.fetch("SELECT number FROM certificates ORDER BY number")
            if [row["number"] for row in rows] == numbers:
                return
            await asyncio.sleep(0.2)


def test_it_has_a_database_of_its_own_whatever_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANNUL_DATABASE", "postgresql://annul@db/annul")
    monkeypatch.setenv("ANNUL_MASTER_KEY", "00" * 32)
    monkeypatch.setenv("ANNUL_SUPPORT_PHONE", "400 800 0000")
    of = Settings.load(data=tmp_path, second_factor_roles=["operator"])
    made = sandbox_settings(of, tmp_path / "training", "127.0.0.1", _PORTS)
    assert made.database.get_secret_value() == ""
    assert made.master_key.get_secret_value() == ""
    assert (made.data, made.console_port) == (tmp_path / "training", 8681)
    assert (made.support_phone, made.second_factor_roles) == ("400 800 0000", [])


def test_passwords_do_not_go_in_the_clear(tmp_path: Path) -> None:
    plain = Settings.load(data=tmp_path)
    with pytest.raises(SandboxOpen):
        sandbox_settings(plain, tmp_path, "192.0.2.1", _PORTS)
    secure = plain.model_copy(update={"console_tls": ServerTls(tmp_path / "a", tmp_path / "b")})
    made = sandbox_settings(secure, tmp_path, "192.0.2.1", _PORTS)
    assert made.console_tls == secure.console_tls
