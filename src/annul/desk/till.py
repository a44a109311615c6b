"""What people do at a till of the console: kept, and from an amount on by two of them."""

from typing import Final

from uuid_utils.compat import uuid7

from annul.domain.kinds import REFUNDS, UNDOING
from annul.domain.orders import Act
from annul.domain.records import Key
from annul.host.ordered import Order
from annul.host.orders import ApprovalNeeded

from .acts import second_person_from
from .audit import audit
from .desk import Desk
from .orders import given_back, order
from .permission import changing
from .roles import Scope, Visitor

_ANY: Final = "till"  # a reason where none is asked for


async def at_till(desk: Desk, visitor: Visitor, at: Key, kind: str, amount: int) -> None:
    """Keep what somebody is about to do at a till; raises `ApprovalNeeded` when it takes two.

    `at` names merchant, terminal, and batch and voucher of the original, if there is one. From the
    merchant's limit on a void or refund is ordered instead, for a second person to approve; also
    raises `OrderRefused` and `NotAllowed`.
    """
    merchant, terminal, batch, trace = at
    whole = amount + (await given_back(desk, at) if kind in UNDOING else 0)
    if kind in UNDOING and whole >= await second_person_from(desk, merchant):
        original = await desk.sender().journal.find(at)
        act = Act.REFUND if kind in REFUNDS else Act.VOID
        wanted = Order(merchant, original, uuid7(), act, amount)
        await order(desk, visitor, wanted, f"{_ANY} {terminal}", Scope.POS)
        raise ApprovalNeeded
    async with changing(desk, visitor, Scope.POS, _ANY, merchant) as connection:
        detail = {"kind": kind, "amount": amount, "batch": batch, "voucher": trace}
        thing = f"terminal {merchant} {terminal}"
        await audit(connection, visitor, desk.clock.now(), "till", thing, "", detail)
