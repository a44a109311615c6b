"""The days that a report is about: a business day, or a week of them from Monday to Sunday."""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from annul.domain.business_day import Calendar, CutOvers
from annul.domain.errors import AnnulError
from annul.domain.text import Text

_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
_NAMED: Final = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2})|(?P<year>\d{4})-W(?P<week>\d{2})", re.ASCII)


class BadPeriod(AnnulError):
    """This names neither a day nor a week."""

    code = "reports.period"
    next_step = "Give a business day as 2026-11-26, or a week as 2026-W48."


class NotClosed(AnnulError):
    """These business days have not all ended, so there is no report on them yet."""

    code = "reports.not_closed"
    next_step = "Ask for days that are over, or again after the cut-over."


class Length(StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"


class Bounds(NamedTuple):
    """When a period and the one before it begin and end (UTC), by one cut-over."""

    before: datetime
    since: datetime
    until: datetime


class Period(NamedTuple):
    """A period by its first business day."""

    length: Length
    first: date

    @classmethod
    def read(cls, text: str) -> "Period":
        """Read `2026-11-26` or `2026-W48`; raises `BadPeriod`."""
        found = _NAMED.fullmatch(text.strip())
        with suppress(ValueError, OverflowError):  # of what the calendar does not have
            if found is not None:
                period = cls._of(found)
                if all((period.previous, period.following)):  # it has days before and after it
                    return period
        message = f"{text[:20]!r} is no period"
        raise BadPeriod(message)

    @classmethod
    def _of(cls, found: re.Match[str]) -> "Period":
        if found["day"]:
            return cls(Length.DAY, date.fromisoformat(found["day"]))
        return cls(Length.WEEK, date.fromisocalendar(int(found["year"]), int(found["week"]), 1))

    @classmethod
    def latest(cls, length: Length, today: date) -> "Period":
        """Give the last one that had ended when a business day began."""
        if length is Length.DAY:
            return cls(length, today - _DAY)
        return cls(length, today - timedelta(days=today.weekday()) - _WEEK)

    @property
    def last(self) -> date:
        """The last business day of it."""
        return self.first + (_WEEK if self.length is Length.WEEK else _DAY) - _DAY

    @property
    def previous(self) -> "Period":
        """The one that it is compared with: the same length, just before it."""
        return Period(self.length, self.first - (self.last - self.first) - _DAY)

    @property
    def following(self) -> "Period":
        """The one after it."""
        return Period(self.length, self.last + _DAY)

    @property
    def name(self) -> str:
        """As it is asked for."""
        if self.length is Length.DAY:
            return self.first.isoformat()
        year, week, _ = self.first.isocalendar()
        return f"{year:04}-W{week:02}"

    @property
    def said(self) -> Text:
        """As people read it."""
        if self.length is Length.DAY:
            return Text(f"营业日 {self.first}", f"business day {self.first}")
        days = f"{self.first} – {self.last}"
        week = self.first.isocalendar().week
        return Text(f"第 {week} 周（{days}）", f"week {week} ({days})")

    def bounds(self, calendar: Calendar, agreed: CutOvers = ()) -> Bounds:
        """Give its moments for who goes by the house's cut-over, or by what was agreed on."""
        ends = (self.previous.first - _DAY, self.first - _DAY, self.last)
        return Bounds(*(calendar.ends(day, agreed) for day in ends))

    def closed(self, calendar: Calendar, all_agreed: Iterable[CutOvers], now: datetime) -> bool:
        """Say whether its last day has ended for everybody."""
        return all(calendar.ends(self.last, one) <= now for one in ((), *all_agreed))
