"""Who works at the acquirer: operators who press any button, and whoever pays shops out."""

import asyncio
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from annul.diagnose.lessons import Lessons
from annul.domain.errors import AnnulError
from annul.domain.ledger import BANK, MERCHANT_FROZEN, MERCHANT_PENDING, PostingKind, Transfer
from annul.resolve.book import Book
from annul.resolve.conclusion import Person
from annul.resolve.conclusions import Conclusions
from annul.resolve.people import People
from annul.security.vault import Vault
from annul.store.batcher import LOST
from annul.store.posting import Posting, post

from .virtual import VirtualClock
from .world import MASTER_KEY

if TYPE_CHECKING:
    from .cell import Cell

_ACTIONS: Final = (
    "retry",
    "refund",
    "withdraw",
    "look",
    "reject",
    "close",
    "note",
    "take",
    "hand-back",
    "recall",
)
_QUIET: Final = timedelta(seconds=15)  # after which nothing of a transaction is on its way
_HANDS: Final = (("olga", "operator"), ("otto", "administrator"))
_TAKEN: Final = (
    (PostingKind.PAYOUT, BANK),
    (PostingKind.PAYOUT, BANK),
    (PostingKind.FREEZE, MERCHANT_FROZEN),
)
_PENDING: Final = """
SELECT b.merchant_id, b.currency, b.pending
FROM merchant_balances b JOIN merchants m USING (merchant_id)
WHERE m.void_needs_balance AND b.pending > 0 ORDER BY b.merchant_id
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
    posting = None
    while True:
        await asyncio.sleep(random.expovariate(1 / 6))
        try:
            if posting is None:
                rows = await pool.fetch(_PENDING)
                if not rows:
                    continue
                merchant_id, currency, pending = random.choice(rows)
                kind, to = random.choice(_TAKEN)
                moved = (Transfer(MERCHANT_PENDING, to, pending),)
                subject = UUID(int=random.getrandbits(128))
                day = cell.loop.now().date()
                posting = Posting(merchant_id, currency, kind, subject, moved, day)
            done = await post(pool, posting, cell.loop.now())
            cell.say("payout", f"{posting.merchant_id} {posting.kind} {posting.transfers} {done}")
            posting = None
        except LOST:  # whether it is written is not known: the same once more
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
