"""`annul playbook`: listed, checked, tried dry, run by two people, undone."""

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from annul.cli import application
from annul.desk.access import Access
from annul.security.masterkey import read_master_key
from annul.security.vault import Vault
from annul.store.clock import SystemClock
from tests.support.playbook_texts import ask, playbook, step
from tests.support.playing import ISSUER, a_scene

_PASSWORD = "a longer one of their own"
_ACT = step(
    "refunds",
    "act",
    'do = "allow_refunds"',
    'args = { issuer = "{issuer}", minutes = 60, amount = 900 }',
    "undo = true",
)
_WHY = ("--reason", "it is so")


@pytest.fixture(autouse=True)
async def people(pool: asyncpg.Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANNUL_MASTER_KEY", bytes(32).hex())
    monkeypatch.setenv("ANNUL_PASSWORD", _PASSWORD)
    await a_scene(pool)
    vault = Vault(read_master_key(tmp_path / "none", bytes(32).hex()))
    access = Access(pool, SystemClock(), vault)
    for name, role in (("li", "operator"), ("wang", "administrator")):
        await access.add(name, _PASSWORD, role)


async def _typed(database: str, *words: str, user: str = "") -> Any:
    who = ["--user", user] if user else []
    arguments = ["playbook", *words, "--database", database, "--data", "none", *who]
    return await asyncio.to_thread(CliRunner().invoke, application, arguments)


async def _json(database: str, *words: str, user: str = "") -> Any:
    done = await _typed(database, *words, "--json", user=user)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


async def test_they_are_listed_and_shown(database: str) -> None:
    listed = await _typed(database, "list", "--lang", "en")
    assert "issuer_down · Issuer down or in maintenance · version 1, 16 steps" in listed.stdout
    shown = await _typed(database, "show", "issuer_down", "--lang", "zh")
    assert "发卡行值班室" in shown.stdout
    assert (await _json(database, "show", "line_down"))["title"]["en"]
    dry = await _typed(database, "dry", "issuer_down", "--issuer", ISSUER, "--lang", "en")
    assert "it says: healthy" in dry.stdout
    steps = await _json(database, "dry", "issuer_down", "--issuer", ISSUER, "--answer", "why=fault")
    assert {one["id"]: one["comes"] for one in steps}["hold"] == "yes"
    assert (await _typed(database, "runs", "--lang", "en")).stdout.strip() == "None."


async def test_a_run_from_a_file_to_its_undo(database: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(playbook(ask("why", "yes", "no"), _ACT), "utf-8")
    runner = CliRunner()
    said = await asyncio.to_thread(runner.invoke, application, ["playbook", "check", str(file)])
    assert said.exit_code == 0
    assert (await _json(database, "write", str(file), *_WHY, user="wang"))["version"] == 1
    about = ("--issuer", ISSUER)
    run = await _json(database, "run", "plan", *about, *_WHY, user="li")
    number = run["number"]
    assert (run["state"], run["here"]) == ("waiting", "why")
    run = await _json(database, "step", number, "--answer", "yes", user="li")
    assert run["here"] == "refunds"
    await _json(database, "step", number, "--propose", *_WHY, user="li")
    own = await _typed(database, "step", number, "--confirm", user="li")
    assert own.exit_code != 0
    run = await _json(database, "step", number, "--confirm", user="wang")
    assert run["state"] == "done"
    run = await _json(database, "undo", number, *_WHY, user="wang")
    assert (run["state"], run["undoable"]) == ("undone", [])
    listed = await _typed(database, "runs", "--state", "all", "--lang", "en")
    assert listed.stdout.startswith(f"{number} · plan · issuer {ISSUER} · undone")


async def test_a_check_says_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(playbook(ask("why", "yes")), "utf-8")
    words = ["playbook", "check", str(file), "--lang", "en"]
    said = await asyncio.to_thread(CliRunner().invoke, application, words)
    assert said.exit_code == 1
    assert "step why: an ask without choices" in said.stdout
    said = await asyncio.to_thread(CliRunner().invoke, application, [*words, "--json"])
    assert json.loads(said.stdout)["flaws"][0]["kind"] == "choices"
