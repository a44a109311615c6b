"""Voids of past days as they stand in the books: cases by end and cause, and what went through."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg

from annul.security.software import SoftwareModule
from annul.sim.demo import DemoPlan, seed

ISSUER, OTHER = "00000101", "00000102"
_CASE = """
INSERT INTO cases (merchant_id, id, number, terminal_id, original_id, kind, amount, currency,
    card_masked, issuer_id, opened_at, due_at, first_due_at, next_action_at, cause,
    confirmed, ended, ended_at)
VALUES ($1, $2, $2::uuid::text, $3, $4, $5, 1000, '156', '620001******0007', $6, $7, $8, $8, $7,
        $9, $10, $11, $12)
"""
_VOID = """
INSERT INTO transactions (merchant_id, id, kind, state, sent, node, terminal_id, batch, trace,
    business_date, amount, currency, original_id, card_hash, card_masked, card_cipher, card_type,
    entry_mode, condition, issuer_id, rrn, received_at)
VALUES ($1, $2, $3, $4, 'answered', 0, $5, '000001', left($2::uuid::text, 6),
        '2026-01-01', 1000, '156', $6, '', '', '', 'debit', '', '', $7, $2::uuid::text, $8)
"""


async def shops(pool: asyncpg.Pool) -> list[tuple[str, str]]:
    """Seed two issuers and two merchants, and give them with a terminal of each."""
    await seed(pool, SoftwareModule(bytes(32)), DemoPlan((1, 2), merchants=2))
    rows = await pool.fetch(
        "SELECT merchant_id, min(terminal_id) FROM terminals GROUP BY 1 ORDER BY 1"
    )
    return [tuple(row) for row in rows]


async def case(pool: asyncpg.Pool, shop: tuple[str, str], at: datetime, **more: Any) -> Any:
    """Put a case of a void; `took` none: it is open."""
    given = {
        "cause": "issuer_down",
        "confirmed": "",
        "ended": "voided",
        "took": timedelta(minutes=5),
        "due": timedelta(minutes=15),
        "issuer": ISSUER,
        "kind": "void",
        "original": uuid4(),
    } | more
    identity = uuid4()
    ended_at = at + given["took"] if given["ended"] else None
    await pool.execute(
        _CASE,
        shop[0],
        identity,
        shop[1],
        given["original"],
        given["kind"],
        given["issuer"],
        at,
        at + given["due"],
        given["cause"],
        given["confirmed"],
        given["ended"],
        ended_at,
    )
    return identity


async def void(pool: asyncpg.Pool, shop: tuple[str, str], at: datetime, **more: Any) -> None:
    """Put a void that went through."""
    given = {"kind": "void", "state": "approved", "issuer": ISSUER, "original": uuid4()} | more
    await pool.execute(
        _VOID,
        shop[0],
        uuid4(),
        given["kind"],
        given["state"],
        shop[1],
        given["original"],
        given["issuer"],
        at,
    )
