"""Who works at the acquirer: operators who press any button, and whoever pays shops out."""

import asyncio
from datetime import timedelta
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any, Final

from annul.diagnose.lessons import Lessons
from annul.domain.errors import AnnulError
from annul.resolve.book import Book
from annul.resolve.conclusion import Person
from annul.resolve.conclusions import Conclusions
from annul.resolve.people import People
from annul.security.vault import Vault
from annul.store.batcher import LOST

from .virtual import VirtualClock
from .world import MASTER_KEY

if TYPE_CHECKING:
    from .cell import Cell

_ACTIONS: Final = ("retry", "refund", "withdraw", "look", "reject", "close", "note")
_QUIET: Final = timedelta(seconds=15)  # after which nothing of a transaction is on its way
_HANDS: Final = (("olga", "operator"), ("otto", "administrator"))
_WHERE: Final = ("bank", "bank", "merchant_frozen")
# What a shop has and nothing holds is paid out, as in a settlement: by an entry of its first sale.
_PAY_OUT: Final = """
WITH first AS (
    SELECT merchant_id, id, currency, business_date FROM transactions
    WHERE merchant_id = $1 ORDER BY received_at, id LIMIT 1
), paid AS (
    UPDATE merchant_balances b
    SET pending = 0,
        frozen = b.frozen + CASE WHEN $4::text = 'merchant_frozen' THEN o.pending ELSE 0 END
    FROM first f, merchant_balances o
    WHERE b.merchant_id = f.merchant_id AND b.currency = f.currency
      AND o.merchant_id = b.merchant_id AND o.currency = b.currency
      AND b.pending > 0 AND b.reserved = 0
    RETURNING b.merchant_id, o.pending AS amount
)
INSERT INTO entries (merchant_id, transaction_id, cause, line, debit, credit, amount, currency,
                     business_date, posted_at)
SELECT f.merchant_id, f.id, 'adjustment', 100 + $3, 'merchant_pending', $4::text, p.amount,
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
                case,
                action,
                who=who,
                role=role,
                reason="一试",
                second_person_from=500_00,
                now=cell.loop.now(),
            )
            cell.say("operator", f"{who} {action} {case.number}: {said}")
        except AnnulError as error:
            cell.say("operator", f"refused: {error.code}")
        except LOST:
            await asyncio.sleep(1.0)


async def pay_out(cell: "Cell") -> None:
    """Pay out, or freeze, what shops have whose contract wants voids covered."""
    random = Random(f"{cell.plan.seed} payouts")
    pool: Any = cell.database.pool()
    shops = await pool.fetch(
        "SELECT merchant_id FROM merchants WHERE void_needs_balance ORDER BY merchant_id"
    )
    for number in count():
        await asyncio.sleep(random.expovariate(1 / 6))
        try:
            (shop,) = random.choice(shops)
            where = random.choice(_WHERE)
            done = await pool.execute(_PAY_OUT, shop, cell.loop.now(), number, where)
            cell.say("payout", f"{shop} {where} {done}")
        except LOST:
            await asyncio.sleep(1.0)


async def conclude(cell: "Cell") -> None:
    """Ask issuers on the telephone what they have booked of money in question; two conclude it."""
    random = Random(f"{cell.plan.seed} telephone")
    pool: Any = cell.database.pool()
    clock = VirtualClock(cell.loop)
    book = Book(pool, timedelta(minutes=1), 0)
    conclusions = Conclusions(pool, book, Vault(MASTER_KEY), None, clock)
    one, other = (Person(name, role) for name, role in _HANDS)
    while True:
        await asyncio.sleep(random.expovariate(1 / 5))
        try:
            rows = await conclusions.in_question("", 20)
            rows = [row for row in rows if clock.now() - row["since"] > _QUIET]
            if not rows:
                continue
            row = random.choice(rows)
            named, moved = str(row["transaction_id"] or row["id"]), _booked(cell, row)
            if moved not in {0, row["amount"]}:  # neither done nor not: the issuer has to mend it
                continue
            done = moved != 0
            made = await conclusions.propose(
                named,
                one,
                done=done,
                reason="电话核实",
                evidence=b"by telephone",
                evidence_name="note.txt",
            )
            await asyncio.sleep(random.uniform(0.0, 3.0))
            made = await conclusions.confirm(named, made.id, other, reason="电话核实")
            cell.say("operator", f"concluded {row['rrn']} done {done}: {made.state}")
        except AnnulError as error:
            cell.say("operator", f"not concluded: {error.code}")
        except LOST:
            await asyncio.sleep(1.0)


def _booked(cell: "Cell", row: dict[str, Any]) -> int:
    """Give what a transaction has moved by the issuers' books, in minor units either way."""
    return sum(
        abs(entry.net)
        for issuer in cell.issuers
        for entry in issuer.books.entries.values()
        if (entry.merchant, entry.rrn) == (row["merchant_id"], row["rrn"])
    )
