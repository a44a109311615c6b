"""The business day: from one cut-over to the next, in the zone of the business.

A business day ends on its own date, at the house's cut-over time or at that of a merchant's
contract. So a day ends for all of them within one calendar day.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from .errors import AnnulError

_DAY: Final = timedelta(days=1)
_MINUTE: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)


class BadCutOver(AnnulError):
    """This is no cut-over time; nothing was changed."""

    code = "business_day.cut_over"
    next_step = "Give hour and minute from 00:00 to 23:59, as 06:00, or nothing for the house's."


class CutOver(NamedTuple):
    """When a merchant's business days end from one of them on; None: when the house's do."""

    valid_from: date
    at: time | None


CutOvers = tuple[CutOver, ...]  # what was ever agreed on, the latest first; empty: the house's


def read_cut_over(text: str) -> time | None:
    """Read "06:00"; empty is the house's. Raises `BadCutOver`."""
    if not text:
        return None
    if not _MINUTE.fullmatch(text):
        message = f"{text!r} is no time of a day"
        raise BadCutOver(message)
    return time.fromisoformat(text)


def cut_over_on(day: date, agreed: Iterable[CutOver], house: time) -> time:
    """Give when a business day ends by what was agreed on, the latest first."""
    for one in agreed:
        if one.valid_from <= day:
            return house if one.at is None else one.at
    return house


def business_date(now: datetime, zone: tzinfo, cut_over: time, agreed: CutOvers = ()) -> date:
    """Give the business day of `now`: from the cut-over on it is the next calendar day's.

    Where clocks are put back the day turns the first time that they show the cut-over.
    """
    day = now.astimezone(zone).date()
    return day if now < _ends(day, zone, cut_over_on(day, agreed, cut_over)) else day + _DAY


def _ends(day: date, zone: tzinfo, cut_over: time) -> datetime:
    return datetime.combine(day, cut_over, zone).astimezone(UTC)


class Calendar:
    """Business date and local time for a zone and a cut-over time, cheap enough per message.

    `agreed` is what a merchant's contract says; without it, it is the house's business day.
    """

    def __init__(self, zone: ZoneInfo, cut_over: time) -> None:
        self.zone = zone
        self.cut_over = cut_over
        self._dates: dict[CutOvers, date] = {}  # of the second that was asked for last
        self._from = self._until = datetime.min.replace(tzinfo=UTC)

    def business_date(self, now: datetime, agreed: CutOvers = ()) -> date:
        """Give the business day that `now` (UTC) belongs to: after the cut-over it is the next."""
        if not self._from <= now < self._until:
            self._from = now.replace(microsecond=0)
            self._until = self._from + timedelta(seconds=1)
            self._dates = {}
        found = self._dates.get(agreed)
        if found is None:
            found = self._dates[agreed] = business_date(now, self.zone, self.cut_over, agreed)
        return found

    def ends(self, day: date, agreed: CutOvers = ()) -> datetime:
        """Give the moment (UTC) at which a business day ends, and the next one begins."""
        return _ends(day, self.zone, cut_over_on(day, agreed, self.cut_over))

    def moment(self, stated: str, near: datetime) -> datetime | None:
        """Give the moment (UTC) of a field 7, MMDDhhmmss; of its years the one nearest to `near`.

        None for what is no time.
        """
        read: list[datetime] = []
        for year in range(near.year - 1, near.year + 2):
            with suppress(ValueError):  # 29 February is a day of some years only
                read.append(
                    datetime.strptime(f"{year}{stated}", "%Y%m%d%H%M%S").replace(tzinfo=self.zone)
                )
        nearest = min(read, key=lambda one: abs(one - near), default=None)
        return nearest.astimezone(UTC) if nearest else None

    def local(self, now: datetime) -> datetime:
        """Give `now` as the clock on the shop's wall shows it."""
        return now.astimezone(self.zone)
