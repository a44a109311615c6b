"""The overview: outcomes of voids, voids and traffic by issuer, health of lines, what is open."""

from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from annul.domain.incident import Severity
from annul.domain.incidents import INCIDENTS
from annul.store.sql import load

_SQL: Final = load("annul.desk", "overview.sql")
_RECENT: Final = timedelta(minutes=5)
VOIDS_WITHIN: Final = timedelta(minutes=30)
_OF_A_KIND: Final = 3
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
    """Give every issuer with its line and its last five minutes, its voids of the last thirty."""
    since = {"since": now - _RECENT, "voids_since": now - VOIDS_WITHIN}
    rows = await pool.fetch(*_SQL["issuers"](**since))
    return [dict(row) for row in rows]


async def alerts(pool: asyncpg.Pool, limit: int = 40) -> list[list[dict[str, Any]]]:
    """Give open incidents by kind, the gravest first, of one severity the latest.

    Of each kind the latest few, each row with `many`, how many of the kind are open.
    """
    rows = await pool.fetch(*_SQL["alerts"](limit=limit, each=_OF_A_KIND, **_KINDS))
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_kind.setdefault(row["kind"], []).append(dict(row))
    return list(by_kind.values())
