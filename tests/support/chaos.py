"""Many terminals, an issuer that fails and lies, hosts and a database that are killed or frozen.

Nothing may be lost, nothing may happen twice, nothing may be left without an end; what an issuer
says against its own books must be named by an incident, to the minor unit. Every terminal's batch
agrees with the host's, wherever its messages went.

`make chaos` does all of it and keeps the figures; a short form is part of the tests.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import asyncpg

from annul.app import ground
from annul.domain.kinds import KINDS, Money
from annul.settings import Settings
from annul.sim.demo import DemoPlan, seed
from annul.sim.terminal.journal import Record
from annul.simulation.compare import Comparison, compare
from annul.simulation.ends import Ends, ends_of_voids
from tests.support.chaos_faults import ALL, LIAR, LIARS_ISSUER, ONE_WORD, REFUSED
from tests.support.databases import Embedded, Store, replicated
from tests.support.havoc import Havoc, Hosts, connected
from tests.support.processes import IssuerProcess
from tests.support.tellers import Progress, Teller

_QUIET_S: Final = 8.0  # until the last second word has come, and was written, if not at first
_TIMEOUT_MS: Final = 800
# Cases run twenty times faster than in a shop, and somebody is told of a reversal that was refused
# four times.
_CASES: Final = {"ANNUL_VOID_TIME_SCALE": "0.05", "ANNUL_REVERSAL_TRIES": "4"}
_OPEN: Final = frozenset({"sent", "unanswered"})  # of a terminal: it was told nothing, or 98
_OF_BATCH: Final = """
SELECT trace, state, state IN ('approved', 'voided', 'partly_refunded', 'refunded') AS counts,
       EXISTS (SELECT FROM incidents i WHERE i.transaction_id = t.id) AS named,
       greatest(answered_at, late_at, ended_at) > settled_at AS moved
FROM transactions t JOIN batches USING (merchant_id, terminal_id, batch)
WHERE merchant_id = $1 AND terminal_id = $2 AND batch = $3
"""
_OPEN_YET: Final = """
SELECT (SELECT count(*) FROM transactions t
        WHERE state IN ('received', 'sent', 'unknown', 'reversing', 'disputed')
          AND NOT EXISTS (SELECT FROM incidents i WHERE i.merchant_id = t.merchant_id
                            AND i.transaction_id = t.id))
       + (SELECT count(*) FROM cases WHERE ended = '')
       + (SELECT count(*) FROM refusals WHERE NOT cased)
"""
_USUAL: Final = {"killed": 6, "frozen": 3, "usurped": 2, "refused": 2, "database": 1, "failover": 1}


@dataclass(frozen=True, slots=True)
class Chaos:
    """How much of it: bounded in terminals, rounds, and what happens how often to the hosts.

    At the end the last host is gone for good. A case ends after `give_up_s` at the latest; a
    terminal does the next thing at another host with a chance of `roams`.
    """

    terminals: int = 200
    rounds: int = 80
    hosts: int = 3
    happens: Mapping[str, int] = field(default_factory=lambda: dict(_USUAL))
    roams: float = 0.3
    seed: int = 1
    give_up_s: int = 60
    dry_s: float = 240.0

    @property
    def events(self) -> list[str]:
        """What happens, in an order that the seed draws."""
        drawn = list(Counter(self.happens).elements())
        Random(self.seed).shuffle(drawn)
        return [*drawn, "gone"]


async def run(chaos: Chaos, folder: Path) -> tuple[Comparison, Progress, Ends]:
    """Do all of it in `folder`; gives what the books say afterwards."""
    async with AsyncExitStack() as stack:
        issuer = IssuerProcess.plan(folder, chaos.seed)
        stack.push_async_callback(issuer.process.stop)
        await issuer.process.start()
        database: Store
        if "failover" in chaos.happens:
            database = stack.enter_context(replicated())
        else:
            database = Embedded(folder)
            stack.push_async_callback(database.stop)
        await database.start()
        settings = Settings.load(None, data=folder, **database.settings)
        credentials = await _founded(chaos, settings, issuer.process.port)
        cases = {**_CASES, "ANNUL_VOID_GIVE_UP_S": str(chaos.give_up_s)}
        hosts = Hosts(folder, chaos.hosts, database, cases)
        await stack.enter_async_context(hosts.up())
        await issuer.ask("PUT", "/faults", ALL)

        @asynccontextmanager
        async def one_word() -> AsyncIterator[None]:
            await issuer.ask("PUT", "/faults", ONE_WORD)
            await asyncio.sleep(_QUIET_S)
            yield
            await issuer.ask("PUT", "/faults", ALL)

        progress = Progress()
        tellers = [
            Teller(one, hosts.ports, Random(chaos.seed * 1_000_003 + index), progress, chaos.roams)
            for index, one in enumerate(credentials[: chaos.terminals])
        ]
        for teller in tellers:
            stack.callback(teller.close)
        havoc = Havoc(hosts, progress, Random(f"{chaos.seed} havoc"), one_word)
        async with asyncio.TaskGroup() as group:
            group.create_task(havoc.run(chaos.events, chaos.terminals * chaos.rounds))
            for teller in tellers:
                group.create_task(teller.work(chaos.rounds))
        await issuer.ask("PUT", "/faults", [REFUSED])
        await asyncio.gather(*(teller.finish() for teller in tellers))
        connection = await connected(database.url)
        stack.push_async_callback(connection.close)
        await dry(connection, chaos.dry_s)
        await asyncio.gather(*(teller.settle() for teller in tellers))
        await dry(connection, chaos.dry_s)  # of what it takes to settle, too
        records = [
            (profile, record)
            for profile, teller in zip(credentials, tellers, strict=False)
            for record in teller.journal.records()
        ]
        progress.unexplained = await _unexplained(connection, progress.unbalanced, records)
        verdict = await compare(connection, await issuer.entries(), records)
        return verdict, progress, await ends(connection, chaos.dry_s)


async def _founded(
    chaos: Chaos, settings: Settings, issuer_port: int
) -> list[tuple[str, str, str]]:
    """Make shops and terminals, before any host runs; gives the terminals' credentials."""
    async with ground(settings) as base:
        merchants = max(1, chaos.terminals // 10)
        plan = DemoPlan((issuer_port,), merchants, 10, timeout_ms=_TIMEOUT_MS)
        credentials = await seed(base.pool, base.security, plan)
        await base.pool.execute(
            "INSERT INTO bins (prefix, issuer_id, card_type) VALUES ($1, $2, 'debit')",
            LIAR,
            LIARS_ISSUER,
        )
        # Two shops in three want a void that their terminal took back all the same.
        await base.pool.execute(
            "UPDATE merchants SET reversed_voids = CASE right(merchant_id, 1)::integer % 3"
            " WHEN 0 THEN 'ask' ELSE 'void' END"
        )
    return credentials


async def dry(connection: asyncpg.Connection, within_s: float) -> None:
    """Wait until nothing is open of which nobody was told, or the time is over."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline and await connection.fetchval(_OPEN_YET):
        await asyncio.sleep(0.1)


async def ends(connection: asyncpg.Connection, within_s: float) -> Ends:
    """Count the ends in one snapshot in which all is dry, or as it is when the time is over.

    A case that nobody could prove is taken up again whenever its money is known after all: between
    two looks it would be counted as open.
    """
    deadline = time.monotonic() + within_s
    while True:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            wet = await connection.fetchval(_OPEN_YET)
            if not wet or time.monotonic() >= deadline:
                return await ends_of_voids(connection)
        await asyncio.sleep(0.1)


async def _unexplained(
    connection: asyncpg.Connection,
    unbalanced: Iterable[tuple[str, str, str]],
    records: Sequence[tuple[Any, Record]],
) -> list[str]:
    """Say of each batch that did not agree what is neither open on the terminal nor named."""
    found: list[str] = []
    for key in unbalanced:
        told = {
            record.trace: record.state
            for who, record in records
            if (*who[:2], record.batch) == key and KINDS[record.kind].money is not Money.NONE
        }
        rows = await connection.fetch(_OF_BATCH, *key)
        differ = [row for row in rows if (told.get(row["trace"]) == "approved") != row["counts"]]
        found += [
            f"{key} {row['trace']}: {row['state']} here, {told.get(row['trace'])} there"
            for row in differ
            if told.get(row["trace"]) not in _OPEN and not row["named"]
        ]
        if not differ and not any(row["moved"] for row in rows):  # since its totals were taken
            found.append(f"{key}: the totals differ, and nothing in it")
    return found
