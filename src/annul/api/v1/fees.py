"""What merchants are charged, new prices, what is left, and what was charged wrongly."""

from calendar import monthrange
from dataclasses import asdict
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from annul.client.models.fees import CardType, DayMargin, FeeDifference, FeeLine
from annul.client.models.parts import Page
from annul.desk import fees as views
from annul.desk.roles import Scope, Visitor
from annul.domain.fees import MOST_RATE_PPM, Price
from annul.domain.money import LARGEST

from .asked import Asked, Minor, Reason, page
from .merchants import Id, Reader
from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/merchants", tags=["merchants"])
Ppm = Annotated[int, Field(ge=0, le=MOST_RATE_PPM, examples=[5_000])]
_DAY = Path(examples=["2026-12-01"])


class NewPrice(Asked):
    """A price for a kind of card from a business day on."""

    rate_ppm: Ppm = Field(description="In parts per million.")
    cap: Minor | None = Field(None, description="In minor units; null: none.", examples=[2_000])
    reason: Reason = Field(description="Kept in the audit log.", examples=["new contract"])


@router.get("/{merchant}/fees", responses=problems(404))
async def schedule(
    merchant: Id,
    desk: AtDesk,
    visitor: Reader,
    amount: Annotated[
        int, Query(ge=0, le=LARGEST, description="Say what a sale of it costs; 0: of none.")
    ] = 0,
) -> Page[FeeLine]:
    """List what a merchant is charged by kind of card, and what comes.

    What it costs and leaves is not told to who is bound to a merchant.
    """
    return page(FeeLine, await views.schedule(desk, visitor, merchant, amount), "")


@router.put("/{merchant}/fees/{card_type}/{valid_from}", responses=problems(404, 413))
async def agree(
    merchant: Id,
    card_type: CardType,
    valid_from: Annotated[date, _DAY],
    new: NewPrice,
    desk: AtDesk,
    visitor: Annotated[Visitor, needs(Scope.MERCHANTS_WRITE)],
) -> Page[FeeLine]:
    """Add a price from a business day on that has not begun; once only."""
    price = Price(card_type, valid_from, new.rate_ppm, new.cap)
    await views.set_price(desk, visitor, merchant, price, new.reason)
    return page(FeeLine, await views.schedule(desk, visitor, merchant), "")


@router.get("/{merchant}/fees/difference", responses=problems(404))
async def difference(
    merchant: Id,
    desk: AtDesk,
    visitor: Reader,
    first: Annotated[date, Query(examples=["2026-11-01"])],
    last: Annotated[date, Query(examples=["2026-11-30"])],
    card_type: CardType,
    rate_ppm: Annotated[Ppm, Query()],
    cap: Annotated[Minor | None, Query()] = None,
) -> Page[FeeDifference]:
    """Read what another price would have charged on closed business days. At most 92 days.

    Nothing is changed. Not for who is bound to a merchant.
    """
    price = Price(card_type, first, rate_ppm, cap)
    found = await views.difference(desk, visitor, merchant, first, last, [price])
    rows = [asdict(one) | {"difference": one.difference} for one in found]
    return page(FeeDifference, rows, "")


@router.get("/{merchant}/margin", responses=problems(404))
async def margin(
    merchant: Id,
    desk: AtDesk,
    visitor: Reader,
    month: Annotated[
        str,
        Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", examples=["2026-11"]),
    ],
) -> Page[DayMargin]:
    """List the margin of each business day of a month: fees less cost.

    Not for who is bound to a merchant.
    """
    first = date.fromisoformat(f"{month}-01")
    last = first.replace(day=monthrange(first.year, first.month)[1])
    return page(DayMargin, await views.margin(desk, visitor, merchant, first, last), "")
