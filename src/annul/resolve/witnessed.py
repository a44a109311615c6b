"""What the database has confirmed and does not know any more: after a failover, or a restore.

A host looks by itself once its database has another history (a promotion begins one) or is another
one; `annul audit` does so always, with the files of its folder. Writes that were lost are told,
each with its transaction, and never written again: what the issuer and the till know has to be
asked first.
"""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog

from annul.domain.states import State, leads_to
from annul.store.clock import Clock
from annul.store.incidents import opening
from annul.store.loop import Loop, Loops
from annul.store.sql import load
from annul.store.witness import Told, Witness, told

from .differences import LOST, Difference

log = structlog.get_logger(__name__)

_SQL: Final = load("annul.resolve", "witnessed.sql")
_EVERY_S: Final = 1.0
_ROWS: Final = 5_000  # of one statement
_TELLS: Final = (
    1_000  # incidents; a backup that was restored may lack far more, which the log counts
)
_GONE: Final = "gone"
# Of servers that are PostgreSQL by their protocol only: `annul audit` looks all the same.
_NOT_SAID: Final = (
    asyncpg.FeatureNotSupportedError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.UndefinedFunctionError,
)
_FOLLOWS: Final = {state: leads_to(state) for state in State}


def told_in(folders: Iterable[Path]) -> dict[UUID, Told]:
    """Read what some hosts were told; of what several know, the latest."""
    known: dict[UUID, Told] = {}
    for folder in folders:
        for one in told(folder).values():
            other = known.get(one.id)
            if other is None:
                known[one.id] = one
            else:  # one opened it, another moved it on
                opened, latest = (
                    (one if one.rrn else other),
                    max(one, other, key=lambda row: row.at),
                )
                known[one.id] = opened._replace(at=latest.at, state=latest.state)
    return known


async def lost(connection: Any, known: Mapping[UUID, Told]) -> list[Difference]:
    """Give what is not there, or is where it was before its outcome was confirmed.

    A merchant that is not there at all has left this database.
    """
    rows, found = list(known.values()), list[Difference]()
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        stored = await connection.fetch(
            *_SQL["stored"](
                ids=[one.id for one in some], merchants=[one.merchant_id for one in some]
            )
        )
        there = {row["id"]: row["state"] for row in stored}
        found += [
            _difference(one, there[one.id])
            for one in some
            if one.id in there and there[one.id] not in _FOLLOWS[one.state]
        ]
    return found


def _difference(one: Told, state: str | None) -> Difference:
    facts = {
        "kind": one.kind,
        "amount": one.amount,
        "terminal": one.terminal_id,
        "trace": one.trace,
        "told": str(one.state),
        "told_at": one.at.isoformat(),
        "state": state or _GONE,
    }
    reference = one.rrn or str(one.id)
    return Difference(LOST.kind, one.merchant_id, one.id, reference, facts, one.currency)


class Witnessing:
    """Looks, beside a host, whether its database is the one that confirmed what it was told."""

    def __init__(self, pool: asyncpg.Pool, witness: Witness, clock: Clock, loops: Loops) -> None:
        self._pool = pool
        self._witness = witness
        self._clock = clock
        self._loops = loops
        self._loop: Loop | None = None
        self._silent = False  # of where it is, the server says nothing

    def start(self) -> None:
        """Begin."""
        self._loop = self._loops.start("witness", self._turn, every_s=_EVERY_S)

    async def stop(self) -> None:
        """End."""
        if self._loop is not None:
            await self._loop.stop()

    async def _turn(self) -> None:
        await asyncio.to_thread(self._witness.keep)
        place = await self._place()
        if place == self._witness.place:
            return
        known = await asyncio.to_thread(told_in, [self._witness.folder])
        found = await lost(self._pool, known)
        if found:
            times = sorted(str(one.facts["told_at"]) for one in found)
            log.error(
                "writes_lost", transactions=len(found), since=times[0], until=times[-1], place=place
            )
            incidents = [one.incident for one in found[:_TELLS]]
            await self._pool.execute(*opening(incidents, self._clock.now()))
        elif self._witness.place:
            log.warning("nothing_lost", looked_at=len(known), place=place)
        self._witness.place = place

    async def _place(self) -> str:
        try:
            return await self._pool.fetchval(*_SQL["place"]())
        except _NOT_SAID as error:
            if not self._silent:
                log.warning("history_not_known", why=str(error), next_step="run annul audit")
            self._silent = True
            return self._witness.place
