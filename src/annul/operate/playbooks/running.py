"""Carries runs of playbooks on: any process, by lease; one that is killed leaves nothing half done.

Each step is one commit of its own, made by whoever holds the run's row; so a lease that ends too
soon costs a wait and no second effect.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog
from uuid_utils.compat import uuid7

from annul.domain.errors import AnnulError
from annul.domain.playbooks import Playbook, RunState, Value
from annul.store.clock import Clock
from annul.store.loop import Loops
from annul.store.worker import Worker

from .keeping import SQL, Key, NoPlaybook, Run, hold, in_force_of, keep, readable
from .starting import About, AlreadyRuns, NotGiven, begin, given_by
from .stepping import Hand, carry
from .undoing import undo_next

log = structlog.get_logger(__name__)

_LEASE: Final = timedelta(seconds=30)
_POLL_S: Final = 1.0
_STARTS_S: Final = 2.0  # between two looks at which incidents start one
_SIDE_BY_SIDE: Final = 8
_STARTED: Final = 50  # in one turn
_AGAIN: Final = timedelta(seconds=30)


class Runner:
    """The leased worker's trade for runs."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        clock: Clock,
        loops: Loops | None = None,
        *,
        lease: timedelta = _LEASE,
        poll_s: float = _POLL_S,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._lease = lease
        self._poll_s = poll_s
        self._me: UUID = uuid7()
        self._starts_at = 0.0  # monotonic
        self._woken = asyncio.Event()
        self._worker = Worker(
            "playbooks",
            self,
            loops or Loops(clock),
            self._woken,
            concurrency=_SIDE_BY_SIDE,
        )

    def start(self) -> None:
        """Begin to carry runs on."""
        self._worker.start()

    async def stop(self, grace_s: float = 5.0) -> None:
        """Claim nothing more and finish the steps under way."""
        await self._worker.stop(grace_s)

    # What the worker asks -------------------------------------------------------------------

    async def claim(self, room: int) -> Sequence[Key]:
        """Start what incidents start, and lease runs that are due."""
        self._woken.clear()
        if self._clock.monotonic() >= self._starts_at:
            self._starts_at = self._clock.monotonic() + _STARTS_S
            await start_by_incidents(self._pool, self._clock)
        if room <= 0:
            return []
        now = self._clock.now()
        asked = {"now": now, "until": now + self._lease, "worker": self._me, "room": room}
        rows = await self._pool.fetch(*SQL["claim"](**asked))
        return [(row["id"], row["merchant_id"]) for row in rows]

    async def work(self, item: Key) -> None:
        """Carry one on."""
        await carry_on(self._pool, self._clock, item)

    async def rest_s(self) -> float:
        """Give the seconds until the tables are looked at unasked."""
        return self._poll_s

    async def failed(self, _item: Key, _error: BaseException) -> None:
        """Let its lease end by itself."""

    def name(self, item: Key) -> str:
        """Name a run in the log."""
        return str(item[0])


async def carry_on(pool: asyncpg.Pool, clock: Clock, key: Key) -> None:
    """Carry a run on until it waits: for a person, for a time, or it has ended."""
    on = True
    while on:
        async with pool.acquire() as connection, connection.transaction():
            try:
                standing = await hold(connection, key)
            except AnnulError as error:
                await _stranded(connection, key, clock, error)
                return
            if standing is None:
                return
            undoing = standing.run.state == RunState.UNDOING
            _, on = await (undo_next if undoing else carry)(connection, standing, clock.now())


async def _stranded(connection: Any, key: Key, clock: Clock, error: AnnulError) -> None:
    """Let a run wait for people whose playbook this annul can no longer read."""
    row = await connection.fetchrow(*SQL["hold"](id=key[0], merchant=key[1]))
    run = Run(**row)
    log.error("playbook_unreadable", run=run.number, error=str(error))
    if run.state == RunState.RUNNING:
        await keep(connection, run._replace(state=RunState.WAITING, why=str(error)))
    else:
        await keep(connection, run._replace(why=str(error), next_at=clock.now() + _AGAIN))


# Started by incidents -----------------------------------------------------------------------------


async def start_by_incidents(pool: asyncpg.Pool, clock: Clock) -> int:
    """Start a run for each open incident that has none and whose kind starts one unasked."""
    playbooks = {name: one for name, one in (await readable(pool)).items() if one.by_itself}
    kinds = sorted({kind for one in playbooks.values() for kind in one.starts_on})
    if not kinds:
        return 0
    started = 0
    for row in await pool.fetch(*SQL["starting"](kinds=kinds, most=_STARTED)):
        given = given_by(row["scope"], row["member"], row["merchant_id"])
        name = _chosen(playbooks, row["kinds"], row["playbook"], given)
        if name is None:
            continue
        hand = Hand(clock.now(), reason=row["number"])
        head = About(row["id"], row["merchant_id"])
        try:
            async with pool.acquire() as connection, connection.transaction():
                written = await in_force_of(connection, name)
                await begin(connection, written, given, hand, head)
            started += 1
        except (AlreadyRuns, NotGiven, NoPlaybook) as error:
            log.info("playbook_not_started", playbook=name, incident=row["number"], why=str(error))
    return started


def _chosen(
    playbooks: Mapping[str, Playbook], kinds: Sequence[str], wanted: str, given: Mapping[str, Value]
) -> str | None:
    """Choose the playbook of an incident: its own first, else the first that has all it needs."""
    fit = [
        name
        for name, one in playbooks.items()
        if set(one.starts_on) & set(kinds) and set(one.needs) <= set(given)
    ]
    return min(fit, key=lambda name: (name != wanted, name), default=None)
