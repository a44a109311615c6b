"""Chargebacks: entered, answered with evidence, ended."""

import asyncio
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from annul.client.models import chargebacks as models
from annul.client.models.chargebacks import (
    Chargeback,
    ChargebackSum,
    ProposedChargeback,
    WholeChargeback,
)
from annul.client.models.parts import Page
from annul.desk import chargeback_acts as acting
from annul.desk import chargeback_proposals as proposing
from annul.desk import chargebacks as views
from annul.desk.chargeback_acts import Wanted
from annul.desk.chargebacks import ChargebackSearch
from annul.desk.desk import Desk
from annul.desk.roles import Scope, Visitor
from annul.domain import chargebacks as rules
from annul.settle.chargebacks.errors import EvidenceRefused
from annul.settle.chargebacks.evidence import LARGEST

from .asked import (
    After,
    Asked,
    Because,
    Limit,
    MerchantId,
    Minor,
    Moment,
    Named,
    Reason,
    Words,
    page,
)
from .idempotency import AtKeys, Claim, Key, Keys
from .needs import AtDesk, needs, problems
from .uploads import BODY, OCTETS, Upload

router = APIRouter(prefix="/chargebacks", tags=["chargebacks"])
Reader = Annotated[Visitor, needs(Scope.CLEARING_READ)]
Writer = Annotated[Visitor, needs(Scope.CLEARING_WRITE)]
LARGER: Final = {r"/chargebacks/[^/]+/evidence": LARGEST}
Group = Literal["live", "ended", "asked", "overdue"]
Number = Annotated[Words, Field(min_length=1, max_length=40)]
_FILE: Final = {
    200: {
        "description": "The document as it was given.",
        "content": {OCTETS: {"schema": {"type": "string", "format": "binary"}}},
    }
}


class NewChargeback(Asked):
    """What an issuer claims, as its network tells it."""

    number: Number = Field(
        description="The network's reference; of one number it is entered once.",
        examples=["CB20261123001"],
    )
    transaction: Named = Field(description="Id or reference number.", examples=["300000000001"])
    claims: models.Reason = Field(description="Why, by class.", examples=["cancelled"])
    amount: Minor | None = Field(
        None, description="In minor units; without it all of the transaction.", examples=[10_000]
    )
    begins: Literal["request", "charge_back"] = Field(
        "charge_back", description="A retrieval request, or a first chargeback."
    )
    received_at: Moment | None = Field(None, description="By the network; without it now.")
    due_at: Moment | None = Field(None, description="The network's deadline, if it gives one.")
    file: UUID | None = Field(None, description="The clearing file that told of it.")
    line: int | None = Field(None, ge=1, description="Its row there.")
    reason: Reason = Field(description="Kept in the audit log.", examples=["from the network"])


class NewOfFile(Asked):
    """What the row of a clearing file does not say of a chargeback."""

    number: Annotated[Words, Field(max_length=40)] = Field(
        "", description="The network's reference; of one that is opened.", examples=["CB1"]
    )
    claims: models.Reason | None = Field(
        None, description="Why, by class; of one that is opened.", examples=["cancelled"]
    )
    reason: Reason = Field(description="Kept in the audit log.", examples=["their file"])


class NewAct(Asked):
    """What is done next, or what issuer or network have done."""

    act: models.Act = Field(examples=["represent"])
    due_at: Moment | None = Field(None, description="The network's deadline, if it gives one.")
    reason: Reason = Field(examples=["the void is proved"])


class NewWorker(Asked):
    """Who works on a chargeback."""

    owner: Annotated[Words, Field(max_length=64)] = Field(
        description="Empty: nobody.", examples=["li"]
    )


@router.get("", responses=problems())
async def every(
    desk: AtDesk,
    visitor: Reader,
    merchant: MerchantId | None = None,
    stage: models.Stage | Group | None = None,
    claims: models.Reason | None = None,
    owner: Annotated[str, Query(max_length=64)] = "",
    transaction: UUID | None = None,
    limit: Limit = 50,
    cursor: After = "",
) -> Page[Chargeback]:
    """List chargebacks, the latest first."""
    wanted = ChargebackSearch(merchant or "", stage or "", claims or "", owner, transaction)
    found = await views.search(desk, visitor, wanted, limit, cursor)
    return page(Chargeback, found.rows, found.following)


@router.get("/sums", responses=problems())
async def sums(desk: AtDesk, visitor: Reader) -> Page[ChargebackSum]:
    """Read how many chargebacks are live and what money is in them."""
    return page(ChargebackSum, await views.sums(desk, visitor), "")


@router.get("/proposals", responses=problems())
async def proposals(desk: AtDesk, visitor: Reader) -> Page[ProposedChargeback]:
    """List chargebacks that clearing files tell of. For no merchant.

    Nothing has moved by them: people take each up, or dismiss it.
    """
    return page(ProposedChargeback, await proposing.proposed(desk, visitor), "")


@router.post("/proposals/{proposal}/accept", responses=problems(404, 409, 413))
async def accept_proposal(
    proposal: UUID, asked: NewOfFile, desk: AtDesk, visitor: Writer
) -> WholeChargeback:
    """Confirm a chargeback that a clearing file tells of.

    It opens that chargeback, or moves the live one of the sale (`follows`). Only for people with a
    session.
    """
    claims = rules.Reason(asked.claims) if asked.claims else None
    given = (proposal, asked.reason, asked.number, claims)
    return await _whole(desk, visitor, await proposing.take_up(desk, visitor, *given))


@router.post("/proposals/{proposal}/dismiss", status_code=204, responses=problems(404, 409, 413))
async def dismiss_proposal(proposal: UUID, asked: Because, desk: AtDesk, visitor: Writer) -> None:
    """Reject a chargeback that a clearing file tells of.

    Nothing follows. Only for people with a session.
    """
    await proposing.dismiss(desk, visitor, proposal, asked.reason)


@router.post("", status_code=201, response_model=WholeChargeback, responses=problems(404, 409, 413))
async def enter(
    asked: NewChargeback, key: Key, keys: AtKeys, desk: AtDesk, visitor: Writer
) -> Response:
    """Add a chargeback that an issuer has made.

    A first chargeback takes what stands of the claim from the merchant at once, or from
    `[chargebacks] second_person_from` on waits (`asked`) for a second person. A sale that was
    voided or refunded before takes nothing: `suggested` is its proof.
    """
    claim = await keys.claim(visitor, key, f"NewChargeback {asked.model_dump_json()}")
    if claim.answered is not None:
        return JSONResponse(claim.answered[1], claim.answered[0])
    wanted = Wanted(
        claim.identity,
        asked.number,
        asked.transaction,
        rules.Reason(asked.claims),
        asked.amount or 0,
        rules.Act(asked.begins),
        asked.received_at,
        asked.due_at,
        asked.file,
        asked.line,
    )

    async def do() -> UUID:
        return (await acting.open_(desk, visitor, wanted, asked.reason))[0]

    return await _answered(keys, visitor, key, desk, do, 201)


@router.get("/{identity}", responses=problems(404))
async def one(identity: UUID, desk: AtDesk, visitor: Reader) -> WholeChargeback:
    """Read a chargeback with its evidence and history."""
    return await _whole(desk, visitor, identity)


@router.post("/{identity}/act", response_model=WholeChargeback, responses=problems(404, 409, 413))
async def act(
    identity: UUID, asked: NewAct, key: Key, keys: AtKeys, desk: AtDesk, visitor: Writer
) -> Response:
    """Act on a chargeback: answer, represent, accept, or say what was done.

    From `[chargebacks] second_person_from` on what moves money waits (`asked`) for a second
    person. What may come next `follows`.
    """
    said = f"ChargebackAct {identity} {asked.model_dump_json()}"
    claim: Claim = await keys.claim(visitor, key, said)
    if claim.answered is not None:
        return JSONResponse(claim.answered[1], claim.answered[0])

    async def do() -> UUID:
        what = rules.Act(asked.act)
        await acting.act(desk, visitor, identity, what, asked.reason, asked.due_at)
        return identity

    return await _answered(keys, visitor, key, desk, do, 200)


@router.post("/{identity}/confirm", responses=problems(404, 409, 413))
async def confirm(identity: UUID, asked: Because, desk: AtDesk, visitor: Writer) -> WholeChargeback:
    """Approve the next step of a chargeback. Only for people with a session."""
    await acting.confirm(desk, visitor, identity, asked.reason)
    return await _whole(desk, visitor, identity)


@router.post("/{identity}/reject", responses=problems(404, 409, 413))
async def reject(identity: UUID, asked: Because, desk: AtDesk, visitor: Writer) -> WholeChargeback:
    """Reject the next step of a chargeback. Only for people with a session."""
    await acting.reject(desk, visitor, identity, asked.reason)
    return await _whole(desk, visitor, identity)


@router.post("/{identity}/assign", responses=problems(404, 409, 413))
async def assign(
    identity: UUID, asked: NewWorker, desk: AtDesk, visitor: Writer
) -> WholeChargeback:
    """Change who works on a chargeback."""
    await acting.assign(desk, visitor, identity, asked.owner)
    return await _whole(desk, visitor, identity)


@router.post(
    "/{identity}/evidence",
    status_code=201,
    response_model=WholeChargeback,
    responses=problems(404, 409, 413),
    openapi_extra=BODY,
)
async def add_evidence(
    identity: UUID,
    request: Request,
    kind: models.Kind,
    name: Annotated[
        str,
        Query(min_length=1, max_length=200, description="Of the file.", examples=["letter.pdf"]),
    ],
    key: Key,
    keys: AtKeys,
    desk: AtDesk,
    visitor: Writer,
) -> Response:
    """Send a document of a chargeback, as the body.

    A PDF, PNG, JPEG or plain text of at most 5 MB, judged by its content; kept encrypted.
    """
    claim = await keys.claim(visitor, key, f"ChargebackEvidence {identity} {kind} {name}")
    if claim.answered is not None:
        return JSONResponse(claim.answered[1], claim.answered[0])

    async def do() -> UUID:
        content = await asyncio.to_thread(_read, Upload(request))
        shown = rules.EvidenceKind(kind)
        await acting.add_evidence(desk, visitor, identity, shown, name, content, claim.identity)
        return identity

    return await _answered(keys, visitor, key, desk, do, 201)


@router.get(
    "/{identity}/evidence/{document}",
    response_class=Response,
    responses=problems(404) | _FILE,
)
async def evidence(identity: UUID, document: UUID, desk: AtDesk, visitor: Reader) -> Response:
    """Download a document of a chargeback. For no merchant."""
    name, media_type, content = await acting.read_evidence(desk, visitor, identity, document)
    headers = {
        "cache-control": "no-store",
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "x-content-type-options": "nosniff",
    }
    return Response(content, headers=headers, media_type=media_type)


async def _answered(
    keys: Keys, visitor: Visitor, key: str, desk: Desk, do: Any, status: int
) -> Response:
    """Do something under a key, and keep the answer; what is refused gives the key back."""
    try:
        identity = await do()
    except BaseException:
        await keys.free(visitor, key)
        raise
    answer = (await _whole(desk, visitor, identity)).model_dump(mode="json")
    await keys.keep(visitor, key, status, answer)
    return JSONResponse(answer, status)


async def _whole(desk: Desk, visitor: Visitor, identity: UUID) -> WholeChargeback:
    return WholeChargeback.model_validate(await views.find(desk, visitor, identity))


def _read(upload: Upload) -> bytes:
    """Read a document as it comes; raises `EvidenceRefused` as soon as it is too large."""
    pieces, size = list[bytes](), 0
    while piece := upload.read():
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST:
            raise EvidenceRefused
    return b"".join(pieces)
