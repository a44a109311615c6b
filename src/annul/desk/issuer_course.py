"""What an issuer did over time: counts, its codes, and how long its answers took."""

from datetime import datetime, timedelta
from typing import Any, Final

from annul.issuers.health import BOUNDS_MS, percentile
from annul.store.sql import load

from . import over_cells
from .desk import Desk

_SQL: Final = load("annul.desk", "issuer_course.sql")


async def course(
    desk: Desk, issuer_id: str, span: timedelta, bucket: timedelta
) -> list[dict[str, Any]]:
    """Give what an issuer did over time: counts, `codes`, `p50_ms` and `p90_ms` of each bucket."""
    rows = await _course(desk, issuer_id, span, bucket)
    for row in rows:
        latencies = row.pop("latencies")
        row |= {"p50_ms": percentile(latencies, 0.5), "p90_ms": percentile(latencies, 0.9)}
    return rows


def _summed(answers: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Add up each bucket of all cells."""
    sums: dict[datetime, dict[str, Any]] = {}
    for row in over_cells.joined(answers):
        had = sums.get(row["at"])
        sums[row["at"]] = _sum(had, row) if had else row
    return [sums[at] for at in sorted(sums)]


def _sum(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    counts = {name: one[name] + value for name, value in other.items() if isinstance(value, int)}
    latencies = [sum(pair) for pair in zip(one["latencies"], other["latencies"], strict=True)]
    codes = over_cells.counted([one["codes"], other["codes"]])
    return one | counts | {"latencies": latencies, "codes": codes}


@over_cells.together(_summed)
async def _course(
    desk: Desk, issuer_id: str, span: timedelta, bucket: timedelta
) -> list[dict[str, Any]]:
    asked = {"issuer": issuer_id, "since": desk.clock.now() - span, "bucket": bucket}
    rows = {row["at"]: dict(row) for row in await desk.pool.fetch(*_SQL["course"](**asked))}
    for row in rows.values():
        row |= {"codes": {}, "latencies": [0] * (len(BOUNDS_MS) + 1)}
    for at, code, count in await desk.pool.fetch(*_SQL["codes"](**asked)):
        if at in rows:
            rows[at]["codes"][code] = count
    for at, place, count in await desk.pool.fetch(*_SQL["latencies"](**asked)):
        if at in rows:
            rows[at]["latencies"][place - 1] += count
    return list(rows.values())
