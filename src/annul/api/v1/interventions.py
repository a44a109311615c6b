"""What people put in force for a time while something is wrong."""

from typing import Annotated, Any, Final
from uuid import UUID, uuid5

from fastapi import APIRouter, Header
from pydantic import Field

from annul.client.models.interventions import Intervention
from annul.client.models.parts import Page
from annul.desk import interventions as views
from annul.desk.roles import Scope, Visitor
from annul.domain.interventions import InterventionKind
from annul.domain.money import LARGEST

from .asked import Asked, IssuerId, MerchantId, OneOf, Reason, TerminalId, page
from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/interventions", tags=["interventions"])
Kind = Annotated[str, OneOf(kind.value for kind in InterventionKind)]
Writer = Annotated[Visitor, needs(Scope.ISSUERS_WRITE)]
_YEAR: Final = 365 * 24 * 60
_BEGUN: Final = UUID("0c7c2a6e-8f0e-5d0b-9d27-5d5cf5a4b0a1")  # under which keys become ids
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{0,200}$",
        description="Your own name for this: the same one under the same key is begun once.",
    ),
]


class NewIntervention(Asked):
    """What is to be in force from now on."""

    kind: Kind = Field(examples=["retries_paused"])
    minutes: int = Field(ge=1, le=_YEAR, examples=[30])
    issuer: IssuerId | Annotated[str, Field(pattern="^$")] = Field("", examples=["00000101"])
    merchant: MerchantId | Annotated[str, Field(pattern="^$")] = Field("", examples=[""])
    terminal: TerminalId | Annotated[str, Field(pattern="^$")] = Field("", examples=[""])
    amount: int = Field(0, ge=0, le=LARGEST, description="In minor units.", examples=[0])
    reason: Reason = Field(description="Kept in the audit log.", examples=["its voids fail"])


class Why(Asked):
    """Why it is done."""

    reason: Reason = Field(description="Kept in the audit log.", examples=["it works again"])


@router.get("", responses=problems())
async def listed(
    desk: AtDesk, visitor: Annotated[Visitor, needs(Scope.INCIDENTS_READ)]
) -> Page[Intervention]:
    """List interventions: in force or waiting, then what ended last."""
    rows = await views.listing(desk, visitor)
    return page(Intervention, [_shown(row) for row in rows], "")


@router.post("", status_code=201, responses=problems(413))
async def begin(new: NewIntervention, desk: AtDesk, visitor: Writer, key: Key = "") -> Intervention:
    """Begin an intervention; what takes two people waits for the second.

    What is about a merchant or terminal takes `merchants:write` as well.
    """
    wanted = views.Wanted(
        InterventionKind(new.kind), new.minutes, new.issuer, new.merchant, new.terminal, new.amount
    )
    told = f"{visitor.name}\n{key}\n{new.model_dump_json()}"
    identity = await views.begin(
        desk, visitor, wanted, new.reason, uuid5(_BEGUN, told) if key else None
    )
    return await _one(desk, visitor, identity)


@router.post("/{identity}/confirm", responses=problems(404, 413))
async def confirm(identity: UUID, why: Why, desk: AtDesk, visitor: Writer) -> Intervention:
    """Confirm an intervention that somebody else has proposed."""
    await views.confirm(desk, visitor, identity, why.reason)
    return await _one(desk, visitor, identity)


@router.post("/{identity}/end", responses=problems(404, 413))
async def end(identity: UUID, why: Why, desk: AtDesk, visitor: Writer) -> Intervention:
    """End an intervention before its time, or take a proposal back."""
    await views.end(desk, visitor, identity, why.reason)
    return await _one(desk, visitor, identity)


async def _one(desk: AtDesk, visitor: Visitor, identity: UUID) -> Intervention:
    return Intervention.model_validate(_shown(await views.find(desk, visitor, identity)))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    names = ("issuer", "merchant", "terminal")
    return row | {name: row[f"{name}_id"] for name in names}
