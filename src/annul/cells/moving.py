"""A merchant moves to another cell with its history: copied while it is served, then stopped for
seconds, brought up to date, and served there.

At every moment one cell serves it or none: `leaving` in one is written before it lives in the
other, and that is one commit there. Whatever is cut off is taken up by the same call again: as long
as it does not live in the other cell all begins anew, once it does what is left here is cleared.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import asyncpg
from uuid_utils.compat import uuid7

from annul.domain.cells import Lives
from annul.domain.errors import AnnulError
from annul.store.batcher import LOST
from annul.store.clock import Clock
from annul.store.incidents import loosening

from .copying import SEALED, Beside, Table, marks, snapshot, tables
from .copying import SQL as _SQL
from .directory import Directory

_DAY: Final = timedelta(days=1)
_LOOK_S: Final = 0.1
_HOSTS_HEAR_S: Final = 2.0  # of a change of reference data, each within a second
_PASSES: Final = 20
# Counts that hosts write of what came to them: nothing is lost by what comes after a copy.
_COUNTS: Final = frozenset({"terminal_stats"})
_MOVED: Final = "move-merchant"
_HOLDS: Final = ("hold_cases", "hold_outbox", "hold_webhooks")
_FREES: Final = ("free_cases", "free_outbox", "free_webhooks")


class CanNotMove(AnnulError):
    """The merchant can not move there, and is served where it was. Nothing was changed."""

    code = "cells.can_not_move"
    next_step = "Do what the message says, then move it again."


class StillBusy(AnnulError):
    """Work for the merchant did not end in time, so it is served where it was. Nothing is lost."""

    code = "cells.still_busy"
    next_step = "Move it again when its issuers answer; annul cases lists what is under way."


class LeftBehind(AnnulError):
    """The merchant is served in the other cell, but something was written here after its copy."""

    code = "cells.left_behind"
    next_step = "Its rows are still here. Compare those named, then clear them by hand."


class CellUnreached(AnnulError):
    """The database of a cell gives no answer. At no time is a merchant served in two."""

    code = "cells.unreached"
    next_step = "Give the same command again once it answers; annul cells where says who serves."


@dataclass(slots=True)
class Moved:
    """What a move has done; `stopped_s` seconds nobody served the merchant."""

    rows: dict[str, int] = field(default_factory=dict[str, int])
    stopped_s: float = 0.0
    passes: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A move: whose, from which cell to which, who wants it and why."""

    merchant: str
    source: str
    target: str
    who: str
    reason: str


@asynccontextmanager
async def _owner_of(directory: Directory, cell: str) -> AsyncIterator[Any]:
    url = directory.database(cell).owner_url
    try:
        connection = await asyncpg.connect(url, timeout=10)
    except (*LOST, asyncpg.PostgresError) as error:
        message = f"{cell}: {error or type(error).__name__}"
        raise CellUnreached(message) from error
    try:
        yield connection
    finally:
        await connection.close()


async def where(directory: Directory, merchant: str) -> dict[str, tuple[str, str]]:
    """Say what each cell knows of a merchant: how it lives, and in which cell it is."""
    found: dict[str, tuple[str, str]] = {}
    for cell in directory.cells:
        async with _owner_of(directory, cell.name) as connection:
            row = await connection.fetchrow(*_SQL["standing"](merchant=merchant))
            if row is not None:
                found[cell.name] = (row["lives"], row["cell"])
    return found


async def source_of(directory: Directory, merchant: str, target: str) -> str:
    """Name the cell that a merchant moves from, or that it left when a move was cut off.

    Raises `CanNotMove`.
    """
    standing = await where(directory, merchant)
    others = {cell: lives for cell, (lives, _) in standing.items() if cell != target}
    for lives in (Lives.LEAVING, Lives.HERE):
        for cell, said in others.items():
            if said == lives:
                return cell
    message = f"no cell but {target} serves {merchant}"
    raise CanNotMove(message)


async def move(
    directory: Directory,
    asked: Asked,
    clock: Clock,
    *,
    within_s: float = 30.0,
    say: Callable[[str], None] = lambda _: None,
) -> Moved:
    """Move a merchant; `within_s` is how long work under way may take to end.

    Raises `CanNotMove`, `StillBusy` and, once it is served there, `LeftBehind`.
    """
    async with (
        _owner_of(directory, asked.source) as source,
        _owner_of(directory, asked.target) as target,
    ):
        one = _Move(asked, source, target, clock, say)
        await one.alone()
        if await one.standing(target) != Lives.HERE:
            await one.check()
            await one.copy()
            try:
                await one.stop(within_s)
                await one.arrive(await one.catch_up())
            except BaseException:
                if await one.standing(target) != Lives.HERE:  # its commit may be done all the same
                    await one.back()
                raise
        await one.clear()
    for cell in directory.cells:
        if cell.name not in {asked.source, asked.target}:
            async with _owner_of(directory, cell.name) as other:
                await other.execute(*_SQL["point"](merchant=asked.merchant, cell=asked.target))
    return one.moved


class _Move:
    def __init__(
        self, asked: Asked, source: Any, target: Any, clock: Clock, say: Callable[[str], None]
    ) -> None:
        self.moved = Moved()
        self._asked = asked
        self._source = source
        self._target = target
        self._clock = clock
        self._say = say
        self._beside = Beside(target, asked.merchant)
        self._tables: list[Table] = []
        self._since = ""
        self._stopped_at: float | None = None

    async def alone(self) -> None:
        """Let nobody else move it meanwhile."""
        if not await self._source.fetchval(*_SQL["alone"](merchant=self._asked.merchant)):
            message = f"somebody else moves {self._asked.merchant} just now"
            raise CanNotMove(message)

    async def standing(self, connection: Any) -> str:
        """Say how a cell knows the merchant, empty when it does not."""
        row = await connection.fetchrow(*_SQL["standing"](merchant=self._asked.merchant))
        return row["lives"] if row else ""

    async def check(self) -> None:
        """Refuse what would not work there."""
        asked = self._asked
        row = await self._source.fetchrow(*_SQL["standing"](merchant=asked.merchant))
        if row is None or row["lives"] == Lives.AWAY:
            message = f"{asked.source} does not serve {asked.merchant}"
            raise CanNotMove(message)
        if row["lives"] == Lives.LEAVING and row["cell"] != asked.target:
            message = f"{asked.merchant} is on its way to {row['cell']}: move it there first"
            raise CanNotMove(message)
        if await self.standing(self._target) == Lives.LEAVING:
            message = f"{asked.target} has not been cleared of {asked.merchant} since it left"
            raise CanNotMove(message)
        here, there = [
            await one.fetchrow(*_SQL["version"]()) for one in (self._source, self._target)
        ]
        if here != there:
            what = "master key" if here["revision"] == there["revision"] else "version"
            message = f"{asked.source} and {asked.target} have not the same {what}"
            raise CanNotMove(message)
        if row["lives"] == Lives.HERE:
            await self._check_days()
        known = await self._target.fetchval(*_SQL["issuers"]()) or []
        query = _SQL["missing_routes"](merchant=asked.merchant, known=known)
        missing = [issuer for (issuer,) in await self._source.fetch(*query)]
        if missing:
            message = f"{asked.target} does not know issuer {', '.join(missing)}"
            raise CanNotMove(message)

    async def _check_days(self) -> None:
        """Refuse while only one of the two has closed a business day that the other still sells on.

        It would end there too early for all merchants, or for this one: each cell closes a day
        after the latest cut-over of its own merchants. A cell that never closed one does not mind.
        """
        here, there = [
            await one.fetchval(*_SQL["open_from"]()) for one in (self._source, self._target)
        ]
        if date.min < min(here, there) and here != there:
            behind = self._asked.source if here < there else self._asked.target
            message = f"{behind} has not closed business day {max(here, there) - _DAY} yet"
            raise CanNotMove(message)

    async def copy(self) -> None:
        """Copy all while the merchant is served."""
        self._tables = await tables(self._source)
        await self._beside.prepare(self._tables)
        async with self._source.transaction(isolation="repeatable_read", readonly=True):
            self._since = await snapshot(self._source)
            for table in self._tables:
                self.moved.rows[table.name] = await self._beside.fill(self._source, table)
        self._say(f"{sum(self.moved.rows.values())} rows copied")

    async def stop(self, within_s: float) -> None:
        """Have nobody serve it, and wait until what is under way has ended."""
        merchant, cell = self._asked.merchant, self._asked.target
        self._stopped_at = self._clock.monotonic()
        async with self._source.transaction():
            since = await self._source.fetchval(*_SQL["stop"](merchant=merchant, cell=cell))
            await self._source.execute(*_SQL["disown"](merchant=merchant))
            await self._source.execute(*_SQL["changed"]())
        self._say("stopped")
        until = self._stopped_at + within_s
        while True:
            for hold in _HOLDS:
                await self._source.execute(*_SQL[hold](merchant=merchant))
            busy = await self._source.fetchval(*_SQL["busy"](merchant=merchant))
            quiet = self._clock.monotonic() - self._stopped_at >= _HOSTS_HEAR_S and not busy
            if quiet and await self._source.fetchval(*_SQL["seen_by_all"](since=since)):
                return
            if self._clock.monotonic() > until:
                message = f"{busy} of {merchant} are under way after {within_s:g} s"
                raise StillBusy(message)
            await asyncio.sleep(_LOOK_S)

    async def catch_up(self) -> dict[str, str]:
        """Bring the copy up to date until nothing is written any more; gives what there is."""
        before: dict[str, str] = {}
        for _ in range(_PASSES):
            async with self._source.transaction(isolation="repeatable_read", readonly=True):
                now = await self._marks()
                if now == before:
                    return now
                for table in self._tables:
                    if now[table.name] != before.get(table.name):
                        await self._renew(table, rows=int(now[table.name].partition("/")[0]))
            before = now
            self.moved.passes += 1
        message = f"somebody goes on writing for {self._asked.merchant}"
        raise StillBusy(message)

    async def arrive(self, kept: dict[str, str]) -> None:
        """Let it live in the other cell: one commit, after which it is served there."""
        asked, target = self._asked, self._target
        async with target.transaction():
            await target.execute(
                "DELETE FROM merchants WHERE merchant_id = $1 AND lives = 'away'", asked.merchant
            )
            for table in self._tables:
                await self._beside.take_over(table)
            rates = await self._source.fetchval(*_SQL["own_rates"](merchant=asked.merchant))
            await target.execute(*_SQL["bring_rates"](rates=rates or []))
            await target.execute(*_SQL["disown"](merchant=asked.merchant))
            for free in _FREES:
                await target.execute(*_SQL[free](merchant=asked.merchant))
            await target.execute(*_SQL["arrive"](merchant=asked.merchant))
            await target.execute(*loosening(asked.merchant))
            await target.execute(*_SQL["changed"]())
            await self._audit(target, {"since": self._since, "marks": kept})
        if self._stopped_at is not None:
            self.moved.stopped_s = self._clock.monotonic() - self._stopped_at
        self._say(f"served in {asked.target}")

    async def clear(self) -> None:
        """Take away what is left here, once nothing was written after the copy."""
        merchant, source = self._asked.merchant, self._source
        await self._beside.drop()
        if await self.standing(source) == Lives.AWAY:
            return
        self._tables = self._tables or await tables(source)
        detail = await self._target.fetchval(
            "SELECT detail FROM audit WHERE action = $1 AND object = $2 ORDER BY at DESC LIMIT 1",
            _MOVED,
            merchant,
        )
        kept = json.loads(detail)
        async with source.transaction(isolation="repeatable_read"):
            now = await marks(source, self._tables, merchant, kept["since"])
            late = sorted(
                name
                for name, mark in now.items()
                if name not in _COUNTS and kept["marks"].get(name) != mark
            )
            if late:
                message = f"of {merchant} in {self._asked.source}: {', '.join(late)}"
                raise LeftBehind(message)
            for table in reversed(self._tables):
                if table.name not in {"merchants", *SEALED}:
                    await source.execute(
                        f'DELETE FROM "{table.name}" WHERE merchant_id = $1', merchant
                    )
            await source.execute(*_SQL["point"](merchant=merchant, cell=self._asked.target))
            await source.execute(*_SQL["changed"]())
            await self._audit(source, {"marks": now})

    async def back(self) -> None:
        """Serve it here again, and leave nothing there."""
        merchant = self._asked.merchant
        async with self._source.transaction():
            for free in _FREES:
                await self._source.execute(*_SQL[free](merchant=merchant))
            await self._source.execute(*_SQL["arrive"](merchant=merchant))
            await self._source.execute(*_SQL["changed"]())
        await self._beside.drop()

    async def _marks(self) -> dict[str, str]:
        return await marks(self._source, self._tables, self._asked.merchant, self._since)

    async def _renew(self, table: Table, *, rows: int) -> None:
        await self._beside.catch_up(self._source, table, self._since)
        if await self._beside.count(table) != rows:  # some were taken away
            await self._beside.fill(self._source, table)
        self.moved.rows[table.name] = rows

    async def _audit(self, connection: Any, detail: dict[str, Any]) -> None:
        asked = self._asked
        said = {"from": asked.source, "to": asked.target, **detail}
        await connection.execute(
            *_SQL["audit"](
                id=uuid7(), now=self._clock.now(), who=asked.who, action=_MOVED,
                merchant=asked.merchant, reason=asked.reason, detail=json.dumps(said),
            )
        )  # fmt: skip
