"""The promise: how many voids ended, how, and in time."""

from pydantic import Field

from .parts import Model, Time


class Pace(Model, frozen=True):
    """How long cases of a cause took to their end, in seconds."""

    cause: str = Field(examples=["timeout"])
    cases: int = Field(examples=[12])
    p50_s: float = Field(examples=[9.5])
    p99_s: float = Field(examples=[41.0])
    max_s: float = Field(examples=[44.2])


class Promise(Model, frozen=True):
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
    asked: int = Field(description="Open or unproved, and needs manual action.", examples=[0])
    in_question: int = Field(
        description="Money of open and unproved cases, minor units.", examples=[10_000]
    )
    oldest_opened_at: Time | None = Field(description="Of the open ones.")
    by_cause: tuple[Pace, ...]
