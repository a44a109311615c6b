"""Streams are shown with how far their tests have come, the strongest evidence first."""

import json
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import anyio
import asyncpg
import pytest
from typer.testing import CliRunner, Result

from annul.cli import application
from annul.domain.alarm_streams import Way
from annul.domain.alarms import Counts, Measure
from annul.operate.alarms.judging import Judging
from annul.operate.alarms.keeping import counted
from annul.operate.alarms.rules import USUAL_RULES
from annul.operate.alarms.view import as_json, watched
from tests.support.clock import HeldClock

_BANK = "00000101"
_SALES = Way(_BANK, "sale", "620001", "A")


@pytest.fixture(autouse=True)
async def _judged(pool: asyncpg.Pool) -> None:
    clock = HeldClock()
    judging = Judging(pool, clock, ZoneInfo("Asia/Shanghai"))
    for counts in (Counts(approved=20), Counts(approved=14, silent=6)):
        await pool.execute(*counted({_SALES: counts}, clock.now()))
        clock.forward(seconds=3)
        await judging.turn()


async def test_evidence_grows_with_trouble_and_ends_at_the_alarm(pool: asyncpg.Pool) -> None:
    first, *others = await watched(pool, USUAL_RULES)
    assert (first.measure, first.alarm) == (Measure.SILENCE, False)
    assert 0.0 < first.evidence < 1.0
    assert (first.bad, first.total) == (6, 20)
    assert all(one.evidence <= first.evidence for one in others)
    assert len([first, *others]) == 5 * len(Measure)
    assert len(await watched(pool, USUAL_RULES, "issuer", _BANK)) == len(Measure)
    clock = HeldClock(HeldClock().now() + timedelta(minutes=1))
    await pool.execute(*counted({_SALES: Counts(silent=20)}, clock.now()))
    await Judging(pool, clock, ZoneInfo("Asia/Shanghai")).turn()
    alarmed = [one for one in await watched(pool, USUAL_RULES) if one.alarm]
    assert {one.measure for one in alarmed} == {Measure.SILENCE}
    assert {(one.evidence, one.by) for one in alarmed} == {(1.0, f"issuer {_BANK}")}


async def test_a_stream_in_which_nothing_comes_is_shown(pool: asyncpg.Pool) -> None:
    await pool.execute("UPDATE watched_traffic SET silent_since = now() WHERE scope = 'issuer'")
    first = (await watched(pool, USUAL_RULES))[0]
    assert (first.measure, first.alarm, first.stream.member) == ("traffic_stopped", True, _BANK)
    shown = as_json(first)
    assert shown["stream"]["en"] == f"issuer {_BANK}"
    assert json.loads(json.dumps(shown)) == shown


async def _said(database: str, folder: Path, *more: str) -> Result:
    arguments = ["alarms", *more, "--database", database, "--data", str(folder)]
    return await anyio.to_thread.run_sync(CliRunner().invoke, application, arguments)


async def test_people_and_programs_read_it(database: str, tmp_path: Path) -> None:
    done = await _said(database, tmp_path, "--json", "--scope=issuer", "--least=0")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows[0]["measure"] == "went_silent"
    assert {row["stream"]["member"] for row in rows} == {_BANK}
    for language, words in (("en", f"issuer {_BANK}: "), ("zh", f"发卡行{_BANK}：")):
        done = await _said(database, tmp_path, f"--lang={language}", "--scope=issuer")
        assert words in done.stdout, done.output
    none = await _said(database, tmp_path, "--lang=en", "--least=1")
    assert none.stdout.strip() == "None."
