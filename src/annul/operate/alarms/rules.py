"""How alarms are raised: a table of the settings.

[alarms]
on = true
per_million = 1.0   # false alarms that are allowed in a million transactions, all streams together
history_days = 42   # from which is learnt what is usual
shops = false       # also told: a merchant from which nothing comes within its hours
"""

from collections.abc import Set as AbstractSet

from pydantic import BaseModel, ConfigDict, Field

from annul.domain.alarm_streams import Scope
from annul.domain.alarm_traffic import SCOPES, SHOPS


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
    shops: bool = Field(
        default=False,
        description="whether a merchant from which nothing comes is told; it may have closed early",
    )

    def quiet_scopes(self) -> AbstractSet[Scope]:
        """Name the scopes of streams that are told when no request comes."""
        return SCOPES | SHOPS if self.shops else SCOPES


USUAL_RULES = AlarmRules()
