"""Channels over which people are told of incidents: how they do, and a test message."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from annul.client.models.notices import NoticeChannel, TriedChannel
from annul.client.models.parts import Page
from annul.desk import notices as views
from annul.desk.roles import Scope, Visitor

from .asked import page
from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/notices", tags=["notices"])


@router.get("/channels", responses=problems())
async def channels(
    desk: AtDesk, visitor: Annotated[Visitor, needs(Scope.NOTICES_READ)]
) -> Page[NoticeChannel]:
    """List channels for notices in use, with how their last messages went."""
    return page(NoticeChannel, await views.channels(desk, visitor), "")


@router.post("/channels/{channel}/test", responses=problems(404, 409))
async def test(
    channel: UUID, desk: AtDesk, visitor: Annotated[Visitor, needs(Scope.NOTICES_WRITE)]
) -> TriedChannel:
    """Send a test message to a channel now. It counts as one of its minute."""
    outcome = await views.try_channel(desk, visitor, channel)
    return TriedChannel(outcome=outcome.phase.value, error=outcome.error)
