"""The overview: the promise, voids and traffic by issuer, health of lines, what is open."""

from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from annul.domain.incident import Severity
from annul.domain.incidents import INCIDENTS
from annul.store.sql import load

_SQL: Final = load("annul.desk", "overview.sql")
_KINDS: Final = {
    str(severity): [row.kind for row in INCIDENTS.values() if row.severity is severity]
    for severity in (Severity.CRITICAL, Severity.NOTICE)
}


async def course(
    pool: asyncpg.Pool, now: datetime, span: timedelta, bucket: timedelta
) -> list[dict[str, Any]]:
    """Give requests, approvals, silences, voids and approved voids by issuer and bucket."""
    rows = await pool.fetch(*_SQL["course"](since=now - span, bucket=bucket))
    return [dict(row) for row in rows]


async def issuers(pool: asyncpg.Pool, now: datetime) -> list[dict[str, Any]]:
    """Give every issuer with its line and its last five minutes."""
    rows = await pool.fetch(*_SQL["issuers"](since=now - timedelta(minutes=5)))
    return [dict(row) for row in rows]


async def alerts(pool: asyncpg.Pool, limit: int = 20) -> list[dict[str, Any]]:
    """Give open incidents, the gravest first, of one severity the latest."""
    rows = await pool.fetch(*_SQL["alerts"](limit=limit, **_KINDS))
    return [dict(row) for row in rows]
