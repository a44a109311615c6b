"""Payouts as people look for them: by index, page by page, and what became of one that failed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from annul.desk import payouts as views
from annul.desk.desk import Desk
from annul.desk.roles import Visitor
from tests.support.paying import HOUSE
from tests.support.rows import put

from .people import person

TEA, CAFE = "898000058120000", "898000058120001"
NOON = datetime(2026, 9, 28, 4, tzinfo=UTC)
_DAY = timedelta(days=1)
_MANY = """
INSERT INTO merchants (merchant_id, name_zh, name_en, category)
SELECT (898000058121000 + shop)::text, '店', 'Shop', '5812' FROM generate_series(0, 99) shop;
INSERT INTO payout_accounts
    (merchant_id, id, currency, holder, bank, sealed, shown, state, reason, asked_by, asked_at)
SELECT merchant_id, md5(merchant_id)::uuid, '156', 'Shop', '104100000004', '', '0017', 'used',
       'new', 'li', '2026-01-01'
FROM merchants;
INSERT INTO payouts (merchant_id, id, currency, amount, account_id, run_on, state, made_at)
SELECT merchant_id, gen_random_uuid(), '156', 100, md5(merchant_id)::uuid,
       date '2026-01-01' + day, 'paid', timestamptz '2026-01-01 04:00+00' + day * interval '1 day'
FROM merchants, generate_series(0, 199) day;
ANALYZE merchants, payout_accounts, payouts
"""


@pytest.fixture
async def operator(desk: Desk) -> Visitor:
    """Somebody who sees all payouts."""
    return await person(desk, "operator")


async def _payout(pool: asyncpg.Pool, at: datetime, **changes: Any) -> UUID:
    """A payout at a time of its own, whose account is its own as well."""
    identity, account = uuid4(), uuid4()
    row: dict[str, Any] = {
        "merchant_id": TEA, "id": identity, "currency": "156", "amount": 100,
        "account_id": account, "run_on": at.date(), "state": "paid", "made_at": at,
    }  # fmt: skip
    row |= changes
    known: dict[str, Any] = {
        "merchant_id": row["merchant_id"], "id": account, "currency": "156", "holder": "Tea",
        "bank": "104100000004", "sealed": b"", "shown": "0017", "state": "replaced",
        "reason": "new", "asked_by": "li", "asked_at": at,
    }  # fmt: skip
    await put(pool, "payout_accounts", known)
    await put(pool, "payouts", row)
    return identity


async def test_they_come_the_latest_first_page_by_page(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    times = (NOON - 2 * _DAY, NOON - _DAY, NOON, NOON, NOON + timedelta(hours=1))
    made = [await _payout(pool, at) for at in times]
    seen, cursor = list[UUID](), ""
    while True:
        found = await views.search(desk, operator, limit=2, cursor=cursor)
        seen += [row["id"] for row in found.rows]
        cursor = found.following
        if not cursor:
            break
    assert seen == [made[4], *sorted(made[2:4], reverse=True), made[1], made[0]]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"merchant_id": CAFE}, {"cafe"}),
        ({"state": "returned"}, {"returned"}),
        ({"day": (NOON - _DAY).date()}, {"before"}),
        ({"day": NOON.date(), "merchant_id": TEA, "state": "paid"}, {"tea"}),
    ],
)
async def test_only_what_is_asked_for_is_found(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool, asked: dict[str, Any], expected: set[str]
) -> None:
    cafe = {"merchant_id": CAFE, "name_zh": "咖啡", "name_en": "Cafe", "category": "5812"}
    await put(pool, "merchants", cafe)
    made = {
        "tea": await _payout(pool, NOON),
        "cafe": await _payout(pool, NOON, merchant_id=CAFE),
        "returned": await _payout(pool, NOON, state="returned"),
        "before": await _payout(pool, NOON - _DAY),
    }
    found = await views.search(desk, operator, **asked)
    assert {row["id"] for row in found.rows} == {made[name] for name in expected}


@pytest.mark.parametrize("asked", [{}, {"day": NOON.date()}, {"merchant": TEA}])
async def test_however_many_there_were_a_page_is_read_by_index(
    table_owner: asyncpg.Pool, asked: dict[str, Any]
) -> None:
    """A list that is shown every few seconds reads a day at most, of a shop's own even less."""
    await table_owner.execute(_MANY)
    sql, *values = views.statement(tuple(asked))(**asked, limit=50)
    plan = "\n".join(row[0] for row in await table_owner.fetch(f"EXPLAIN {sql}", *values))
    assert "payouts_merchant" in plan if "merchant" in asked else "payouts_run" in plan, plan
    assert "Seq Scan on payouts" not in plan, plan


async def test_a_payout_that_failed_says_where_its_money_is(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    failed = await _payout(pool, NOON, state="rejected")
    later = await _payout(pool, NOON + _DAY)
    back: dict[str, Any] = {
        "merchant_id": TEA, "id": uuid4(), "currency": "156", "kind": "payout_return",
        "amount": 100, "about": failed, "reason": "AC04", "state": "done", "asked_by": "",
        "asked_at": NOON + timedelta(hours=2), "payout_id": later,
    }  # fmt: skip
    await put(pool, "account_moves", back)
    row = await views.find(desk, operator, failed)
    assert (row["back_at"], row["back_in"]) == (NOON + timedelta(hours=2), later)
    row = await views.find(desk, operator, later)
    assert (row["back_at"], row["back_in"]) == (None, None)


async def test_a_statement_that_is_read_by_hand_is_held_against_the_houses_account(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    payout = await _payout(pool, NOON, state="filed")
    entry = f":61:2609280928C1,00NTRFNONREF\n:86:EREF+{payout.hex}\n"
    content = f":20:1\n:25:6222\n:28C:1\n:60F:C260928CNY1,\n{entry}:62F:C260928CNY2,\n"
    mine = replace(desk, house_bank=HOUSE)
    done = await views.read(mine, operator, content.encode(), "102000000001.sta", "by mail")
    assert done.outcomes == {"foreign": 1}
    kept = "SELECT subject FROM incidents UNION ALL SELECT object FROM audit"
    assert not [row for row in await pool.fetch(kept) if "102000000001" in row[0]]
