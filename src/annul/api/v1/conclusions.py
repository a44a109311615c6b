"""Money in question, and conclusions by hand: proposed by one person, confirmed by another."""

from typing import Annotated, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from annul.desk import conclusions as views
from annul.desk.roles import Scope, Visitor
from annul.resolve.conclusion import LARGEST_EVIDENCE, NotConcludable, StillWorkedOn

from . import conclusion_models as models
from .models import After, Limit, Named, Page, page
from .needs import AtDesk, needs, problems

router = APIRouter(tags=["conclusions"])
Reader = Annotated[Visitor, needs(Scope.CASES_READ)]
Actor = Annotated[Visitor, needs(Scope.CASES_ACT)]
Transaction = Annotated[Named, Path(description="Id or reference number.")]

# Evidence in base64, and what goes with it.
LARGER: Final = {r"/transactions/[^/]+/conclusions": LARGEST_EVIDENCE * 4 // 3 + 65_536}
_OF: Final = "/transactions/{transaction}/conclusions"
_OCTETS: Final = "application/octet-stream"
_LEFT: Final = {202: {"model": models.Conclusion, "description": "Left to a host, in a moment."}}
_FILE: Final = {
    200: {
        "description": "The file as it was given.",
        "content": {_OCTETS: {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("/money-in-question", responses=problems())
async def money_in_question(
    desk: AtDesk, visitor: Reader, limit: Limit = 50, cursor: After = ""
) -> Page[models.InQuestion]:
    """List movements whose outcome nobody has proved, the oldest first.

    Unfinished for longer than twice their issuer's time-out, disputed, or of a case that ended as
    `unproved`.
    """
    found = await views.in_question(desk, visitor, limit, cursor)
    return page(models.InQuestion, found.rows, found.following)


@router.get(_OF, responses=problems(404, 409))
async def every(transaction: Transaction, desk: AtDesk, visitor: Reader) -> models.Conclusions:
    """Give what was concluded of a transaction by hand, and what would follow from it now."""
    found, conclusions = await views.of(desk, visitor, transaction)
    try:
        await desk.conclusions.concludable(found)
    except (NotConcludable, StillWorkedOn):
        return models.whole(found, conclusions, possible=False)
    return models.whole(found, conclusions, possible=True)


@router.post(_OF, status_code=201, responses=problems(404, 409, 413))
async def propose(
    transaction: Transaction, asked: models.NewConclusion, desk: AtDesk, visitor: Actor
) -> models.Conclusion:
    """Propose what has become of a transaction, with evidence; another person has to confirm it.

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
    return models.one(proposed)


@router.post(_OF + "/{conclusion}/confirm", responses=problems(404, 409, 413) | _LEFT)
async def confirm(
    transaction: Transaction,
    conclusion: UUID,
    asked: models.Because,
    desk: AtDesk,
    visitor: Actor,
    response: Response,
) -> models.Conclusion:
    """Confirm what another person has proposed: the money moves as it says, once.

    Refused (409 `resolve.second_person`) for who has proposed it, and
    (409 `resolve.conclusion_overtaken`) when the issuer was heard since.
    """
    confirmed = await views.confirm(desk, visitor, transaction, conclusion, asked.reason)
    if confirmed.state == "confirmed":
        response.status_code = 202
    return models.one(confirmed)


@router.delete(_OF + "/{conclusion}", responses=problems(404, 409))
async def withdraw(
    transaction: Transaction,
    conclusion: UUID,
    desk: AtDesk,
    visitor: Actor,
    reason: Annotated[models.Reason, Query(description="Kept in the audit log.")],
) -> models.Conclusion:
    """Take a proposal back, one's own or another's, before it is confirmed."""
    return models.one(await views.withdraw(desk, visitor, transaction, conclusion, reason))


@router.get(
    _OF + "/{conclusion}/evidence", response_class=Response, responses=problems(404, 409) | _FILE
)
async def evidence(
    transaction: Transaction, conclusion: UUID, desk: AtDesk, visitor: Reader
) -> Response:
    """Give the file that was attached, to those who conclude and to auditors."""
    found, content = await views.evidence(desk, visitor, transaction, conclusion)
    named = f"attachment; filename*=UTF-8''{quote(found.evidence_name, safe='')}"
    return Response(content, media_type=_OCTETS, headers={"content-disposition": named})
