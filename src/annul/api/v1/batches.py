"""Where batches of terminals differ from the host's books, and how each row is resolved."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import Field

from annul.client.models.batches import BatchDifference
from annul.client.models.parts import MERCHANT, Page
from annul.desk import batches as views
from annul.desk.roles import Scope, Visitor
from annul.domain.batch_differences import Resolution

from .asked import After, Asked, Batch, Limit, MerchantId, Reason, TerminalId, Trace, page
from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/merchants/{merchant}/batch-differences", tags=["merchants"])
Id = Annotated[MerchantId, Path(examples=[MERCHANT])]


class Found(Asked):
    """What a difference was found to be."""

    how: Literal["host_stands", "terminal_stands", "given_back"] = Field(
        description="`host_stands`: the slip was wrong; `terminal_stands`: booked by the "
        "correction or conclusion that `booked_by` names; `given_back`: the shop gave the money "
        "back by other means.",
        examples=["host_stands"],
    )
    booked_by: UUID | None = Field(
        None,
        description="A correction that was made, or a confirmed conclusion about this transaction.",
        examples=[None],
    )
    reason: Reason = Field(description="Kept in the audit log.", examples=["slip seen"])


@router.get("", responses=problems(404))
async def search(
    merchant: Id,
    desk: AtDesk,
    visitor: Annotated[Visitor, needs(Scope.PAYOUTS_READ)],
    terminal: Annotated[TerminalId | None, Query(description="Of one terminal.")] = None,
    batch: Annotated[Batch | None, Query(description="Of one batch.")] = None,
    state: Annotated[
        Literal["open", "all"], Query(description="Without resolved ones, or with them.")
    ] = "open",
    limit: Limit = 50,
    cursor: After = "",
) -> Page[BatchDifference]:
    """List in what a merchant's terminals and the host differ. The oldest first."""
    found = await views.search(
        desk,
        visitor,
        merchant_id=merchant,
        terminal=terminal or "",
        batch=batch or "",
        resolved=state == "all",
        limit=limit,
        cursor=cursor,
    )
    return page(BatchDifference, found.rows, found.following)


@router.post(
    "/{terminal}/{batch}/{trace}/resolve", status_code=204, responses=problems(404, 409, 413)
)
async def resolve(
    merchant: Id,
    terminal: Annotated[TerminalId, Path(examples=["60014702"])],
    batch: Annotated[Batch, Path(examples=["000001"])],
    trace: Annotated[Trace, Path(examples=["000012"])],
    found: Found,
    desk: AtDesk,
    visitor: Annotated[Visitor, needs(Scope.PAYOUTS_WRITE)],
) -> None:
    """Confirm what a difference was found to be, once. Moves no money.

    With the last one of its batch the incident closes. Refused (409) where it is resolved, or where
    the booking is missing or another's.
    """
    row = views.Row(terminal, batch, trace.zfill(6))
    answer = views.Found(Resolution(found.how), found.booked_by)
    await views.resolve(desk, visitor, merchant, row, answer, found.reason)
