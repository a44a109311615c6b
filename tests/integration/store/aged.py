"""Rows of subjects of retention, so old and of such a name: what is counted, what was told."""

from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

import asyncpg

from tests.support.rows import put

CHANNEL = UUID("019a0000-0000-7000-8000-000000000001")
_CHANNELS = """
INSERT INTO channels (id, name, kind, address, language, severity, set_by, set_at)
VALUES ($1, 'group', 'mail', '', 'en', 'notice', 'in', '2026-01-01') ON CONFLICT DO NOTHING
"""


async def owed(pool: asyncpg.Pool, at: datetime, name: str, state: str = "told") -> None:
    """Add an event that a channel was told."""
    await pool.execute(_CHANNELS, CHANNEL)
    row = {"channel_id": CHANNEL, "head_id": uuid4(), "of_merchant": "", "seq": 1, "kind": name}
    more = {"severity": "notice", "params": {}, "at": at, "due_at": at, "state": state}
    await put(pool, "notice_outbox", row | more)


async def logged(pool: asyncpg.Pool, at: datetime, name: str) -> None:
    """Add a line of the log of messages."""
    await pool.execute(_CHANNELS, CHANNEL)
    row = {"id": uuid4(), "message_id": uuid4(), "channel_id": CHANNEL, "at": at, "title": name}
    await put(pool, "notice_log", row | {"phase": "told", "numbers": []})


async def mailed(pool: asyncpg.Pool, at: datetime, name: str, state: str = "told") -> None:
    """Add a report that a person was mailed."""
    await pool.execute(_CHANNELS, CHANNEL)
    row = {"name": "in", "length": name, "first": at.date(), "merchant_id": "", "language": "en"}
    more = {"channel_id": CHANNEL, "owed_at": at, "due_at": at, "state": state}
    await put(pool, "report_mails", row | more)


async def lettered(pool: asyncpg.Pool, at: datetime, name: str) -> None:
    """Add a report as it was mailed."""
    row = {"length": name, "first": at.date(), "merchant_id": "", "language": "en"}
    await put(pool, "report_letters", row | {"leased_until": at, "made_at": at})


async def stream_hour(pool: asyncpg.Pool, at: datetime, name: str) -> None:
    """Add an hour of a stream of traffic."""
    counts = dict.fromkeys(("approved", "declined", "faults", "silent", "slow"), 1)
    row = {"scope": "issuer", "member": name, "hour": at, "usual": True}
    await put(pool, "watched_hours", row | counts)


async def stream(pool: asyncpg.Pool, at: datetime, name: str) -> None:
    """Add a stream of traffic."""
    arrays: dict[str, list[int]] = {
        name: [] for name in ("counts", "mean", "upper", "accounts", "trails")
    }
    row = {"scope": "issuer", "member": name, "hour": at, "alarms": {}, "seen_at": at}
    await put(pool, "watched", row | arrays)


_AGED: Final = {"older": 1, "young": 2}


async def minute(pool: asyncpg.Pool, at: datetime, name: str) -> None:
    """Add a minute of a host process."""
    counts = ("transactions", "statements", "db_commits", "db_connections")
    more = dict.fromkeys((*counts, "db_allowed", "db_bytes", "db_read", "db_hit"), 0)
    row = {"node": len(name), "at": at, "seconds": 60.0, "cpu_s": 0.0, "db_active_s": 0.0}
    await put(
        pool, "host_samples", row | more | {"answers": [], "lanes": {}, "db_tables": {name: 1}}
    )


async def hour(pool: asyncpg.Pool, at: datetime, name: str) -> None:
    """Add an hour of traffic."""
    row = {"hour": at, "business_date": at.date(), "transactions": 1, "peak_second": _AGED[name]}
    await put(pool, "volumes", row)
