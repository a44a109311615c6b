"""The business day: from one cut-over to the next, in the zone of the business."""

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo


def business_date(now: datetime, zone: tzinfo, cut_over: time) -> date:
    """Give the business day of `now`: from the cut-over on it is the next calendar day's."""
    local = now.astimezone(zone)
    after = local.time() >= cut_over
    return local.date() + timedelta(days=1) if after else local.date()


class Calendar:
    """Business date and local time for a zone and a cut-over time, cheap enough per message."""

    def __init__(self, zone: ZoneInfo, cut_over: time) -> None:
        self.zone = zone
        self.cut_over = cut_over
        self._date = date.min
        self._from = self._until = datetime.min.replace(tzinfo=UTC)

    def business_date(self, now: datetime) -> date:
        """Give the business day that `now` (UTC) belongs to: after the cut-over it is the next."""
        if not self._from <= now < self._until:
            second = now.replace(microsecond=0)
            self._date = business_date(now, self.zone, self.cut_over)
            self._from, self._until = second, second + timedelta(seconds=1)
        return self._date

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
