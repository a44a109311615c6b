"""Clearing files that are declared to be expected: a table of the settings.

[clearing_files]
grace_minutes = 120        # after which a file that is due is late

[[clearing_files.expected]]
layout = "COM"             # none: in any
issuer = ""                # none: of all issuers
since = 2026-11-30         # the first business day that it tells of
due = "10:00"              # on the clock of the business
days_after = 1
days = "working"           # or every day; working days are also those that are counted
"""

from datetime import date, time, timedelta
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from annul.domain.expected_files import Series

_ALL: Final = frozenset(range(7))


class DeclaredFile(BaseModel):
    """One that an issuer is to send, for each business day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    layout: str = Field(default="", max_length=20, description="empty: in any")
    issuer: str = Field(default="", max_length=11, description="empty: of all issuers")
    since: date = Field(description="the first business day that it tells of")
    due: time = Field(description="on the clock of the business")
    days_after: int = Field(default=1, ge=0, le=10, description="so many days later")
    days: Literal["working", "every"] = Field(
        default="working", description="which days it tells of, and which are counted"
    )

    def series(self) -> Series:
        """Give it as what is learnt."""
        return Series(
            layout=self.layout,
            issuers=(self.issuer,) if self.issuer else (),
            since=self.since,
            weekdays=_ALL,
            rests=self.days == "every",
            after=self.days_after,
            working=self.days == "working",
            minute=self.due.hour * 60 + self.due.minute,
            declared=True,
        )


class DeclaredFiles(BaseModel):
    """Which files are declared; others are learnt from what came."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    grace_minutes: int = Field(
        default=120, ge=0, le=10_080, description="after which a file that is due is late"
    )
    expected: tuple[DeclaredFile, ...] = Field(
        default=(), description="issuer, layout and due time; else learnt from files that came"
    )

    @property
    def grace(self) -> timedelta:
        """How long after it was due a file is late."""
        return timedelta(minutes=self.grace_minutes)


LEARNT_ONLY: Final = DeclaredFiles()
