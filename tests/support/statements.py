"""A shop whose sales went every way that money goes: what a statement has to tell."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from uuid_utils.compat import uuid7

from annul.domain.business_day import Calendar
from annul.domain.fees import Fee
from annul.domain.kinds import KINDS
from annul.domain.ledger import (
    BANK,
    MERCHANT_AVAILABLE,
    MERCHANT_FROZEN,
    MERCHANT_IN_PAYOUT,
    PostingKind,
    Transfer,
    approval,
    mirror,
)
from annul.domain.records import Transaction
from annul.settle.days import Days
from annul.store.posting import Posted, Posting, post
from tests.support.clock import HeldClock
from tests.support.rows import put, put_transaction

SHOP: Final = "898000058120000"
OTHER: Final = "898000058120001"
CALENDAR: Final = Calendar(ZoneInfo("Asia/Shanghai"), time(23))
THURSDAY: Final = date(2026, 10, 29)
FRIDAY: Final = date(2026, 10, 30)
MONDAY: Final = date(2026, 11, 2)
TUESDAY: Final = date(2026, 11, 3)
REASON: Final = "=cmd|' /C calc'!A0"  # what somebody types who wants a spreadsheet to calculate


def noon(day: date) -> datetime:
    """Give noon in the shop."""
    return datetime.combine(day, time(4), UTC)


async def settle(pool: asyncpg.Pool, day: date) -> None:
    """Close all days before one, and make available what is due on it."""
    await Days(pool, CALENDAR, HeldClock(noon(day))).run()


async def booked(
    pool: asyncpg.Pool,
    day: date,
    number: int,
    amount: int,
    fee: int,
    original: Transaction | None = None,
    **changes: Any,
) -> Transaction:
    """Put a transaction and what it moves; with an original it undoes it."""
    row = {
        "business_date": day, "received_at": noon(day) + timedelta(seconds=number),
        "amount": amount, "fee": fee, "kind": "void" if original else "sale",
        "original_id": original.id if original else None,
    }  # fmt: skip
    made = await put_transaction(pool, number, **(row | changes))
    await moved(pool, made, PostingKind.APPROVAL, day)
    return made


async def moved(pool: asyncpg.Pool, one: Transaction, kind: PostingKind, day: date) -> None:
    """Write the entries of an outcome, and move the balance with them."""
    transfers = approval(KINDS[one.kind], one.amount, Fee(one.fee, 0, 0))
    if kind is PostingKind.REVERSAL:
        transfers = mirror(transfers)
    for number, each in enumerate(transfers):
        entry = {
            "merchant_id": one.merchant_id, "subject": one.id, "kind": kind, "line": number,
            "debit": each.debit, "credit": each.credit, "amount": each.amount,
            "currency": one.currency, "business_date": day, "posted_at": noon(day),
        }  # fmt: skip
        await put(pool, "entries", entry)
        await pool.execute(
            "INSERT INTO merchant_balances (merchant_id, currency, pending) VALUES ($1, $2, $3)"
            " ON CONFLICT (merchant_id, currency)"
            " DO UPDATE SET pending = merchant_balances.pending + excluded.pending",
            one.merchant_id,
            one.currency,
            each.amount if each.credit == "merchant_pending" else -each.amount,
        )


async def posted(
    pool: asyncpg.Pool,
    kind: PostingKind,
    about: UUID,
    debit: str,
    credit: str,
    amount: int,
    day: date,
) -> None:
    """Move money of the shop apart from its transactions."""
    transfer = (Transfer(debit, credit, amount),)
    done = await post(pool, Posting(SHOP, "156", kind, about, transfer, day), noon(day))
    assert done is Posted.DONE


async def frozen(pool: asyncpg.Pool, day: date, amount: int) -> UUID:
    """Freeze some of what is available."""
    move = {
        "merchant_id": SHOP, "id": uuid7(), "currency": "156", "kind": "freeze", "amount": -amount,
        "reason": REASON, "state": "done", "asked_by": "li", "asked_at": noon(day),
    }  # fmt: skip
    await put(pool, "account_moves", move)
    await posted(
        pool, PostingKind.FREEZE, move["id"], MERCHANT_AVAILABLE, MERCHANT_FROZEN, amount, day
    )
    return move["id"]


async def paid_out(pool: asyncpg.Pool, day: date) -> UUID:
    """Send all that is available on its way."""
    account, payout = uuid7(), uuid7()
    amount = await pool.fetchval(
        "SELECT available FROM merchant_balances WHERE merchant_id = $1", SHOP
    )
    await pool.execute("UPDATE payout_accounts SET state = 'replaced'")
    await put(pool, "payout_accounts", {
        "merchant_id": SHOP, "id": account, "currency": "156", "holder": "示例茶馆",
        "bank": "102100099996", "sealed": b"x", "shown": "4321", "state": "used", "reason": "new",
        "asked_by": "li", "asked_at": noon(day),
    })  # fmt: skip
    await put(pool, "payouts", {
        "merchant_id": SHOP, "id": payout, "currency": "156", "amount": amount,
        "account_id": account, "run_on": day, "state": "filed", "made_at": noon(day),
    })  # fmt: skip
    await pool.execute(
        "UPDATE merchant_days SET payout_id = $1 WHERE merchant_id = $2"
        " AND available_at IS NOT NULL AND payout_id IS NULL",
        payout,
        SHOP,
    )
    await pool.execute("UPDATE account_moves SET payout_id = $1 WHERE payout_id IS NULL", payout)
    await posted(
        pool, PostingKind.PAYOUT, payout, MERCHANT_AVAILABLE, MERCHANT_IN_PAYOUT, amount, day
    )
    return payout


async def came_back(pool: asyncpg.Pool, payout: UUID, day: date) -> None:
    """Let the bank book a payout, and send it back."""
    row = await pool.fetchrow("SELECT amount FROM payouts WHERE id = $1", payout)
    assert row is not None
    amount = row["amount"]
    await posted(pool, PostingKind.PAID, payout, MERCHANT_IN_PAYOUT, BANK, amount, day)
    move = {
        "merchant_id": SHOP, "id": uuid7(), "currency": "156", "kind": "payout_return",
        "amount": amount, "about": payout, "reason": "AC04", "state": "done", "asked_by": "",
        "asked_at": noon(day),
    }  # fmt: skip
    await put(pool, "account_moves", move)
    await posted(pool, PostingKind.PAYOUT_RETURN, move["id"], BANK, MERCHANT_AVAILABLE, amount, day)
    await pool.execute(
        "UPDATE payouts SET state = 'returned', bank_code = 'AC04', bank_text = 'closed account',"
        " paid_at = $2, returned_at = $2 WHERE id = $1",
        payout,
        noon(day),
    )


async def shop_of_all_ways(pool: asyncpg.Pool) -> UUID:
    """Sell on four days over the end of a month; gives the payout that came back.

    A sale is voided on its day, one refunded in part in the next month, a void reversed; what
    was sold on Thursday is frozen in part and paid out on Monday, and comes back on Tuesday.
    """
    for shop in (SHOP, OTHER):
        names = {"name_zh": "示例茶馆", "name_en": "Tea", "category": "5812"}
        await put(pool, "merchants", {"merchant_id": shop, **names})
    await booked(pool, THURSDAY, 1, 100_00, 50)
    voided = await booked(pool, THURSDAY, 2, 30_00, 15)
    await booked(pool, THURSDAY, 3, 30_00, 15, voided)
    await booked(pool, THURSDAY, 4, 77_00, 38, merchant_id=OTHER)
    await settle(pool, FRIDAY)
    late = await booked(pool, FRIDAY, 5, 200_00, 1_00)
    void = await booked(pool, FRIDAY, 6, 200_00, 1_00, late)
    await frozen(pool, FRIDAY, 20_00)
    await settle(pool, MONDAY)
    await moved(pool, void, PostingKind.REVERSAL, MONDAY)
    await booked(pool, MONDAY, 7, 40_00, 20, late, kind="refund")
    payout = await paid_out(pool, MONDAY)
    await settle(pool, TUESDAY)
    await came_back(pool, payout, TUESDAY)
    await booked(pool, TUESDAY, 8, 5_00, 2)
    await settle(pool, TUESDAY + timedelta(days=1))
    return payout
