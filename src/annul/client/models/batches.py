"""Where batches of terminals differ from the host's books."""

from typing import Annotated, Literal

from pydantic import Field

from .parts import MERCHANT, NEWER, Id, Model, Time

Resolution = Literal["host_stands", "terminal_stands", "given_back"]


class BatchDifference(Model, frozen=True):
    """A row in which a terminal's batch and the host differ; amounts in minor units."""

    merchant: str = Field(validation_alias="merchant_id", examples=[MERCHANT])
    terminal: str = Field(validation_alias="terminal_id", examples=["10000001"])
    batch: str = Field(examples=["000001"])
    trace: str = Field(examples=["000012"])
    currency: str = Field(description="ISO 4217, numeric.", examples=["156"])
    claimed: int | None = Field(description="By the terminal; null: nothing.", examples=[10_000])
    kept: int | None = Field(description="By the host; null: no money.", examples=[None])
    transaction: Id | None = Field(
        validation_alias="transaction_id",
        description="What the host knows by this number, also where it moved no money.",
    )
    found_at: Time
    resolved_as: Annotated[Resolution, NEWER] | None = Field(
        description="Null: open.", examples=[None]
    )
    booked_by: Id | None = Field(
        description="The correction or conclusion by which the terminal stands."
    )
    reason: str = Field(examples=[""])
    resolved_by: str = Field(examples=[""])
    resolved_at: Time | None
