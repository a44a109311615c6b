"""Who works at the acquirer: operators who press any button, and whoever pays shops out."""

import asyncio
from datetime import timedelta
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any, Final

from annul.diagnose.lessons import Lessons
from annul.domain.errors import AnnulError
from annul.resolve.book import Book
from annul.resolve.people import People
from annul.store.batcher import LOST

if TYPE_CHECKING:
    from .cell import Cell

_ACTIONS: Final = ("retry", "refund", "withdraw", "look", "reject", "close", "note")
_HANDS: Final = (("olga", "operator"), ("otto", "administrator"))
# What a shop has and nothing holds is paid out, as in a settlement: by an entry of its first sale.
_PAY_OUT: Final = """
WITH first AS (
    SELECT merchant_id, id, currency, business_date FROM transactions
    WHERE merchant_id = $1 ORDER BY received_at, id LIMIT 1
), paid AS (
    UPDATE merchant_balances b SET pending = 0 FROM first f, merchant_balances o
    WHERE b.merchant_id = f.merchant_id AND b.currency = f.currency
      AND o.merchant_id = b.merchant_id AND o.currency = b.currency
      AND b.pending > 0 AND b.reserved = 0
    RETURNING b.merchant_id, o.pending AS amount
)
INSERT INTO entries (merchant_id, transaction_id, cause, line, debit, credit, amount, currency,
                     business_date, posted_at)
SELECT f.merchant_id, f.id, 'adjustment', 100 + $3, 'merchant_pending', 'bank', p.amount,
       f.currency, f.business_date, $2
FROM first f JOIN paid p USING (merchant_id)
"""


async def operate(cell: "Cell") -> None:
    """Press any button of any open case, as two people would who know nothing."""
    random = Random(f"{cell.plan.seed} operators")
    pool: Any = cell.database.pool()
    book = Book(pool, timedelta(minutes=1), 0)
    people = People(book, Lessons(pool))
    while True:
        await asyncio.sleep(random.expovariate(1 / 8))
        try:
            cases = await book.latest(only_open=True, limit=20)
            if not cases:
                continue
            case = random.choice(cases)
            who, role = random.choice(_HANDS)
            action = random.choice(_ACTIONS)
            said = await people.act(
                case, action, who=who, role=role, reason="一试", second_person_from=500_00,
                now=cell.loop.now(),
            )  # fmt: skip
            cell.say("operator", f"{who} {action} {case.number}: {said}")
        except AnnulError as error:
            cell.say("operator", f"refused: {error.code}")
        except LOST:
            await asyncio.sleep(1.0)


async def pay_out(cell: "Cell") -> None:
    """Pay out shops whose contract wants voids covered: what they sold does not cover them then."""
    random = Random(f"{cell.plan.seed} payouts")
    pool: Any = cell.database.pool()
    shops = await pool.fetch(
        "SELECT merchant_id FROM merchants WHERE void_needs_balance ORDER BY merchant_id"
    )
    for number in count():
        await asyncio.sleep(random.expovariate(1 / 6))
        try:
            (shop,) = random.choice(shops)
            done = await pool.execute(_PAY_OUT, shop, cell.loop.now(), number)
            cell.say("payout", f"{shop} {done}")
        except LOST:
            await asyncio.sleep(1.0)
