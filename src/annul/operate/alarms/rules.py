"""How alarms are raised: a table of the settings.

[alarms]
on = true
per_million = 1.0   # false alarms that are allowed in a million transactions, all streams together
history_days = 42   # from which is learnt what is usual
shops = false       # also told: a merchant from which nothing comes within its hours
probe_every_s = 60  # between two probes of an issuer of which too little comes to decide; 0: none
probe_from = 0.3    # evidence of its stream from which on it is asked, in parts of an alarm's
probe_quiet_s = 300 # without a request where some are the rule, after which it is asked
"""

from collections.abc import Set as AbstractSet
from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

from annul.domain.alarm_probes import ProbeRules
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

    probe_every_s: int = Field(
        default=60,
        ge=0,
        le=86_400,
        description="seconds between two probes of an issuer, over all processes; 0: none",
    )
    probe_from: float = Field(
        default=0.3,
        ge=0.05,
        le=1.0,
        description="evidence of an issuer's stream from which on it is asked, 1 being an alarm's",
    )
    probe_quiet_s: int = Field(
        default=300,
        ge=60,
        le=86_400,
        description="seconds without a request, where some are the rule, until an issuer is asked",
    )

    @property
    def probes(self) -> ProbeRules:
        """When and how often an issuer is asked."""
        return ProbeRules(
            self.probe_from,
            timedelta(seconds=self.probe_quiet_s),
            timedelta(seconds=self.probe_every_s),
        )

    def quiet_scopes(self) -> AbstractSet[Scope]:
        """Name the scopes of streams that are told when no request comes."""
        return SCOPES | SHOPS if self.shops else SCOPES


USUAL_RULES = AlarmRules()
