"""Two hosts in full load whose first database server is killed, and its standby promoted."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final

import asyncpg

from annul.app import ground
from annul.settings import Settings
from annul.sim.demo import DemoPlan, seed
from annul.simulation.compare import Comparison, compare
from annul.store.roles import OWNER
from tests.support.chaos import dry
from tests.support.processes import IssuerProcess, Process, annul, free_port
from tests.support.servers import SUPERUSER, Pair
from tests.support.tellers import Progress, Teller

_TERMINALS: Final = 24
_TIMEOUT_MS: Final = 800
_DRY_S: Final = 90.0
_SETTINGS: Final = {
    "ANNUL_STATUS_PORT": "0",
    "ANNUL_CONSOLE": "false",
    "ANNUL_LOG_LEVEL": "warning",
    "ANNUL_VOID_TIME_SCALE": "0.05",
    "ANNUL_VOID_GIVE_UP_S": "15",
    "ANNUL_NODE_LEASE_S": "3",
}


@dataclass(slots=True)
class Watched(Progress):
    """What the terminals have done, and when each transaction was approved."""

    approved: list[float] = field(default_factory=list[float])

    def ended(self, *, refused: bool = False) -> None:
        """Count a transaction."""
        if not refused:
            self.approved.append(time.monotonic())
        super(Watched, self).ended(refused=refused)

    @property
    def longest_s(self) -> float:
        """The longest time in which nobody was served."""
        return max(after - before for before, after in pairwise(self.approved))


@dataclass(frozen=True, slots=True)
class Seen:
    """What a drill has shown; seconds. `promotion_s` is from the kill until writes are taken."""

    promotion_s: float
    silence_s: float
    verdict: Comparison
    progress: Watched
    forgotten: set[str]  # reference numbers of what a till holds for approved and no row is of
    told: set[str]  # and of what annul has told somebody is lost
    audited: str
    logs: str


async def drill(
    folder: Path,
    two: Pair,
    *,
    rounds: int,
    before: Callable[[], Awaitable[None]] | None = None,
    more: int = 0,
) -> Seen:
    """Kill the first server in the middle of the work and promote the second.

    `before` is done, and `more` transactions, just before. Gives what the three books and
    `annul audit` say afterwards.
    """
    async with AsyncExitStack() as stack:
        issuer = IssuerProcess.plan(folder, 1)
        stack.push_async_callback(issuer.process.stop)
        await issuer.process.start()
        data = folder / "first_host"
        settings = Settings.load(
            None, data=data, database=two.url(), database_owner=two.url(OWNER), node=0
        )
        async with ground(settings) as base:
            plan = DemoPlan((issuer.process.port,), _TERMINALS // 4, 4, timeout_ms=_TIMEOUT_MS)
            credentials = await seed(base.pool, base.security, plan)
        hosts = [_host(folder, two, name) for name in ("first_host", "second_host")]
        for host in hosts:
            stack.push_async_callback(host.stop)
            await host.start()
        progress = Watched()
        tellers = [
            Teller(one, lambda: [host.port for host in hosts], Random(index), progress)
            for index, one in enumerate(credentials[:_TERMINALS])
        ]
        for teller in tellers:
            stack.callback(teller.close)
        work = asyncio.gather(*(teller.work(rounds) for teller in tellers))
        stack.callback(work.cancel)
        await progress.reached(_TERMINALS * rounds // 2)
        if before is not None:
            await before()
            await progress.reached(progress.done + more)
        killed = time.monotonic()
        two.first.kill()
        await asyncio.to_thread(two.second.promote)
        promotion_s = time.monotonic() - killed
        await work
        await asyncio.gather(*(teller.finish() for teller in tellers))
        connection = await asyncpg.connect(two.second.url(SUPERUSER, "annul"))
        stack.push_async_callback(connection.close)
        if before is None:
            await dry(connection, _DRY_S)
        records = [
            (profile, record)
            for profile, teller in zip(credentials, tellers, strict=False)
            for record in teller.journal.records()
        ]
        verdict = await compare(connection, await issuer.entries(), records)
        logs = "".join(host.log() for host in hosts)
        environment = {"ANNUL_DATABASE": two.url()}
        told = await asyncio.to_thread(
            annul, "audit", f"--data={data}", environment=environment, within_s=120.0
        )
        rows = {row[0] for row in await connection.fetch("SELECT rrn FROM transactions")}
        held = {record.rrn for _, record in records if record.state == "approved"}
        lost = await connection.fetch(
            "SELECT params ->> 'reference' FROM incidents WHERE kind = 'audit_lost'"
        )
        return Seen(
            promotion_s,
            progress.longest_s,
            verdict,
            progress,
            held - rows,
            {row[0] for row in lost},
            told.out + told.err,
            logs,
        )


def _host(folder: Path, two: Pair, name: str) -> Process:
    own = folder / name
    own.mkdir(mode=0o755, exist_ok=True)
    port = free_port()
    environment = {
        "ANNUL_DATABASE": two.url(),
        "ANNUL_MASTER_KEY_FILE": str(folder / "first_host" / "master.key"),
        "ANNUL_TERMINALS_PORT": str(port),
        **_SETTINGS,
    }
    return Process(name, ["up", f"--data={own}"], port, folder, environment)
