"""Health, for load balancers and watchers: open to everybody, says nothing of anybody."""

from typing import Any, Final, Literal

from fastapi import APIRouter
from pydantic import Field

from .models import Model
from .needs import AtDesk, problems

router = APIRouter(prefix="/health", tags=["health"])
_AWAY: Final[dict[int | str, Any]] = {503: problems()[503]}


class Health(Model):
    """That this process answers and reaches its database."""

    status: Literal["up", "degraded"] = "up"
    loops: list[str] = Field([], description="Background loops that do not come round in time.")
    host: bool = Field(description="Whether this process speaks with terminals and issuers.")


@router.get("", responses=_AWAY)
async def health(desk: AtDesk) -> Health:
    """Say that this process works; 503 while it can not reach its database."""
    await desk.pool.fetchval("SELECT 1")
    late = [one.name for one in desk.loops.late()]
    return Health(status="degraded" if late else "up", loops=late, host=desk.host is not None)
