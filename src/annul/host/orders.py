"""Orders of the desk: written before anything is sent, and carried out as their rows say, once.

The transaction that an order becomes has its id. So whoever finds an order under way can see
whether it was carried out, and of two who carry it out at once one does.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from annul.domain import void_rules
from annul.domain.errors import AnnulError
from annul.domain.orders import Act, OrderState
from annul.store.sql import load

from .host import Host
from .ordered import Order, OrderRefused, judged, sent

log = structlog.get_logger(__name__)

SQL: Final = load("annul.host", "orders.sql")
_PATIENCE: Final = timedelta(seconds=10)  # who has approved carries it out; then any host does
_LASTS: Final = timedelta(days=1)
_TRIES: Final = 3  # writings of others, or numbers taken, that an order steps aside for


class ApprovalNeeded(AnnulError):
    """From this amount on it takes a second person. Nothing was sent, no money has moved."""

    code = "order.approval_needed"
    next_step = "It waits on the page Money in question until somebody else approves or rejects it."


async def carry_out(host: Host, merchant_id: str, identity: UUID) -> None:
    """Send what an order asks for; the transaction's row says what came of it.

    This is the one place where an order becomes money: the row says who has asked and who has
    approved, the merchant's setting from which amount on it takes both. Raises `ApprovalNeeded`
    and `OrderRefused`.
    """
    row = await host.pool.fetchrow(*SQL["to_carry_out"](merchant=merchant_id, id=identity))
    if row is None:
        return  # it was carried out, or is not to be
    try:
        await _carried_out(host, merchant_id, identity, row)
    except OrderRefused as error:
        if await host.journal.find_by_id(merchant_id, identity) is None:
            await ended(host.pool, merchant_id, identity, OrderState.REFUSED, error.ruling.name)
            raise
    await ended(host.pool, merchant_id, identity, OrderState.CARRIED_OUT)


async def _carried_out(host: Host, merchant_id: str, identity: UUID, row: Any) -> None:
    """Judge and send; once somebody else's writing has overtaken it, all is judged anew."""
    for _ in range(_TRIES):
        original = await host.journal.find_by_id(merchant_id, row["original_id"])
        order = Order(merchant_id, original, identity, Act(row["act"]), row["amount"])
        kind, amount = await judged(host, order)
        given_back = original.undone if original else 0  # in parts it is as much
        if given_back + amount >= row["second_person_from"] and not row["approved"]:
            raise ApprovalNeeded
        if await sent(host, order, kind, amount):
            return
    raise OrderRefused(void_rules.BEING_UNDONE)


async def ended(
    connection: Any, merchant_id: str, identity: UUID, state: OrderState, refused: str = ""
) -> bool:
    """Keep how an order has ended; false when it had before."""
    end = SQL["end"](merchant=merchant_id, id=identity, state=state, refused=refused)
    return bool(await connection.fetchval(*end))


async def finish(host: Host, now: datetime) -> None:
    """Carry out what is approved and whose process has ended; let what nobody approves expire."""
    await host.pool.execute(*SQL["expire"](before=now - _LASTS))
    for row in await host.pool.fetch(*SQL["left"](before=now - _PATIENCE)):
        try:
            await carry_out(host, row["merchant_id"], row["id"])
        except AnnulError as error:
            log.warning("order_not_carried_out", id=str(row["id"]), code=error.code)
