"""The lock-out: wrong passwords and codes, counted by name and by where they come from."""

import ipaddress
from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
from uuid_utils.compat import uuid7

from annul.host.strangers import Throttle
from annul.store.clock import Clock
from annul.store.sql import load

_SQL: Final = load("annul.desk", "tries.sql")
# Wrong tries in a row from which on a name is locked for the address that they come from, and
# for how long: doubling each time. From so many on, wherever they come from, it is locked for every
# address from which nobody of this name has come in.
_TRIES: Final = 5
_LOCK: Final = timedelta(seconds=30)
_LONGEST_LOCK: Final = timedelta(hours=1)
_TRIES_IN_ALL: Final = 50
_KNOWN: Final = timedelta(days=90)  # so long an address is one from which a name came in
_PER_ADDRESS: Final = 30  # tries in a minute, of any names
# How they stand in the audit log. Of names that nobody has, and of tries
# that a lock keeps from being looked at, nothing is kept: whoever can ask could fill the log.
SIGNED_IN: Final = "sign-in"
REFUSED: Final = "sign-in-refused"


class Tries:
    """Counts each try as wrong before anybody looks at it; who was right says so afterwards."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self.came: Counter[str] = Counter()  # by what they were told, since the start
        self._pool = pool
        self._clock = clock
        self._by_address = Throttle(_PER_ADDRESS, 60.0, clock.monotonic)

    def too_many(self, address: str) -> bool:
        """Count one try of an address, and say whether it has made too many of any names."""
        return self._by_address.hit(_place(address)) > _PER_ADDRESS

    async def begin(self, name: str, address: str) -> asyncpg.Record | None:
        """Count a try; give what it is judged by, None for who is not there or is locked."""
        return await self._pool.fetchrow(
            *_SQL["try"](
                name=name,
                address=_place(address),
                now=self._clock.now(),
                tries=_TRIES,
                lock=_LOCK,
                longest=_LONGEST_LOCK,
                in_all=_TRIES_IN_ALL,
                known=_KNOWN,
            )
        )

    async def let_in(self, name: str, address: str, within: Any = None) -> None:
        """Forget what was wrong before, since somebody of this name has come in from there."""
        now = self._clock.now()
        let_in = _SQL["let_in"](name=name, address=_place(address), now=now)
        await (within or self._pool).execute(*let_in)

    async def audit(self, action: str, name: str, address: str) -> None:
        """Keep in the audit log who came in, or was refused, and from where."""
        kept = _SQL["audit"](
            id=uuid7(), now=self._clock.now(), action=action, name=name, address=address
        )
        await self._pool.execute(*kept)

    async def take_back(self, name: str, address: str, lock: datetime | None) -> None:
        """Count a try as right that lets nobody in yet; `lock` is what it had locked."""
        place = _place(address)
        taken = _SQL["take_back"](name=name, address=place, lock=lock, in_all=_TRIES_IN_ALL)
        await self._pool.execute(*taken)


def _place(address: str) -> str:
    """Give what wrong tries are counted by: of IPv6 the part that one subscriber is given."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if known.version == 4 else str(ipaddress.ip_network((known, 64), strict=False))
