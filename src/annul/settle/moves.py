"""Money of a merchant is frozen, freed, set right, charged back: asked for, then posted once."""

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from annul.domain.business_day import Calendar
from annul.domain.errors import AnnulError
from annul.domain.ledger import MERCHANT_AVAILABLE, PostingKind, Transfer
from annul.domain.payouts import OTHER_SIDE, MoveKind
from annul.merchants.cut_overs import day_of
from annul.store.posting import Posted, Posting, post
from annul.store.sql import load

SQL: Final = load("annul.settle", "moves.sql")


# What takes of a merchant also what is not there.
_UNCOVERED: Final = frozenset(
    {MoveKind.CHARGEBACK, MoveKind.CHARGEBACK_HOLD, MoveKind.CORRECTION, MoveKind.CLEARING}
)


class NotCovered(AnnulError):
    """So much is not there, or voids on their way need it. No money has moved."""

    code = "settle.not_covered"
    next_step = "Ask for less, or wait until more is available."


class NotAsked(AnnulError):
    """Nothing of this number waits to be decided. No money has moved."""

    code = "settle.not_asked"
    next_step = "Look at the merchant's account for what became of it."


class Move(NamedTuple):
    """What is asked for: `amount` by its sign, minor units, of what is available.

    `about` is the transaction that is corrected or disputed.
    """

    merchant_id: str
    id: UUID
    kind: MoveKind
    amount: int
    currency: str
    about: UUID | None = None


async def ask(connection: Any, move: Move, reason: str, who: str, now: datetime) -> bool:
    """Keep what is asked for; False when this id was asked for before."""
    return bool(
        await connection.fetchval(
            *SQL["ask"](
                merchant=move.merchant_id,
                id=move.id,
                currency=move.currency,
                kind=move.kind,
                amount=move.amount,
                about=move.about,
                reason=reason,
                who=who,
                now=now,
            )
        )
    )


async def carry_out(
    connection: Any, calendar: Calendar, merchant_id: str, identity: UUID, who: str, now: datetime
) -> None:
    """Post what waits, within the caller's transaction.

    Raises `NotAsked`, and `NotCovered` where it takes more than there is; a chargeback takes it all
    the same, as the issuer has it already: then the merchant owes it.
    """
    row = await connection.fetchrow(*SQL["lock"](merchant=merchant_id, id=identity))
    if row is None:
        raise NotAsked
    kind, amount = MoveKind(row["kind"]), row["amount"]
    there = OTHER_SIDE[kind]
    debit, credit = (there, MERCHANT_AVAILABLE) if amount > 0 else (MERCHANT_AVAILABLE, there)
    posting = Posting(
        merchant_id=merchant_id,
        currency=row["currency"],
        kind=PostingKind(kind),
        subject=identity,
        transfers=(Transfer(debit, credit, abs(amount)),),
        business_date=await day_of(connection, calendar, merchant_id, now),
    )
    covered = kind not in _UNCOVERED
    if await post(connection, posting, now, covered=covered) is Posted.UNCOVERED:
        raise NotCovered
    done = SQL["end"](merchant=merchant_id, id=identity, state="done", who=who, now=now)
    if await connection.fetchval(*done) is None:
        raise NotAsked


async def reject(
    connection: Any, merchant_id: str, identity: UUID, who: str, now: datetime
) -> None:
    """Let what waits come to nothing; raises `NotAsked`."""
    end = SQL["end"](merchant=merchant_id, id=identity, state="rejected", who=who, now=now)
    if await connection.fetchval(*end) is None:
        raise NotAsked
