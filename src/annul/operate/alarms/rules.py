"""How alarms are raised: a table of the settings.

[alarms]
on = true
per_million = 1.0   # false alarms that are allowed in a million transactions, all streams together
history_days = 42   # from which is learnt what is usual
"""

from pydantic import BaseModel, ConfigDict, Field


class AlarmRules(BaseModel):
    """Whether there are alarms, and how sure one has to be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: bool = Field(default=True, description="whether this process counts and judges")
    per_million: float = Field(
        default=1.0,
        gt=0,
        le=1_000,
        description="false alarms allowed in a million transactions, all streams together",
    )
    history_days: int = Field(
        default=42, ge=7, le=400, description="days from which is learnt what is usual"
    )


USUAL_RULES = AlarmRules()
