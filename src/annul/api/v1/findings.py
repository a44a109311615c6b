"""What a diagnosis finds, as programs read it: with a case, and by itself."""

from pydantic import Field

from .models import Model, Said


class Evidence(Model):
    """One thing that speaks for (weight above zero) or against a cause."""

    signal: str = Field(examples=["code"])
    weight: float = Field(examples=[2.5])
    text: Said | str = Field(description="One text when `lang` is given.")
    sources: list[str]


class NextStep(Model):
    """What to do next, by who does it."""

    cashier: Said | str
    support: Said | str
    system: Said | str


class Finding(Model):
    """A cause with its probability, its evidence, and what it means for the money."""

    cause: str = Field(examples=["issuer_down"])
    title: Said | str
    probability: float = Field(examples=[0.91])
    evidence: list[Evidence]
    money: Said | str
    next_step: NextStep
    retry_safe: bool
