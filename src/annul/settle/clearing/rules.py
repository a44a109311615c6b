"""How clearing files are judged: a table of the settings, until people set other rules.

[clearing]
carry_minutes = 120     # what came so shortly before the cut-over may be told a file later
carry_days = 1          # or so many
large = 1000000         # minor units from which a break is urgent
due_hours = 72          # until when a break is decided
due_hours_large = 24    # a large one
second_person_from = 100000
discard_second_person_from = 100000

[[clearing.tolerances]]   # none: money has no tolerance
kind = "amount"           # or "fee"
issuer = ""               # each that has none of its own
currency = "156"
up_to = 5                 # minor units
per_mille = 2             # of what our books have; both bounds hold where both are given
per_day = 1000            # minor units in all, of files of one day
account = "clearing_difference"
"""

from datetime import datetime
from typing import Any, Final, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from annul.domain.money import CURRENCIES, LARGEST
from annul.domain.tolerances import BEARERS, Difference
from annul.store.sql import load

_SQL: Final = load("annul.settle.clearing", "rules.sql")

_OF_TWO: Final = ("second_person_from", "discard_second_person_from")
_MOST: Final = 100  # tolerances
Key = tuple[str, str, str]  # kind, issuer (empty: any other), currency


class Tolerance(BaseModel):
    """A difference of money that is accepted, and the account that bears it; minor units.

    It holds for an issuer, or for all that have none of their own, in one currency.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Difference
    issuer: str = Field(default="", pattern=r"^[0-9A-Za-z]{0,11}$")
    currency: str = "156"
    up_to: int | None = Field(default=None, ge=1, le=LARGEST)
    per_mille: int | None = Field(default=None, ge=1, le=1_000)
    per_day: int = Field(ge=1, le=LARGEST)
    account: str

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.up_to is None and self.per_mille is None:
            raise ValueError("a tolerance has a bound: up_to, per_mille, or both")
        if self.currency not in CURRENCIES:
            raise ValueError("a tolerance is of one currency that is known")
        if self.account not in BEARERS[self.kind]:
            message = f"{self.kind} is borne by {' or '.join(BEARERS[self.kind])}"
            raise ValueError(message)
        return self

    @property
    def key(self) -> Key:
        """What it is about: of each there is one."""
        return (self.kind, self.issuer, self.currency)

    def wider(self, before: "Tolerance") -> bool:
        """Say whether something is accepted, or borne, that was not before."""
        return (
            self.account != before.account
            or _above(self.up_to, before.up_to)
            or _above(self.per_mille, before.per_mille)
            or self.per_day > before.per_day
        )


def _above(bound: int | None, before: int | None) -> bool:
    return before is not None and (bound is None or bound > before)


class ClearingRules(BaseModel):
    """Times and amounts (minor units); money has no tolerance but what is declared."""

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

    tolerances: tuple[Tolerance, ...] = Field(
        default=(), max_length=_MOST, description="differences of money that are accepted"
    )

    @field_validator("tolerances")
    @classmethod
    def _in_order(cls, given: tuple[Tolerance, ...]) -> tuple[Tolerance, ...]:
        if len({one.key for one in given}) < len(given):
            raise ValueError("two tolerances are of the same kind, issuer and currency")
        return tuple(sorted(given, key=lambda one: one.key))

    def looser(self, before: "ClearingRules") -> bool:
        """Say whether fewer acts take a second person than before, or more differences pass."""
        fewer = any(getattr(self, name) > getattr(before, name) for name in _OF_TWO)
        return fewer or self._accepts_more(before)

    def _accepts_more(self, before: "ClearingRules") -> bool:
        """Say so also where an issuer that had one of its own comes under that of all others."""
        new, old = ({one.key: one for one in each.tolerances} for each in (self, before))
        added = any(key not in old or one.wider(old[key]) for key, one in new.items())
        return added or any(
            key not in new and (kind, "", currency) in new
            for key in old
            for kind, _, currency in [key]
        )


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
