"""The place in which scenes happen: what they may ask of whoever runs a host and its database.

Bench, tests, drills and the simulation in virtual time each have one; no scene knows which.
"""

import asyncio
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from annul.domain.business_day import Calendar
from annul.issuers.link import Link
from annul.sim.issuer.clearing import ClearingFile

from .till import Till


class Place(Protocol):
    """What a scene needs of its surroundings.

    `pool` reaches the database of the acquirer; `samples_lock` is held while samples are taken, or
    what they are of is moved.
    """

    pool: Any
    samples_lock: asyncio.Lock

    @property
    def timeout_ms(self) -> int:
        """How long an issuer may take."""
        ...

    def now(self) -> datetime:
        """Give the moment, with the zone of the shops."""
        ...

    def link(self, issuer_id: str) -> Link:
        """Give the host's line to an issuer."""
        ...

    async def until(self, sql: str, *arguments: Any, within_s: float = 30.0) -> None:
        """Wait until a query gives something true; raises `TimeoutError`."""
        ...

    def interrupt(self, terminal: str) -> None:
        """End what the host does for a terminal, as the end of its process would."""
        ...

    async def switch(self, issuer_id: str, *, on: bool) -> None:
        """Take an issuer's line away, or give it back."""
        ...

    async def take_up(self) -> None:
        """Let the host read merchants and terminals anew, as it does when somebody changes them."""
        ...

    async def learn(self, issuer_id: str) -> None:
        """Let annul learn what two weeks of answers of an issuer say, as it does every night."""
        ...

    @property
    def calendar(self) -> Calendar:
        """When business days end."""
        ...

    async def counts(self, file: ClearingFile, issuer_id: str) -> UUID:
        """Let an issuer's clearing file be read and count, as every night; gives its id."""
        ...

    async def another_shop(self, stack: AsyncExitStack) -> Till:
        """Enrol a shop of its own with one till, beside those of the scenes."""
        ...
