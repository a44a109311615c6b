"""Chargebacks as they are kept: opened and moved on, each within the caller's transaction.

Locks: the chargeback, then its transaction, then the merchant's balance; who opens one holds the
transaction first and waits for no chargeback.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

from annul.domain.chargebacks import (
    STAGES,
    Act,
    Effect,
    MoneyState,
    Move,
    Reason,
    Stage,
    move,
)
from annul.domain.kinds import TAKING
from annul.domain.states import UNFINISHED, State
from annul.domain.text import Text
from annul.resolve.case import Event, chained
from annul.store.sql import listed, load

from .errors import (
    AlreadyClaimed,
    NotAsked,
    NotClaimable,
    NotNext,
    NotThere,
)

# Of which something may stand that a chargeback can hold.
HOLDING: Final = (State.APPROVED, State.PARTLY_REFUNDED)
SQL: Final = load("annul.settle.chargebacks", "book.sql", holding=listed(HOLDING))
CLOCK: Final = "annul"  # who acts when a deadline has passed
OPENED, DUE, ENDED = "chargeback.opened", "chargeback.due", "chargeback.ended"
OF_DEADLINES: Final = ("chargeback_due_soon", "chargeback_ruling_late")  # the next act closes them


class Chargeback(NamedTuple):
    """A live chargeback, as it is locked; amounts in minor units.

    `amount` is claimed, `held` of it taken from the merchant, `fee` beside it.
    """

    merchant_id: str
    id: UUID
    number: str
    transaction_id: UUID
    issuer_id: str
    stage: Stage
    reason: Reason
    amount: int
    currency: str
    held: int
    fee: int
    money: MoneyState
    owner: str
    received_at: datetime
    due_at: datetime | None
    asked: str
    asked_reason: str
    asked_by: str
    asked_due_at: datetime | None
    events: int
    head: bytes

    @property
    def key(self) -> dict[str, Any]:
        """What its statements find it by."""
        return {"merchant": self.merchant_id, "id": self.id}


class Claim(NamedTuple):
    """What an issuer claims; `number` is the network's, `file` and `line` the row that told it."""

    merchant_id: str
    id: UUID
    number: str
    transaction_id: UUID
    reason: Reason
    amount: int
    received_at: datetime
    file: UUID | None = None
    line: int | None = None


class Doing(NamedTuple):
    """Who does something, why and when. `asked_by` is the first of two people."""

    who: str
    reason: str  # masked: what goes into the chain can never be taken out again
    now: datetime
    asked_by: str = ""


class Money(NamedTuple):
    """Where the money is after a move."""

    held: int
    fee: int
    state: MoneyState


async def open_(connection: Any, claim: Claim, doing: Doing) -> Chargeback | None:
    """Write a claim down; None where just this one was before.

    Raises `NotThere`, `NotClaimable`, `AlreadyClaimed`.
    """
    original = await connection.fetchrow(
        *SQL["original"](merchant=claim.merchant_id, id=claim.transaction_id)
    )
    if original is None:
        raise NotThere
    if original["kind"] not in TAKING or original["state"] in UNFINISHED:
        raise NotClaimable
    if not 0 < claim.amount <= original["amount"]:
        message = "an issuer can claim no more than the transaction"
        raise NotClaimable(message)
    opening = SQL["open"](
        merchant=claim.merchant_id,
        id=claim.id,
        number=claim.number,
        transaction=claim.transaction_id,
        issuer=original["issuer_id"],
        reason=claim.reason,
        amount=claim.amount,
        currency=original["currency"],
        file=claim.file,
        line=claim.line,
        received_at=claim.received_at,
        now=doing.now,
        who=doing.who,
    )
    if await connection.fetchval(*opening) is None:
        asked = SQL["known"](merchant=claim.merchant_id, number=claim.number)
        known = await connection.fetchrow(*asked)
        same = (claim.transaction_id, claim.reason, claim.amount)
        if known and (known["transaction_id"], known["reason"], known["amount"]) == same:
            return None
        raise AlreadyClaimed
    one = await locked(connection, claim.id)
    what = {"amount": claim.amount, "number": claim.number, "reason": claim.reason.value}
    if claim.file:
        what |= {"file": str(claim.file), "line": claim.line}
    event = Event("opened", STAGES[Stage.NOTED], doing.who, what)
    events, head = await say(connection, one, event, doing.now)
    await written(connection, "chain", **one.key, seen=one.events, events=events, head=head)
    return one._replace(events=events, head=head)


async def locked(connection: Any, identity: UUID) -> Chargeback:
    """Give a live chargeback, held for the caller's transaction; raises `NotNext`."""
    row = await connection.fetchrow(*SQL["lock"](id=identity))
    if row is None:
        raise NotNext
    values = cast("Mapping[str, Any]", dict(row))
    return Chargeback(
        **{
            **values,
            "stage": Stage(values["stage"]),
            "reason": Reason(values["reason"]),
            "money": MoneyState(values["money"]),
        }
    )


def moved_by(one: Chargeback, act: Act) -> Move:
    """Give the move that an act makes of it; raises `NotNext`."""
    step = move(one.stage, act)
    if step is None:
        raise NotNext
    return step


def at_stake(one: Chargeback, step: Move) -> int:
    """Give how much money a move lets go on, at most, in minor units."""
    if step.effect is Effect.HOLD:
        return one.amount - one.held
    held = one.money is MoneyState.HELD and step.effect is not Effect.NOTHING
    return one.held + one.fee if held else 0


async def ask(
    connection: Any, one: Chargeback, what: Act, doing: Doing, due_at: datetime | None = None
) -> None:
    """Keep an act that waits for a second person; raises `NotNext`."""
    moved_by(one, what)
    said = Text(f"申请：{doing.reason}", f"asked for: {doing.reason}")
    event = Event("asked", said, doing.who, {"act": what.value})
    events, head = await say(connection, one, event, doing.now)
    asked = {"act": what, "reason": doing.reason, "who": doing.who, "now": doing.now}
    asked["due_at"] = due_at
    rest = {"seen": one.events, "events": events, "head": head}
    await written(connection, "ask", **one.key, **asked, **rest)


async def reject(connection: Any, one: Chargeback, doing: Doing) -> None:
    """Let what was asked for come to nothing; raises `NotAsked`."""
    if not one.asked:
        raise NotAsked
    said = Text(f"驳回：{doing.reason}", f"rejected: {doing.reason}")
    evidence = {"act": one.asked, "asked_by": one.asked_by}
    events, head = await say(
        connection, one, Event("rejected", said, doing.who, evidence), doing.now
    )
    rest = {"seen": one.events, "events": events, "head": head}
    await written(connection, "reject", **one.key, **rest)


async def own(connection: Any, one: Chargeback, owner: str, doing: Doing) -> None:
    """Say who works on it; raises `NotNext`."""
    event = Event("owner", Text("指派", "assigned"), doing.who, {"owner": owner})
    events, head = await say(connection, one, event, doing.now)
    rest = {"seen": one.events, "events": events, "head": head}
    await written(connection, "own", **one.key, owner=owner, **rest)


async def note(connection: Any, one: Chargeback, event: Event, now: datetime) -> Chargeback:
    """Add something to its history that moves nothing; raises `NotNext`."""
    events, head = await say(connection, one, event, now)
    rest = {"seen": one.events, "events": events, "head": head}
    await written(connection, "chain", **one.key, **rest)
    return one._replace(events=events, head=head)


async def say(connection: Any, one: Chargeback, event: Event, now: datetime) -> tuple[int, bytes]:
    """Write an event behind the others; gives how many there are, and the chain's new head."""
    body = event.body(now)
    line, head = one.events + 1, chained(one.head, body)
    await connection.execute(*SQL["event"](**one.key, line=line, body=body, hash=head))
    return line, head


async def tell(connection: Any, one: Chargeback, event: str, now: datetime) -> None:
    """Tell the merchant's webhooks of it as it stands now."""
    await connection.execute(*SQL["told"](**one.key, event=event, now=now))


async def written(connection: Any, statement: str, **values: Any) -> None:
    """Run a guarded statement; raises `NotNext` where somebody was faster."""
    if await connection.fetchval(*SQL[statement](**values)) is None:
        raise NotNext
