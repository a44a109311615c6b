"""Rows for the tests of cases, written as they stand in the tables."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from annul.domain.records import Transaction
from annul.domain.states import State
from annul.resolve.case import Case
from tests.support.builders import transaction
from tests.support.situations import OPENED, case

LEASE = timedelta(seconds=30)
DUE_IN = timedelta(minutes=15)


async def put(pool: asyncpg.Pool, table: str, row: dict[str, Any]) -> None:
    """Insert one row."""
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    await pool.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", *row.values())


async def put_transaction(pool: asyncpg.Pool, trace: int, **changes: Any) -> Transaction:
    """Insert the sale of the builders, or what a test makes of it."""
    values: dict[str, Any] = {
        "id": uuid7(),
        "trace": f"{trace:06d}",
        "rrn": f"3000000{trace:05d}",
    }
    row = transaction(**(values | changes))
    await put(pool, "transactions", row._asdict() | {"node": 0})
    return row


async def put_void(
    pool: asyncpg.Pool, trace: int, original_id: UUID | None, **changes: Any
) -> Transaction:
    """Insert a void that the issuer declined at the time at which cases open."""
    values: dict[str, Any] = {
        "kind": "void",
        "state": State.DECLINED,
        "original_id": original_id,
        "response_code": "96",
        "received_at": OPENED + timedelta(milliseconds=trace),
    }
    return await put_transaction(pool, trace, **(values | changes))


async def owe_reversal(pool: asyncpg.Pool, row: Transaction, **changes: Any) -> None:
    """Put a reversal into the outbox, or one that is done."""
    values: dict[str, Any] = {
        "merchant_id": row.merchant_id,
        "id": row.id,
        "transaction_id": row.id,
        "original_id": row.original_id or row.id,
        "kind": "reversal",
        "issuer_id": row.issuer_id,
        "card_hash": row.card_hash,
        "reason": "4001",
        "next_attempt_at": row.received_at,
        "created_at": row.received_at,
    }
    await put(pool, "outbox", values | changes)


async def put_refusal(pool: asyncpg.Pool, trace: int, original_trace: str, **changes: Any) -> UUID:
    """Insert a void that was refused at the door."""
    row: dict[str, Any] = {
        "merchant_id": "898000058120000",
        "id": uuid7(),
        "terminal_id": "10000001",
        "kind": "void",
        "batch": "000001",
        "trace": f"{trace:06d}",
        "rrn": f"3000000{trace:05d}",
        "amount": 10_000,
        "card_masked": "620001******0007",
        "card_hash": b"card",
        "response_code": "A0",
        "rule": "mac_wrong",
        "original_batch": "000001",
        "original_trace": original_trace,
        "received_at": OPENED,
        "business_date": OPENED.date(),
    }
    await put(pool, "refusals", row | changes)
    return (row | changes)["id"]


async def put_case(pool: asyncpg.Pool, **changes: Any) -> Case:
    """Insert an open case, each of another original."""
    identity = uuid7()
    values: dict[str, Any] = {
        "id": identity,
        "original_id": uuid7(),
        "number": str(identity.int)[-12:],
    }
    if "due_at" in changes:  # of the first cause, which is the only one unless a test says so
        values["first_due_at"] = changes["due_at"]
    row = case(**(values | changes))
    await put(pool, "cases", row._asdict())
    return row
