"""Cases as they change, by server-sent events."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from annul.client.models.cases import Change
from annul.desk import over_cells
from annul.desk.desk import Desk
from annul.desk.roles import Scope, Visitor
from annul.store.sql import load

from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/cases", tags=["cases"])

_SQL: Final = load("annul.api.v1", "events.sql")
_ID: Final = re.compile(r"(\d{1,16})-[0-9A-Za-z]{1,40}")  # microseconds since 1970, case number
_MISSED: Final = 1_000  # cases that somebody who comes back is told of
# Then the client connects anew by itself, perhaps to another process.
_LASTS_S: Final = 300.0


@router.get(
    "/events",
    response_class=EventSourceResponse,
    responses=problems() | {200: {"description": "One event per change of a case."}},
)
async def events(
    request: Request,
    desk: AtDesk,
    visitor: Annotated[Visitor, needs(Scope.CASES_READ)],
    last_event_id: Annotated[
        str, Header(max_length=60, description="The last `id` that came: what came since is sent.")
    ] = "",
) -> AsyncIterator[ServerSentEvent]:
    """Follow cases as they change. Each event is called `case`.

    A comment every 15 seconds says that the line is alive. The stream ends after five minutes; a
    client that comes back with Last-Event-ID, as browsers do by themselves, misses nothing. It ends
    within 5 seconds when its session or key does, or when these may do something else.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + _LASTS_S
    following = desk.feed.changes()
    await anext(following)  # before the query, so that no change falls between the two
    seen = _ID.fullmatch(last_event_id)
    if seen:
        since = datetime.fromtimestamp(int(seen[1]) / 1_000_000, UTC)
        for row in await _missed(desk, visitor, since):
            yield _event(row)
    async for changes in following:
        if not await request.state.still():
            return
        for change in changes:
            if visitor.sees(change["merchant_id"]):
                yield _event(change)
        if loop.time() >= until:
            return


async def _missed(desk: Desk, visitor: Visitor, since: datetime) -> list[dict[str, Any]]:
    """Give what has changed since a moment in all cells, oldest first."""
    changed = _SQL["changed"](merchant=visitor.merchant_id, since=since, limit=_MISSED)
    answers = await over_cells.each(desk, lambda one: one.pool.fetch(*changed))
    rows = [dict(row) for answer in answers for row in answer]
    return sorted(rows, key=lambda row: row["changed_at"])[:_MISSED]


def _event(row: dict[str, Any]) -> ServerSentEvent:
    change = Change.model_validate(row)
    stamp = int(change.changed_at.timestamp() * 1_000_000)
    return ServerSentEvent(event="case", id=f"{stamp}-{change.number}", data=change)
