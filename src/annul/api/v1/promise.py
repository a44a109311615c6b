"""The promise: how many voids ended, how, and in time."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from annul.desk.roles import Scope, Visitor
from annul.resolve import promise

from .models import Model
from .needs import AtDesk, needs, problems
from .polled import UNCHANGED, polled

router = APIRouter(prefix="/promise", tags=["promise"])


class Pace(Model):
    """How long cases of a cause took to their end, in seconds."""

    cause: str = Field(examples=["timeout"])
    cases: int = Field(examples=[12])
    p50_s: float = Field(examples=[9.5])
    p99_s: float = Field(examples=[41.0])
    max_s: float = Field(examples=[44.2])


class Promise(Model):
    """Cases opened within the hours asked for; open and unproved ones always count."""

    cases: int = Field(examples=[20])
    open: int = Field(examples=[1])
    voided: int = Field(examples=[15])
    refunded: int = Field(examples=[2])
    refused: int = Field(examples=[2])
    unproved: int = Field(
        description="Ended without a proof; their money is in question.", examples=[0]
    )
    in_time: int = Field(description="Ended by their due time.", examples=[19])
    late: int = Field(
        description="Over the due time of their first cause, ended or not.", examples=[0]
    )
    late_by_cause: int = Field(
        description="Over the due time of the cause that they go by now.", examples=[0]
    )
    asked: int = Field(description="Open or unproved, and a person is asked.", examples=[0])
    in_question: int = Field(
        description="Money of open and unproved cases, minor units.", examples=[10_000]
    )
    oldest_opened_at: datetime | None = Field(description="Of the open ones.")
    by_cause: list[Pace]


@router.get("", response_model=Promise, responses=problems() | UNCHANGED)
async def read(
    request: Request,
    desk: AtDesk,
    visitor: Annotated[Visitor, needs(Scope.OVERVIEW)],
    hours: Annotated[float, Query(ge=0.1, le=24 * 366)] = 24,
) -> Response:
    """Say how the promise is kept: every void ends, within a time that is measured."""
    now = desk.clock.now()
    since = now - timedelta(hours=hours)
    figures = await promise.read(desk.pool, now, since, visitor.merchant_id)
    oldest = (now - timedelta(seconds=figures.oldest_s)).replace(microsecond=0)
    return polled(
        request,
        Promise.model_validate(
            figures.figures()
            | {
                "oldest_opened_at": oldest if figures.open else None,
                "by_cause": await promise.by_cause(desk.pool, since, visitor.merchant_id),
            }
        ),
    )
