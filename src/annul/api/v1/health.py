"""Health, for load balancers and watchers: open to everybody, says nothing of anybody."""

from typing import Any, Final

from fastapi import APIRouter

from annul.client.models.health import Health

from .needs import AtDesk, problems

router = APIRouter(prefix="/health", tags=["health"])
_AWAY: Final[dict[int | str, Any]] = {503: problems()[503]}


@router.get("", responses=_AWAY)
async def health(desk: AtDesk) -> Health:
    """Ask whether this process works. 503 while it can not reach its database."""
    await desk.pool.fetchval("SELECT 1")
    late = [one.name for one in desk.loops.late()]
    return Health(
        status="degraded" if late else "up", loops=tuple(late), host=desk.host is not None
    )
