"""Money in question, and conclusions by hand: proposed by one person, confirmed by another."""

from typing import Annotated, Any, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import Base64Bytes, Field

from annul.client.models.conclusions import Conclusion, Conclusions, InQuestion
from annul.client.models.parts import Page, Said
from annul.desk import conclusions as views
from annul.desk.roles import Scope, Visitor
from annul.domain.records import Transaction
from annul.resolve import conclusion as stored
from annul.resolve.conclusion import LARGEST_EVIDENCE, NotConcludable, StillWorkedOn
from annul.resolve.conclusion_words import follows

from .asked import After, Asked, Because, Limit, Named, Reason, Words, page
from .needs import AtDesk, needs, problems

router = APIRouter(tags=["conclusions"])
Reader = Annotated[Visitor, needs(Scope.CASES_READ)]
Actor = Annotated[Visitor, needs(Scope.CASES_ACT)]
Which = Annotated[Named, Path(description="Id or reference number.")]
# Evidence in base64, and what goes with it.
LARGER: Final = {r"/transactions/[^/]+/conclusions": LARGEST_EVIDENCE * 4 // 3 + 65_536}
_OF: Final = "/transactions/{transaction}/conclusions"
_OCTETS: Final = "application/octet-stream"
_LEFT: Final = {202: {"model": Conclusion, "description": "Left to a host, in a moment."}}
_FILE: Final = {
    200: {
        "description": "The file as it was given.",
        "content": {_OCTETS: {"schema": {"type": "string", "format": "binary"}}},
    }
}


class NewConclusion(Asked):
    """What has become of a transaction at the issuer, why one is sure, and what shows it."""

    done: bool = Field(description="Whether it was done at the issuer.", examples=[False])
    reason: Reason = Field(examples=["The issuer's desk wrote that it is not in its books."])
    evidence: Base64Bytes = Field(
        description="A file of at most 5 MB, in base64. It is kept encrypted.",
        examples=["aXNzdWVyJ3MgbGV0dGVy"],
    )
    evidence_name: Annotated[Words, Field(min_length=1, max_length=200)] = Field(
        description="Name of the file.", examples=["letter.pdf"]
    )


@router.get("/money-in-question", responses=problems())
async def money_in_question(
    desk: AtDesk, visitor: Reader, limit: Limit = 50, cursor: After = ""
) -> Page[InQuestion]:
    """List movements whose outcome nobody has proved, the oldest first.

    Unfinished for longer than twice their issuer's time-out, disputed, or of a case that ended as
    `unproved`.
    """
    found = await views.in_question(desk, visitor, limit, cursor)
    return page(InQuestion, found.rows, found.following)


@router.get(_OF, responses=problems(404, 409))
async def every(transaction: Which, desk: AtDesk, visitor: Reader) -> Conclusions:
    """Read what people have concluded of a transaction.

    And what would follow from a conclusion now.
    """
    found, conclusions = await views.of(desk, visitor, transaction)
    try:
        await views.concludable(desk, visitor, str(found.id))
    except (NotConcludable, StillWorkedOn):
        return _whole(found, conclusions, possible=False)
    return _whole(found, conclusions, possible=True)


@router.post(_OF, status_code=201, responses=problems(404, 409, 413))
async def propose(
    transaction: Which, asked: NewConclusion, desk: AtDesk, visitor: Actor
) -> Conclusion:
    """Propose the outcome of a transaction, with evidence. Another person has to confirm it.

    For operators and administrators. A key acts as the person who made it. Refused (409) while
    annul still works on the transaction by itself, and once its outcome is known.
    """
    proposed = await views.propose(
        desk,
        visitor,
        transaction,
        done=asked.done,
        reason=asked.reason,
        evidence=asked.evidence,
        evidence_name=asked.evidence_name,
    )
    return _one(proposed)


@router.post(_OF + "/{conclusion}/confirm", responses=problems(404, 409, 413) | _LEFT)
async def confirm(
    transaction: Which,
    conclusion: UUID,
    asked: Because,
    desk: AtDesk,
    visitor: Actor,
    response: Response,
) -> Conclusion:
    """Confirm an outcome that another person has proposed. The money moves as it says, once.

    Refused (409 `resolve.second_person`) for who has proposed it, and
    (409 `resolve.conclusion_overtaken`) when the issuer was heard since.
    """
    confirmed = await views.confirm(desk, visitor, transaction, conclusion, asked.reason)
    if confirmed.state == "confirmed":
        response.status_code = 202
    return _one(confirmed)


@router.delete(_OF + "/{conclusion}", responses=problems(404, 409))
async def withdraw(
    transaction: Which,
    conclusion: UUID,
    desk: AtDesk,
    visitor: Actor,
    reason: Annotated[Reason, Query(description="Kept in the audit log.")],
) -> Conclusion:
    """Withdraw a proposed outcome. One's own or another's, before it is confirmed."""
    return _one(await views.withdraw(desk, visitor, transaction, conclusion, reason))


@router.get(
    _OF + "/{conclusion}/evidence", response_class=Response, responses=problems(404, 409) | _FILE
)
async def evidence(transaction: Which, conclusion: UUID, desk: AtDesk, visitor: Reader) -> Response:
    """Download the evidence of a proposed outcome. For those who conclude, and for auditors."""
    found, content = await views.evidence(desk, visitor, transaction, conclusion)
    named = f"attachment; filename*=UTF-8''{quote(found.evidence_name, safe='')}"
    return Response(content, media_type=_OCTETS, headers={"content-disposition": named})


def _one(found: stored.Conclusion) -> Conclusion:
    """Give a conclusion as programs read it."""
    shown: dict[str, Any] = {
        **found._asdict(),
        "state": found.state,
        "evidence_sha256": found.evidence_hash.hex(),
        "concluded_at": found.carried_at,
    }
    return Conclusion.model_validate(shown)


def _whole(
    transaction: Transaction, found: list[stored.Conclusion], *, possible: bool
) -> Conclusions:
    """Give a transaction with its conclusions, and what would follow."""
    kind, state = transaction.kind, transaction.state
    return Conclusions(
        transaction_id=str(transaction.id),
        rrn=transaction.rrn,
        state=str(state),
        possible=possible,
        if_done=Said.model_validate(follows(kind, state, done=True)),
        if_not_done=Said.model_validate(follows(kind, state, done=False)),
        conclusions=tuple(_one(each) for each in found),
    )
