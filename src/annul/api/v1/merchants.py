"""Merchants: their money, what annul may do for them unasked, their terminals."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field, model_validator

from annul.client.models.merchants import (
    Cycle,
    Merchant,
    MerchantDay,
    MerchantSummary,
    SettlementTerms,
    TakenBack,
    Terminal,
)
from annul.client.models.parts import MERCHANT, Page
from annul.desk import merchants as views
from annul.desk import settlement
from annul.desk.roles import Scope, Visitor
from annul.domain.money import LARGEST
from annul.domain.settlement import MOST_DAYS, MOST_FEE_PPM, MOST_RESERVE_PPM, Terms
from annul.domain.settlement import Cycle as Counted

from .asked import (
    Asked,
    Limit,
    MerchantId,
    Minor,
    TerminalId,
    Words,
    page,
)
from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/merchants", tags=["merchants"])
Reader = Annotated[Visitor, needs(Scope.MERCHANTS_READ)]
Id = Annotated[MerchantId, Path(examples=[MERCHANT])]


class Settings(Asked):
    """What annul may do unasked for a merchant; what is left out stays as it is."""

    retry_voids: bool | None = Field(None, examples=[True])
    refund_instead_limit: Annotated[int, Field(ge=0, le=LARGEST)] | None = Field(
        None, description="0: never.", examples=[100_000]
    )
    void_needs_balance: bool | None = Field(None, examples=[False])
    pending_covers: bool | None = Field(None, examples=[True])
    second_person_from: Minor | None = Field(None, examples=[100_000])
    reversed_voids: TakenBack | None = Field(None, examples=["ask"])
    reason: Annotated[Words, Field(min_length=1, max_length=500)] = Field(
        description="Kept in the audit log.", examples=["new contract"]
    )

    @model_validator(mode="after")
    def _says_something(self) -> "Settings":
        if not self.changes():
            message = "no setting is given"
            raise ValueError(message)
        return self

    def changes(self) -> dict[str, Any]:
        """Give what is set."""
        return self.model_dump(exclude={"reason"}, exclude_none=True)


class NewTerms(Asked):
    """Terms of settlement from a business day on."""

    cycle: Cycle = Field("working", examples=["working"])
    days: Annotated[int, Field(ge=0, le=MOST_DAYS)] = Field(1, examples=[1])
    weekday: Annotated[int, Field(ge=1, le=7)] | None = Field(
        None, description="Of weekly terms; 1: Monday.", examples=[None]
    )
    fee_ppm: Annotated[int, Field(ge=0, le=MOST_FEE_PPM)] = Field(0, examples=[0])
    reserve_ppm: Annotated[int, Field(ge=0, le=MOST_RESERVE_PPM)] | None = Field(
        None,
        description="Held back of each day; without it, what its own history says on D+0.",
        examples=[None],
    )
    minimum: Annotated[int, Field(ge=0, le=LARGEST)] = Field(
        0, description="A payout is made once at least so much is available.", examples=[0]
    )
    reason: Annotated[Words, Field(min_length=1, max_length=500)] = Field(
        description="Kept in the audit log.", examples=["new contract"]
    )

    @model_validator(mode="after")
    def _weekly_on_a_weekday(self) -> "NewTerms":
        if (self.cycle == "weekly") != (self.weekday is not None):
            message = "a weekday belongs to weekly terms, and to no others"
            raise ValueError(message)
        return self


@router.get("", responses=problems())
async def search(
    desk: AtDesk,
    visitor: Reader,
    search: Annotated[
        Annotated[Words, Field(max_length=40)] | None,
        Query(description="In number or name, or the number of a terminal."),
    ] = None,
    limit: Limit = 50,
    cursor: Annotated[
        str, Query(pattern=r"^[0-9A-Za-z]{0,15}$", description="`next_cursor` of the page before.")
    ] = "",
) -> Page[MerchantSummary]:
    """List merchants by number."""
    found = await views.search(desk, visitor, search or "", limit, cursor)
    return page(MerchantSummary, [row | {"balance": row} for row in found.rows], found.following)


@router.get("/{merchant}", responses=problems(404))
async def one(merchant: Id, desk: AtDesk, visitor: Reader) -> Merchant:
    """Read a merchant with its contract and its money."""
    row = await views.find(desk, visitor, merchant)
    return Merchant.model_validate(row | {"balance": row})


@router.patch("/{merchant}", responses=problems(404, 413))
async def change(
    merchant: Id,
    settings: Settings,
    desk: AtDesk,
    visitor: Annotated[Visitor, needs(Scope.MERCHANTS_WRITE)],
) -> Merchant:
    """Change the automatic handling of a merchant. Running hosts take it up within seconds."""
    row = await views.find(desk, visitor, merchant)
    now = {name: row[name] for name in views.Unasked.__dataclass_fields__}
    allowed = views.Unasked(**(now | settings.changes()))
    await views.allow(desk, visitor, merchant, allowed, settings.reason)
    row = await views.find(desk, visitor, merchant)
    return Merchant.model_validate(row | {"balance": row})


@router.get("/{merchant}/terminals", responses=problems(404))
async def terminals(
    merchant: Id,
    desk: AtDesk,
    visitor: Reader,
    limit: Limit = 50,
    cursor: Annotated[
        TerminalId | None, Query(description="`next_cursor` of the page before.")
    ] = None,
) -> Page[Terminal]:
    """List a merchant's terminals, and what is wrong with their set-up."""
    rows = await views.terminals(desk, visitor, merchant)
    after = [row for row in rows if row["terminal_id"] > (cursor or "")]
    more = len(after) > limit
    return page(Terminal, after[:limit], after[limit - 1]["terminal_id"] if more else "")


@router.get("/{merchant}/days", responses=problems(404))
async def days(
    merchant: Id,
    desk: AtDesk,
    visitor: Reader,
    limit: Limit = 50,
    cursor: Annotated[date | None, Query(description="`next_cursor` of the page before.")] = None,
) -> Page[MerchantDay]:
    """List closed business days, what each came to, and when it is due."""
    found = await settlement.days(
        desk, visitor, merchant, limit, cursor.isoformat() if cursor else ""
    )
    return page(MerchantDay, found.rows, found.following)


@router.get("/{merchant}/terms", responses=problems(404))
async def terms(merchant: Id, desk: AtDesk, visitor: Reader) -> Page[SettlementTerms]:
    """List a merchant's terms of settlement, the latest first."""
    return page(SettlementTerms, await settlement.terms(desk, visitor, merchant), "")


@router.put("/{merchant}/terms/{valid_from}", responses=problems(404, 413))
async def agree(
    merchant: Id,
    valid_from: Annotated[date, Path(examples=["2026-12-01"])],
    new: NewTerms,
    desk: AtDesk,
    visitor: Annotated[Visitor, needs(Scope.MERCHANTS_WRITE)],
) -> Page[SettlementTerms]:
    """Change the terms of settlement from a business day on; once only."""
    said = Terms(
        valid_from,
        Counted(new.cycle),
        new.days,
        new.weekday,
        new.fee_ppm,
        new.reserve_ppm,
        new.minimum,
    )
    await settlement.set_terms(desk, visitor, merchant, said, new.reason)
    return page(SettlementTerms, await settlement.terms(desk, visitor, merchant), "")
