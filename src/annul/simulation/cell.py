"""The cell of a story: hosts that can be killed, issuers that lie, one database, one network."""

import asyncio
import os
from collections.abc import Callable
from datetime import time
from pathlib import Path
from random import Random
from typing import Any, Final, cast
from unittest.mock import patch
from zoneinfo import ZoneInfo

from annul.app import Ground, Running, serve
from annul.domain.business_day import Calendar
from annul.domain.errors import AnnulError
from annul.host.membership import NodeTaken
from annul.security.software import SoftwareModule
from annul.security.vault import Vault
from annul.settings import Settings
from annul.sim.issuer.books import Books
from annul.sim.issuer.faults import Faults
from annul.sim.issuer.rules import IssuerSettings
from annul.sim.issuer.server import IssuerServer
from annul.store.batcher import LOST
from annul.store.loop import Loops
from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS
from annul.wire.framing import FRAMINGS

from .bank import SimulatedBank
from .database import Database
from .network import Network, NetworkLoop
from .plan import Plan
from .virtual import Process, VirtualClock
from .world import ISSUER_PORTS, MASTER_KEY, World

_ZONE: Final = ZoneInfo("Asia/Shanghai")
_CUT_OVER: Final = time(23)
FIRST_PORT: Final = 8_600
_AGAIN_S: Final = 2.0  # a host that could not start is started again after so long
LEASE_S: Final = 6.0
GIVE_UP_S: Final = 24.0  # a case ends after so long at the latest


class SimulatedHost:
    """One host of the cell; it may have been started several times.

    `node` is its number, which another one at another `place` may claim too.
    """

    def __init__(self, cell: "Cell", place: int, node: int) -> None:
        self.node = node
        self.port = FIRST_PORT + place
        self._place = place
        self.process = Process(f"host {place}")
        self.running: Running | None = None
        self.up = asyncio.Event()
        self.gone = False  # for good
        self._cell = cell

    def start(self) -> None:
        """Start it, or start it again."""
        cell = self._cell
        self.process = Process(f"host {self._place}")
        self.process.on_death.append(lambda: cell.died(self.process))
        self.process.on_freeze.append(lambda: cell.froze(self.process))
        self.up = asyncio.Event()
        cell.loop.create_task(self._run(), context=self.process.context())

    def kill(self) -> None:
        """Kill it between two steps of its own."""
        self.running = None
        self.process.kill()

    @property
    def stands(self) -> bool:
        """Whether it runs, well or ill: it is neither dead nor frozen."""
        return not self.process.dead and not self.process.frozen

    async def _run(self) -> None:
        cell = self._cell
        folder = cell.world.folder / f"host{self._place}"
        folder.mkdir(exist_ok=True)
        settings = cell.settings(folder, self.node, self.port)
        while True:
            pool = cell.database.pool()
            clock = VirtualClock(cell.loop, cell.plan.skews_s[self.node])
            base = Ground(
                settings=settings,
                database="",
                pool=cast("Any", pool),
                security=SoftwareModule(MASTER_KEY),
                vault=Vault(MASTER_KEY),
                clock=clock,
                access=cast("Any", None),
                loops=Loops(clock),
            )
            try:
                async with serve(base) as running:
                    self.running = running
                    self.up.set()
                    await running.membership.lost.wait()
                    cell.happens("node lost")
            except NodeTaken:
                cell.happens("node refused")
                cell.say("host", f"{self._place} may not have {self.node}")
            except (AnnulError, *LOST) as error:
                cell.say("host", f"{self._place} does not start: {type(error).__name__}")
            self.running = None
            await pool.close()
            await asyncio.sleep(_AGAIN_S)


class Cell:
    """All that a story is about, but the people. `say` writes its log."""

    def __init__(
        self, world: World, plan: Plan, loop: NetworkLoop, say: Callable[[str, str], None]
    ) -> None:
        self.world = world
        self.plan = plan
        self.loop = loop
        self.say = say
        self.network = Network(loop, Random(f"{plan.seed} network"), slow=plan.slow)
        loop.network = self.network
        self.database = Database(world.server, loop, Random(f"{plan.seed} database"), plan.disk_s)
        self.issuers: list[IssuerServer] = []
        self.calendar = Calendar(_ZONE, _CUT_OVER)
        self.bank = SimulatedBank(world.folder / "bank", plan.seed, loop, self.calendar, say)
        self.hosts = [SimulatedHost(self, node, node) for node in range(plan.hosts)]

    async def start(self) -> None:
        """Start issuers and hosts, and wait until all serve."""
        setup = self.database.pool()
        for statement in self.plan.setup:
            await setup.execute(statement)
        if self.plan.settles:
            await self.bank.open(setup)
        await setup.close()
        for number, port in enumerate(ISSUER_PORTS):
            codes = Random(f"{self.plan.seed} codes {number}")
            policy = IssuerSettings(**dict(self.plan.policy))
            books = Books(policy, lambda codes=codes: f"{codes.randrange(10**6):06d}")
            issuer = IssuerServer(
                books,
                Faults(self.plan.seed * 10 + number),
                Codec(DIALECTS["cups"]),
                FRAMINGS["length_4"],
                lambda: self.loop.now().astimezone(_ZONE),
            )
            issuer.open("127.0.0.1", port)
            await issuer.use(None)
            self.issuers.append(issuer)
        for host in self.hosts:
            host.start()
        for host in self.hosts:
            await host.up.wait()

    def another(self, node: int) -> SimulatedHost:
        """Start a host beside the others with the number of one of them."""
        host = SimulatedHost(self, len(self.hosts), node)
        self.hosts.append(host)
        host.start()
        return host

    def happens(self, what: str) -> None:
        """Count something that has happened to a host."""
        self.database.coverage.reached[what] += 1

    def let(self, faults: Any) -> None:
        """Let issuers fail in these ways from now on, and in no others."""
        for issuer in self.issuers:
            issuer.faults.rows = list(faults)

    def died(self, process: Process) -> None:
        """Let the others notice that a process is gone."""
        self.database.coverage.died(process.name)
        self.network.died(process)
        self.say("death", process.name)

    def froze(self, process: Process) -> None:
        """Take note that a process stands still; nobody else does."""
        self.database.coverage.froze(process.name)

    def settings(self, folder: Path, node: int, port: int) -> Settings:
        """Give a host's settings; cases move fifty times faster than in a shop."""
        with patch.dict(os.environ):
            for name in [name for name in os.environ if name.startswith("ANNUL_")]:
                del os.environ[name]
            given: dict[str, Any] = {
                "data": folder,
                "node": node,
                "terminals_port": port,
                "console": False,
                "capacity": False,  # it is about this machine
                "status_port": 0,
                "void_time_scale": 0.02,
                "void_give_up_s": GIVE_UP_S,
                "reversal_tries": 4,
                "max_connections": 500,
                "node_lease_s": LEASE_S,
                "bank": self.bank.settings() if self.plan.settles else None,
            }
            return Settings.load(None, **given | dict(self.plan.pace))
