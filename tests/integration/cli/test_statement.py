"""`annul statement`: a file, what is said of it, and the sums for programs."""

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from annul.cli import application
from tests.support.statements import SHOP, shop_of_all_ways


@pytest.fixture(autouse=True)
async def _sold(pool: asyncpg.Pool) -> None:
    await shop_of_all_ways(pool)


async def _stated(database: str, folder: Path, *more: str) -> Any:
    arguments = ["statement", SHOP, "--database", database, "--data", str(folder), *more]
    return await asyncio.to_thread(CliRunner().invoke, application, arguments)


async def test_a_program_reads_the_sums(database: str, tmp_path: Path) -> None:
    path = tmp_path / "october.csv"
    more = ("--month=2026-10", "--format=csv", f"--output={path}", "--json")
    done = await _stated(database, tmp_path, *more)
    facts = json.loads(done.stdout)
    assert (facts["period"], facts["until"], facts["transactions"]) == ("2026-10", "2026-10-31", 5)
    assert (facts["file"], facts["bytes"]) == (str(path), len(path.read_bytes()))
    assert facts["accounts"][0]["closing"]["frozen"] == 20_00
    assert [one.name for one in tmp_path.glob("october*")] == ["october.csv"]


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("zh", ("2026-11对账单", "期间尚未结束", "可用：期初¥79.50，期末¥238.70")),
        ("en", ("Statement of 2026-11", "not over", "Available: CNY 79.50 to CNY 238.70")),
    ],
)
async def test_a_person_reads_it_in_either_language(
    database: str, tmp_path: Path, language: str, texts: tuple[str, ...]
) -> None:
    path = tmp_path / "november.pdf"
    more = ("--month=2026-11", f"--output={path}", f"--lang={language}")
    done = await _stated(database, tmp_path, *more)
    assert [text for text in texts if text not in done.stdout] == [], done.output
    assert path.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (("--month=2026-12",), "statement.not_closed"),
        (("--month=2026-13",), "statement.period"),
    ],
)
async def test_what_can_not_be_stated_leaves_no_file(
    database: str, tmp_path: Path, more: tuple[str, ...], code: str
) -> None:
    path = tmp_path / "statement.pdf"
    failed = await _stated(database, tmp_path, *more, f"--output={path}")
    assert failed.exit_code != 0
    assert getattr(failed.exception, "code", "") == code, failed.output
    assert list(tmp_path.glob("statement*")) == []


async def test_a_month_or_a_day_not_both(database: str, tmp_path: Path) -> None:
    failed = await _stated(database, tmp_path, "--month=2026-10", "--day=2026-10-29")
    assert failed.exit_code == 2
