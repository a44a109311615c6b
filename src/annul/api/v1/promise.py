"""The promise: how many voids ended, how, and in time."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from annul.client.models.promise import Promise
from annul.desk import overview
from annul.desk.roles import Scope, Visitor

from .needs import AtDesk, needs, problems
from .polled import UNCHANGED, polled

router = APIRouter(prefix="/promise", tags=["promise"])


@router.get("", response_model=Promise, responses=problems() | UNCHANGED)
async def read(
    request: Request,
    desk: AtDesk,
    visitor: Annotated[Visitor, needs(Scope.OVERVIEW)],
    hours: Annotated[float, Query(ge=0.1, le=24 * 366)] = 24,
) -> Response:
    """Read how voids have ended, and whether in time."""
    now = desk.clock.now()
    since = now - timedelta(hours=hours)
    figures = await overview.promise(desk, since, visitor.merchant_id)
    oldest = (now - timedelta(seconds=figures.oldest_s)).replace(microsecond=0)
    return polled(
        request,
        Promise.model_validate(
            figures.figures()
            | {
                "oldest_opened_at": oldest if figures.open else None,
                "by_cause": await overview.by_cause(desk, since, visitor.merchant_id),
            }
        ),
    )
