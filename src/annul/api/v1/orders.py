"""Ordering voids and refunds, once per key, and waiting for their end."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Annotated, Any, Final, NamedTuple, TypeVar
from uuid import UUID

from fastapi import Request, Response
from pydantic import Field

from annul.client.models.orders import Refund, Void
from annul.client.models.parts import MERCHANT, ORIGINAL
from annul.desk import orders as views
from annul.desk import over_cells
from annul.desk.desk import Desk, NothingThere
from annul.desk.permission import NotAllowed
from annul.desk.roles import Visitor
from annul.diagnose.gather import VoidUnknown
from annul.domain.kinds import KINDS, REFUNDS, UNDOING, VOIDS
from annul.domain.orders import WAITING, Act
from annul.domain.records import Transaction
from annul.domain.standing import Standing, standing
from annul.domain.states import State
from annul.domain.text import Text
from annul.host.host import Host
from annul.host.ordered import Order, OrderRefused
from annul.resolve.case import UNPROVED, Case
from annul.store.sql import load

from .asked import Asked, Batch, MerchantId, Minor, Rrn, TerminalId, Trace, Words
from .idempotency import Keys
from .needs import desk_of

_COLUMNS: Final = ", ".join(f"t.{name}" for name in Transaction._fields)
_ORIGINAL: Final = ("id", "rrn", "kind", "state", "trace", "amount", "undone")
_SQL: Final = load(
    "annul.api.v1",
    "orders.sql",
    columns=_COLUMNS,
    original=", ".join(_ORIGINAL),
    case=", ".join(f"t.{name}" for name in Case._fields),
)
_LOOK_S: Final = 1.0  # between two looks at an order that somebody waits for
_CREATED: Final = 201
_GOES_ON: Final = 202
GOES_ON: Final = frozenset({"proposed", "pending"})
_running: set[asyncio.Task[Any]] = set()  # goes on when the caller has gone

Result = TypeVar("Result", Void, Refund)
Show = Callable[[Transaction], Awaitable[Result]]


Why = Annotated[
    Words,
    Field(max_length=500, description="Kept in the audit log.", examples=["goods returned"]),
]


class ByReference(Asked):
    """An original by its reference number (field 37)."""

    rrn: Rrn = Field(examples=[ORIGINAL])


class BySlip(Asked):
    """An original by what else stands on its slip."""

    terminal: TerminalId = Field(examples=["10000001"])
    batch: Batch = Field(examples=["000001"])
    trace: Trace = Field(description="Voucher number.", examples=["000001"])


class NewVoid(Asked):
    """What to void."""

    merchant: MerchantId = Field(examples=[MERCHANT])
    reason: Why = ""
    original: ByReference | BySlip
    amount: Minor | None = Field(
        None,
        description="In minor units; if given it must be that of the original.",
        examples=[10_000],
    )


class NewRefund(Asked):
    """What to refund."""

    merchant: MerchantId = Field(examples=[MERCHANT])
    reason: Why = ""
    original: ByReference | BySlip
    amount: Minor | None = Field(
        None,
        description="In minor units; all that is left of the original if not given.",
        examples=[2_500],
    )


async def ordered(
    keys: Keys,
    desk: Desk,
    visitor: Visitor,
    key: str,
    asked: NewVoid | NewRefund,
    show: Show[Result],
    made: type[Result],
) -> Response:
    """Carry an order out under its key, or answer as before.

    Raises `NothingThere`, `NoHost`, `ServedElsewhere`, `OrderRefused`, and what a key may raise.
    """
    host = desk.sender()
    if not visitor.sees(asked.merchant):
        message = f"there is no merchant {asked.merchant}"
        raise NothingThere(message)
    await over_cells.sent_here(desk, asked.merchant)
    whole = f"{made.__name__} {asked.model_dump_json()}"
    claim = await keys.claim(visitor, key, whole)
    if claim.answered is not None:
        status, body = claim.answered
        return _answer(status, made.model_validate(body), replayed=True)

    async def carried_out() -> Response:
        there = await _by_id(desk, asked.merchant, claim.identity) if claim.again else None
        if there is None:
            original = await _original(host, asked)
            act = Act.VOID if isinstance(asked, NewVoid) else Act.REFUND
            order = Order(asked.merchant, original, claim.identity, act, asked.amount)
            try:
                await views.order(desk, visitor, order, asked.reason)
            except (OrderRefused, NotAllowed):
                await keys.free(visitor, key)
                raise
            there = await _by_id(desk, asked.merchant, claim.identity)
        result = await show(there or await _waiting(desk, visitor, claim.identity))
        status = _GOES_ON if result.state in GOES_ON else _CREATED
        await keys.keep(visitor, key, status, result.model_dump(mode="json"))
        return _answer(status, result)

    task = asyncio.create_task(carried_out())
    _running.add(task)
    task.add_done_callback(_ended)
    return await asyncio.shield(task)


def _ended(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled():
        task.exception()  # looked at: whoever asked may have gone, and recovery has the row


async def void(desk: Desk, visitor: Visitor, named: str) -> Transaction:
    """Find a void, also one that waits or was refused at the door; raises `VoidUnknown`."""
    try:
        return await _void(desk, visitor, named)
    except NothingThere as error:
        raise VoidUnknown(str(error)) from None


@over_cells.the_one_that_knows
async def _void(desk: Desk, visitor: Visitor, named: str) -> Transaction:
    found = await _find(desk, visitor, named, VOIDS) or await _ordered(desk, visitor, named)
    try:
        found = found or await desk.gatherer.find(named)
    except VoidUnknown as error:
        raise NothingThere(str(error)) from None
    if found.kind not in VOIDS or not visitor.sees(found.merchant_id):
        message = f"there is no void {named}"
        raise NothingThere(message)
    return found


@over_cells.the_one_that_knows
async def refund(desk: Desk, visitor: Visitor, named: str) -> Transaction:
    """Find a refund; raises `NothingThere`."""
    found = await _find(desk, visitor, named, REFUNDS) or await _ordered(desk, visitor, named)
    if found is None or found.kind not in REFUNDS:
        message = f"there is no refund {named}"
        raise NothingThere(message)
    return found


class Around(NamedTuple):
    """A void or refund as it stands, with its original, its case, and where the money is."""

    state: State
    original: dict[str, Any] | None
    case: Case | None
    money: Standing


async def around(desk: Desk, order: Transaction) -> Around:
    """Read how a void or refund stands, all of one moment; a case of something earlier is none."""
    there: Desk = await over_cells.serving(desk, order.merchant_id)
    row = await there.pool.fetchrow(
        *_SQL["standing"](merchant=order.merchant_id, id=order.id, original=order.original_id)
    )
    assert row is not None, "it is a row of what is there"
    original: dict[str, Any] | None = None
    if row["original"]:
        original = dict(zip(_ORIGINAL, row["original"], strict=True))
    case = Case.of(row["case"]) if row["case"] and not unsent(order) else None
    if case is not None and case.ended_at is not None and case.ended_at < order.received_at:
        case = None  # that of something earlier: its own is not open yet
    others = [State(one) for one in row["others"]]
    where = standing(State(original["state"]) if original else None, others)
    if case is not None and case.ended == UNPROVED:
        where = Standing.OPEN
    return Around(State(row["state"] or order.state), original, case, where)


async def waited(request: Request, read: Callable[[], Awaitable[Result]], seconds: float) -> Result:
    """Read until it is no longer pending, the time is over, or one of both sides has gone."""
    feed = desk_of(request).feed
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while True:
        result = await read()
        left = until - loop.time()
        over = result.state not in GOES_ON or left <= 0 or feed.ended
        if over or await request.is_disconnected():
            return result
        await asyncio.sleep(min(left, _LOOK_S))


PROPOSED: Final = Text(
    "等待第二人复核，尚未发送，没有动账。",
    "Waits for a second person; nothing was sent, no money has moved.",
)
NOT_SENT: Final = Text(
    "未获复核、已过期或规则不允许：没有发送，没有动账。",
    "Rejected, expired, or not allowed when it was approved: nothing was sent, no money has moved.",
)

UNSENT: Final = {"proposed": PROPOSED, "refused": NOT_SENT}


def common(transaction: Transaction, original: dict[str, Any] | None) -> dict[str, Any]:
    """Give what is said of voids and refunds alike."""
    return {
        "id": transaction.id,
        "rrn": transaction.rrn,
        "merchant": transaction.merchant_id,
        "terminal": transaction.terminal_id,
        "kind": transaction.kind,
        "amount": transaction.amount,
        "currency": transaction.currency,
        "card": transaction.card_masked,
        "response_code": transaction.response_code,
        "original": original,
        "received_at": transaction.received_at,
    }


async def _find(
    desk: Desk, visitor: Visitor, named: str, kinds: Collection[str]
) -> Transaction | None:
    """Find by id or reference number, among what the visitor may know of."""
    among: dict[str, Any] = {"kinds": list(kinds), "merchant": visitor.merchant_id}
    try:
        query = _SQL["by_id"](id=UUID(named), **among)
    except ValueError:
        query = _SQL["by_rrn"](rrn=named, **among)
    row = await desk.pool.fetchrow(*query)
    return None if row is None else Transaction.of(row)


async def _ordered(desk: Desk, visitor: Visitor, named: str) -> Transaction | None:
    """Find what was ordered and has not become a transaction, by its id."""
    try:
        return await _waiting(desk, visitor, UUID(named))
    except (ValueError, NothingThere):
        return None


async def _waiting(desk: Desk, visitor: Visitor, identity: UUID) -> Transaction:
    """Give an order as the transaction that it may become: nothing of it was sent."""
    found = await views.one(desk, visitor, identity)
    if found.original_id is None:
        message = f"order {identity} gives nothing back"
        raise NothingThere(message)
    sold_by = _SQL["sold"](merchant=found.merchant_id, id=found.original_id)
    row = await (await over_cells.serving(desk, found.merchant_id)).pool.fetchrow(*sold_by)
    assert row is not None, "an original is never deleted"
    original = Transaction.of(row)
    sold = KINDS[original.kind]
    kind = sold.voided_by if found.act is Act.VOID else sold.refunded_by
    return original._replace(
        id=identity,
        kind=kind,
        state=State.RECEIVED if found.state in WAITING else State.DECLINED,
        amount=found.amount,
        original_id=original.id,
        rrn="",
        response_code="",
        received_at=found.asked_at,
    )


def unsent(order: Transaction) -> str:
    """Give the state of what has become no transaction, and so has no number; else empty."""
    if order.rrn:
        return ""
    return "proposed" if order.state is State.RECEIVED else "refused"


async def _original(host: Host, asked: NewVoid | NewRefund) -> Transaction | None:
    named = asked.original
    if isinstance(named, BySlip):
        trace = named.trace.zfill(6)
        return await host.journal.find((asked.merchant, named.terminal, named.batch, trace))
    return await host.journal.find_by_rrn(asked.merchant, named.rrn)


async def _by_id(desk: Desk, merchant_id: str, identity: UUID) -> Transaction | None:
    by_id = _SQL["by_id"](id=identity, kinds=list(UNDOING), merchant=merchant_id)
    row = await desk.pool.fetchrow(*by_id)
    return None if row is None else Transaction.of(row)


def _answer(status: int, result: Void | Refund, *, replayed: bool = False) -> Response:
    what = "voids" if isinstance(result, Void) else "refunds"
    headers = {"location": f"/api/v1/{what}/{result.id}"}
    if replayed:
        headers["idempotent-replayed"] = "true"
    return Response(result.model_dump_json(), status, headers, "application/json")
