"""Voids and refunds that people and programs order, and the second person who approves them."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

from uuid_utils.compat import uuid7

from annul.domain.orders import Act, OrderState
from annul.domain.records import Key
from annul.domain.text import Text
from annul.host import orders
from annul.host.ordered import Order, judged
from annul.host.orders import ApprovalNeeded
from annul.resolve.second_person import second_person
from annul.store.sql import load

from . import over_cells
from .audit import audit
from .desk import Desk, NothingThere
from .permission import NotAllowed, changing
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "orders.sql")
_ANY: Final = "ordered"  # a reason where none is asked for
_LIST: Final = 100

# What it takes to ask for something, and to approve it; and how both stand in the audit log.
SCOPES: Final[Mapping[Act, Scope]] = {
    Act.VOID: Scope.VOIDS_WRITE,
    Act.REFUND: Scope.REFUNDS_WRITE,
    Act.RAISE_LIMIT: Scope.MERCHANTS_WRITE,
}
_AUDITED: Final[Mapping[Act, str]] = {
    Act.VOID: "order-void",
    Act.REFUND: "order-refund",
    Act.RAISE_LIMIT: "raise-limit",
}
TITLES: Final[Mapping[Act, Text]] = {
    Act.VOID: Text("撤销", "void"),
    Act.REFUND: Text("退货", "refund"),
    Act.RAISE_LIMIT: Text("提高双人复核金额", "raise the amount for dual approval"),
}


class Asked(NamedTuple):
    """An order as it stands; amounts in minor units."""

    merchant_id: str
    id: UUID
    act: Act
    original_id: UUID | None
    amount: int
    reason: str
    state: OrderState
    asked_by: str
    asked_at: Any
    decided_by: str
    decided_at: Any
    refused: str


class NotWaiting(NothingThere):
    """No order of this number waits for a second person: it was decided, or has expired."""

    code = "order.not_waiting"
    next_step = "Look at the transaction or the audit log for what became of it."


async def order(
    desk: Desk, visitor: Visitor, wanted: Order, reason: str = "", scope: Scope | None = None
) -> bool:
    """Order a void or refund; False when it waits for a second person, and nothing was sent.

    However often it is called for one id, it is done once. `scope` is what it takes, where it is
    not as usual. Raises `OrderRefused`, `NoHost`, `ServedElsewhere` and `NotAllowed`.
    """
    await over_cells.sent_here(desk, wanted.merchant_id)
    host = desk.sender()
    _, amount = await judged(host, wanted)
    needed = scope or SCOPES[wanted.act]
    merchant, identity = wanted.merchant_id, wanted.identity
    async with changing(desk, visitor, needed, reason or _ANY, merchant) as connection:
        await _write(connection, desk, visitor, wanted, amount, reason)
    try:
        await orders.carry_out(host, merchant, identity)
    except ApprovalNeeded:
        return False
    return True


async def propose_limit(
    connection: Any, desk: Desk, visitor: Visitor, merchant_id: str, limit: int, reason: str
) -> None:
    """Let a higher limit wait for a second person: who could raise it alone would need none."""
    wanted = Order(merchant_id, None, uuid7(), Act.RAISE_LIMIT)
    await _write(connection, desk, visitor, wanted, limit, reason)


async def approve(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> Asked:
    """Approve what somebody else has asked for, and carry it out.

    Raises `NotWaiting`, `SecondPersonNeeded`, `NotAllowed`, `ReasonNeeded` and `OrderRefused`.
    Without a host here the next one that looks carries it out.
    """
    there = await _whose(desk, visitor, identity)
    found = await _decide(there, visitor, identity, reason, OrderState.APPROVED)
    if found.act is not Act.RAISE_LIMIT and there.host is not None:
        await orders.carry_out(there.host, found.merchant_id, identity)
    return await one(there, visitor, identity)


async def reject(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> Asked:
    """Reject what is asked for, one's own or another's; raises as `approve` does."""
    there = await _whose(desk, visitor, identity)
    await _decide(there, visitor, identity, reason, OrderState.REJECTED)
    return await one(there, visitor, identity)


async def _whose(desk: Desk, visitor: Visitor, identity: UUID) -> Desk:
    """Give the desk of the cell in which an order is decided, which knows now who may."""
    found = await one(desk, visitor, identity)
    return await over_cells.acting(desk, found.merchant_id)


def _oldest_first(answers: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = over_cells.joined(answers)
    return sorted(rows, key=lambda row: (row["asked_at"], row["id"]))[:_LIST]


@over_cells.together(_oldest_first)
async def waiting(desk: Desk, visitor: Visitor) -> list[dict[str, Any]]:
    """Give what waits for a second person, or was approved and is not carried out; oldest first."""
    acts = [act for act, scope in SCOPES.items() if visitor.may(scope)]
    asked = {"merchant": visitor.merchant_id, "acts": acts, "limit": _LIST}
    return [dict(row) for row in await desk.pool.fetch(*_SQL["waiting"](**asked))]


@over_cells.the_one_that_knows
async def one(desk: Desk, visitor: Visitor, identity: UUID) -> Asked:
    """Give an order that the visitor may know of; raises `NothingThere`."""
    row = await desk.pool.fetchrow(*_SQL["one"](id=identity))
    if row is None or not visitor.sees(row["merchant_id"]):
        message = f"there is no order {identity}"
        raise NothingThere(message)
    return _asked(row)


async def given_back(desk: Desk, at: Key) -> int:
    """Give what went back, or is going back, of the transaction of a request key so far."""
    merchant, terminal, batch, trace = at
    asked = {"merchant": merchant, "terminal": terminal, "batch": batch, "trace": trace}
    return await desk.pool.fetchval(*_SQL["given_back"](**asked)) or 0


def _asked(row: Any) -> Asked:
    return Asked(**row)._replace(act=Act(row["act"]), state=OrderState(row["state"]))


async def _write(
    connection: Any, desk: Desk, visitor: Visitor, wanted: Order, amount: int, reason: str
) -> None:
    now, original = desk.clock.now(), wanted.original
    made = await connection.fetchval(
        *orders.SQL["write"](
            merchant=wanted.merchant_id,
            id=wanted.identity,
            act=wanted.act,
            original=original.id if original else None,
            amount=amount,
            reason=reason,
            who=visitor.name,
            now=now,
        )
    )
    if made is None:
        return  # asked again
    detail = {
        "order": str(wanted.identity),
        "merchant": wanted.merchant_id,
        "amount": amount,
        "original": original.rrn if original else "",
    }
    thing = f"order {wanted.identity}"
    await audit(connection, visitor, now, _AUDITED[wanted.act], thing, reason, detail)


async def _decide(
    desk: Desk, visitor: Visitor, identity: UUID, reason: str, state: OrderState
) -> Asked:
    found = await one(desk, visitor, identity)
    if not visitor.role:
        raise NotAllowed  # a program decides nothing
    now = desk.clock.now()
    async with changing(desk, visitor, SCOPES[found.act], reason, found.merchant_id) as connection:
        if state is OrderState.APPROVED:
            await second_person(connection, found.asked_by, visitor.name)
        who = visitor.name if visitor.name != found.asked_by else ""
        decide = _SQL["decide"](
            merchant=found.merchant_id, id=identity, state=state, who=who, now=now
        )
        if await connection.fetchval(*decide) is None:
            raise NotWaiting
        if state is OrderState.APPROVED and found.act is Act.RAISE_LIMIT:
            raised = {"merchant": found.merchant_id, "limit": found.amount}
            await connection.execute(*_SQL["raise_limit"](**raised))
            await connection.execute(*_SQL["changed"]())
            await orders.ended(connection, found.merchant_id, identity, OrderState.CARRIED_OUT)
        action = "approve-order" if state is OrderState.APPROVED else "reject-order"
        detail = {"order": str(identity), "asked_by": found.asked_by, "amount": found.amount}
        await audit(connection, visitor, now, action, f"order {identity}", reason, detail)
    return found
