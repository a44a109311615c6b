"""What waits in the database is counted as it stands there, over indexes that hold only that."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from annul.domain.incidents import INCIDENTS
from annul.operate.measures import backlog as module
from annul.operate.measures.backlog import Backlog
from annul.operate.measures.exposition import Measures
from annul.store.loop import Loops
from tests.support.clock import HeldClock
from tests.support.prometheus import told, value

_NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
_SHOP = "898000058120001"


@pytest.fixture
async def backlog(pool: asyncpg.Pool) -> Backlog:
    return Backlog(pool, HeldClock(_NOW), Loops())


def _told(backlog: Backlog) -> Any:
    measures = Measures()
    measures.add(backlog)
    return told(measures)


async def test_nothing_is_told_before_the_first_look_and_zero_after_it(backlog: Backlog) -> None:
    assert ("annul_breaks_open", frozenset()) not in _told(backlog)
    await backlog.look()
    found = _told(backlog)
    for name in (
        "annul_deliveries_owed",
        "annul_deliveries_oldest_seconds",
        "annul_outbox_oldest_seconds",
        "annul_payout_files_owed",
        "annul_clearing_proofs_waiting",
        "annul_breaks_open",
        "annul_breaks_overdue",
        "annul_orders_waiting",
    ):
        assert found[name, frozenset()] == 0
    assert found["annul_outbox_messages", frozenset({("kind", "advice")})] == 0
    assert value(found, "annul_incidents_open") == 0


async def test_open_incidents_are_told_by_severity_and_kind(
    backlog: Backlog, pool: asyncpg.Pool
) -> None:
    for kind, closed in (("webhook_failed", None), ("webhook_failed", _NOW), ("bygone", None)):
        await pool.execute(
            "INSERT INTO incidents (merchant_id, id, kind, subject, params, opened_at, closed_at)"
            " VALUES ($1, $2, $3, $4, '{}', $5, $6)",
            _SHOP,
            uuid4(),
            kind,
            str(uuid4()),
            _NOW,
            closed,
        )
    await backlog.look()
    severity = str(INCIDENTS["webhook_failed"].severity)
    found = _told(backlog)
    assert value(found, "annul_incidents_open", kind="webhook_failed", severity=severity) == 1
    assert value(found, "annul_incidents_open", kind="bygone", severity="unknown") == 1
    assert value(found, "annul_incidents_open") == 2


async def test_what_webhooks_are_owed_is_told_with_its_age(
    backlog: Backlog, pool: asyncpg.Pool
) -> None:
    for state, ago in (("owed", 90), ("owed", 30), ("delivered", 900)):
        since = _NOW - timedelta(seconds=ago)
        await pool.execute(
            "INSERT INTO webhook_outbox (merchant_id, id, webhook_id, notification_id, state,"
            " since, next_attempt_at) VALUES ($1, $2, $3, $4, $5, $6, $6)",
            *(_SHOP, uuid4(), uuid4(), uuid4(), state, since),
        )
    await backlog.look()
    found = _told(backlog)
    assert value(found, "annul_deliveries_owed") == 2
    assert value(found, "annul_deliveries_oldest_seconds") == 90


async def test_no_look_reads_a_whole_table_that_grows(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        await connection.execute("SET enable_seqscan = off")
        for name, statement in module._SQL.items():
            values = {"now": _NOW} if "now" in statement.parameters else {}
            text, *arguments = statement(**values)
            plan = "\n".join(
                row[0] for row in await connection.fetch(f"EXPLAIN {text}", *arguments)
            )
            if name != "clearing_files":  # a row a file
                assert "Seq Scan" not in plan, (name, plan)
                assert "Index" in plan, (name, plan)
