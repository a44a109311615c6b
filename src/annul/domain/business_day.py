"""The business day: from one cut-over to the next, in the zone of the business."""

from datetime import date, datetime, time, timedelta, tzinfo


def business_date(now: datetime, zone: tzinfo, cut_over: time) -> date:
    """Give the business day of `now`: from the cut-over on it is the next calendar day's."""
    local = now.astimezone(zone)
    after = local.time() >= cut_over
    return local.date() + timedelta(days=1) if after else local.date()
