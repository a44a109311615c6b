"""Where courses are done, and what they are required for: a table of the settings.

[training]
sandbox = false                     # tasks are done here; `annul up --demo` turns it on
url = "https://sandbox.example"     # of the sandbox's console, where this is none
required = {operator = ["operator"], terminal = ["cashier"]}
"""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from .required import NAMES, Required

# Roles, and what a shop needs before it gets a terminal.
For = Literal["cashier", "merchant", "support", "operator", "administrator", "auditor", "terminal"]


class TrainingRules(BaseModel):
    """Whether this is a sandbox, where it is otherwise, and which courses are required."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sandbox: bool = Field(
        default=False, description="whether voids harm nobody here, so that tasks are done"
    )
    url: str = Field(
        default="",
        pattern=r"^(https?://[!-~]+)?$",
        description="address of the sandbox's console, to which the page leads",
    )
    required: dict[For, list[str]] = Field(
        default_factory=dict,
        description="courses without whose certificates a role, or a terminal, is not given",
    )

    @field_validator("required")
    @classmethod
    def _known(cls, value: dict[For, list[str]]) -> dict[For, list[str]]:
        if not {course for courses in value.values() for course in courses} <= set(NAMES):
            message = f"courses are {', '.join(NAMES)}"
            raise ValueError(message)
        return value

    @property
    def needs(self) -> Required:
        """Give the same, as acts read it."""
        return {str(one): courses for one, courses in self.required.items()}


USUAL_TRAINING: Final = TrainingRules()
