"""What a diagnosis finds: with a case, and by itself."""

from pydantic import Field

from .parts import Model, Shown


class Evidence(Model, frozen=True):
    """One thing that speaks for (weight above zero) or against a cause."""

    signal: str = Field(examples=["code"])
    weight: float = Field(examples=[2.5])
    text: Shown = Field(description="One text when `lang` is given.")
    sources: tuple[str, ...]


class NextStep(Model, frozen=True):
    """What to do next, by who does it; `customer` is what a customer is told of the cause."""

    customer: Shown
    cashier: Shown
    support: Shown
    system: Shown


class Finding(Model, frozen=True):
    """A cause with its probability, its evidence, and what it means for the money."""

    cause: str = Field(examples=["issuer_down"])
    title: Shown
    probability: float = Field(examples=[0.91])
    evidence: tuple[Evidence, ...]
    money: Shown
    next_step: NextStep
    retry_safe: bool


class KnownFact(Model, frozen=True):
    """A fact with where it came from."""

    value: bool | int | float | str
    source: str = Field(examples=["transactions 300000000002.response_code"])


class Diagnosis(Model, frozen=True):
    """Every cause, the most probable first; the same as `annul diagnose --json`."""

    causes: tuple[Finding, ...]
    facts: dict[str, KnownFact]
    missing: tuple[str, ...] = Field(description="Facts that are not known.")
    could_not_be_told: dict[str, tuple[str, ...]] = Field(
        description="Causes that could not be told, each with the facts it takes."
    )
