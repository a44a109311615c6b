"""`annul reconcile` and `annul breaks`: a file is looked at, counts, and its breaks end by two."""

import asyncio
import json
from datetime import timedelta
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
from tests.support.clearing import row_of
from tests.support.clearing_days import NAME, book, came_daily, written
from tests.support.rows import put, put_transaction

_PASSWORD = "a longer one of their own"
_READS = {"list", "show", "export", "rules", "differences", "expected"}
TEA = "898000058120000"


@pytest.fixture(autouse=True)
async def people(pool: asyncpg.Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop, and two people who may end breaks."""
    monkeypatch.setenv("ANNUL_MASTER_KEY", bytes(range(32)).hex())
    monkeypatch.setenv("ANNUL_PASSWORD", _PASSWORD)
    names = {"name_zh": "示例茶馆", "name_en": "Tea", "category": "5812"}
    await put(pool, "merchants", {"merchant_id": TEA, **names})
    vault = Vault(read_master_key(tmp_path / "none", bytes(range(32)).hex()))
    access = Access(pool, SystemClock(), vault)
    for name, role in (("li", "operator"), ("wang", "administrator")):
        await access.add(name, _PASSWORD, role)


@pytest.fixture
async def file(pool: asyncpg.Pool, tmp_path: Path) -> Path:
    """A file that tells of two sales with less than their amounts."""
    small = await put_transaction(pool, 101)
    large = await put_transaction(pool, 102, amount=400_000)
    path = tmp_path / NAME
    path.write_bytes(written(row_of(small, amount=9_000), row_of(large, 2, amount=100_000)))
    return path


async def _typed(database: str, *words: str, user: str = "li", given: str = "") -> Any:
    folder = str(Path(words[-1]).parent) if words[0] == "reconcile" else "none"
    who = [] if words[1] in _READS else ["--user", user]
    arguments = [*words, "--database", database, "--data", folder, *who]
    return await asyncio.to_thread(CliRunner().invoke, application, arguments, input=given)


async def _json(database: str, *words: str) -> Any:
    done = await _typed(database, *words, "--json")
    return json.loads(done.stdout)


async def test_a_file_counts_once_it_is_said(database: str, file: Path, pool: asyncpg.Pool) -> None:
    looked = await _json(database, "reconcile", str(file))
    assert (looked["committed"], looked["rows"]) == (False, 2)
    assert looked["result"]["kinds"][0]["count"] == 2
    said = await _typed(database, "reconcile", "--lang", "zh", str(file), given="n\n")
    assert "金额不符" in said.stdout, said.output
    assert await pool.fetchval("SELECT count(*) FROM clearing_staged") == 0
    said = await _typed(database, "reconcile", "--lang", "en", str(file), given="y\n")
    assert said.exit_code == 0, said.output
    assert "amount differs: 2" in said.stdout
    again = await _typed(database, "reconcile", "--commit", str(file))
    assert again.exit_code != 0
    assert await pool.fetchval("SELECT count(*) FROM breaks") == 2


async def test_breaks_end_by_one_or_two(
    database: str, file: Path, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    done = await _json(database, "reconcile", "--commit", str(file))
    assert done["committed"]
    rows = await _json(database, "breaks", "list")
    small, large = sorted(rows, key=lambda row: abs(row["money"]))
    shown = json.loads((await _typed(database, "breaks", "show", small["id"])).stdout)
    assert shown["suggested"] == "ours_stand"
    because = ("--reason", "their letter")
    ids = (small["id"], large["id"])
    refused = await _typed(database, "breaks", "resolve", *ids, "--as", "ours_stand")
    assert refused.exit_code != 0, "no reason"
    ended = await _typed(database, "breaks", "resolve", *ids, "--as", "ours_stand", *because)
    assert ended.exit_code == 0, ended.output
    alone = await _typed(database, "breaks", "confirm", large["id"], *because)
    assert alone.exit_code != 0
    back = await _typed(database, "breaks", "reject", large["id"], *because, user="wang")
    assert back.exit_code == 0, back.output
    owned = await _typed(database, "breaks", "assign", large["id"], "--owner", "li", "--lang", "en")
    assert "1 assigned" in owned.stdout, owned.output
    out = tmp_path / "out.xlsx"
    wrote = await _typed(database, "breaks", "export", "--output", str(out), "--lang", "en")
    assert "1 written" in wrote.stdout, wrote.output
    heads = ["break", "decision", "reason", "owner"]
    out.write_bytes(book(heads, [large["id"], "our books are right", "by phone", ""]))
    looked = await _json(database, "breaks", "import", str(out))
    assert [one["two"] for one in looked["decisions"]] == [True]
    applied = await _typed(database, "breaks", "import", str(out), "--apply", "--lang", "en")
    assert "waits for a second person" in applied.stdout, applied.output
    done = await _typed(database, "breaks", "confirm", large["id"], *because, user="wang")
    assert done.exit_code == 0, done.output
    assert await _json(database, "breaks", "list") == []
    states = await pool.fetch("SELECT DISTINCT state FROM breaks")
    assert [row["state"] for row in states] == ["resolved"]


async def test_rules_change_and_a_file_is_matched_anew(
    database: str, file: Path, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    await _json(database, "reconcile", "--commit", str(file))
    late = await put_transaction(pool, 103)
    last = "UPDATE transactions SET received_at = '2026-11-23T14:55:00Z' WHERE id = $1"
    await pool.execute(last, late.id)
    because = ("--reason", "they tell all of it")
    changed = tmp_path / "changed.toml"
    changed.write_text("[clearing]\ncarry_minutes = 0\n", encoding="utf-8")
    looked = await _json(
        database, "clearing", "again", "--day", "2026-11-23", "--rules", str(changed), "--preview"
    )
    assert [(one["before"], one["after"]) for one in looked["files"][0]["changes"]] == [
        ("", "missing_there")
    ]
    said = await _typed(
        database, "clearing", "again", NAME, "--rules", str(changed), "--lang", "zh", given="n\n"
    )
    assert "对方无此交易" in said.stdout, said.output
    assert "未改变" in said.stdout
    assert await pool.fetchval("SELECT count(*) FROM breaks") == 2
    done = await _typed(
        database, "clearing", "again", NAME, "--rules", str(changed), "--commit", *because
    )
    assert done.exit_code == 0, done.output
    assert await pool.fetchval("SELECT count(*) FROM breaks") == 3
    told = json.loads((await _typed(database, "clearing", "rules", "--json")).stdout)
    assert [(one["version"], one["rules"]["carry_minutes"]) for one in told] == [(1, 0), (0, 120)]
    changed.write_text("second_person_from = 99999999\n", encoding="utf-8")
    waits = await _typed(database, "clearing", "set-rules", str(changed), *because, "--lang", "en")
    assert "waits for a second person" in waits.stdout, waits.output
    done = await _typed(database, "clearing", "confirm-rules", "2", *because, user="wang")
    assert done.exit_code == 0, done.output
    changed.write_text("carry_dais = 1\n", encoding="utf-8")
    wrong = await _typed(database, "clearing", "set-rules", str(changed), *because)
    assert wrong.exit_code != 0
    gone = await _typed(database, "clearing", "discard", NAME, *because, "--lang", "en")
    assert "It is discarded" in gone.stdout, gone.output
    nothing = await _typed(database, "clearing", "again", NAME, "--preview")
    assert nothing.exit_code != 0


_TOLERANCE = """
[[clearing.tolerances]]
kind = "amount"
per_mille = 100
up_to = 2000
per_day = 5000
account = "clearing_difference"
"""


async def test_a_tolerance_takes_two_people_and_its_differences_are_listed(
    database: str, file: Path, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(_TOLERANCE.replace("clearing_difference", "suspense"))
    set_rules = ("clearing", "set-rules", str(path), "--reason", "as we agreed")
    refused = await _typed(database, *set_rules)
    assert refused.exit_code != 0
    assert "amount is borne by clearing_difference or fee_income" in str(refused.exception)
    path.write_text(_TOLERANCE)
    assert "waits" in (await _typed(database, *set_rules, "--lang", "en")).stdout
    confirm = ("clearing", "confirm-rules", "1", "--reason", "seen")
    assert (await _typed(database, *confirm, user="wang")).exit_code == 0
    told = (await _typed(database, "clearing", "rules", "--lang", "en")).stdout
    assert "up to CNY 20.00 and 100‰, CNY 50.00 a day, borne by clearing differences" in told
    (now, *_) = await _json(database, "clearing", "rules")
    assert now["rules"]["tolerances"][0]["per_mille"] == 100
    shown = await _typed(database, "reconcile", str(file), "--commit", "--lang", "en")
    assert "amount within tolerance: 1, clearing differences bears -CNY 10.00" in shown.stdout
    (one,) = await _json(database, "clearing", "differences", NAME)
    assert (one["line"], one["claimed"], one["ours"], one["theirs"]) == (1, None, 10_000, 9_000)
    listed = await _typed(database, "clearing", "differences", NAME, "--lang", "en")
    assert "- | CNY 100.00 | CNY 90.00, clearing differences bears -CNY 10.00" in listed.stdout
    booked = "SELECT sum(amount)::integer FROM entries WHERE debit = 'clearing_difference'"
    assert await pool.fetchval(booked) == 1_000


async def test_what_is_expected_is_told_with_its_state(database: str, pool: asyncpg.Pool) -> None:
    none = await _typed(database, "clearing", "expected", "--lang", "en")
    assert "None is expected" in none.stdout, none.output
    today = SystemClock().now().date()
    await came_daily(pool, today)
    rows = {one["settles_on"]: one for one in await _json(database, "clearing", "expected")}
    assert rows[str(today - timedelta(days=3))]["state"] == "came"
    assert rows[str(today - timedelta(days=1))]["came_at"] is None
    said = await _typed(database, "clearing", "expected", "--lang", "zh")
    assert f"已到  COM（所有发卡行）截至{today - timedelta(days=3)}" in said.stdout
