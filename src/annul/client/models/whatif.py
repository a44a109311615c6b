"""What a change would have decided otherwise."""

from typing import Annotated, Literal

from pydantic import Field

from .parts import NEWER, Model, Time


class WhatIfDecision(Model, frozen=True):
    """One decision that would differ; what does not concern its kind is empty or null."""

    number: str = Field(
        description="The case or transaction; of an alarm its stream: scope and member.",
        examples=["519820000417"],
    )
    merchant: str = Field(examples=["898000058120000"])
    at: Time | None
    kind: str = Field(
        description="Of the transaction; of an alarm what it is about.", examples=["void"]
    )
    amount: int | None = Field(description="In minor units.", examples=[120_000])
    state: str = Field(
        description="What became of it: a state or end, `approved` or `refused`, the cause that "
        "was confirmed.",
        examples=["approved"],
    )
    before: str = Field(
        description="The rule, the cause or who decides; of an alarm when it was raised. Empty: "
        "none, or never.",
        examples=[""],
    )
    after: str = Field(description="The same with the change.", examples=["over_merchant_limit"])


class WhatIfResult(Model, frozen=True):
    """What a change comes to: sums over all, and the first decisions that would differ."""

    kind: Annotated[Literal["policy", "weight", "alarm", "merchant"], NEWER]
    sums: dict[str, int] = Field(
        description="How many were looked at, and how many differ, by how.",
        examples=[{"decisions": 1204331, "stricter": 12, "freed": 0, "approved": 11}],
    )
    decisions: tuple[WhatIfDecision, ...]
    more: bool = Field(description="More differ than are listed.", examples=[False])
