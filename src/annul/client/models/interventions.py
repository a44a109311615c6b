"""What people have put in force for a time while something is wrong."""

from typing import Annotated, Literal

from pydantic import Field

from .parts import NEWER, Id, Model, Time


class Intervention(Model, frozen=True):
    """One of them. It ends by itself."""

    id: Id
    kind: Annotated[
        Literal[
            "route_around",
            "circuit_open",
            "retries_paused",
            "refunds_instead",
            "merchant_frozen",
            "terminal_blocked",
        ],
        NEWER,
    ]
    state: Annotated[Literal["proposed", "later", "in_force", "ended"], NEWER] = Field(
        description="`proposed`: it waits for a second person."
    )
    issuer: str = Field(description="Empty where it is about a shop.", examples=["00000101"])
    merchant: str = Field(description="Empty where it is about an issuer.", examples=[""])
    terminal: str = Field(description="Empty where it is about all of a shop.", examples=[""])
    amount: int = Field(description="Up to this one, in minor units; 0 without.", examples=[0])
    valid_from: Time
    valid_until: Time
    set_by: str = Field(examples=["olga"])
    reason: str = Field(examples=["the issuer answers 96 to all voids"])
    confirmed_by: str = Field(description="Empty: by nobody.", examples=[""])
    ended_by: str = Field(description="Who ended it before its time.", examples=[""])
    ended_at: Time | None
