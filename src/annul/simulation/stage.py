"""A stage in virtual time: one host, and the place around it in which scenes happen."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar

from annul.security.software import SoftwareModule
from annul.sim.scenes.hosted import Hosted, Served

from .cell import Cell, SimulatedHost
from .network import in_memory
from .plan import Plan
from .story import Telling, telling
from .world import MASTER_KEY, World

BEGINS: Final = datetime(2026, 11, 23, 3, tzinfo=UTC)  # eleven in the morning where the shops are
TIMEOUT_MS: Final = 700
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Stage:
    """What a play has around it."""

    cell: Cell
    place: Hosted
    pool: Any

    async def another_life(self) -> None:
        """Kill the host between two steps of its own, and start it again."""
        host = self.cell.hosts[0]
        host.kill()
        host.start()
        await host.up.wait()
        self.place.served = served_by(host)


@dataclass(frozen=True, slots=True)
class Staged(Generic[_T]):
    """What a play gave; `digest` is over everything that happened on the stage, in order."""

    found: _T
    digest: str
    virtual_s: float
    faults: list[str]


def served_by(host: SimulatedHost) -> Served:
    """Give what serves terminals in a host that is up."""
    running = host.running
    assert running is not None, "it is up"
    return Served(running.host, running.server, SoftwareModule(MASTER_KEY), running.port)


def bare(seed: int, begins: datetime = BEGINS, **pace: Any) -> Plan:
    """Give the plan of a stage on which nothing happens by itself. `pace` are settings."""
    return Plan(
        seed=seed,
        rounds=0,
        hosts=1,
        tills=0,
        begins=begins,
        troubled=False,
        slow=0.0,
        pace=tuple(pace.items()),
    )


def staged(
    world: World,
    plan: Plan,
    play: Callable[[Stage], Awaitable[_T]],
    write: Callable[[str], None] | None = None,
) -> Staged[_T]:
    """Let a play happen on a stage of its own; raises `Stuck` when somebody waits for ever."""
    with telling(world, plan, write) as made:
        found = made.run(_on_stage(world, plan, made, play))
    return Staged(found, made.log.digest, made.loop.time(), made.faults)


async def _on_stage(
    world: World, plan: Plan, made: Telling, play: Callable[[Stage], Awaitable[_T]]
) -> _T:
    cell = Cell(world, plan, made.loop, made.log.say)
    with in_memory(cell.network):
        await cell.start()
        pool: Any = cell.database.pool()
        served = served_by(cell.hosts[0])
        try:
            return await play(Stage(cell, Hosted(served, TIMEOUT_MS, pool), pool))
        finally:
            for host in cell.hosts:
                host.gone = True
                host.kill()
            await pool.close()
            cell.network.end()
            cell.database.end()
