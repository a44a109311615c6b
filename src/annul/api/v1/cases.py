"""Cases: looked for, read whole, acted on, and their proof."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from annul.client.models.advice import AdviceAnswer
from annul.client.models.cases import CaseSummary, Done, WholeCase
from annul.client.models.parts import Page
from annul.desk import acts, advice
from annul.desk import cases as views
from annul.desk.over_cells import serving
from annul.desk.roles import Scope, Visitor
from annul.diagnose.causes import CAUSES
from annul.resolve.case import Case
from annul.resolve.people import ACTIONS, AN_HOUR, MINUTES, Action

from .asked import (
    After,
    Asked,
    CauseName,
    IssuerId,
    Limit,
    MerchantId,
    Moment,
    Named,
    OneOf,
    Words,
    page,
)
from .needs import AtDesk, needs, problems
from .polled import UNCHANGED, polled

router = APIRouter(prefix="/cases", tags=["cases"])
Reader = Annotated[Visitor, needs(Scope.CASES_READ)]
# A shop's own people may withdraw their void; `annul.desk.acts` says who may do which act.
Actor = Annotated[Visitor, needs(Scope.CASES_ACT, Scope.SHOP)]
Number = Annotated[Named, Path(description="Number on the slip, or id.", examples=["300000000002"])]

WithNotes = Annotated[
    bool, Query(description="Also what people wrote for each other, and their names.")
]

_ZIP: Final = "application/zip"
_PDF: Final = "application/pdf"


class Act(Asked):
    """What to do with a case, and why."""

    action: Annotated[str, OneOf(ACTIONS)] = Field(examples=["retry"])
    reason: Annotated[Words, Field(min_length=1, max_length=500)] = Field(
        examples=["the customer waits at the till"]
    )
    cause: Annotated[str, OneOf(["", *CAUSES])] = Field(
        "", description="The cause, for confirm-cause.", examples=[""]
    )
    minutes: int = Field(
        AN_HOUR,
        ge=MINUTES[0],
        le=MINUTES[-1],
        description="For `take`: how long you have it; automatic handling is paused meanwhile.",
    )


class Tapped(Asked):
    """What a person says of the advice of a case."""

    helped: bool = Field(description="Whether it has helped.", examples=[True])


@router.get("", responses=problems())
async def search(
    desk: AtDesk,
    visitor: Reader,
    state: Annotated[
        str, OneOf(views.STATES), Query(description="`asked`: waits for a person.")
    ] = "open",
    cause: CauseName | None = None,
    issuer: IssuerId | None = None,
    merchant: MerchantId | None = None,
    search: Annotated[
        Annotated[Words, Field(max_length=40)] | None,
        Query(description="Voucher, reference, case or terminal number, amount, last four digits."),
    ] = None,
    since: Annotated[Moment | None, Query(description="Opened from then.")] = None,
    limit: Limit = 50,
    cursor: After = "",
) -> Page[CaseSummary]:
    """List cases, the latest first."""
    wanted = views.CaseSearch(state, cause or "", issuer or "", merchant or "", search or "", since)
    found = await views.search(desk, visitor, wanted, limit, cursor)
    return page(CaseSummary, found.rows, found.following)


@router.get("/{number}", response_model=WholeCase, responses=problems(404) | UNCHANGED)
async def one(request: Request, number: Number, desk: AtDesk, visitor: Reader) -> Response:
    """Read everything about a case.

    Causes with evidence, timeline, transactions, ledger, and what may be done.
    """
    case, whole = await views.opened(desk, visitor, number)
    return polled(request, _whole(case, whole, acts.possible(visitor, case)))


@router.post(
    "/{number}/acts",
    responses=problems(404, 409, 413)
    | {202: {"model": Done, "description": "Proposed; a second person has to do the same."}},
)
async def act(number: Number, asked: Act, desk: AtDesk, visitor: Actor, response: Response) -> Done:
    """Act on a case. Above the merchant's limit what moves money takes two people."""
    case = await views.find(desk, visitor, number)
    done = await acts.act(
        desk, visitor, case, asked.action, asked.reason, asked.cause, asked.minutes
    )
    if done == "proposed":
        response.status_code = 202
    changed = await (await serving(desk, case.merchant_id)).book.reread(case)
    return Done(done=done, case=CaseSummary.model_validate(changed))


@router.post("/{number}/advice", responses=problems(404))
async def said(number: Number, asked: Tapped, desk: AtDesk, visitor: Actor) -> AdviceAnswer:
    """Keep whether the advice of a case has helped.

    Once for each person or program and case; it may be changed for a day.
    """
    answer = await advice.answer(desk, visitor, number, helped=asked.helped)
    return AdviceAnswer(helped=answer.helped, until=answer.until)


@router.get(
    "/{number}/proof",
    response_class=Response,
    responses=problems(404)
    | {
        200: {
            "description": "A zip of proof.json, proof.pdf in both languages, and signature.json.",
            "content": {_ZIP: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def proved(number: Number, desk: AtDesk, visitor: Reader) -> Response:
    """Download the proof of a case.

    Everything that was known, done and said, with its hash chain.
    """
    case, content = await views.proved(desk, visitor, number)
    name = f'attachment; filename="annul-{case.number}.zip"'
    return Response(content, media_type=_ZIP, headers={"content-disposition": name})


@router.get(
    "/{number}/proof.pdf",
    response_class=Response,
    responses=problems(404)
    | {
        200: {
            "description": "The printable proof in both languages, in the acquirer's local time.",
            "content": {_PDF: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def printed(
    number: Number,
    desk: AtDesk,
    visitor: Reader,
    notes: WithNotes = False,  # noqa: FBT002 - a query parameter, by name
) -> Response:
    """Download the printable proof of a case."""
    case, content = await views.printed(desk, visitor, number, notes=notes)
    name = f'inline; filename="annul-{case.number}.pdf"'
    return Response(content, media_type=_PDF, headers={"content-disposition": name})


def _whole(case: Case, gathered: dict[str, Any], allowed: list[Action]) -> WholeCase:
    """Put it together from what `annul.resolve.proof` gathers."""
    return WholeCase.model_validate(
        {
            **{
                name: gathered[name]
                for name in ("timeline", "transactions", "messages", "ledger", "told")
            },
            "case": CaseSummary.model_validate(case),
            "causes": (gathered["diagnosis"] or {}).get("causes", []),
            "chain_broken_at": gathered["chain"]["broken_at"],
            "allowed": allowed,
        }
    )
