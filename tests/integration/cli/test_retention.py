"""`annul retention`: what is kept how long, as people and programs read it."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from annul.cli import application
from annul.domain.retention import RETENTION
from annul.store.clock import SystemClock
from annul.store.retention import Retention
from tests.support.rows import put


async def _told(database: str, folder: Path, *more: str) -> str:
    arguments = ["retention", "--database", database, "--data", str(folder), *more]
    result = await asyncio.to_thread(CliRunner().invoke, application, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
async def answers(pool: asyncpg.Pool) -> datetime:
    """Keep two answers of a program, one of them older than it has to be; gives when that was."""
    old = datetime.now(UTC) - timedelta(days=9)
    for key, at in (("old", old), ("young", old + timedelta(days=8))):
        row = {"who": "key", "key": key, "fingerprint": b"", "created_at": at}
        await put(pool, "idempotency", row)
    return old


async def test_a_program_reads_each_subject_before_and_after(
    pool: asyncpg.Pool, database: str, tmp_path: Path, answers: datetime
) -> None:
    (tmp_path / "annul.toml").write_text("[retention_days]\nidempotency = 8\n")
    told = {one["subject"]: one for one in json.loads(await _told(database, tmp_path, "--json"))}
    assert list(told) == [one.subject for one in RETENTION]
    before = told["idempotency"]
    assert (before["days"], before["least"], before["rows"]) == (8, 7, 2)
    assert (datetime.fromisoformat(before["oldest"]), before["purged_last"]) == (answers, None)
    await Retention(pool, SystemClock(), lambda now: now.date(), {"idempotency": 8}).round()
    told = {one["subject"]: one for one in json.loads(await _told(database, tmp_path, "--json"))}
    assert told["idempotency"]["rows"] == 1
    assert datetime.fromisoformat(told["idempotency"]["purged_last"]) > answers


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_person_reads_it_in_either_language(
    database: str, tmp_path: Path, answers: datetime, language: str
) -> None:
    assert answers
    told = await _told(database, tmp_path, "--lang", language)
    for one in RETENTION:
        assert f"{one.title.speak(language)}  [{one.subject}]" in told
    oldest = f"{answers:%Y-%m-%d}"
    line = {
        "zh": f"保存7天，现有2行，最早{oldest}",
        "en": f"7 days; 2 rows, the oldest of {oldest}",
    }
    assert line[language] in told
