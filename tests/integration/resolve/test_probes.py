"""Which cases are to ask their issuer, and what is written of it: once; unsent is not silent."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from annul.domain.alarm_probes import LONGEST
from annul.domain.states import Sent
from annul.resolve.case import Case
from annul.resolve.probes import Probes
from tests.support.clock import NOON
from tests.support.rows import put, put_case, put_transaction


async def _wanted(pool: asyncpg.Pool, **changes: Any) -> Case:
    case = await put_case(pool)
    row = {"issuer_id": case.issuer_id, "asked_at": NOON, "why": "silent", "how": "void"}
    await put(pool, "issuer_probes", row | {"case_id": case.id} | changes)
    return case


@pytest.mark.parametrize(
    ("changes", "after", "expected"),
    [
        ({}, timedelta(seconds=1), True),
        ({}, LONGEST + timedelta(seconds=1), False),
        ({"outcome": "answered"}, timedelta(seconds=1), False),
        ({"how": "echo", "case_id": None}, timedelta(seconds=1), False),
    ],
)
async def test_a_case_is_wanted_until_it_has_asked_or_time_has_passed(
    pool: asyncpg.Pool, changes: dict[str, Any], after: timedelta, expected: bool
) -> None:
    case = await _wanted(pool, **changes)
    probes = Probes(pool)
    assert not probes.wants(case)
    await probes.refresh(NOON + after)
    assert probes.wants(case) is expected


@pytest.mark.parametrize(
    ("code", "sent", "expected"),
    [
        ("00", Sent.ANSWERED, ("answered", 0)),
        ("51", Sent.ANSWERED, ("answered", 0)),
        ("91", Sent.ANSWERED, ("fault", 0)),
        ("open", Sent.POSSIBLY_SENT, ("silent", 1)),
        ("open", Sent.NOT_SENT, ("not_sent", 0)),
    ],
)
async def test_what_came_of_it_is_written_once(
    pool: asyncpg.Pool, code: str, sent: Sent, expected: tuple[str, int]
) -> None:
    case = await _wanted(pool)
    attempt = await put_transaction(pool, 7, kind="void", sent=sent)
    probes = Probes(pool)
    await probes.refresh(NOON)
    for told in (code, "99"):
        await probes.came(case, attempt, told, NOON + timedelta(milliseconds=250))
    assert not probes.wants(case)
    (row,) = await pool.fetch("SELECT outcome, unanswered, took_ms FROM issuer_probes")
    assert tuple(row) == (*expected, 250)
