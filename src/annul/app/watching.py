"""What a host watches by itself: it counts its traffic, and judges what all hosts have counted."""

from annul.host.host import Host
from annul.operate.alarms.judging import Judging
from annul.operate.alarms.keeping import Counting

from .foundation import Ground


def watching(base: Ground, host: Host) -> tuple[Counting | Judging, ...]:
    """Give what is to run, unless alarms are switched off."""
    tally, zone = host.issuers.tally, host.calendar.zone
    if tally is None:
        return ()
    judging = Judging(base.pool, base.clock, zone, base.settings.alarms, base.loops)
    return Counting(base.pool, tally, base.clock, base.loops), judging
