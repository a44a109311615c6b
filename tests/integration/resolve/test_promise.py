"""The figures of the promise, from cases as they stand."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from annul.resolve import promise
from annul.resolve.promise import Promise
from tests.support.rows import put_case
from tests.support.situations import NOW

# opened, due and ended in minutes before now; ended and due may lie ahead
_ROWS: tuple[tuple[str, int, int, int | None, int, str, str], ...] = (
    # end, opened, due, ended, amount, cause, task
    ("voided", 60, 45, 50, 1_00, "timeout", ""),
    ("voided", 60, 45, 45, 2_00, "timeout", ""),
    ("voided", 60, 45, 44, 4_00, "timeout", ""),
    ("refunded", 50, 20, 30, 8_00, "issuer_unsupported", ""),
    ("refused", 40, 35, 38, 16_00, "already_undone", ""),
    ("refused", 40, 35, 20, 32_00, "risk_refusal", "risk_refusal"),
    ("", 30, -10, None, 64_00, "funds_frozen", "merchant_funds"),
    ("", 90, 10, None, 128_00, "issuer_error", "late"),
    ("", 5, 0, None, 256_00, "timeout", ""),
    # Its money is still in question, so it is late as long as nobody has proved it.
    ("unproved", 80, 15, 20, 512_00, "issuer_down", "outcome_unproved"),
)


def _before(minutes: int) -> Any:
    return NOW - timedelta(minutes=minutes)


@pytest.fixture
async def cases(pool: asyncpg.Pool) -> asyncpg.Pool:
    for end, opened, due, ended, amount, cause, task in _ROWS:
        await put_case(
            pool,
            ended=end,
            opened_at=_before(opened),
            due_at=_before(due),
            ended_at=None if ended is None else _before(ended),
            amount=amount,
            cause=cause,
            task=task,
        )
    return pool


async def test_without_cases_all_is_nought(pool: asyncpg.Pool) -> None:
    assert await promise.read(pool, NOW) == Promise()
    assert await promise.by_cause(pool) == []


async def test_every_case_is_counted_by_its_end(cases: asyncpg.Pool) -> None:
    kept = await promise.read(cases, NOW)
    assert kept == Promise(
        cases=10,
        open=3,
        voided=3,
        refunded=1,
        refused=2,
        unproved=1,
        in_time=4,  # at the due time itself is in time
        late=4,  # one voided, one refused, one that is open and over its time, one unproved
        late_by_cause=4,
        asked=3,  # what has ended for good asks nobody
        oldest_s=90 * 60.0,
        in_question=64_00 + 128_00 + 256_00 + 512_00,
    )
    assert kept.cases == kept.open + kept.voided + kept.refunded + kept.refused + kept.unproved
    assert kept.figures()["in_question"] == 960_00


async def test_a_due_time_that_moved_hides_nothing_that_is_late(pool: asyncpg.Pool) -> None:
    moved = {"due_at": _before(-60), "first_due_at": _before(10)}
    await put_case(pool, opened_at=_before(30), **moved)
    await put_case(pool, opened_at=_before(30), ended="voided", ended_at=_before(5), **moved)
    kept = await promise.read(pool, NOW)
    assert (kept.in_time, kept.late, kept.late_by_cause) == (0, 2, 0)


async def test_what_is_open_becomes_late_when_its_time_is_over(cases: asyncpg.Pool) -> None:
    later = await promise.read(cases, NOW + timedelta(seconds=1))
    assert (later.late, later.oldest_s) == (5, 90 * 60 + 1.0)


async def test_what_is_open_counts_however_old_it_is(cases: asyncpg.Pool) -> None:
    kept = await promise.read(cases, NOW, _before(45))
    assert (kept.cases, kept.open, kept.voided, kept.refused, kept.unproved) == (6, 3, 0, 2, 1)
    assert (kept.oldest_s, kept.in_question) == (90 * 60.0, 960_00)


async def test_the_time_to_the_end_is_given_by_cause(cases: asyncpg.Pool) -> None:
    timeout, *others = await promise.by_cause(cases)
    assert timeout == {
        "cause": "timeout",
        "cases": 3,
        "p50_s": 900.0,
        "p99_s": pytest.approx(958.8),
        "max_s": 960.0,
    }
    assert [(row["cause"], row["max_s"]) for row in others] == [
        ("already_undone", 120.0),
        ("issuer_unsupported", 1200.0),
        ("risk_refusal", 1200.0),
    ]
    recent = await promise.by_cause(cases, _before(45))
    assert [row["cause"] for row in recent] == ["already_undone", "risk_refusal"]
