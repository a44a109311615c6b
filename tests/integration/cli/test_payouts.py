"""`annul payouts`: from what is available to what the bank says, as people and programs type it."""

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
from tests.support.paying import SHOPS, balances_of, make_available, take_account
from tests.support.rows import put

_PASSWORD = "a longer one of their own"
_BANK = {
    "name": "Acquirer",
    "account": "102000000001",
    "bank": "102100099996",
    "second_person_from": 10_000,
}


@pytest.fixture(autouse=True)
async def shop(pool: asyncpg.Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop with 100.00 available, and two people."""
    monkeypatch.setenv("ANNUL_MASTER_KEY", bytes(range(32)).hex())
    monkeypatch.setenv("ANNUL_BANK", json.dumps(_BANK))
    monkeypatch.setenv("ANNUL_PASSWORD", _PASSWORD)
    vault = Vault(read_master_key(tmp_path / "none", bytes(range(32)).hex()))
    names = {"name_zh": "示例茶馆", "name_en": "Tea", "category": "5812"}
    await put(pool, "merchants", {"merchant_id": SHOPS[0], **names})
    await put(pool, "merchant_balances", {"merchant_id": SHOPS[0], "currency": "156"})
    await take_account(pool, vault, SHOPS[0])
    await make_available(pool, SHOPS[0], 10_000)
    access = Access(pool, SystemClock(), vault)
    for name, role in (("li", "operator"), ("wang", "administrator")):
        await access.add(name, _PASSWORD, role)


async def _typed(database: str, folder: Path, *words: str, user: str = "li") -> Any:
    places = ["--database", database, "--data", str(folder)]
    who = [] if words[0] in {"list", "show", "files"} else ["--user", user]
    arguments = ["payouts", *words, *places, *who]
    return await asyncio.to_thread(CliRunner().invoke, application, arguments)


async def _json(database: str, folder: Path, *words: str) -> Any:
    return json.loads((await _typed(database, folder, *words)).stdout)


async def test_from_what_is_available_to_the_bank_and_back(
    database: str, tmp_path: Path, pool: asyncpg.Pool
) -> None:
    because = ("--reason", "before the holiday")
    made = await _json(database, tmp_path, "run", *because, "--json")
    assert made == {"made": 1, "held": 1, "files": 0}
    (row,) = await _json(database, tmp_path, "list", "--state", "held", "--json")
    refused = await _typed(database, tmp_path, "approve", row["id"], *because)
    assert refused.exit_code != 0
    done = await _typed(database, tmp_path, "approve", row["id"], *because, user="wang")
    assert done.exit_code == 0, done.output
    assert (
        "1 new files" in (await _typed(database, tmp_path, "run", *because, "--lang", "en")).stdout
    )
    file = await _json(database, tmp_path, "files")
    taken = await _typed(
        database, tmp_path, "take", file["id"], *because, "--output", str(tmp_path)
    )
    assert taken.exit_code == 0, taken.output
    path = tmp_path / file["name"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"100.00" in path.read_bytes()
    reference = row["id"].replace("-", "")
    statement = tmp_path / "a.csv"
    statement.write_text(f"reference,said,amount,currency\n{reference},booked,100.00,CNY\n")
    read = await _json(database, tmp_path, "read", str(statement), *because, "--json")
    assert read == {"lines": 1, "outcomes": {"done": 1}}
    assert await balances_of(pool, SHOPS[0]) == (0, 0, 10_000)
    whole = await _json(database, tmp_path, "show", row["id"])
    assert (whole["state"], len(whole["days"])) == ("paid", 1)
    for language, said in (("zh", "已到账"), ("en", "paid")):
        shown = await _typed(database, tmp_path, "list", "--lang", language)
        assert said in shown.stdout
        assert "6222000000000000017" not in shown.output
