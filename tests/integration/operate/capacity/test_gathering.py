"""Hours of the journal are counted once, and what was measured is read in spans."""

from datetime import date, timedelta
from typing import Any, Final

import asyncpg

from annul.operate.capacity.gathering import count_volumes, gather
from tests.support.rows import put, put_transaction

from .samples import CALENDAR, NOON, sale, sample

HOUR: Final = timedelta(hours=1)


async def counted(pool: asyncpg.Pool) -> list[tuple[Any, ...]]:
    rows = await pool.fetch("SELECT * FROM volumes ORDER BY hour, business_date")
    return [tuple(row) for row in rows]


async def test_hours_that_have_ended_are_counted_once_with_their_busiest_second(
    pool: asyncpg.Pool,
) -> None:
    second = timedelta(seconds=1)
    for trace, at in enumerate((NOON, NOON + second / 3, NOON + second, NOON + HOUR), start=1):
        await sale(pool, trace, at)
    now = NOON + HOUR + timedelta(minutes=30)
    assert await count_volumes(pool, now)
    first = (NOON, date(2026, 11, 25), 3, 2)
    assert await counted(pool) == [first]  # the hour that goes on is not

    await sale(pool, 5, now)
    assert await count_volumes(pool, now + HOUR)
    assert await counted(pool) == [first, (NOON + HOUR, date(2026, 11, 25), 2, 1)]
    assert await count_volumes(pool, now + HOUR)
    assert len(await counted(pool)) == 2


async def test_an_hour_in_which_a_business_day_ends_belongs_to_both(pool: asyncpg.Pool) -> None:
    """Days that end on the hour do so in a zone of whole hours; others have a row for each."""
    ends = CALENDAR.ends(date(2026, 11, 25))
    await put_transaction(pool, 1, received_at=ends, business_date=date(2026, 11, 25))
    await put_transaction(pool, 2, received_at=ends, business_date=date(2026, 11, 26))
    assert await count_volumes(pool, ends + 2 * HOUR)
    assert [row[1:3] for row in await counted(pool)] == [
        (date(2026, 11, 25), 1),
        (date(2026, 11, 26), 1),
    ]


async def test_hours_without_anything_are_passed_over(pool: asyncpg.Pool) -> None:
    await sale(pool, 1, NOON)
    await sale(pool, 2, NOON + timedelta(days=40))
    assert await count_volumes(pool, NOON + timedelta(days=41))
    assert [row[0] for row in await counted(pool)] == [NOON, NOON + timedelta(days=40)]


async def test_nothing_at_all_is_no_fault(pool: asyncpg.Pool) -> None:
    assert await count_volumes(pool, NOON)
    found = await gather(pool, CALENDAR, NOON)
    assert (found.loads, found.places, found.hours, found.most_connections) == ((), (), (), 0)


async def test_what_was_measured_is_read_by_spans_and_buckets(pool: asyncpg.Pool) -> None:
    for minute in range(10):
        at = NOON - timedelta(minutes=minute, seconds=1)
        await put(pool, "host_samples", sample(at))
        await put(pool, "host_samples", sample(at, node=2, db_cpu_s=None, db_connections=12))
    await sale(pool, 1, NOON - 3 * HOUR)
    await count_volumes(pool, NOON)
    found = await gather(pool, CALENDAR, NOON)
    assert {one.node for one in found.loads} == {1, 2}
    assert sum(one.transactions for one in found.loads) == 20 * 600
    assert all(one.db_cpu_s is None for one in found.loads if one.node == 2)
    (lane,) = found.lanes
    assert (lane.name, lane.statements, lane.rows) == ("open", 200, 400)
    assert lane.took.counts[:3] == (0, 200, 0)
    assert found.answers.counts[:3] == (20, 40, 60)
    assert {one.node: one.local for one in found.places} == {1: True, 2: False}
    assert found.most_connections == 12
    assert [one.transactions for one in found.hours] == [1]
    assert found.today == date(2026, 11, 25)
    assert found.model_validate_json(found.model_dump_json()) == found
