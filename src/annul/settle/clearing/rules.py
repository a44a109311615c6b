"""How clearing files are judged: a table of the settings, until people set other rules.

[clearing]
carry_minutes = 120     # what came so shortly before the cut-over may be told a file later
carry_days = 1          # or so many
large = 1000000         # minor units from which a break is urgent
due_hours = 72          # until when a break is decided
due_hours_large = 24    # a large one
second_person_from = 100000
discard_second_person_from = 100000
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from annul.store.sql import load

_SQL: Final = load("annul.settle.clearing", "rules.sql")


_OF_TWO: Final = ("second_person_from", "discard_second_person_from")


class ClearingRules(BaseModel):
    """Times and amounts (minor units); money itself has no tolerance."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    carry_minutes: int = Field(
        default=120, ge=0, le=1_440, description="before the cut-over: told a file later"
    )
    carry_days: int = Field(default=1, ge=0, le=10, description="how many files later at most")
    large: int = Field(default=1_000_000, ge=1, description="from which a break is urgent")
    due_hours: int = Field(default=72, ge=1, le=720, description="until a break is decided")
    due_hours_large: int = Field(default=24, ge=1, le=720, description="until an urgent one is")
    second_person_from: int = Field(
        default=100_000, ge=0, description="from which a break is ended by two people"
    )

    discard_second_person_from: int = Field(
        default=100_000,
        ge=0,
        description="from which what a file proved is taken back by two people",
    )

    def looser(self, before: "ClearingRules") -> bool:
        """Say whether fewer acts take a second person than before."""
        return any(getattr(self, name) > getattr(before, name) for name in _OF_TWO)


USUAL = ClearingRules()


class InForce(NamedTuple):
    """Rules, their version (0: those of the settings), and who set them when."""

    version: int
    rules: ClearingRules
    set_by: str = ""
    set_at: datetime | None = None


async def in_force(connection: Any, settings: ClearingRules) -> InForce:
    """Give the rules that count now: the latest version, else those of the settings."""
    row = await connection.fetchrow(*_SQL["in_force"]())
    if row is None:
        return InForce(0, settings)
    rules = ClearingRules.model_validate(row["rules"])
    return InForce(row["version"], rules, row["asked_by"], row["at"])
