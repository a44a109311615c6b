"""Books that agree, written as they stand in the tables, for tests that then spoil them."""

from datetime import timedelta
from typing import Any, Final

import asyncpg

from annul.domain.fees import Fee
from annul.domain.kinds import KINDS
from annul.domain.ledger import approval, mirror
from annul.domain.records import Transaction
from annul.domain.states import State
from tests.support.builders import DAY, merchant
from tests.support.rows import owe_reversal, put, put_transaction

SECOND: Final = timedelta(seconds=1)


async def open_books(pool: asyncpg.Pool) -> None:
    """Register the merchant of the builders, with nothing on its account."""
    await pool.execute(
        "INSERT INTO merchants (merchant_id, name_zh, name_en, category) VALUES ($1, $2, $2, $3)",
        merchant().merchant_id,
        merchant().name_en,
        merchant().category,
    )


async def approved(pool: asyncpg.Pool, trace: int, **changes: Any) -> Transaction:
    """Write something approved with its entries; what it refers to follows."""
    kind = KINDS[changes.get("kind", "sale")]
    row = await put_transaction(pool, trace, **changes)
    await _post(pool, row, "approval")
    if row.original_id is not None:
        await pool.execute(
            "UPDATE transactions SET undone = undone + $2, state = CASE"
            " WHEN $3 = 'refunded' AND undone + $2 < amount THEN 'partly_refunded' ELSE $3 END"
            " WHERE id = $1",
            row.original_id,
            row.holds,
            str(kind.makes),
        )
    return row


async def reversed_(pool: asyncpg.Pool, trace: int, **changes: Any) -> Transaction:
    """Write a sale that was approved and then reversed, acknowledged with 00."""
    row = await put_transaction(pool, trace, state=State.REVERSED, **changes)
    await _post(pool, row, "approval")
    await _post(pool, row, "reversal")
    await pool.execute(
        "UPDATE transactions SET ended_at = $2, late_at = CASE late_code WHEN '' THEN NULL"
        " ELSE $3::timestamptz END WHERE id = $1",
        row.id,
        row.received_at + 9 * SECOND,
        row.received_at + 8 * SECOND,
    )
    await owe_reversal(
        pool, row, pending=False, done_at=row.received_at + 9 * SECOND, last_code="00"
    )
    return row


async def _post(pool: asyncpg.Pool, row: Transaction, cause: str) -> None:
    transfers = approval(KINDS[row.kind], row.amount, Fee(row.fee, 35, 3))
    if cause == "reversal":
        transfers = mirror(transfers)
    pending = 0
    for line, one in enumerate(transfers):
        await put(
            pool,
            "entries",
            {
                "merchant_id": row.merchant_id,
                "subject": row.id,
                "kind": cause,
                "line": line,
                "debit": one.debit,
                "credit": one.credit,
                "amount": one.amount,
                "currency": row.currency,
                "business_date": DAY,
                "posted_at": row.received_at,
            },
        )
        pending += one.amount * (one.credit == "merchant_pending")
        pending -= one.amount * (one.debit == "merchant_pending")
    await pool.execute(
        "INSERT INTO merchant_balances (merchant_id, currency, pending) VALUES ($1, $2, $3)"
        " ON CONFLICT (merchant_id, currency) DO UPDATE"
        " SET pending = merchant_balances.pending + excluded.pending",
        row.merchant_id,
        row.currency,
        pending,
    )
