"""Many terminals, an issuer that fails and lies, hosts and a database that are killed.

Nothing may be lost, nothing may happen twice, nothing may be left without an end; what an issuer
says against its own books must be named by an incident, to the minor unit.

`make chaos` does all of it and keeps the figures; a short form is part of the tests.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import asyncpg

from annul.app import ground
from annul.settings import Settings
from annul.sim.demo import DemoPlan, seed
from annul.simulation.compare import Comparison, compare
from annul.simulation.ends import Ends, ends_of_voids
from annul.store.embedded import EmbeddedPostgres
from tests.support.processes import IssuerProcess, Process, free_port
from tests.support.tellers import Progress, Teller, profiles

_STUBBORN: Final = "6200029"  # cards whose issuer takes no reversal, ever
_LIAR: Final = "620004"  # cards whose issuer denies what it has approved
_DROPPED: Final = "620002"  # cards whose issuer's line is dropped now and then
# What goes wrong at the issuer, as its control takes it; it answers within 800 ms or never in time.
_FAULTS: Final[list[dict[str, Any]]] = [
    {"kind": "delay", "rate": 0.10, "low_ms": 5, "high_ms": 60},
    {"kind": "delay", "rate": 0.03, "low_ms": 250, "high_ms": 700},
    {"kind": "delay", "rate": 0.01, "low_ms": 900, "high_ms": 2_500},
    {"kind": "lost_request", "rate": 0.01},
    {"kind": "lost_answer", "rate": 0.01},
    {"kind": "duplicate", "rate": 0.02},
    {"kind": "garbled", "rate": 0.005},
    {"kind": "close_before", "rate": 0.001, "bin": _DROPPED},
    {"kind": "close_after", "rate": 0.001, "bin": _DROPPED},
    {"kind": "code", "rate": 0.02, "code": "05"},
    # Voids in particular, with codes that say little.
    {"kind": "code", "rate": 0.06, "code": "91", "of_kind": "void"},
    {"kind": "code", "rate": 0.03, "code": "96", "of_kind": "void"},
    {"kind": "code", "rate": 0.01, "code": "59", "of_kind": "void"},
    {"kind": "code", "rate": 0.01, "code": "12", "of_kind": "void"},
    {"kind": "lost_answer", "rate": 0.03, "of_kind": "void"},
    {"kind": "delay", "rate": 0.02, "of_kind": "void", "low_ms": 900, "high_ms": 1_500},
    {"kind": "code", "rate": 1.0, "code": "40", "of_kind": "void", "bin": "620003"},
    # What is booked is not what is said.
    {"kind": "books_late_silently", "rate": 0.01, "low_ms": 810, "high_ms": 1_300},
    *({"kind": "booked_code", "rate": 0.005, "code": code} for code in ("91", "96", "68", "98")),
    {"kind": "delay", "rate": 0.02, "low_ms": 795, "high_ms": 805},
    {"kind": "partial", "rate": 0.005},
    {"kind": "other_amount", "rate": 0.005},
    {"kind": "other_currency", "rate": 0.003},
    {"kind": "other_terminal", "rate": 0.003},
    {"kind": "other_reference", "rate": 0.003},
    {"kind": "other_trace", "rate": 0.003},
    {"kind": "long_balance", "rate": 0.005},
    # Reversals that are refused, some for good.
    *(
        {"kind": "code", "rate": 0.03, "code": code, "of_kind": "reversal"}
        for code in ("94", "30", "96")
    ),
]
# Two words to one request, or one that comes when nobody awaits it. If the second never reaches a
# host that lives on, only the issuer's clearing file can tell what it booked: so they keep clear of
# lines that are dropped, and of kills.
_TWO_WORDS: Final[list[dict[str, Any]]] = [
    fault | {"bin": prefix}
    for prefix in ("620001", "620003")
    for fault in (
        {"kind": "books_late", "rate": 0.015, "low_ms": 850, "high_ms": 2_500, "of_kind": "sale"},
        {"kind": "books_late", "rate": 0.03, "low_ms": 850, "high_ms": 2_500, "of_kind": "void"},
        {"kind": "twice", "rate": 0.005, "of_kind": "sale"},
        {"kind": "wavers", "rate": 0.02},
    )
]
_QUIET_S: Final = 8.0  # until the last of them has come, and was written, if not at first
_REFUSED: Final = {
    "kind": "code",
    "rate": 1.0,
    "code": "94",
    "of_kind": "reversal",
    "bin": _STUBBORN,
}
# Reversals that are denied though it was booked. An issuer that denies what it has never answered
# can be found out by its clearing files only, so these cards meet no silence: their issuer is one
# that stands in for no other, and whose line so never drops.
_LIARS_ISSUER: Final = "00000303"
_DENIED: Final[list[dict[str, Any]]] = [
    {"kind": "forgets", "rate": 0.02, "bin": _LIAR},
    {"kind": "code", "rate": 0.30, "code": "25", "of_kind": "reversal", "bin": _LIAR},
    {"kind": "code", "rate": 0.10, "code": "12", "of_kind": "reversal", "bin": _LIAR},
]
_BINS: Final = ("620001", "620002", "620003")
_TIMEOUT_MS: Final = 800
_STARTS: Final = 3
_COMES_BACK_S: Final = 30.0
# Cases run twenty times faster than in a shop; a dead host's number is free after three seconds,
# and somebody is told of a reversal that was refused four times.
_CASES: Final = {
    "ANNUL_VOID_TIME_SCALE": "0.05",
    "ANNUL_NODE_LEASE_S": "3",
    "ANNUL_REVERSAL_TRIES": "4",
}


@dataclass(frozen=True, slots=True)
class Chaos:
    """How much of it: bounded in terminals, rounds and kills.

    Of the second host, on which some terminals are, the last kill is for good. A case ends after
    `give_up_s` at the latest.
    """

    terminals: int = 200
    rounds: int = 80
    host_kills: int = 5
    resolver_kills: int = 5
    database_kills: int = 1
    seed: int = 1
    give_up_s: int = 60
    dry_s: float = 240.0


async def run(chaos: Chaos, folder: Path) -> tuple[Comparison, Progress, Ends]:
    """Do all of it in `folder`; gives what the books say afterwards."""
    async with AsyncExitStack() as stack:
        issuer = IssuerProcess.plan(folder, chaos.seed)
        stack.push_async_callback(issuer.process.stop)
        await issuer.process.start()
        host_port = free_port()
        settings = Settings.load(None, data=folder, terminals_port=host_port)
        merchants = max(1, chaos.terminals // 10)
        async with ground(settings) as base:
            plan = DemoPlan((issuer.process.port,), merchants, 10, timeout_ms=_TIMEOUT_MS)
            credentials = await seed(base.pool, base.security, plan)
            await base.pool.execute(
                "INSERT INTO bins (prefix, issuer_id, card_type) VALUES ($1, $2, 'debit')",
                _LIAR,
                _LIARS_ISSUER,
            )
            # Two shops in three want a void that their terminal took back all the same.
            await base.pool.execute(
                "UPDATE merchants SET reversed_voids = CASE right(merchant_id, 1)::integer % 3"
                " WHEN 0 THEN 'ask' ELSE 'void' END"
            )
        cases = {**_CASES, "ANNUL_VOID_GIVE_UP_S": str(chaos.give_up_s)}
        host = Process(
            "host",
            ["up", f"--data={folder}"],
            host_port,
            folder,
            {
                "ANNUL_TERMINALS_PORT": str(host_port),
                "ANNUL_STATUS_PORT": "0",
                "ANNUL_CONSOLE": "false",
                "ANNUL_LOG_LEVEL": "warning",
                **cases,
            },
        )
        second = _second(folder, cases)
        stack.push_async_callback(EmbeddedPostgres(folder).stop)
        stack.push_async_callback(host.stop)
        await host.start()
        stack.push_async_callback(second.stop)
        await second.start()
        met = [
            fault | {"bin": prefix} for fault in _FAULTS if "bin" not in fault for prefix in _BINS
        ]
        met += [fault for fault in _FAULTS if "bin" in fault]
        met += [_REFUSED]
        spoken = [*met, *_DENIED, *_TWO_WORDS]
        await issuer.ask("PUT", "/faults", spoken)

        @asynccontextmanager
        async def one_word() -> AsyncIterator[None]:
            await issuer.ask("PUT", "/faults", met)
            await asyncio.sleep(_QUIET_S)
            yield
            await issuer.ask("PUT", "/faults", spoken)

        progress = Progress()
        tellers = [
            Teller(
                profiles(one, host_port, second.port),
                Random(chaos.seed * 1_000_003 + index),
                progress,
            )
            for index, one in enumerate(credentials[: chaos.terminals])
        ]
        processes = {"host": host, "second": second}
        async with _trouble(chaos, processes, EmbeddedPostgres(folder), progress, one_word):
            await asyncio.gather(*(teller.work(chaos.rounds) for teller in tellers))
        await issuer.ask("PUT", "/faults", [_REFUSED])
        await asyncio.gather(*(teller.finish() for teller in tellers))
        records = [
            (profile, record)
            for profile, teller in zip(credentials, tellers, strict=False)
            for record in teller.journal.records()
        ]
        connection = await _connected(EmbeddedPostgres(folder).url)
        stack.push_async_callback(connection.close)
        await dry(connection, chaos.dry_s)
        verdict = await compare(connection, await issuer.entries(), records)
        return verdict, progress, await ends_of_voids(connection)


@asynccontextmanager
async def _trouble(
    chaos: Chaos,
    processes: Mapping[str, Process],
    database: EmbeddedPostgres,
    progress: Progress,
    one_word: Callable[[], AbstractAsyncContextManager[None]],
) -> AsyncIterator[None]:
    """Kill hosts and database while the work goes on, each time after a share of it is done.

    While `one_word` lasts, the issuer says no second word that a kill would take with it.
    """
    expected = chaos.terminals * chaos.rounds
    events = ["host"] * chaos.host_kills + ["database"] * chaos.database_kills
    events += ["second"] * chaos.resolver_kills
    Random(chaos.seed).shuffle(events)

    async def kill() -> None:
        last = len(events) - 1 - events[::-1].index("second") if "second" in events else None
        for number, event in enumerate(events, 1):
            share = expected * number // (len(events) + 1)
            await progress.reached(share)
            if event == "database":
                database.kill()
                await (await _connected(database.url)).close()
                continue
            async with one_word():
                processes[event].kill()
                if number - 1 != last:
                    await _started(processes[event])

    task = asyncio.create_task(kill())
    try:
        yield
        await task
    finally:
        task.cancel()


async def _connected(url: str) -> asyncpg.Connection:
    """Reach the database, which may just be coming back; raises `TimeoutError`."""
    async with asyncio.timeout(_COMES_BACK_S):
        while True:
            try:
                return await asyncpg.connect(url)
            except (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError):
                await asyncio.sleep(0.1)


async def _started(process: Process) -> None:
    """Start it as whoever watches over it would: again when the database went away meanwhile."""
    for _ in range(_STARTS):
        try:
            return await process.start()
        except RuntimeError:
            await asyncio.sleep(1.0)
    return await process.start()


async def dry(connection: asyncpg.Connection, within_s: float) -> None:
    """Wait until nothing is open of which nobody was told, or the time is over."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not await connection.fetchval(
            "SELECT (SELECT count(*) FROM transactions t WHERE state IN"
            " ('received', 'sent', 'unknown', 'reversing', 'disputed') AND NOT EXISTS ("
            " SELECT FROM incidents i WHERE i.merchant_id = t.merchant_id"
            " AND i.transaction_id = t.id))"
            " + (SELECT count(*) FROM cases WHERE ended = '')"
            " + (SELECT count(*) FROM refusals WHERE NOT cased)"
        ):
            return
        await asyncio.sleep(0.1)


def _second(folder: Path, cases: Mapping[str, str]) -> Process:
    """Plan a second host on the same database."""
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
        **cases,
    }
    return Process("second", ["up", f"--data={own}"], port, folder, environment)
