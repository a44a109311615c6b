"""Issuers: how their lines do, which rules of theirs count, whom to call."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from annul.client.models.issuers import Issuer, IssuerSummary, LearntRule
from annul.client.models.parts import Page
from annul.desk import issuers as views
from annul.desk import learnt
from annul.desk.roles import Scope, Visitor

from .asked import IssuerId, Limit, page
from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/issuers", tags=["issuers"])
Reader = Annotated[Visitor, needs(Scope.ISSUERS_READ)]


@router.get("", responses=problems())
async def every(
    desk: AtDesk,
    visitor: Reader,
    limit: Limit = 50,
    cursor: Annotated[
        IssuerId | None, Query(description="`next_cursor` of the page before.")
    ] = None,
) -> Page[IssuerSummary]:
    """List issuers by number."""
    rows = await views.listing(desk, visitor)
    after = [row for row in rows if row["issuer_id"] > (cursor or "")]
    more = len(after) > limit
    return page(IssuerSummary, after[:limit], after[limit - 1]["issuer_id"] if more else "")


@router.get("/{issuer}", responses=problems(404))
async def one(
    issuer: Annotated[IssuerId, Path(examples=["00000101"])], desk: AtDesk, _: Reader
) -> Issuer:
    """Read an issuer with its rules, its codes and its contacts."""
    row = await views.recent(desk, issuer)
    return Issuer.model_validate(
        row
        | {
            "policies": await views.policies(desk, issuer),
            "meanings": await views.meanings(desk, issuer),
            "contacts": await views.contacts(desk, issuer),
        }
    )


@router.get("/{issuer}/rules", responses=problems(404))
async def rules(
    issuer: Annotated[IssuerId, Path(examples=["00000101"])], desk: AtDesk, _: Reader
) -> Page[LearntRule]:
    """List what an issuer's answers say of its rules, with the support.

    Those that count come first, then the latest that have ended.
    """
    return page(LearntRule, await learnt.rules(desk, issuer), "")
