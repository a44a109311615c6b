"""Rows as hosts write them by the minute, and sales in the journal."""

from datetime import UTC, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg

from annul.domain.business_day import Calendar
from tests.support.rows import put_transaction

NOON: Final = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
CALENDAR: Final = Calendar(ZoneInfo("Asia/Shanghai"), time(23, 0))


async def sale(pool: asyncpg.Pool, trace: int, at: datetime) -> None:
    day = CALENDAR.business_date(at)
    await put_transaction(pool, trace, received_at=at, business_date=day)


def sample(at: datetime, **changes: Any) -> dict[str, Any]:
    counts = dict.fromkeys(("db_commits", "db_read", "db_hit"), 1)
    lane = {"statements": 10, "rows": 20, "seconds": 0.05, "took": [0, 10, 0]}
    return {
        "node": 1,
        "at": at,
        "seconds": 60.0,
        "transactions": 600,
        "statements": 900,
        "cpu_s": 1.0,
        "answers": [1, 2, 3],
        "lanes": {"open": lane},
        "db_active_s": 2.0,
        "db_cpu_s": 1.5,
        "db_connections": 9,
        "db_allowed": 97,
        "db_bytes": 10**8,
        "db_tables": {"transactions": 10**7},
        "disk_free": 10**9,
        "disk_total": 10**10,
        **counts,
        **changes,
    }
