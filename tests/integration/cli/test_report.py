"""`annul report`: what is said, files, and figures for programs."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from annul.cli import application
from annul.domain.errors import AnnulError
from tests.support.failed_voids import ISSUER, case, shops, void

_NOON = datetime(2025, 11, 26, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def _voided(pool: asyncpg.Pool) -> None:
    shop, _ = await shops(pool)
    for _ in range(10):
        await case(pool, shop, _NOON, cause="issuer_limit_amount", ended="refused")
        await void(pool, shop, _NOON - timedelta(days=1))


async def _reported(database: str, folder: Path, *more: str) -> Any:
    arguments = ["report", "--database", database, "--data", str(folder), *more]
    return await asyncio.to_thread(CliRunner().invoke, application, arguments)


async def test_a_program_reads_the_figures(database: str, tmp_path: Path) -> None:
    done = await _reported(database, tmp_path, "--day=2025-11-26", "--json")
    told = json.loads(done.stdout)
    assert (told["period"], told["now"]["refused"], told["before"]["at_once"]) == (
        "2025-11-26",
        10,
        10,
    )
    assert told["figures"][0]["verdict"] == "worse"
    assert [one["pattern"] for one in told["suggestions"]] == ["issuer_rule"]
    assert told["suggestions"][0]["there"] == f"/issuers/{ISSUER}"


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("zh", ("撤销周报", "共 20 笔撤销", "建议修改")),
        ("en", ("Weekly report on voids", "20 voids", "What to change")),
    ],
)
async def test_a_person_reads_it_in_either_language(
    database: str, tmp_path: Path, language: str, texts: tuple[str, ...]
) -> None:
    done = await _reported(database, tmp_path, "--week=2025-W48", f"--lang={language}")
    assert [text for text in texts if text not in done.stdout] == [], done.output


async def test_files_are_written(database: str, tmp_path: Path) -> None:
    paths = tmp_path / "day.pdf", tmp_path / "day.xlsx"
    more = (f"--pdf={paths[0]}", f"--xlsx={paths[1]}")
    done = await _reported(database, tmp_path, "--day=2025-11-26", *more)
    assert [str(one) for one in paths if str(one) not in done.stdout.replace("\n", "")] == []
    assert [one.read_bytes()[:2] for one in paths] == [b"%P", b"PK"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ("--day=2099-01-01", "reports.not_closed"),
        ("--day=2025-W48", "reports.period"),
        ("--week=2025-11-26", "reports.period"),
    ],
)
async def test_what_can_not_be_reported_is_said(
    database: str, tmp_path: Path, more: str, code: str
) -> None:
    done = await _reported(database, tmp_path, more)
    assert done.exit_code != 0
    assert isinstance(done.exception, AnnulError)
    assert done.exception.code == code


async def test_only_one_of_day_and_week(database: str, tmp_path: Path) -> None:
    done = await _reported(database, tmp_path, "--day=2025-11-26", "--week=2025-W48")
    assert done.exit_code == 2
