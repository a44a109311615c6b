"""`annul settle`: what it says to people and to programs."""

import asyncio
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from typer.testing import CliRunner

from annul.cli import application
from tests.support.rows import put

_DAY = date(2026, 3, 5)
_SHOP = "898000058120000"


@pytest.fixture(autouse=True)
async def sold(pool: asyncpg.Pool) -> None:
    """Sell something long ago, which has been due since."""
    names = {"name_zh": "示例茶馆", "name_en": "Tea", "category": "5812"}
    await put(pool, "merchants", {"merchant_id": _SHOP, **names})
    await put(pool, "entries", {
        "merchant_id": _SHOP, "subject": uuid4(), "kind": "approval", "line": 1,
        "debit": "issuer_receivable", "credit": "merchant_pending", "amount": 100_00,
        "currency": "156", "business_date": _DAY, "posted_at": datetime(2026, 3, 5, tzinfo=UTC),
    })  # fmt: skip


async def _settled(database: str, folder: Path, *more: str) -> Any:
    arguments = ["settle", "--database", database, "--data", str(folder), *more]
    return await asyncio.to_thread(CliRunner().invoke, application, arguments)


async def test_a_program_reads_what_was_done_and_that_nothing_is_left(
    database: str, tmp_path: Path
) -> None:
    first = await _settled(database, tmp_path, "--json")
    assert json.loads(first.stdout) == {"days": ["2026-03-05"], "counted": 1, "available": 1}
    again = await _settled(database, tmp_path, "--json")
    assert json.loads(again.stdout) == {"days": [], "counted": 0, "available": 0}


@pytest.mark.parametrize(
    ("language", "done", "none"),
    [
        ("zh", ("营业日2026-03-05已结账", "转为可用1个"), "没有到期的结算"),
        ("en", ("Business day 2026-03-05 is closed", "1 made available"), "Nothing is due"),
    ],
)
async def test_a_person_reads_it_in_either_language(
    database: str, tmp_path: Path, language: str, done: tuple[str, ...], none: str
) -> None:
    first = await _settled(database, tmp_path, f"--lang={language}")
    assert all(text in first.stdout for text in done), first.output
    assert none in (await _settled(database, tmp_path, f"--lang={language}")).stdout


async def test_while_another_process_settles_it_says_so(
    pool: asyncpg.Pool, database: str, tmp_path: Path
) -> None:
    await pool.execute("UPDATE books SET leased_until = now() + interval '1 minute'")
    busy = await _settled(database, tmp_path, "--lang=en")
    assert busy.exit_code == 1
    assert "Another process is settling" in busy.stdout
    assert await pool.fetchval("SELECT count(*) FROM merchant_days") == 0
