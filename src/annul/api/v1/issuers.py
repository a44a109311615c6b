"""Issuers: how their lines do, which rules of theirs count, whom to call."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import Field

from annul.desk import issuers as views
from annul.desk.roles import Scope, Visitor

from .models import IssuerId, Limit, Model, Page, page
from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/issuers", tags=["issuers"])
Reader = Annotated[Visitor, needs(Scope.ISSUERS_READ)]


class IssuerSummary(Model):
    """An issuer, its line as the hosts see it, and its last five minutes."""

    id: str = Field(validation_alias="issuer_id", examples=["00000101"])
    name_zh: str = Field(examples=["示例银行"])
    name_en: str = Field(examples=["Example Bank"])
    bank: str = Field(description="Issuers with the same bank share their books.", examples=[""])
    active: bool
    timeout_ms: int = Field(examples=[15_000])
    up: bool | None = Field(description="Null when no host has said so lately.")
    trouble: str | None = Field(description="Why the line is not up.", examples=[None])
    health: str | None = Field(description="up, degraded or down.", examples=["up"])
    seen_at: datetime | None
    requests: int = Field(examples=[120])
    approvals: int = Field(examples=[118])
    silent: int = Field(examples=[0])
    faults: int = Field(examples=[0])
    voids: int = Field(examples=[3])
    void_approvals: int = Field(examples=[3])


class Policy(Model):
    """A rule of an issuer. `number` by kind: minor units, seconds, a count, or 0 and 1."""

    id: UUID
    kind: str = Field(examples=["void_window"])
    number: int = Field(examples=[86_400])
    valid_from: datetime
    valid_until: datetime | None
    note: str = Field(examples=[""])
    standing: str = Field(
        description="in force, coming, overtaken, past or withdrawn.", examples=["in force"]
    )


class Meaning(Model):
    """What an issuer means by a code, where that is not what the standard says."""

    response_code: str = Field(examples=["05"])
    cause: str = Field(examples=["issuer_unsupported"])


class Contact(Model):
    """Whom to call, and what for."""

    duty: str = Field(examples=["switch"])
    name: str = Field(examples=["Operations"])
    phone: str = Field(examples=["+86 10 0000 0000"])
    mail: str = Field(examples=["ops@bank.example"])
    hours: str = Field(examples=["24 h"])


class Issuer(IssuerSummary):
    """An issuer with its rules, the meanings of its codes, and whom to call."""

    policies: list[Policy]
    meanings: list[Meaning]
    contacts: list[Contact]


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
    """Give an issuer with its rules, what its codes mean, and whom to call."""
    row = await views.recent(desk, issuer)
    return Issuer.model_validate(
        row
        | {
            "policies": await views.policies(desk, issuer),
            "meanings": await views.meanings(desk, issuer),
            "contacts": await views.contacts(desk, issuer),
        }
    )
