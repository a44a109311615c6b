"""What a chargeback's money does: taken from the merchant, given back, or gone to the issuer.

Only what stands of the transaction is ever held: what a void or refund gave back before is answered
by its proof, and is not paid twice.
"""

from typing import Any, Final
from uuid import UUID, uuid5

from annul.domain.business_day import Calendar
from annul.domain.chargebacks import Effect, MoneyState
from annul.domain.ledger import CHARGEBACK, FEE_INCOME, ISSUER_RECEIVABLE, PostingKind, Transfer
from annul.domain.payouts import MoveKind
from annul.merchants.cut_overs import day_of
from annul.settle import moves
from annul.settle.moves import Move
from annul.store.posting import Posted, Posting, post

from .book import HOLDING, SQL, Chargeback, Doing, Money
from .errors import NotNext, OriginalMoving
from .rules import ChargebackRules

_MOVES: Final = UUID("2c6a1a53-5c1d-4a39-8f57-3a1c0f1f6f44")  # the names of chargebacks' moves


async def follow(
    connection: Any,
    calendar: Calendar,
    rules: ChargebackRules,
    one: Chargeback,
    effect: Effect,
    doing: Doing,
) -> Money:
    """Let the money do what a move says, and give where it is then; raises `OriginalMoving`."""
    match effect:
        case Effect.HOLD:
            return await _hold(connection, calendar, rules, one, doing)
        case Effect.RETURN if one.money is MoneyState.HELD:
            return await _give_back(connection, calendar, one, doing)
        case Effect.PAY if one.money is MoneyState.HELD:
            return await _pay(connection, calendar, one, doing)
        case _:
            return Money(one.held, one.fee, one.money)


async def _hold(
    connection: Any, calendar: Calendar, rules: ChargebackRules, one: Chargeback, doing: Doing
) -> Money:
    """Take what stands of the claim, as far as it was not taken at an earlier stage."""
    key = {"merchant": one.merchant_id, "id": one.transaction_id}
    original = await connection.fetchrow(*SQL["original"](**key))
    if original["undoing"]:
        raise OriginalMoving
    stands = 0
    if original["state"] in HOLDING:
        stands = original["amount"] - original["undone"] - original["charged_back"]
    taken = min(one.amount - one.held, stands)
    if not taken:
        return Money(one.held, one.fee, one.money)
    fee = 0 if one.fee else rules.fee
    if await connection.fetchval(*SQL["hold"](**key, amount=taken)) is None:
        raise OriginalMoving
    await _move(connection, calendar, one, MoveKind.CHARGEBACK_HOLD, -(taken + fee), doing)
    return Money(one.held + taken, one.fee + fee, MoneyState.HELD)


async def _give_back(connection: Any, calendar: Calendar, one: Chargeback, doing: Doing) -> Money:
    key = {"merchant": one.merchant_id, "id": one.transaction_id}
    if await connection.fetchval(*SQL["free"](**key, amount=one.held)) is None:
        raise NotNext
    back = one.held + one.fee
    await _move(connection, calendar, one, MoveKind.CHARGEBACK_RETURN, back, doing)
    return Money(one.held, one.fee, MoneyState.RETURNED)


async def _pay(connection: Any, calendar: Calendar, one: Chargeback, doing: Doing) -> Money:
    transfers = (
        Transfer(CHARGEBACK, account, amount)
        for account, amount in ((ISSUER_RECEIVABLE, one.held), (FEE_INCOME, one.fee))
        if amount
    )
    posting = Posting(
        merchant_id=one.merchant_id,
        currency=one.currency,
        kind=PostingKind.CHARGEBACK_END,
        subject=one.id,
        transfers=tuple(transfers),
        business_date=await day_of(connection, calendar, one.merchant_id, doing.now),
    )
    if await post(connection, posting, doing.now, covered=False) is not Posted.DONE:
        raise NotNext
    return Money(one.held, one.fee, MoneyState.PAID)


async def _move(
    connection: Any,
    calendar: Calendar,
    one: Chargeback,
    kind: MoveKind,
    amount: int,
    doing: Doing,
) -> None:
    """Move between the merchant and `chargeback`, numbered by the event that it belongs to."""
    identity = uuid5(_MOVES, f"{one.id} {one.events + 1}")
    move = Move(one.merchant_id, identity, kind, amount, one.currency, one.transaction_id)
    first = doing.asked_by or doing.who
    if not await moves.ask(connection, move, doing.reason, first, doing.now):
        raise NotNext
    await moves.carry_out(connection, calendar, one.merchant_id, identity, doing.who, doing.now)
