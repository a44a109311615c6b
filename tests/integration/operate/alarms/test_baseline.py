"""The statement that learns gives the sums that the benchmark learns from."""

from datetime import UTC, datetime, timedelta
from random import Random

import asyncpg
import pytest

from annul.domain.alarm_baseline import History
from annul.domain.alarms import Counts
from annul.operate.alarms.statements import SQL
from tests.support.alarm_hours import histories

_FIRST = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday


async def test_the_statement_and_the_benchmark_learn_the_same(pool: asyncpg.Pool) -> None:
    random = Random(3)
    hours = [
        (day, hour, Counts(random.randrange(60), random.randrange(9), 1, random.randrange(2), 3))
        for day in range(14)
        for hour in range(0, 24, 5)
    ]
    rows = [
        ("issuer", "00000101", _FIRST + timedelta(days=day, hours=hour), *counts, True)
        for day, hour, counts in hours
    ]
    unusual = ("issuer", "00000101", _FIRST + timedelta(hours=1), 0, 900, 0, 0, 0, False)
    await pool.copy_records_to_table("watched_hours", records=[*rows, unusual])
    for hour, rest in ((5, False), (20, True), (3, False)):
        learnt = await pool.fetch(
            *SQL["histories"](
                scopes=["issuer"],
                members=["00000101"],
                zone="UTC",
                since=_FIRST,
                o=hour,
                rest=rest,
            )
        )
        found = [History(*row[3:]) for row in sorted(learnt, key=lambda row: row["measure"])]
        wanted = histories(hours)[hour, rest]
        for mine, other in zip(found, wanted, strict=True):
            assert tuple(mine) == pytest.approx(tuple(other))
