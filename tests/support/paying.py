"""Merchants with something available, their payouts, and a bank that says something of them."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from pydantic import SecretStr

from annul.domain.business_day import Calendar
from annul.domain.ledger import MERCHANT_AVAILABLE
from annul.security.vault import Vault
from annul.settle import accounts, answers
from annul.settle.answers import Answers
from annul.settle.bank.rows import BankFile, BankRow
from annul.settle.house_bank import HouseBank
from annul.settle.payouts import Payouts
from tests.support.clock import HeldClock
from tests.support.rows import put

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = Calendar(ZONE, time(23))
DAY = date(2026, 9, 24)
NOW = datetime(2026, 9, 28, 2, tzinfo=UTC)  # 10:00 there
SHOPS = tuple(f"8980000581201{number:02d}" for number in range(4))
HOUSE = HouseBank(name="Acquirer", account=SecretStr("102000000001"), bank="102100099996")


async def take_account(pool: asyncpg.Pool, vault: Vault, shop: str, second: str = "wang") -> UUID:
    identity = uuid4()
    account = accounts.Account("示例茶馆", "104100000004", "6222 0000 0000 0000 017")
    async with pool.acquire() as connection, connection.transaction():
        await accounts.ask(
            connection, vault, shop, identity, account, "156", reason="new", who="li", now=NOW
        )
        await accounts.use(connection, shop, identity, second, NOW)
    return identity


async def make_available(pool: Any, shop: str, amount: int, day: date = DAY) -> None:
    """A counted day that is available, with its entries and balance."""
    identity = uuid4()
    await put(
        pool,
        "merchant_days",
        {
            "merchant_id": shop, "id": identity, "currency": "156", "business_date": day,
            "taken": amount, "given_back": 0, "fees": 0, "net": amount, "fee": 0, "due_on": day,
            "available_at": NOW,
        },
    )  # fmt: skip
    await write_entry(
        pool, shop, identity, "settlement", "merchant_pending", MERCHANT_AVAILABLE, amount
    )
    await write_entry(
        pool, shop, uuid4(), "approval", "issuer_receivable", "merchant_pending", amount
    )
    await pool.execute(
        "UPDATE merchant_balances SET available = available + $2 WHERE merchant_id = $1",
        shop,
        amount,
    )


async def write_entry(
    pool: asyncpg.Pool, shop: str, subject: UUID, kind: str, debit: str, credit: str, amount: int
) -> None:
    row = {
        "merchant_id": shop, "subject": subject, "kind": kind, "line": 1, "debit": debit,
        "credit": credit, "amount": amount, "currency": "156", "business_date": DAY,
        "posted_at": NOW,
    }  # fmt: skip
    await put(pool, "entries", row)


def the_payouts(pool: asyncpg.Pool, vault: Vault, now: datetime = NOW, **house: Any) -> Payouts:
    changed = HOUSE.model_copy(update=house)
    return Payouts(pool, CALENDAR, HeldClock(now), changed, vault)


async def balances_of(pool: asyncpg.Pool, shop: str = SHOPS[0]) -> tuple[int, int, int]:
    """Give available, in payout and what the bank paid; they are what the entries come to."""
    held = await pool.fetchrow(
        "SELECT available, in_payout FROM merchant_balances WHERE merchant_id = $1", shop
    )
    sums = {
        account: await pool.fetchval(
            "SELECT coalesce(sum(CASE $2 WHEN credit THEN amount WHEN debit THEN -amount END), 0)"
            "::bigint FROM entries WHERE merchant_id = $1",
            shop,
            account,
        )
        for account in ("merchant_available", "merchant_in_payout", "bank")
    }
    assert held is not None
    assert (held[0], held[1]) == (sums["merchant_available"], sums["merchant_in_payout"])
    items = await pool.fetchval(
        "SELECT coalesce((SELECT sum(net - fee) FROM merchant_days WHERE merchant_id = $1"
        " AND available_at IS NOT NULL AND payout_id IS NULL), 0)"
        " + coalesce((SELECT sum(amount) FROM account_moves WHERE merchant_id = $1"
        " AND state = 'done' AND payout_id IS NULL), 0)",
        shop,
    )
    assert items == held[0], "what no payout has is what is available"
    return held[0], held[1], sums["bank"]


async def states_of(pool: asyncpg.Pool) -> dict[str, int]:
    rows = await pool.fetch("SELECT state, count(*) FROM payouts GROUP BY state")
    return {row[0]: row[1] for row in rows}


async def only_payout(pool: asyncpg.Pool) -> UUID:
    (row,) = await pool.fetch("SELECT id FROM payouts")
    return row["id"]


def bank_says(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch, *rows: BankRow
) -> tuple[Answers, bytes]:
    """Let the bank say something, whatever the format."""
    monkeypatch.setattr(answers, "read", lambda *_: BankFile("camt.053", rows))
    return Answers(pool, CALENDAR, HeldClock(NOW)), repr(rows).encode()


async def filed(pool: asyncpg.Pool, vault: Vault, amount: int = 100) -> str:
    await make_available(pool, SHOPS[0], amount)
    await the_payouts(pool, vault).run("li")
    return (await only_payout(pool)).hex
