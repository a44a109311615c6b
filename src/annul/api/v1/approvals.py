"""Orders that take a second person: what waits, and the word of the second one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from annul.client.models.orders import AskedOrder
from annul.client.models.parts import Page
from annul.desk import orders as views
from annul.desk.roles import Scope, Visitor

from .asked import Because, page
from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/orders", tags=["orders"])
_WRITES = (Scope.VOIDS_WRITE, Scope.REFUNDS_WRITE, Scope.MERCHANTS_WRITE)
Reader = Annotated[Visitor, needs(*_WRITES)]


@router.get("", responses=problems())
async def waiting(desk: AtDesk, visitor: Reader) -> Page[AskedOrder]:
    """List orders that wait for a second person, the oldest first.

    Those that were approved and are just carried out are among them.

    At most 100.
    """
    return page(AskedOrder, await views.waiting(desk, visitor), "")


@router.get("/{order}", responses=problems(404))
async def one(order: UUID, desk: AtDesk, visitor: Reader) -> AskedOrder:
    """Read how an order stands."""
    return _shown(await views.one(desk, visitor, order))


@router.post("/{order}/approve", responses=problems(404, 409, 413))
async def approve(order: UUID, asked: Because, desk: AtDesk, visitor: Reader) -> AskedOrder:
    """Approve an order of somebody else. It is carried out, once.

    Only for people with a session: refused (409 `resolve.second_person`) for who has asked for it,
    for those whom one of the two made a user, and for the person behind a key.
    """
    return _shown(await views.approve(desk, visitor, order, asked.reason))


@router.post("/{order}/reject", responses=problems(404, 409, 413))
async def reject(order: UUID, asked: Because, desk: AtDesk, visitor: Reader) -> AskedOrder:
    """Reject an order. One's own or another's: nothing of it is ever sent."""
    return _shown(await views.reject(desk, visitor, order, asked.reason))


def _shown(found: views.Asked) -> AskedOrder:
    return AskedOrder.model_validate(found._asdict())
