"""Health of a process."""

from typing import Annotated, Literal

from pydantic import Field

from .parts import NEWER, Model


class Health(Model, frozen=True):
    """That this process answers and reaches its database."""

    status: Annotated[Literal["up", "degraded"], NEWER] = "up"
    loops: tuple[str, ...] = Field(
        (), description="Background loops that do not come round in time."
    )
    host: bool = Field(description="Whether this process speaks with terminals and issuers.")
