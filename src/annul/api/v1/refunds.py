"""Refunds, whole or in part: ordered by a program, asked about, waited for."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from annul.client.models.orders import Refund
from annul.desk.desk import Desk
from annul.desk.roles import Scope, Visitor
from annul.domain.records import Transaction
from annul.domain.response_codes import describe
from annul.domain.states import State
from annul.domain.text import Text
from annul.resolve.case import UNPROVED

from . import orders
from .asked import Named
from .idempotency import AtKeys, Key
from .needs import AtDesk, needs, problems
from .polled import UNCHANGED, polled

router = APIRouter(prefix="/refunds", tags=["refunds"])

_STATES: Final = {
    State.APPROVED: "refunded",
    State.DECLINED: "refused",
    State.REVERSED: "refused",
}
_MONEY: Final = {
    "proposed": orders.PROPOSED,
    "pending": Text(
        "结果未定，系统会重发直到发卡行应答。请勿重复退货，也不要退现金。",
        "Not decided yet; it is sent until the issuer has answered. Do not refund it"
        " again, and give no cash back.",
    ),
    "refunded": Text(
        "已退货，款项退回原卡。", "Refunded; the money goes back to the card of the sale."
    ),
    "refused": Text("未退货，没有动账。", "Not refunded; no money has moved."),
    "unproved": Text(
        "结果待证：发卡行没有说明款项去向，正由人工核实。请勿重复退货，也不要退现金。",
        "Outcome unproved: the issuer has not said what became of the money; people "
        "clear it up. Do not refund it again, and give no cash back.",
    ),
}
_GOES_ON: Final = {
    202: {"model": Refund, "description": "No answer yet; it is sent until the issuer answers."}
}


@router.post(
    "", status_code=201, response_model=Refund, responses=problems(404, 409, 413) | _GOES_ON
)
async def create(
    asked: orders.NewRefund,
    key: Key,
    keys: AtKeys,
    desk: AtDesk,
    visitor: Annotated[Visitor, needs(Scope.REFUNDS_WRITE)],
) -> Response:
    """Order a refund of a sale, QR sale or completion.

    All refunds of an original together never exceed it. What a rule does not allow is refused with
    its text (404, 409 or 422), and nothing is sent. From the merchant's `second_person_from` on it
    is `proposed` until a second person approves it, see `/orders`.
    """

    async def show(refund: Transaction) -> Refund:
        return await standing(desk, refund)

    return await orders.ordered(keys, desk, visitor, key, asked, show, Refund)


@router.get("/{refund}", response_model=Refund, responses=problems(404) | UNCHANGED)
async def one(
    request: Request,
    refund: Annotated[Named, Path(description="Id or reference number.")],
    desk: AtDesk,
    visitor: Annotated[Visitor, needs(Scope.REFUNDS_WRITE, Scope.TRANSACTIONS_READ)],
    wait: Annotated[
        float, Query(ge=0, le=60, description="Seconds to wait for its end before answering.")
    ] = 0,
) -> Response:
    """Read how a refund stands, and wait for its end. Whoever has asked for it."""

    async def read() -> Refund:
        return await standing(desk, await orders.refund(desk, visitor, refund))

    return polled(request, await orders.waited(request, read, wait))


async def standing(desk: Desk, refund: Transaction) -> Refund:
    """Say how a refund stands."""
    unsent, now = orders.unsent(refund), await orders.around(desk, refund)
    unproved = now.case is not None and now.case.ended == UNPROVED
    state = unsent or _STATES.get(now.state, UNPROVED if unproved else "pending")
    said = describe(refund.response_code)
    advice = said.advice if state == "refused" and not unsent else None
    more = {
        "state": state,
        "money": orders.NOT_SENT if unsent == "refused" else _MONEY[state],
        "next_step": advice,
        "case": now.case.number if now.case else "",
    }
    return Refund.model_validate(orders.common(refund, now.original) | more)
