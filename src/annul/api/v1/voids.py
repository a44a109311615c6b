"""Voids: ordered by a program, asked about, waited for."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response

from annul.client.models.orders import Void
from annul.desk.desk import Desk
from annul.desk.roles import Scope, Visitor
from annul.diagnose.causes import CAUSES
from annul.domain.records import Transaction
from annul.domain.standing import told
from annul.domain.states import State
from annul.domain.text import Text
from annul.resolve import words
from annul.resolve.case import Case

from . import orders
from .asked import Named
from .idempotency import AtKeys, Key
from .needs import AtDesk, needs, problems
from .polled import UNCHANGED, polled

router = APIRouter(prefix="/voids", tags=["voids"])

_GO_ON: Final = Text(
    "系统继续处理。请勿重复撤销，也不要退现金。",
    "annul goes on. Do not void it again, give no cash back.",
)
# What to do, where no cause says it.
_NEXT: Final = {
    "pending": _GO_ON,
    "unproved": Text(
        "正由人工与发卡行核实。请勿重复撤销，也不要退现金。",
        "People clear it up with the issuer. Do not void it again, give no cash back.",
    ),
}
_GOES_ON: Final = {
    202: {"model": Void, "description": "Not approved at once; annul drives it to its end."}
}


@router.post("", status_code=201, response_model=Void, responses=problems(404, 409, 413) | _GOES_ON)
async def create(
    asked: orders.NewVoid,
    key: Key,
    keys: AtKeys,
    desk: AtDesk,
    visitor: Annotated[Visitor, needs(Scope.VOIDS_WRITE)],
) -> Response:
    """Order a void of a sale, QR sale, pre-authorisation or completion.

    What a rule does not allow is refused with its text (404, 409 or 422), and nothing is sent. From
    the merchant's `second_person_from` on it is `proposed` until a second person approves it. What
    the issuer does not approve at once becomes a case: `pending`, until it is voided, refunded
    instead, or refused with a reason.
    """

    async def show(void: Transaction) -> Void:
        return await standing(desk, void)

    return await orders.ordered(keys, desk, visitor, key, asked, show, Void)


@router.get("/{void}", response_model=Void, responses=problems(404) | UNCHANGED)
async def one(
    request: Request,
    void: Annotated[Named, Path(description="Id or reference number.")],
    desk: AtDesk,
    visitor: Annotated[Visitor, needs(Scope.VOIDS_WRITE, Scope.TRANSACTIONS_READ)],
    wait: Annotated[
        float, Query(ge=0, le=60, description="Seconds to wait for its end before answering.")
    ] = 0,
) -> Response:
    """Read how a void stands, and wait for its end. Whoever has asked for it."""

    async def read() -> Void:
        return await standing(desk, await orders.void(desk, visitor, void))

    return polled(request, await orders.waited(request, read, wait))


async def standing(desk: Desk, void: Transaction) -> Void:
    """Say how a void stands: by its own row when it is approved, else by its case."""
    unsent, now = orders.unsent(void), await orders.around(desk, void)
    case = now.case
    state = unsent or ("voided" if now.state is State.APPROVED else _state(case))
    cause = CAUSES.get((case.confirmed or case.cause) if case else "")
    advice = _NEXT.get(state)
    if state == "refused" and cause is not None:
        advice = words.next_step(cause, void.kind)
    more: dict[str, Any] = {
        "state": state,
        "money": orders.UNSENT.get(unsent) or told(now.money, void.kind),
        "next_step": advice,
        "case": case.number if case else "",
        "cause": cause.name if cause else "",
        "due_at": case.due_at if case else None,
    }
    return Void.model_validate(orders.common(void, now.original) | more)


def _state(case: Case | None) -> str:
    return (case.ended if case else "") or "pending"
