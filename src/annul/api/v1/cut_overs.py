"""When a merchant's business days end."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from annul.client.models.merchants import MerchantCutOver
from annul.client.models.parts import Page
from annul.desk import cut_overs as views
from annul.desk.roles import Scope, Visitor
from annul.domain.business_day import CutOver, read_cut_over

from .asked import Asked, Reason, page
from .merchants import Id, Reader
from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/merchants", tags=["merchants"])


class NewCutOver(Asked):
    """When business days end from one of them on."""

    cut_over: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] | None = Field(
        description="Hour and minute, in the house's zone; null: the house's.", examples=["06:00"]
    )
    reason: Reason = Field(description="Kept in the audit log.", examples=["new contract"])


@router.get("/{merchant}/cut-overs", responses=problems(404))
async def told(merchant: Id, desk: AtDesk, visitor: Reader) -> Page[MerchantCutOver]:
    """List when a merchant's business days end, the latest first."""
    return await _page(desk, visitor, merchant)


@router.put("/{merchant}/cut-overs/{valid_from}", responses=problems(404, 413))
async def agree(
    merchant: Id,
    valid_from: Annotated[date, Path(examples=["2026-12-01"])],
    new: NewCutOver,
    desk: AtDesk,
    visitor: Annotated[Visitor, needs(Scope.MERCHANTS_WRITE)],
) -> Page[MerchantCutOver]:
    """Change the cut-over from a business day on that has not begun."""
    said = CutOver(valid_from, read_cut_over(new.cut_over or ""))
    await views.set_cut_over(desk, visitor, merchant, said, new.reason)
    return await _page(desk, visitor, merchant)


async def _page(desk: AtDesk, visitor: Visitor, merchant: str) -> Page[MerchantCutOver]:
    rows = await views.cut_overs(desk, visitor, merchant)
    return page(
        MerchantCutOver,
        [row | {"cut_over": row["cut_over"] and f"{row['cut_over']:%H:%M}"} for row in rows],
        "",
    )
