"""Money moves between a merchant's accounts once, when it is there and nothing has reserved it."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from annul.domain.ledger import (
    BANK,
    MERCHANT_AVAILABLE,
    MERCHANT_FROZEN,
    MERCHANT_PENDING,
    PostingKind,
    Transfer,
)
from annul.store.posting import Posted, Posting, post

_NOW = datetime(2026, 11, 26, 4, tzinfo=UTC)
_MERCHANT = "898000058120000"
_SETTLED = (Transfer(MERCHANT_PENDING, MERCHANT_AVAILABLE, 600),)


@pytest.fixture(autouse=True)
async def merchant(pool: asyncpg.Pool) -> None:
    await pool.execute(
        "INSERT INTO merchants (merchant_id, name_zh, name_en, category, pricing)"
        " VALUES ($1, '示例茶馆', 'Example Tea House', '5812', 'standard')",
        _MERCHANT,
    )
    await pool.execute(
        "INSERT INTO merchant_balances (merchant_id, currency, pending) VALUES ($1, '156', 1000)",
        _MERCHANT,
    )


def _posting(*transfers: Transfer, **changes: Any) -> Posting:
    values: dict[str, Any] = {
        "merchant_id": _MERCHANT,
        "currency": "156",
        "kind": PostingKind.PAYOUT,
        "subject": uuid4(),
        "transfers": transfers,
        "business_date": date(2026, 11, 26),
    }
    return Posting(**values | changes)


async def _balance(pool: asyncpg.Pool) -> tuple[int, ...]:
    rows = await pool.fetch("SELECT pending, available, frozen FROM merchant_balances")
    return tuple(rows[0])


async def test_what_is_settled_can_be_paid_out_and_entries_say_the_same(pool: asyncpg.Pool) -> None:
    settled = _posting(*_SETTLED, kind=PostingKind.SETTLEMENT)
    paid = _posting(Transfer(MERCHANT_AVAILABLE, BANK, 500), Transfer(MERCHANT_PENDING, BANK, 50))
    assert await post(pool, settled, _NOW) is Posted.DONE
    assert await post(pool, paid, _NOW) is Posted.DONE
    assert await _balance(pool) == (350, 100, 0)
    rows = await pool.fetch("SELECT subject, kind, line, debit, credit, amount FROM entries")
    assert {tuple(row) for row in rows} == {
        (settled.subject, "settlement", 0, "merchant_pending", "merchant_available", 600),
        (paid.subject, "payout", 0, "merchant_available", "bank", 500),
        (paid.subject, "payout", 1, "merchant_pending", "bank", 50),
    }


async def test_the_same_subject_is_posted_once_per_kind(pool: asyncpg.Pool) -> None:
    frozen = _posting(Transfer(MERCHANT_PENDING, MERCHANT_FROZEN, 700), kind=PostingKind.FREEZE)
    freed = _posting(
        Transfer(MERCHANT_FROZEN, MERCHANT_PENDING, 700),
        kind=PostingKind.RELEASE,
        subject=frozen.subject,
    )
    assert await post(pool, frozen, _NOW) is Posted.DONE
    assert await post(pool, frozen, _NOW) is Posted.REPEATED
    assert await _balance(pool) == (300, 0, 700)
    assert await post(pool, freed, _NOW) is Posted.DONE
    assert await post(pool, freed, _NOW) is Posted.REPEATED
    assert await _balance(pool) == (1000, 0, 0)


@pytest.mark.parametrize(
    "transfers",
    [
        (Transfer(MERCHANT_PENDING, BANK, 1001),),
        (Transfer(MERCHANT_AVAILABLE, BANK, 1),),
        (Transfer(MERCHANT_FROZEN, MERCHANT_PENDING, 1),),
        (Transfer(MERCHANT_PENDING, BANK, 10), Transfer(MERCHANT_AVAILABLE, BANK, 1)),
    ],
)
async def test_what_is_not_there_moves_nothing_of_it(
    pool: asyncpg.Pool, transfers: tuple[Transfer, ...]
) -> None:
    assert await post(pool, _posting(*transfers), _NOW) is Posted.UNCOVERED
    assert await _balance(pool) == (1000, 0, 0)
    assert await pool.fetchval("SELECT count(*) FROM entries") == 0


@pytest.mark.parametrize(("covers", "least"), [(True, 1000), (False, 600)])
async def test_what_a_void_on_its_way_has_reserved_stays(
    pool: asyncpg.Pool, covers: bool, least: int
) -> None:
    await pool.execute("UPDATE merchants SET pending_covers = $1", covers)
    await post(pool, _posting(*_SETTLED, kind=PostingKind.SETTLEMENT), _NOW)
    await pool.execute("UPDATE merchant_balances SET reserved = 500")
    free = least - 500

    async def pay(amount: int) -> Posted:
        return await post(pool, _posting(Transfer(MERCHANT_AVAILABLE, BANK, amount)), _NOW)

    assert await pay(free + 1) is Posted.UNCOVERED
    assert await pay(free) is Posted.DONE
    assert await pay(1) is Posted.UNCOVERED


async def test_of_two_at_once_that_it_covers_once_one_is_posted(pool: asyncpg.Pool) -> None:
    payouts = [_posting(Transfer(MERCHANT_PENDING, BANK, 600)) for _ in range(8)]
    done = await asyncio.gather(*(post(pool, one, _NOW) for one in payouts))
    assert sorted(done) == [Posted.DONE, *[Posted.UNCOVERED] * 7]
    assert await _balance(pool) == (400, 0, 0)


async def test_the_same_at_once_is_done_once_and_repeated_to_the_others(pool: asyncpg.Pool) -> None:
    payout = _posting(Transfer(MERCHANT_PENDING, BANK, 600))
    done = await asyncio.gather(*(post(pool, payout, _NOW) for _ in range(8)))
    assert sorted(done) == [Posted.DONE, *[Posted.REPEATED] * 7]
    assert await _balance(pool) == (400, 0, 0)


async def test_a_merchant_that_nobody_knows_has_nothing(pool: asyncpg.Pool) -> None:
    payout = _posting(Transfer(MERCHANT_PENDING, BANK, 1), merchant_id="nobody")
    assert await post(pool, payout, _NOW) is Posted.UNCOVERED


def test_what_is_of_a_transaction_is_not_posted_beside_its_outcome() -> None:
    with pytest.raises(AssertionError, match="journal"):
        _posting(kind=PostingKind.REVERSAL, subject=UUID(int=1))
