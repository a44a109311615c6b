"""Whether what annul advised has helped, as people said."""

from typing import Annotated, Literal

from pydantic import Field

from .parts import NEWER, Model, Time


class AdviceAnswer(Model, frozen=True):
    """What was said of a case; it may be changed until then."""

    helped: bool = Field(examples=[True])
    until: Time


class AdviceHelped(Model, frozen=True):
    """How many said of the advice of a cause that it has helped."""

    cause: str = Field(examples=["issuer_down"])
    reader: Annotated[Literal["cashier", "support"], NEWER]
    helped: int = Field(examples=[5])
    answers: int = Field(examples=[8])
