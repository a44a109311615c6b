"""A change tried on what has happened, before it is made."""

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Body
from pydantic import Field

from annul.client.models.whatif import WhatIfResult
from annul.desk import whatif as views
from annul.desk.roles import Scope, Visitor
from annul.domain.money import LARGEST
from annul.domain.policies import PolicyKind
from annul.operate.whatif.merchants import SETTINGS

from .asked import Asked, CauseName, IssuerId, MerchantId, OneOf, Words
from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/what-if", tags=["what-if"])
Reader = Annotated[Visitor, needs(Scope.OVERVIEW)]


class _Change(Asked):
    days: int = Field(30, ge=1, le=400, description="Of so many days up to now.", examples=[30])
    limit: int = Field(100, ge=1, le=1_000, description="Decisions that are listed.")


class ChangedPolicy(_Change):
    """A rule of an issuer, in the place of all of its kind."""

    kind: Literal["policy"]
    issuer: IssuerId = Field(examples=["00000101"])
    rule: Annotated[str, OneOf(kind.value for kind in PolicyKind)] = Field(
        examples=["void_amount_limit"]
    )
    number: int | None = Field(None, ge=0, le=LARGEST, description="Without one: no rule.")


class ChangedWeight(_Change):
    """A weight of a signal for a cause."""

    kind: Literal["weight"]
    cause: CauseName
    signal: Words = Field(min_length=1, max_length=100, examples=["code:91"])
    by: float = Field(ge=-20, le=20, allow_inf_nan=False, description="What is added to it.")


class ChangedAlarm(_Change):
    """Other limits of the alarms; what is not given stays as it is."""

    kind: Literal["alarm"]
    per_million: float | None = Field(
        None, ge=0.001, le=1_000, allow_inf_nan=False, description="False alarms in a million."
    )
    history_days: int | None = Field(None, ge=7, le=400)


class ChangedMerchant(_Change):
    """A setting of one merchant, or of all."""

    kind: Literal["merchant"]
    setting: Annotated[str, OneOf(SETTINGS)] = Field(examples=["amount_limit"])
    number: int = Field(ge=0, le=LARGEST, examples=[100_000])
    merchant: MerchantId | Annotated[str, Field(pattern="^$")] = Field("", examples=[""])


Changed = Annotated[
    ChangedPolicy | ChangedWeight | ChangedAlarm | ChangedMerchant,
    Body(discriminator="kind"),
]


@router.post("", responses=problems(409))
async def tried(change: Changed, desk: AtDesk, visitor: Reader) -> WhatIfResult:
    """Try a change on what has happened; nothing is changed.

    It may take minutes, and one at a time is tried: another one is answered 409. Asked again it is
    worked out anew, which does no harm, so it takes no Idempotency-Key. Keys of merchants may not.
    """
    given = change.model_dump(exclude={"kind", "days", "limit"})
    wanted = views.Change(change.kind, change.days, change.limit, given)
    return WhatIfResult.model_validate(asdict(await views.tried(desk, visitor, wanted)))
