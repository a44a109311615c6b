"""The days after a story: business days close, merchants are paid, the bank answers.

Between two of them the clock leaps, so hosts do not stand by: settlement and payouts run in
processes of their own, two at once, which are killed at any step and begin again.
"""

import asyncio
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final

import structlog

from annul.security.vault import Vault
from annul.settle.days import Days
from annul.settle.house_bank import HouseBank
from annul.settle.paying import Paying
from annul.store.batcher import LOST

from .cleared import not_as_cleared
from .clearing import SimulatedClearing
from .paid import unpaid_or_twice
from .treasury import Treasury
from .virtual import Process, VirtualClock
from .world import MASTER_KEY

if TYPE_CHECKING:
    from .cell import Cell

_DAYS: Final = 9  # a weekly contract has been due by then
_QUIET: Final = 6  # more, on which nobody does anything: the bank has told all by then
_FREES: Final = timedelta(days=95)  # in between: what is held back of a day is free by then
_HOURS: Final = (12, 12)  # between two runs of a day
_LEASE: Final = timedelta(minutes=11)  # what a dead one has claimed is free by then
_RETURNS: Final = timedelta(minutes=1)  # until what the bank has sent is read
_KILLS: Final = 3  # of one run at most
_STEPS: Final = 260
# Where one dies, if not after so many steps: around what must not be done twice, or half.
_PLACES: Final = tuple(
    f"{when} {statement}"
    for when in ("before", "after")
    for statement in (
        "days.close",
        "days.count_day",
        "days.make_available",
        "payouts.make",
        "payouts.filed",
        "files.release",
        "files.delivered",
        "reserve.keep",
        "reserve.free",
        "answers.keep",
        "answers.apply",
        "answers.applied",
    )
)
_AT_A_PLACE: Final = 0.6
_LOST: Final = 0.1  # how often the database loses its connections in the middle


async def pass_days(cell: "Cell", clearing: SimulatedClearing | None) -> list[str]:
    """Let the days pass; gives what is wrong in the middle of them, or at the end."""
    nights = _Nights(cell)
    for day in range(_DAYS + _QUIET):
        quiet = day >= _DAYS
        cell.loop.leap(_FREES if day == _DAYS else timedelta())
        for hours in (sum(_HOURS),) if quiet else _HOURS:
            cell.loop.leap(timedelta(hours=hours))
            await nights.run(quiet=quiet)
            if clearing is not None:
                await clearing.run()
        if wrong := await unpaid_or_twice(nights.pool, cell.bank, at_the_end=False):
            return [f"on day {day}: {one}" for one in wrong]
    wrong = await unpaid_or_twice(nights.pool, cell.bank, at_the_end=True)
    if clearing is not None:
        await clearing.end()
        wrong += clearing.wrong
        wrong += await not_as_cleared(nights.pool, cell.issuers)
    return wrong


class _Nights:
    def __init__(self, cell: "Cell") -> None:
        self._cell = cell
        self._random = Random(f"{cell.plan.seed} nights")
        self._treasury = Treasury(cell)
        self._runs = 0
        self.pool: Any = cell.database.pool()

    async def run(self, *, quiet: bool) -> None:
        """Settle and pay until it is done, then read what the bank says of it."""
        if not quiet:
            await self._treasury.act()
        for step in range(2):
            kills = 0 if quiet else self._random.choice((0, 0, 1, _KILLS))
            while not await self._settled(kills, quiet=quiet):
                kills -= 1
                if self._random.random() < 0.5:
                    self._cell.bank.come_round()
                self._cell.loop.leap(_LEASE)
            if step == 0:
                self._cell.bank.come_round()
                self._cell.loop.leap(_RETURNS)

    async def _settled(self, kills: int, *, quiet: bool) -> bool:
        """Let one or two do it at once; False when one of them has come to no good end."""
        count = 1 if quiet else self._random.choice((1, 2))
        settlers = [self._begin(kills > 0) for _ in range(count)]
        if kills > 0 and self._random.random() < _LOST:
            await asyncio.sleep(self._random.uniform(0.01, 0.3))
            self._cell.database.restart()
        while any(not one.over for one in settlers):
            await asyncio.sleep(0.05)
        return all(one.well for one in settlers)

    def _begin(self, dies: bool) -> "_Settler":
        self._runs += 1
        settler = _Settler(self._cell, f"settler {self._runs}")
        if dies and self._random.random() < _AT_A_PLACE:
            settler.process.dies_where = self._cell.plan.dies or self._random.choice(_PLACES)
        elif dies:
            settler.process.dies_at = self._random.randrange(1, _STEPS)
        self._cell.loop.create_task(settler.work(), context=settler.process.context())
        return settler


class _Settler:
    """A process that closes days and pays merchants, once."""

    def __init__(self, cell: "Cell", name: str) -> None:
        self._cell = cell
        self.process = Process(name)
        self.process.on_death.append(lambda: cell.died(self.process))
        self.done = self.well = False

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.done or self.process.dead

    async def work(self) -> None:
        """Do what is due."""
        cell = self._cell
        pool: Any = cell.database.pool()
        clock = VirtualClock(cell.loop)
        house = HouseBank.model_validate(cell.bank.settings())
        try:
            await Days(pool, cell.calendar, clock).run()
            await Paying(pool, cell.calendar, clock, house, Vault(MASTER_KEY)).turn()
            self.well = True
        except LOST:
            cell.say("settler", f"{self.process.name} lost the database")
        except Exception:  # noqa: BLE001 - whatever it is, it is counted as a fault of the story
            structlog.get_logger(__name__).exception("ended_unseen", who=self.process.name)
            self.well = True  # it would be the same the next time
        finally:
            self.done = True
            await pool.close()
