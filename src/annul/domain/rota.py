"""Who is on duty at a moment, and when a channel is not to be disturbed. Pure; times are local.

A duty of a single day stands in place of all others that begin on that day: that is how a holiday
is shared out, or an absence covered. One that ends at or before its own beginning ends on the next
day, and belongs to the day on which it began.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from .errors import AnnulError
from .text import Text

_DAY: Final = timedelta(days=1)
_WEEK: Final = 7
Works = Callable[[date], bool]  # whether a day is a working day


class Days(StrEnum):
    """On which days a duty begins, besides its weekdays, by the public calendar."""

    EVERY = "every"
    WORKING = "working"
    FREE = "free"

    @property
    def text(self) -> Text:
        """Its name for people."""
        return _DAYS[self]


_DAYS: Final = {
    Days.EVERY: Text("每天", "every day"),
    Days.WORKING: Text("工作日（含调休上班日）", "working days"),
    Days.FREE: Text("休息日和法定节假日", "days off and public holidays"),
}


class BadDuty(AnnulError):
    """This duty is never on anybody. Nothing was changed."""

    code = "notices.duty"
    next_step = (
        "Give weekdays from 1 (Monday) to 7, and a last day that is not before the first; a duty "
        "of a single day takes neither."
    )


@dataclass(frozen=True, slots=True)
class Duty:
    """One line of the rota. `weekdays` from 1 (Monday), none for all.

    `only_on` makes it the duty of one day. `since` and `until` are the first and the last day on
    which it begins.
    """

    channel: UUID
    begins: time
    ends: time
    weekdays: frozenset[int] = frozenset()
    days: Days = Days.EVERY
    only_on: date | None = None
    since: date | None = None
    until: date | None = None
    person: str = ""

    def __post_init__(self) -> None:
        if not self.weekdays <= set(range(1, _WEEK + 1)):
            raise BadDuty
        if self.since and self.until and self.until < self.since:
            raise BadDuty
        if self.only_on and (self.weekdays or self.since or self.until):
            raise BadDuty
        if self.only_on and self.days is not Days.EVERY:
            raise BadDuty

    def begins_on(self, day: date, works: Works) -> bool:
        """Say whether it begins on a day."""
        if self.only_on is not None:
            return self.only_on == day
        if (self.since and day < self.since) or (self.until and day > self.until):
            return False
        if self.weekdays and day.isoweekday() not in self.weekdays:
            return False
        return self.days is Days.EVERY or works(day) is (self.days is Days.WORKING)

    def covers(self, day: date, at: datetime) -> bool:
        """Say whether it lasts at a local moment, having begun on that day."""
        begin = datetime.combine(day, self.begins)
        end = datetime.combine(day, self.ends)
        return begin <= at < (end if end > begin else end + _DAY)


def beginning_on(rota: Iterable[Duty], day: date, works: Works) -> list[Duty]:
    """Give the duties that begin on a day: those of that day alone, if there is any."""
    found = [duty for duty in rota if duty.begins_on(day, works)]
    return [duty for duty in found if duty.only_on] or found


def on_duty(rota: Iterable[Duty], at: datetime, works: Works) -> list[Duty]:
    """Give the duties at a local moment (without zone), also those since the evening before."""
    lines = list(rota)
    days = (at.date() - _DAY, at.date())
    return [
        duty for day in days for duty in beginning_on(lines, day, works) if duty.covers(day, at)
    ]


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of a day in which a channel is left in peace. The same twice is none."""

    begins: time
    ends: time

    def over(self, at: datetime) -> datetime:
        """Give the local moment from which on one may speak: this one, or the end of the hours."""
        if self.begins == self.ends:
            return at
        within = (
            self.begins <= at.time() < self.ends
            if self.begins < self.ends
            else not self.ends <= at.time() < self.begins
        )
        if not within:
            return at
        end = datetime.combine(at.date(), self.ends)
        return end if end > at else end + _DAY


NEVER: Final = Quiet(time(), time())
