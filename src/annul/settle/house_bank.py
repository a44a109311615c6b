"""The acquirer's own bank, from whose account merchants are paid.

A table of the settings file:

[bank]
name = "..."                  # of the account's holder
account_file = "bank.account" # its number; or in the environment, with the rest as JSON: account
bank = "104100000004"         # number in clearing, or BIC
outbox = "to-bank"            # folder for payout files; without one they are taken from the console
inbox = "from-bank"           # folder of statements, which are read and moved to inbox/read
"""

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

_MORNING: Final = time(9)
_AFTER_CUT_OVER: Final = time(23, 30)


class HouseBank(BaseModel):
    """Account, folders, and when payouts are made. Amounts in minor units."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=140)]
    account: SecretStr = SecretStr("")
    account_file: Path | None = None
    bank: Annotated[str, Field(pattern=r"^[A-Z0-9]{8,14}$")]
    format: Literal["pain.001", "csv"] = "pain.001"
    outbox: Path | None = None
    inbox: Path | None = None
    at: tuple[time, ...] = Field(default=(_MORNING, _AFTER_CUT_OVER), min_length=1)
    second_person_from: int = Field(
        default=10_000_000, ge=0, description="a payout of at least so much waits for a person"
    )

    @model_validator(mode="after")
    def _has_an_account(self) -> Self:
        if bool(self.account.get_secret_value()) == bool(self.account_file):
            message = "give the account's number as account_file, or as account"
            raise ValueError(message)
        return self

    def number(self) -> str:
        """Give the account's number; raises what reading its file raises."""
        if self.account_file is not None:
            return self.account_file.read_text(encoding="utf-8").strip()
        return self.account.get_secret_value()

    def last_time(self, now: datetime, zone: ZoneInfo) -> datetime:
        """Give the latest time of the schedule that is not after now."""
        today = now.astimezone(zone).date()
        times = (
            datetime.combine(day, at, zone)
            for day in (today, today - timedelta(days=1))
            for at in self.at
        )
        return max(one for one in times if one <= now)
