"""Reports by mail: who gets which, and how the latest went."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from annul.client.models.parts import Page
from annul.client.models.reports import ReportSubscription
from annul.desk import report_mails as views
from annul.desk.roles import Scope, Visitor
from annul.operate.reports.period import Length

from .asked import Asked, OneOf, Reason, Words, page
from .idempotency import AtKeys, Key
from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/report-subscriptions", tags=["reports"])
Writer = Annotated[Visitor, needs(Scope.NOTICES_WRITE)]
LengthName = Annotated[str, OneOf(one.value for one in Length)]


class NewReportSubscription(Asked):
    """Who is to get which report, and where to."""

    user: Annotated[Words, Field(min_length=1, max_length=64)] = Field(examples=["li"])
    length: LengthName = Field(examples=["week"])
    mail: Annotated[Words, Field(max_length=254)] = Field(
        description="One address. It is sealed, and never given again.",
        examples=["li@bank.example"],
    )
    channel: Annotated[Words, Field(max_length=60)] = Field(
        "", description="The mail channel that carries it; empty: the first.", examples=["mail"]
    )
    reason: Reason = Field(description="Kept in the audit log.", examples=["reads it on Mondays"])


@router.get("", responses=problems())
async def listed(
    desk: AtDesk, visitor: Annotated[Visitor, needs(Scope.NOTICES_READ)]
) -> Page[ReportSubscription]:
    """List who gets reports by mail, and how the latest went. For no merchant."""
    return page(ReportSubscription, [_shown(row) for row in await views.every(desk, visitor)], "")


@router.post(
    "", status_code=201, response_model=ReportSubscription, responses=problems(404, 409, 413)
)
async def add(
    new: NewReportSubscription, key: Key, keys: AtKeys, desk: AtDesk, visitor: Writer
) -> Response:
    """Add a report by mail for a user, from the next period on.

    The user must be one who may read reports, and the key must have `cases:read` as well. Where the
    user gets it already, it goes to this address from now on.
    """
    claim = await keys.claim(visitor, key, f"NewReportSubscription {new.model_dump_json()}")
    if claim.answered is not None:
        return _made(claim.answered[1])
    try:
        row = await views.add(
            desk, visitor, new.user, Length(new.length), new.mail, new.reason, new.channel
        )
    except BaseException:
        await keys.free(visitor, key)
        raise
    made = ReportSubscription.model_validate(_shown(row)).model_dump(mode="json")
    await keys.keep(visitor, key, 201, made | {"id": str(claim.identity)})
    return _made(made)


@router.delete("/{user}/{length}", status_code=204, responses=problems(404))
async def remove(
    user: Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[^\u0000-\u001f/]+$")],
    length: Annotated[LengthName, Path()],
    reason: Annotated[Reason, Query(description="Kept in the audit log.")],
    desk: AtDesk,
    visitor: Writer,
) -> None:
    """Stop mailing a report to a user. What is owed is sent no more."""
    await views.remove(desk, visitor, user, Length(length), reason)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"user": row["name"], "error": row["error"] or "", "tries": row["tries"] or 0}


def _made(answer: dict[str, Any]) -> JSONResponse:
    return JSONResponse({name: one for name, one in answer.items() if name != "id"}, 201)
