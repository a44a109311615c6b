"""What an installation carries, what comes, and what is to be added when."""

from typing import Annotated, Literal

from pydantic import Field

from .parts import NEWER, Day, Model, Said, Time


class CapacityLoad(Model, frozen=True):
    """What comes of a load: transactions a second, and milliseconds until there is an answer."""

    tps: float = Field(examples=[850.0])
    p50_ms: float = Field(examples=[12.5])
    p99_ms: float = Field(examples=[61.0])
    full: bool = Field(
        description="More came than is carried, so waits grow without end.", examples=[False]
    )


class CapacityAdvice(Model, frozen=True):
    """A threshold: how far it is, from which volume on it is passed, and what then helps."""

    name: str = Field(examples=["host"])
    title: Said
    then: Said
    limit: float = Field(description="The share that must not be passed.", examples=[0.6])
    now: float | None = Field(
        description="On the busiest of the last days; null: not known here.", examples=[0.21]
    )
    volume: float | None = Field(
        description="Transactions a day from which on it is passed.", examples=[3_900_000.0]
    )
    tps: float | None = Field(examples=[510.0])
    due: Day | None = Field(description="When that is expected first.")
    soonest: Day | None = Field(description="When it may come (one in ten).")


class CapacityDay(Model, frozen=True):
    """The volume of a business day that is expected, and between what it lies (80 %)."""

    day: Day
    volume: float = Field(examples=[812_000.0])
    low: float = Field(examples=[700_000.0])
    high: float = Field(examples=[930_000.0])


class CellCapacity(Model, frozen=True):
    """What a cell has worked out last; all but `cell` is empty before it has."""

    cell: str = Field(examples=["main"])
    at: Time | None
    enough: bool = Field(description="Enough was measured to say what is carried.", examples=[True])
    hosts: int = Field(examples=[2])
    transactions: int = Field(description="From which that is known.", examples=[1_204_331])
    most: CapacityLoad | None = Field(description="The most that is carried.")
    levels: tuple[CapacityLoad, ...] = Field(description="At 30, 60 and 90 % of it.")
    advice: tuple[CapacityAdvice, ...]
    method: Annotated[Literal["", "nothing", "mean", "weekdays", "model"], NEWER] = Field(
        description="How the volume to come is foretold.", examples=["model"]
    )
    days: tuple[CapacityDay, ...]


class PlannedLoad(Model, frozen=True):
    """How long terminals of a cell would wait; null as long as too little was measured."""

    cell: str = Field(examples=["main"])
    planned: CapacityLoad | None
