"""What alarms ask of the database at a thousand streams and many rows: indexes, no walks."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import pytest

from annul.operate.alarms.asking import SQL as ASKED
from annul.operate.alarms.statements import SQL
from annul.operate.alarms.traffic import SQL as TRAFFIC

_NOW: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
_STREAMS: Final = """
INSERT INTO watched (scope, member, hour, counts, mean, upper, accounts, trails, alarms, seen_at)
SELECT 'merchant', 'M' || n, $1, '{1,0,0,0,0}', '{0,0,0,0}', '{0,0,0,0}', '{}', '{}',
       CASE n WHEN 7 THEN '{"slowed": []}' ELSE '{}' END::jsonb, $1
FROM generate_series(1, 20000) n
"""
_TRAFFIC: Final = """
INSERT INTO watched_traffic (scope, member, looks_at, rates, whole, silent_since)
SELECT 'merchant', 'M' || n, $1::timestamptz + n * interval '1 second', '{}', '{}',
       CASE WHEN n % 5000 = 0 THEN $1::timestamptz END
FROM generate_series(1, 20000) n
"""
_HOURS: Final = """
INSERT INTO watched_hours
SELECT 'merchant', 'M' || n, $1::timestamptz - h * interval '1 hour', 9, 1, 0, 0, 0, true
FROM generate_series(1, 1000) n, generate_series(1, 100) h
"""
_WAYS: Final = """
INSERT INTO {table}
SELECT gen_random_uuid(), $1::timestamptz - n * interval '1 second', '00000101', 'sale', '620001',
       'A', '', 1, 0, 0, 0, 0
FROM generate_series(1, 50000) n
"""
_SALES: Final = """
INSERT INTO transactions (merchant_id, id, kind, state, sent, node, terminal_id, batch, trace,
    business_date, amount, currency, card_hash, card_masked, card_type, entry_mode, condition,
    issuer_id, rrn, fee, received_at)
SELECT '898', gen_random_uuid(), 'sale', CASE WHEN n % 100 > 0 THEN 'approved' ELSE 'unknown' END,
       'answered', 0, '10000001', '000009', n::text, '2026-11-25', 1000, '156', n::text::bytea,
       '620001******0007', 'debit', '012', '00', '00000101', 'P' || n, 5,
       $1::timestamptz - n * interval '1 second'
FROM generate_series(1, 50000) n
"""
_SOME: Final = {"scopes": ["merchant"] * 3, "members": ["M1", "M2", "M3"]}
_SPAN: Final = {"since": _NOW - timedelta(days=42), "until": _NOW}
_PARTS: Final = dict.fromkeys(("issuer", "kind", "card_range", "merchant", "software"), "")


@pytest.fixture
async def full(table_owner: asyncpg.Pool) -> asyncpg.Pool:
    for sql in (_STREAMS, _TRAFFIC, _HOURS, _SALES):
        await table_owner.execute(sql, _NOW)
    for table in ("watch_counts", "watched_ways"):
        await table_owner.execute(_WAYS.format(table=table), _NOW)
    await table_owner.execute("ANALYZE")
    return table_owner


_ASKED: Final[dict[str, tuple[tuple[Any, ...], str]]] = {
    "take": (
        SQL["take"](limit=100, held=["00000101"], held_since=[_NOW], held_until=[_NOW]),
        "watch_counts",
    ),
    "lately": (SQL["lately"](since=_NOW - timedelta(minutes=5)), "watched_ways"),
    "forget": (SQL["forget"](before=_NOW - timedelta(seconds=49_900)), "watched_ways"),
    "streams": (SQL["streams"](**_SOME), "watched"),
    "histories": (
        SQL["histories"](**_SOME, zone="UTC", since=_SPAN["since"], o=5, rest=False),
        "watched_hours",
    ),
    "not_usual": (SQL["not_usual"](**_SOME, since=[_NOW] * 3), "watched_hours"),
    "due": (TRAFFIC["due"](now=_NOW + timedelta(seconds=50), limit=50), "watched_traffic"),
    "heard": (TRAFFIC["heard"](), "watched_traffic"),
    "these": (TRAFFIC["these"](**_SOME), "watched_traffic"),
    "cells": (TRAFFIC["cells"](**_SOME, **_SPAN, zone="UTC"), "watched_hours"),
    "days": (TRAFFIC["days"](**_SOME, **_SPAN, zone="UTC"), "watched_hours"),
    "failing": (
        ASKED["failing"](since=_NOW - timedelta(hours=13), measure="faults_rose", slow_s=1.0,
                         looked=1_000, most=20, **_PARTS),
        "transactions",
    ),
    "unsure": (ASKED["unsure"](since=_NOW - timedelta(minutes=30), **_PARTS), "transactions"),
}  # fmt: skip


async def test_nothing_walks_a_table_that_grows(full: asyncpg.Pool) -> None:
    for name, ((sql, *values), table) in _ASKED.items():
        rows = await full.fetch(f"EXPLAIN {sql}", *values)
        plan = "\n".join(row[0] for row in rows)
        assert f"Seq Scan on {table}" not in plan, f"{name}:\n{plan}"
        assert "Index" in plan, f"{name}:\n{plan}"
