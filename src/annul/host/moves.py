"""Merchants whose move to another cell does not go on: told to somebody until it ends.

A move stops its merchant for seconds. Whoever moves it holds a lock as long as its session lasts,
so that one who has ended is seen; one who hangs is not waited for longer than a move may take.
"""

from typing import Final

from annul.domain.incident import Incident
from annul.store.incidents import Ended, closing, open_of, opening
from annul.store.sql import load

from .host import Host

EVERY_S: Final = 10.0
HANGS_S: Final = 120.0
_KIND: Final = "move_stands_still"
_SQL: Final = load("annul.host", "moves.sql")


class Moves:
    """Looks after the merchants of this cell that are on their way to another."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._since: dict[str, float] = {}  # when each was first seen on its way (monotonic)
        self._left: set[str] = set()  # whom nobody moved at the last look

    async def look(self) -> None:
        """Tell of whom nobody has moved for two looks, or long; take it back once it is over."""
        host, at = self._host, self._host.clock.monotonic()
        leaving = {row["merchant_id"]: row for row in await host.pool.fetch(*_SQL["leaving"]())}
        self._since = {one: self._since.get(one, at) for one in leaving}
        # Row and lock are not read in one moment: who has just ended it has not left it.
        left = {one for one, row in leaving.items() if not row["moved"]}
        still = (left & self._left) | {
            one for one, was in self._since.items() if at - was > HANGS_S
        }
        self._left = left
        # Under no merchant: what is the merchant's own moves with it.
        told = [
            Incident.of(_KIND, "", one, merchant=one, cell=leaving[one]["cell"])
            for one in sorted(still)
        ]
        if told:
            await host.pool.execute(*opening(told, host.clock.now()))
        rows = await host.pool.fetch(*open_of(_KIND))
        ended = [Ended(_KIND, "", one) for _, one in rows if one not in leaving]
        if ended:
            await host.pool.execute(*closing(ended, host.clock.now()))
