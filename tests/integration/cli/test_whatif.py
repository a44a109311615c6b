"""`annul whatif`: each decision that would differ, and the sums, for people and programs."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from annul.cli import application


@pytest.fixture(autouse=True)
async def _answered(pool: asyncpg.Pool) -> None:
    await pool.execute(
        "INSERT INTO void_samples (merchant_id, id, issuer_id, prefix, role, at, amount, minute,"
        " ok, code) VALUES ('898', gen_random_uuid(), '00000101', '620001', 'void', $1, 30000, 0,"
        " false, '61')",
        datetime.now(UTC) - timedelta(days=2),
    )


async def _tried(database: str, folder: Path, *more: str) -> Any:
    arguments = ["whatif", *more, "--database", database, "--data", str(folder)]
    return await asyncio.to_thread(CliRunner().invoke, application, arguments)


async def test_a_program_reads_each_decision_and_the_sums(database: str, tmp_path: Path) -> None:
    given = ("policy", "00000101", "void_amount_limit", "20000", "--json")
    done = await _tried(database, tmp_path, *given)
    one, sums = map(json.loads, done.stdout.splitlines())
    assert (one["amount"], one["before"], one["after"]) == (30000, "", "void_amount_limit")
    assert (sums["voids"], sums["caught_refused"]) == (1, 1)


@pytest.mark.parametrize(
    ("language", "said"), [("zh", "查看 1 笔撤销"), ("en", "1 voids: now said to break a rule 1")]
)
async def test_a_person_reads_it(database: str, tmp_path: Path, language: str, said: str) -> None:
    given = ("policy", "00000101", "void_amount_limit", "20000", f"--lang={language}")
    done = await _tried(database, tmp_path, *given)
    assert said in done.stdout, done.output
    none = await _tried(database, tmp_path, *given, "--days=1")
    assert "void_amount_limit" not in none.stdout


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("merchant", "amount_limit", "50000"), "0 decisions: stricter 0"),
        (("alarm", "--per-million=5"), "0 transactions: 0 alarms before, 0 after"),
    ],
)
async def test_nothing_that_happened_differs_in_nothing(
    database: str, tmp_path: Path, given: tuple[str, ...], said: str
) -> None:
    done = await _tried(database, tmp_path, *given, "--lang=en", "--days=3")
    assert said in done.stdout, done.output


async def test_weights_of_no_case(database: str, tmp_path: Path) -> None:
    given = ("weight", "timeout", "code:05", "--by=-1.5", "--json")
    done = await _tried(database, tmp_path, *given)
    assert json.loads(done.stdout) == {
        "cases": 0,
        "differ": 0,
        "right_now": 0,
        "right_before": 0,
    }
