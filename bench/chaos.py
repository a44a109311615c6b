"""Many terminals, an issuer that fails, a host and a database that are killed: nothing may be lost.

Run it with `make chaos`; a short form is part of the tests. Writes build/chaos.json.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg

from annul.app import ground
from annul.domain.errors import AnnulError
from annul.domain.kinds import KINDS
from annul.merchants.demo import Plan, seed
from annul.security.vault import Vault
from annul.settings import Settings
from annul.sim.terminal.errors import NoAnswerFromHost, StillOwing, Unreachable
from annul.sim.terminal.journal import Journal, Record
from annul.sim.terminal.messages import Order
from annul.sim.terminal.profile import Profile
from annul.sim.terminal.terminal import SoftTerminal
from annul.store.embedded import EmbeddedPostgres
from bench.compare import Verdict, compare
from bench.ends import Ends, ends_of_voids
from bench.processes import IssuerProcess, Process, free_port

_ZONE: Final = ZoneInfo("Asia/Shanghai")
# What goes wrong at the issuer, as its control takes it; it answers within 800 ms or never in time.
_FAULTS: Final[list[dict[str, Any]]] = [
    {"kind": "delay", "rate": 0.10, "low_ms": 5, "high_ms": 60},
    {"kind": "delay", "rate": 0.03, "low_ms": 250, "high_ms": 700},
    {"kind": "delay", "rate": 0.01, "low_ms": 900, "high_ms": 2_500},
    {"kind": "lost_request", "rate": 0.01},
    {"kind": "lost_answer", "rate": 0.01},
    {"kind": "duplicate", "rate": 0.02},
    {"kind": "garbled", "rate": 0.005},
    {"kind": "close_before", "rate": 0.0003},
    {"kind": "close_after", "rate": 0.0003},
    {"kind": "code", "rate": 0.02, "code": "05"},
    # Voids in particular, with codes that say little.
    {"kind": "code", "rate": 0.06, "code": "91", "of_kind": "void"},
    {"kind": "code", "rate": 0.03, "code": "96", "of_kind": "void"},
    {"kind": "code", "rate": 0.01, "code": "59", "of_kind": "void"},
    {"kind": "code", "rate": 0.01, "code": "12", "of_kind": "void"},
    {"kind": "lost_answer", "rate": 0.03, "of_kind": "void"},
    {"kind": "delay", "rate": 0.02, "of_kind": "void", "low_ms": 900, "high_ms": 1_500},
    {"kind": "code", "rate": 1.0, "code": "40", "of_kind": "void", "bin": "620003"},
]
_TIMEOUT_MS: Final = 800
_PATIENT_S, _IMPATIENT_S = 5.0, 0.4
# Cases run twenty times faster than in a shop, and end after this long at the latest.
_CASES: Final = {"ANNUL_VOID_TIME_SCALE": "0.05", "ANNUL_VOID_GIVE_UP_S": "60"}


@dataclass(frozen=True, slots=True)
class Chaos:
    """How much of it: bounded in terminals, rounds and kills."""

    terminals: int = 200
    rounds: int = 80
    host_kills: int = 5
    resolver_kills: int = 5
    database_kills: int = 1
    seed: int = 1
    dry_s: float = 240.0


@dataclass(slots=True)
class Progress:
    """What the terminals have done so far; `moved` wakes who waits for more of it."""

    done: int = 0
    refused: int = 0
    silent: int = 0
    moved: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def ended(self, *, refused: bool = False) -> None:
        """Count a transaction."""
        self.done += 1
        self.refused += refused
        self.moved.set()

    async def reached(self, count: int) -> None:
        """Wait until so many transactions have ended."""
        while self.done < count:
            self.moved.clear()
            await self.moved.wait()


class Teller:
    """One terminal at work: sales, and for most of them what undoes them."""

    def __init__(self, profile: Profile, random: Random, progress: Progress) -> None:
        self.journal = Journal(":memory:", Vault(bytes.fromhex(profile.master_key)))
        self._terminal = SoftTerminal(profile, self.journal, lambda: datetime.now(_ZONE))
        self._random = random
        self._progress = progress
        self._card = f"62000{random.choice('1112223')}{random.randrange(10**9):09d}0"

    async def work(self, rounds: int) -> None:
        """Do so many rounds, each a taking and perhaps what undoes it."""
        for _ in range(rounds):
            amount = self._random.randrange(1, 1_000_00)
            taken = await self._sold(amount)
            if taken is None:
                continue
            undoing = self._random.choices(["void", "refund", ""], [60, 25, 15])[0]
            if undoing:
                part = amount if undoing == "void" else self._random.randrange(1, amount + 1)
                await self._try(self._order(undoing, part, taken))
                if self._random.random() < 0.2:  # an impatient cashier does it again
                    await self._try(self._order(undoing, part, taken))

    async def _sold(self, amount: int) -> Record | None:
        """Sell, a few times if it is refused for a moment; None when it does not go through."""
        for _ in range(5):
            taken = await self._try(self._order("sale", amount))
            if taken is not None and taken.state == "approved":
                return taken
            await asyncio.sleep(0.2)
        return None

    async def finish(self) -> None:
        """Send what is owed until nothing is; the host may still be coming up."""
        while self.journal.owed():
            try:
                await self._terminal.settle_owed()
            except (Unreachable, NoAnswerFromHost, StillOwing):
                await asyncio.sleep(0.2)
        self._terminal.close()

    def _order(self, kind: str, amount: int, original: Record | None = None) -> Order:
        return Order(KINDS[kind], amount, self._card, swiped=original is None, original=original)

    async def _try(self, order: Order) -> Record | None:
        """Do one transaction; None when the host was away before anything was sent."""
        for _ in range(200):
            try:
                record = await self._terminal.perform(order)
            except (Unreachable, StillOwing):
                await asyncio.sleep(0.1)
                continue
            except NoAnswerFromHost:
                self._progress.silent += 1
                return None
            self._progress.ended(refused=record.state != "approved")
            return record
        return None


async def run(chaos: Chaos, folder: Path) -> tuple[Verdict, Progress, Ends]:
    """Do all of it in `folder`; gives what the books say afterwards."""
    async with AsyncExitStack() as stack:
        issuer = IssuerProcess.plan(folder, chaos.seed)
        stack.push_async_callback(issuer.process.stop)
        await issuer.process.start()
        host_port = free_port()
        settings = Settings.load(None, data=folder, terminals_port=host_port)
        merchants = max(1, chaos.terminals // 10)
        async with ground(settings) as base:
            plan = Plan((issuer.process.port,), merchants, 10, timeout_ms=_TIMEOUT_MS)
            credentials = await seed(base.pool, base.security, plan)
        host = Process(
            "host", ["up", f"--data={folder}"], host_port, folder,
            {"ANNUL_TERMINALS_PORT": str(host_port), "ANNUL_STATUS_PORT": "0",
             "ANNUL_CONSOLE": "false",
             "ANNUL_LOG_LEVEL": "warning", **_CASES},
        )  # fmt: skip
        second = _second(folder)
        stack.push_async_callback(EmbeddedPostgres(folder).stop)
        stack.push_async_callback(host.stop)
        await host.start()
        stack.push_async_callback(second.stop)
        await second.start()
        await issuer.ask("PUT", "/faults", _FAULTS)
        progress = Progress()
        tellers = [
            Teller(_profile(one, host_port), Random(chaos.seed * 1_000_003 + index), progress)
            for index, one in enumerate(credentials[: chaos.terminals])
        ]
        async with _trouble(chaos, host, second, EmbeddedPostgres(folder), progress):
            await asyncio.gather(*(teller.work(chaos.rounds) for teller in tellers))
        await issuer.ask("PUT", "/faults", [])
        await asyncio.gather(*(teller.finish() for teller in tellers))
        records = [
            (profile, record)
            for profile, teller in zip(credentials, tellers, strict=False)
            for record in teller.journal.records()
        ]
        connection = await asyncpg.connect(EmbeddedPostgres(folder).url)
        stack.push_async_callback(connection.close)
        await _dry(connection, chaos.dry_s)
        verdict = await compare(connection, await issuer.entries(), records)
        return verdict, progress, await ends_of_voids(connection)


@asynccontextmanager
async def _trouble(
    chaos: Chaos,
    host: Process,
    second: Process,
    database: EmbeddedPostgres,
    progress: Progress,
) -> AsyncIterator[None]:
    """Kill host and database while the work goes on, each time after a share of it is done."""
    expected = chaos.terminals * chaos.rounds
    events = ["host"] * chaos.host_kills + ["database"] * chaos.database_kills
    events += ["second"] * chaos.resolver_kills
    Random(chaos.seed).shuffle(events)

    async def kill() -> None:
        for number, event in enumerate(events, 1):
            share = expected * number // (len(events) + 1)
            await progress.reached(share)
            if event == "database":
                database.kill()
                continue
            process = host if event == "host" else second
            process.kill()
            await process.start()

    task = asyncio.create_task(kill())
    try:
        yield
        await task
    finally:
        task.cancel()


async def _dry(connection: asyncpg.Connection, within_s: float) -> None:
    """Wait until store-and-forward has nothing left to do, or the time is over."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not await connection.fetchval(
            "SELECT (SELECT count(*) FROM transactions WHERE state IN"
            " ('received', 'sent', 'unknown', 'reversing'))"
            " + (SELECT count(*) FROM cases WHERE ended = '')"
            " + (SELECT count(*) FROM refusals WHERE NOT cased)"
        ):
            return
        await asyncio.sleep(0.1)


def _second(folder: Path) -> Process:
    """Plan a second process on the same database, which works on cases as well."""
    own = folder / "second"
    own.mkdir(mode=0o755)
    port = free_port()
    environment = {
        "ANNUL_DATABASE": EmbeddedPostgres(folder).url,
        "ANNUL_MASTER_KEY_FILE": str(folder / "master.key"),
        "ANNUL_NODE": "1",
        "ANNUL_TERMINALS_PORT": str(port),
        "ANNUL_STATUS_PORT": "0",
        "ANNUL_CONSOLE": "false",
        "ANNUL_LOG_LEVEL": "warning",
        **_CASES,
    }
    return Process("second", ["up", f"--data={own}"], port, folder, environment)


def _profile(credentials: tuple[str, str, str], port: int) -> Profile:
    """Give a terminal that never gives up; one in five reverses before the issuer may answer."""
    merchant, terminal, key = credentials
    patience = _IMPATIENT_S if int(terminal) % 5 == 0 else _PATIENT_S
    return Profile(
        merchant=merchant,
        terminal=terminal,
        master_key=key,
        port=port,
        timeout_s=patience,
        resends=10**6,
    )


def main() -> int:
    """Run the whole of it and write the figures; the exit status says whether all held.

    An argument is another seed.
    """
    chaos = Chaos(seed=int(sys.argv[1])) if len(sys.argv) > 1 else Chaos()
    with tempfile.TemporaryDirectory(prefix="annul-chaos-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        began = time.monotonic()
        try:
            verdict, progress, ends = asyncio.run(run(chaos, folder))
        except AnnulError as error:
            print(f"chaos: {error}\n{error.next_step}", file=sys.stderr)
            return 1
        took = time.monotonic() - began
    figures = {**verdict.figures(), **ends.figures()}
    file = Path("build/chaos.json")
    file.parent.mkdir(exist_ok=True)
    report = {**figures, "by_cause": ends.by_cause, "plan": asdict(chaos)}
    file.write_text(json.dumps(report, indent=2) + "\n")
    print(f"{took:.0f} s, {progress.done} outcomes, {progress.silent} silences; {figures}")
    for row in ends.by_cause:
        print(
            f"   {row['cause']:<24}{row['cases']:>6}  p50 {row['p50_s']:6.2f} s"
            f"  p99 {row['p99_s']:6.2f} s  max {row['max_s']:6.2f} s"
        )
    for line in [*verdict.differences[:20], *ends.open]:
        print("  ", line)
    return 0 if verdict.holds and ends.hold else 1


if __name__ == "__main__":
    sys.exit(main())
