"""How clearing files are judged: a table of the settings.

[clearing]
carry_minutes = 120     # what came so shortly before the cut-over may be told a file later
carry_days = 1          # or so many
large = 1000000         # minor units from which a break is urgent
second_person_from = 100000
"""

from pydantic import BaseModel, ConfigDict, Field


class ClearingRules(BaseModel):
    """Times and amounts (minor units); money itself has no tolerance."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    carry_minutes: int = Field(
        default=120, ge=0, le=1_440, description="before the cut-over: told a file later"
    )
    carry_days: int = Field(default=1, ge=0, le=10, description="how many files later at most")
    large: int = Field(default=1_000_000, ge=1, description="from which a break is urgent")
    second_person_from: int = Field(
        default=100_000, ge=0, description="from which a break is ended by two people"
    )


USUAL = ClearingRules()
