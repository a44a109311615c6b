"""Reports on voids of a closed business day or week."""

from typing import Annotated, Literal

from pydantic import Field

from .parts import MERCHANT, NEWER, Day, Model, Said, Time


class ReportCounts(Model, frozen=True):
    """Voids of a period by their end; those with a case by how long it took, too."""

    asked: int = Field(description="All that was asked for.", examples=[964])
    at_once: int = Field(description="Voided without a case.", examples=[880])
    failed: int = Field(description="Not voided at once: the cases.", examples=[84])
    voided: int = Field(examples=[74])
    refunded: int = Field(examples=[0])
    refused: int = Field(examples=[10])
    unproved: int = Field(examples=[0])
    open: int = Field(examples=[0])
    decided: int = Field(description="Ended, or past their first due time.", examples=[84])
    in_time: int = Field(description="Ended by their first due time.", examples=[64])
    minute: int = Field(description="Ended within a minute.", examples=[74])
    hour: int = Field(description="Within an hour, and not in a minute.", examples=[0])
    day: int = Field(description="Within 24 hours, and not in an hour.", examples=[10])
    longer: int = Field(examples=[0])


class ReportShare(Model, frozen=True):
    """So many of so many; `share` from 0 to 1, null of nothing."""

    part: int = Field(examples=[84])
    of: int = Field(examples=[964])
    share: float | None = Field(examples=[0.0871])


class ReportChange(Model, frozen=True):
    """A share, that of the period before, and whether they differ by more than chance."""

    figure: str = Field(examples=["failed"])
    title: Said
    about: str = Field(
        "", description="The cause, issuer, merchant or software; empty: all.", examples=[""]
    )
    now: ReportShare
    before: ReportShare
    low: float = Field(description="Of the 95 % interval of `now` (Wilson).", examples=[0.0709])
    high: float = Field(examples=[0.1066])
    change_low: float | None = Field(
        description="Of the 95 % interval of the change (Newcombe).", examples=[0.0336]
    )
    change_high: float | None = Field(examples=[0.0768])
    p: float = Field(
        description="How probable so large a difference is by chance.", examples=[5e-07]
    )
    verdict: Annotated[Literal["better", "worse", ""], NEWER] = Field(
        description="Beyond chance, of all that is asked at once; empty: it may be chance.",
        examples=["worse"],
    )


class ReportTables(Model, frozen=True):
    """Share of voids that failed by whom they concern, those with most first."""

    cause: tuple[ReportChange, ...] = Field(description="As shares of all voids.")
    issuer: tuple[ReportChange, ...]
    merchant: tuple[ReportChange, ...]
    software: tuple[ReportChange, ...] = Field(description="As terminals say it now.")


class ReportPart(Model, frozen=True):
    """A part of the change of the share that failed; all of them and `rest` are the change."""

    issuer: str = Field(examples=["00000101"])
    software: str = Field(examples=["31311000"])
    cause: str = Field(description="Empty for traffic that moved.", examples=["issuer_down"])
    traffic: bool = Field(description="More or less of all voids came this way.", examples=[False])
    adds: float = Field(description="To the share that failed.", examples=[0.048])
    before: int = Field(examples=[12])
    now: int = Field(examples=[60])


class ReportSuggestion(Model, frozen=True):
    """What to change, for whom, why, and what may be expected of it."""

    pattern: str = Field(examples=["issuer_rule"])
    issuer: str = Field(examples=["00000101"])
    merchant: str = Field(examples=[""])
    terminal: str = Field(examples=[""])
    software: str = Field(examples=[""])
    change: Said
    evidence: Said
    effect: Said
    there: str = Field(
        description="Where in the console it is changed.", examples=["/issuers/00000101"]
    )
    failed: int = Field(description="That had such a cause.", examples=[11])
    of: int = Field(description="All that failed there.", examples=[71])
    before: int = Field(description="With such a cause in the period before.", examples=[7])


class ReportAdvice(Model, frozen=True):
    """How many said that the advice of a cause has helped."""

    cause: str = Field(examples=["issuer_down"])
    reader: Annotated[Literal["cashier", "support"], NEWER]
    helped: int = Field(examples=[5])
    answers: int = Field(examples=[8])


class ReportSubscription(Model, frozen=True):
    """A report that is mailed to somebody. Its address is never given."""

    user: str = Field(examples=["li"])
    length: Annotated[Literal["day", "week"], NEWER]
    channel: str = Field(description="The mail channel that carries it.", examples=["mail"])
    active: bool = Field(description="Whether the user may still sign in; else none is mailed.")
    since: Day = Field(description="First day of the first period that is mailed.")
    latest: str = Field(description="The last one that was owed.", examples=["2026-W48"])
    state: Annotated[Literal["", "owed", "told", "dropped"], NEWER] = Field(
        description="Of the last one; empty: none was due yet."
    )
    error: str = Field(description="Why it was not taken the last time.", examples=[""])
    tries: int = Field(description="Times that it was sent.", examples=[1])


class Report(Model, frozen=True):
    """A report on voids, beside the period of the same length before it."""

    period: str = Field(examples=["2026-W48"])
    first: Day = Field(description="Its first business day.")
    last: Day
    at: Time = Field(description="As of when: what was open may have ended since.")
    merchant: str = Field(description="Whose it is; empty: of all.", examples=[MERCHANT])
    missing: tuple[str, ...] = Field(
        description="Cells that gave no answer; their voids are not in it.", examples=[()]
    )
    in_short: tuple[Said, ...]
    now: ReportCounts
    before: ReportCounts
    figures: tuple[ReportChange, ...]
    tables: ReportTables
    why: tuple[ReportPart, ...]
    rest: float = Field(description="Of the change, what is too small to name.", examples=[0.0007])
    suggestions: tuple[ReportSuggestion, ...]
    advice: tuple[ReportAdvice, ...]
