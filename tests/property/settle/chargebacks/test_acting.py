"""Whatever is done with a sale, twice at once, in any order: nothing is lost or paid twice."""

import asyncio
from itertools import count
from typing import Any

import asyncpg
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from annul.domain.chargebacks import ENDS, Act, Reason, Stage
from annul.domain.errors import AnnulError
from annul.domain.records import Transaction
from annul.settle.chargebacks import book
from annul.settle.chargebacks.book import Claim, Doing
from annul.store.database import connect
from annul.store.journal import Journal, Opening
from tests.support.builders import sent
from tests.support.charged import done, letter, shop
from tests.support.clock import NOON
from tests.support.rows import put_transaction
from tests.support.sales import approved

_AMOUNT = 10_000
_TRACES = count(1)
_ACTS = [act for act in Act if act is not Act.EXPIRE]
# What is done: an act on the live chargeback, a new claim of so much, or a refund or void.
_STEPS = st.one_of(
    st.sampled_from(_ACTS),
    st.tuples(st.just("claim"), st.integers(1, _AMOUNT)),
    st.tuples(st.just("refund"), st.integers(1, _AMOUNT)),
    st.tuples(st.just("void"), st.just(_AMOUNT)),
)
_STANDS = """
SELECT t.undone, t.undoing, t.charged_back, t.amount,
       coalesce((SELECT sum(c.held) FROM chargebacks c
                 WHERE c.transaction_id = t.id AND c.money IN ('held', 'paid')), 0)::bigint
           AS claims,
       (SELECT count(*) FROM chargebacks c
        WHERE c.transaction_id = t.id AND c.ended_at IS NULL) AS live
FROM transactions t WHERE t.id = $1
"""
# What stands on each account for one chargeback: credits less debits.
_ENTRIES = """
SELECT account, sum(amount)::bigint AS amount FROM (
    SELECT e.credit AS account, e.amount FROM entries e JOIN mine USING (subject)
    UNION ALL
    SELECT e.debit, -e.amount FROM entries e JOIN mine USING (subject)) x
GROUP BY account
"""
_MINE = """
WITH mine AS (
    SELECT id AS subject FROM chargebacks WHERE transaction_id = $1
    UNION ALL
    SELECT id FROM account_moves WHERE about = $1)
"""


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(_STEPS, min_size=1, max_size=9))
@example(steps=[("claim", 10_000), Act.CHARGE_BACK, ("void", 10_000), Act.WITHDRAW])
@example(steps=[("claim", 6_000), Act.CHARGE_BACK, ("refund", 4_000), Act.ACCEPT, ("claim", 1)])
@example(
    steps=[("refund", 4_000), ("claim", 10_000), Act.CHARGE_BACK, Act.REPRESENT, Act.SECOND,
           Act.ARBITRATE, Act.LOSE, ("refund", 1)]
)  # fmt: skip
def test_a_sale_is_given_back_at_most_once(database: str, steps: list[Any]) -> None:
    asyncio.run(_play(database, steps))


async def _play(database: str, steps: list[Any]) -> None:
    pool = await connect(database)
    journal = Journal(pool)
    try:
        if not await pool.fetchval("SELECT count(*) FROM merchants"):
            await shop(pool, 0)
        sale = await put_transaction(pool, next(_TRACES))
        for step in steps:
            await asyncio.gather(*(_do(pool, journal, sale, step) for _ in range(2)))
            await _holds(pool, sale)
    finally:
        await journal.close()
        await pool.close()


async def _do(pool: asyncpg.Pool, journal: Journal, sale: Transaction, step: Any) -> None:
    """Do one thing; what is refused does nothing."""
    if isinstance(step, Act):
        live = await pool.fetchval(
            "SELECT id FROM chargebacks WHERE transaction_id = $1 AND ended_at IS NULL", sale.id
        )
        if live is not None:
            try:
                await letter(pool, live)
                await done(pool, live, step)
            except AnnulError:
                return
        return
    what, amount = step
    if what == "claim":
        claim = Claim(
            sale.merchant_id, uuid7(), f"CB{next(_TRACES)}", sale.id, Reason.FRAUD, amount, NOON
        )
        try:
            async with pool.acquire() as connection, connection.transaction():
                await book.open_(connection, claim, Doing("li", "", NOON))
        except AnnulError:
            return
        return
    back = sent(next(_TRACES), kind=what, amount=amount, holds=amount, original_id=sale.id)
    if await journal.open(Opening(back, 0, whole=what == "void")):
        state = "voided" if what == "void" else "refunded"
        await journal.conclude(approved(back, transfers=(), original_state=state, undoing=-amount))


async def _holds(pool: asyncpg.Pool, sale: Transaction) -> None:
    """What went back and what is charged back is never more than the sale, and where it says."""
    [row] = await pool.fetch(_STANDS, sale.id)
    assert row["undone"] + row["charged_back"] <= _AMOUNT
    assert row["charged_back"] == row["claims"]
    assert row["live"] <= 1
    found = await pool.fetch(_MINE + _ENTRIES, sale.id)
    by = {one["account"]: one["amount"] for one in found}
    assert sum(by.values()) == 0
    rows = await pool.fetch("SELECT * FROM chargebacks WHERE transaction_id = $1", sale.id)
    held = sum(one["held"] + one["fee"] for one in rows if one["money"] == "held")
    paid = sum(one["held"] for one in rows if one["money"] == "paid")
    assert by.get("chargeback", 0) == held
    assert by.get("issuer_receivable", 0) == paid
    assert by.get("merchant_available", 0) == -held - paid - by.get("fee_income", 0)
    assert all((one["ended_at"] is not None) is (Stage(one["stage"]) in ENDS) for one in rows)
