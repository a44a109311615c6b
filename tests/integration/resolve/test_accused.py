"""Issuers that err: one incident for each as long as a case blames it, however many there are."""

import asyncio
from datetime import timedelta

import asyncpg

from annul.resolve import accused
from annul.resolve.accused import NAMED_FROM
from tests.support.rows import put_case
from tests.support.situations import NOW

_APART = timedelta(seconds=10)
_ERRS = {
    "cause": "issuer_error",
    "issuer_id": "00000101",
    "probability": NAMED_FROM,
    "named_at": NOW - _APART,
}


async def _told(pool: asyncpg.Pool) -> list[tuple[str, str, str]]:
    rows = await pool.fetch(
        "SELECT kind, subject, params->>'case' FROM incidents WHERE closed_at IS NULL"
        " ORDER BY subject"
    )
    return [tuple(row) for row in rows]


async def test_one_is_open_for_an_issuer_and_closes_with_its_last_case(pool: asyncpg.Pool) -> None:
    first = await put_case(pool, number="600000000001", **_ERRS)
    second = await put_case(pool, number="600000000002", **_ERRS)
    await put_case(pool, number="600000000003", **(_ERRS | {"issuer_id": "00000202"}))
    for _ in range(2):
        await accused.tell(pool, NOW, _APART)
    both = [("issuer_errs", "00000101", first.number), ("issuer_errs", "00000202", "600000000003")]
    assert await _told(pool) == both
    await pool.execute(
        "UPDATE cases SET ended = 'voided', ended_at = now() WHERE id = $1", first.id
    )
    await accused.tell(pool, NOW, _APART)
    assert await _told(pool) == both, "another one still goes by it"
    await pool.execute("UPDATE cases SET probability = 0.4 WHERE id = $1", second.id)
    await accused.tell(pool, NOW, _APART)
    assert await _told(pool) == both, "it is still what this one goes by"
    await pool.execute("UPDATE cases SET cause = 'issuer_down' WHERE id = $1", second.id)
    await accused.tell(pool, NOW, _APART)
    assert await _told(pool) == both[1:]


async def test_nobody_is_blamed_without_being_sure(pool: asyncpg.Pool) -> None:
    await put_case(pool, **(_ERRS | {"probability": NAMED_FROM - 0.01}))
    await put_case(pool, **(_ERRS | {"issuer_id": ""}))
    await put_case(pool, **(_ERRS | {"cause": "unknown"}))
    await put_case(pool, **(_ERRS | {"named_at": NOW - _APART / 2}))
    await accused.tell(pool, NOW, _APART)
    assert await _told(pool) == []


async def test_two_processes_open_one(pool: asyncpg.Pool) -> None:
    await put_case(pool, **_ERRS)
    await asyncio.gather(*(accused.tell(pool, NOW, _APART) for _ in range(4)))
    assert len(await _told(pool)) == 1
    await pool.execute("UPDATE cases SET cause = ''")
    await asyncio.gather(*(accused.tell(pool, NOW, _APART) for _ in range(4)))
    assert await _told(pool) == []
