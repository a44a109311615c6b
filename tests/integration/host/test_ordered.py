"""Numbers for what annul sends by itself: free in their batch, however many were used before."""

import re

import asyncpg
import pytest

from annul.host import ordered
from tests.support.rows import put_transaction

_SQL = ordered._SQL["free_trace"]
_SHOP = ("898000058120000", "10000001")
_USED = 100_000
_MANY = """
INSERT INTO transactions (merchant_id, id, kind, state, sent, node, terminal_id, batch, trace,
    business_date, amount, currency, original_id, card_hash, card_masked, card_cipher, card_type,
    entry_mode, condition, issuer_id, rrn, received_at)
SELECT $1, gen_random_uuid(), 'void', 'declined', 'answered', 0, $2, 'A00001',
    lpad(n::text, 6, '0'), '2026-11-23', 100, '156', NULL, '', '', '', 'debit', '012', '00',
    '00000101', lpad(n::text, 12, '0'), '2026-11-23'
FROM generate_series(1, $3::integer) n
"""


async def _free(pool: asyncpg.Pool, batch: str, beginning: int, terminal: str = _SHOP[1]) -> str:
    asked = _SQL(merchant=_SHOP[0], terminal=terminal, batch=batch, beginning=beginning)
    return await pool.fetchval(*asked)


async def test_a_number_is_free_in_its_batch_alone(pool: asyncpg.Pool) -> None:
    for trace, batch in ((7, "A00001"), (8, "A00001"), (9, "000001")):
        await put_transaction(pool, trace, batch=batch)
    assert await _free(pool, "A00001", 6) == "000009"
    assert await _free(pool, "B00001", 6) == "000007"
    assert await _free(pool, "A00001", 6, "10000002") == "000007"


@pytest.mark.parametrize(
    ("beginning", "trace"), [(0, "000001"), (999_998, "999999"), (999_999, "000001")]
)
async def test_every_number_may_be_used_and_the_last_is_followed_by_the_first(
    pool: asyncpg.Pool, beginning: int, trace: str
) -> None:
    assert await _free(pool, "A00001", beginning) == trace
    await put_transaction(pool, 999_999, batch="A00001")
    after = "000001" if trace == "999999" else trace
    assert await _free(pool, "A00001", beginning) == after


async def test_after_a_hundred_thousand_tries_there_is_still_one(pool: asyncpg.Pool) -> None:
    """Tries had used up a range of a hundred thousand numbers, for ever."""
    await pool.execute(_MANY, *_SHOP, _USED)
    for beginning in (0, _USED // 2, _USED - 1):  # at its worst, by design it begins anywhere
        assert await _free(pool, "A00001", beginning) == f"{_USED + 1:06d}"
    assert await _free(pool, "A00001", 500_000) == "500001"


async def test_a_number_is_found_by_index_and_no_more_are_made_than_are_looked_at(
    pool: asyncpg.Pool,
) -> None:
    await put_transaction(pool, 1, batch="A00001")
    sql, *values = _SQL(merchant=_SHOP[0], terminal=_SHOP[1], batch="A00001", beginning=0)
    rows = await pool.fetch(f"EXPLAIN (ANALYZE, TIMING OFF) {sql}", *values)
    plan = "\n".join(row[0] for row in rows)
    assert "using transactions_request" in plan
    assert "Seq Scan" not in plan
    (made,) = re.findall(r"ProjectSet .*\(actual rows=(\d+)", plan)
    assert int(made) == 2
