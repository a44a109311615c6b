"""Drills: which can be played, and how those went that were."""

from pydantic import Field

from .parts import Model, Said, Time

_DRILL = Field(examples=["holiday-evening"])
_TOTAL = Field(description="Of 100; none: not scored yet.", examples=[71.5])


class Drill(Model, frozen=True):
    """One that can be played."""

    name: str = _DRILL
    title: Said
    about: Said
    minutes: float = Field(description="How long it lasts.", examples=[45])
    shops: int = Field(examples=[2])
    is_whole: bool = Field(description="A mix or a whole day; else one fault by itself.")
    trains: tuple[str, ...] = Field(
        description="The playbooks that it makes people use.", examples=[["issuer_down"]]
    )


class KnownDrills(Model, frozen=True):
    """Those that can be played."""

    items: tuple[Drill, ...]


class DrillPart(Model, frozen=True):
    """One part of a score."""

    part: str = Field(examples=["noticed"])
    text: Said
    points: float = Field(examples=[12.5])
    alone: float = Field(description="Points of annul left alone.", examples=[0.0])
    of: float = Field(description="All points.", examples=[15])
    why: tuple[Said, ...] = Field(description="Of one run alone.")


class DrillRun(Model, frozen=True):
    """A drill that is over."""

    number: str = Field(examples=["D261128-402913"])
    drill: str = _DRILL
    title: Said | None = Field(description="None: it is not there any more.")
    seed: int = Field(examples=[7])
    speed: float = Field(description="How much faster than life.", examples=[1.0])
    team: str = Field(description="What it calls itself.", examples=["night shift"])
    started_by: str = Field(examples=["li"])
    people: tuple[str, ...] = Field(description="Who did something.", examples=[["li", "wu"]])
    began: Time
    ended: Time
    minutes: float = Field(description="Of the script.", examples=[45.0])
    total: float | None = _TOTAL
    total_alone: float | None = Field(description="With annul left alone.", examples=[31.0])
    money: int = Field(
        description="In question over time: minor units times minutes.", examples=[184_000]
    )
    money_alone: int | None = Field(description="With annul left alone.", examples=[512_000])
    parts: tuple[DrillPart, ...]


class DrillMoment(Model, frozen=True):
    """One thing that happened in a drill."""

    minute: float = Field(description="Since the drill began.", examples=[5.5])
    who: str = Field(description="Who did it; empty: it is the truth.", examples=["li"])
    text: Said
    subject: str = Field(description="What it was about.", examples=["00001001"])


class DrillProposal(Model, frozen=True):
    """A change of a playbook to think about."""

    text: Said
    playbook: str = Field(description="Empty: none is about it.", examples=["issuer_down"])


class WholeDrillRun(DrillRun, frozen=True):
    """A drill that is over, with all that happened."""

    timeline: tuple[DrillMoment, ...]
    proposals: tuple[DrillProposal, ...]
    earlier: tuple[DrillRun, ...] = Field(description="Of the same drill, the oldest first.")
