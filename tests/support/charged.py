"""Chargebacks for tests: entered, moved on, and the money counted."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from uuid_utils.compat import uuid7

from annul.domain.business_day import Calendar
from annul.domain.chargebacks import Act, EvidenceKind, Reason
from annul.domain.records import Transaction
from annul.security.vault import Vault
from annul.settle.chargebacks import acting, book, evidence
from annul.settle.chargebacks.book import Chargeback, Claim, Doing
from annul.settle.chargebacks.evidence import Document
from annul.settle.chargebacks.rules import ChargebackRules
from tests.support.clock import NOON
from tests.support.rows import put

CALENDAR = Calendar(ZoneInfo("Asia/Shanghai"), time(23, 0))
RULES = ChargebackRules(fee=500, second_person_from=10_000_000)
VAULT = Vault(bytes(32))
SHOP = "898000058120000"


async def shop(pool: asyncpg.Pool, available: int = 50_000) -> None:
    """Give the merchant of the builders' transactions, with a balance by a correction."""
    row = {"merchant_id": SHOP, "name_zh": "示例茶馆", "name_en": "Tea", "category": "5812"}
    await put(pool, "merchants", row)
    await put(
        pool, "merchant_balances", {"merchant_id": SHOP, "currency": "156", "available": available}
    )


async def claimed(
    pool: asyncpg.Pool,
    sale: Transaction,
    amount: int = 0,
    number: str = "CB1",
    at: datetime = NOON,
) -> Chargeback | None:
    """Write a claim down; nothing has moved yet."""
    claim = Claim(
        sale.merchant_id, uuid7(), number, sale.id, Reason.CANCELLED, amount or sale.amount, at
    )
    async with pool.acquire() as connection, connection.transaction():
        return await book.open_(connection, claim, Doing("li", "from the network", at))


async def done(
    pool: asyncpg.Pool,
    identity: UUID,
    *whats: Act,
    at: datetime = NOON,
    rules: ChargebackRules = RULES,
) -> Chargeback:
    """Move a chargeback on, each act in a commit of its own."""
    one: Chargeback | None = None
    for what in whats:
        async with pool.acquire() as connection, connection.transaction():
            one = await book.locked(connection, identity)
            doing = Doing("li", "as it came", at)
            one = await acting.act(connection, CALENDAR, rules, one, what, doing)
    assert one is not None, "something is done"
    return one


async def letter(pool: asyncpg.Pool, identity: UUID, text: str = "they were there") -> None:
    """Add a document that somebody gave."""
    content = text.encode()
    document = Document(
        EvidenceKind.LETTER, "letter.txt", content, evidence.media_type(content), uuid7()
    )
    async with pool.acquire() as connection, connection.transaction():
        one = await book.locked(connection, identity)
        await evidence.add(connection, VAULT, one, [document], "li", NOON)


async def sums(pool: asyncpg.Pool) -> dict[str, int]:
    """Give what stands on each account by the entries of chargebacks: credits less debits."""
    rows = await pool.fetch(
        "SELECT account, sum(amount)::bigint AS amount FROM ("
        " SELECT credit AS account, amount FROM entries WHERE kind LIKE 'chargeback%'"
        " UNION ALL SELECT debit, -amount FROM entries WHERE kind LIKE 'chargeback%') e"
        " GROUP BY account HAVING sum(amount) <> 0"
    )
    return {row["account"]: row["amount"] for row in rows}


async def available(pool: asyncpg.Pool) -> int:
    return await pool.fetchval("SELECT available FROM merchant_balances")


async def set_aside(pool: asyncpg.Pool, sale: Transaction) -> int:
    return await pool.fetchval("SELECT charged_back FROM transactions WHERE id = $1", sale.id)


async def ask_all(pool: asyncpg.Pool, names: tuple[str, ...]) -> dict[str, Any]:
    """Give what the sweep's questions about chargebacks find."""
    from annul.resolve.audit_chargebacks import SQL

    return {name: [dict(row) for row in await pool.fetch(*SQL[name](limit=10))] for name in names}


LATER = timedelta(days=400)
