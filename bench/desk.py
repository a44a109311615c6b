"""What the desk costs: 200 live pages beside the load, and the overview over a million rows."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

import httpx

from annul.app import Ground, desk_page, ground
from annul.domain.kinds import KINDS
from annul.security.vault import Vault
from annul.settings import Settings
from annul.sim.demo import DemoPlan, seed
from annul.sim.terminal.errors import NoAnswerFromHost, StillOwing, Unreachable
from annul.sim.terminal.journal import TerminalJournal
from annul.sim.terminal.messages import TerminalOrder
from annul.sim.terminal.profile import Profile
from annul.sim.terminal.terminal import SoftTerminal
from bench import e2e
from bench.e2e import Meanwhile
from tests.support.processes import free_port, open_folder

WATCHERS: Final = 200
_ROWS: Final = 1_000_000
_CASES: Final = 20_000
_LOADS: Final = 21
_EVERY_S: Final = 0.3
_ZONE: Final = ZoneInfo("Asia/Shanghai")

_TRANSACTIONS: Final = """
INSERT INTO transactions (merchant_id, id, kind, state, sent, node, terminal_id, batch, trace,
    business_date, amount, currency, card_hash, card_masked, card_cipher, card_type, issuer_id,
    rrn, entry_mode, condition, response_code, received_at, answered_at, ended_at)
SELECT $1, gen_random_uuid(), 'sale', 'approved', 'answered', 0, lpad((n % 900)::text, 8, '0'),
       lpad((n / 900000)::text, 6, '0'), lpad((n / 900 % 1000000)::text, 6, '0'),
       current_date,
       10000, '156', '', '620001******0007', '', 'debit', '00000101', lpad(n::text, 12, '0'),
       '012', '00',
       '00', now() - n * interval '80 milliseconds', now(), now()
FROM generate_series(1, $2::integer) AS n
"""
_CASE_ROWS: Final = """
INSERT INTO cases (merchant_id, id, number, terminal_id, kind, amount, currency, card_masked,
    issuer_id, opened_at, first_due_at, due_at, next_action_at, cause, probability, ended, ended_at)
SELECT $1, gen_random_uuid(), lpad(n::text, 12, '7'), '10000001', 'void', 10000, '156',
       '620001******0007', '00000101', now() - n * interval '4 seconds',
       now() - n * interval '4 seconds' + interval '15 minutes',
       now() - n * interval '4 seconds' + interval '15 minutes', now() + interval '1 day',
       'timeout', 0.9, CASE WHEN n > 200 THEN 'voided' ELSE '' END, CASE WHEN n > 200 THEN now() END
FROM generate_series(1, $2::integer) AS n
"""
_STATS: Final = """
INSERT INTO issuer_stats (issuer_id, node, slot, requests, approvals, silent, not_sent, late,
    faults, link_drops, garbled, codes, voids, void_approvals, latencies, tail)
SELECT issuer_id, 0, date_bin('5 seconds', now(), '2000-01-01') - n * interval '5 seconds', 50, 49,
       0, 0, 0, 0, 0, 0, '{"00": 49}', 5, 5, array_fill(0, ARRAY[28]), '[]'
FROM issuers, generate_series(1, 17280) AS n
"""


def measure() -> dict[str, float]:
    """Give throughput and the host's CPU with and without watchers, and the overview's time."""
    alone = e2e.measure(seconds=10.0)
    watched = e2e.measure(seconds=10.0, around=_watched)
    return {
        "watchers": float(WATCHERS),
        "tps_alone": alone["tps"],
        "tps_watched": watched["tps"],
        "throughput_share": watched["tps"] / alone["tps"],
        "host_cpu_us_alone": alone["host_cpu_us"],
        "host_cpu_us_watched": watched["host_cpu_us"],
        "overview_ms": asyncio.run(_overview()) * 1_000,
    }


async def _watched(base: Ground, terminal: tuple[str, str, str], port: int) -> Meanwhile:
    """Let 200 pages of cases be open while voids fail, about three a second."""
    console = free_port()
    await base.access.add("watcher", "a password for nobody", "support")
    session = await base.access.open("watcher")

    @asynccontextmanager
    async def go_on() -> AsyncIterator[None]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bench.watchers",
            f"http://127.0.0.1:{console}",
            session.token,
            str(WATCHERS),
            "/cases?state=all",
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        failing = asyncio.create_task(_fail(terminal, port))
        try:
            assert await process.stdout.readline() == b"watching\n"
            yield
        finally:
            failing.cancel()
            process.terminate()
            said, _ = await process.communicate()
            assert int(said.split()[-1]) > WATCHERS, "each page was told of changes"

    return Meanwhile({"ANNUL_CONSOLE_PORT": str(console)}, go_on)


async def _fail(terminal: tuple[str, str, str], port: int) -> None:
    """Void what was never sold, so that cases come and end."""
    merchant, number, key = terminal
    profile = Profile(merchant=merchant, terminal=number, master_key=key, port=port)
    journal = TerminalJournal(":memory:", Vault(bytes.fromhex(key)))
    soft = SoftTerminal(profile, journal, lambda: datetime.now(_ZONE))
    try:
        sale = await soft.perform(TerminalOrder(KINDS["sale"], 100, "6200010000000007"))
        while True:
            await soft.perform(
                TerminalOrder(KINDS["void"], 99, "6200010000000007", swiped=False, original=sale)
            )
            await asyncio.sleep(_EVERY_S)
    except (NoAnswerFromHost, Unreachable, StillOwing):
        return
    finally:
        soft.close()
        journal.close()


async def _overview() -> float:
    """Give the median time in seconds in which the overview of a full database is there."""
    with open_folder() as folder:
        settings = Settings.load(None, data=folder, console_port=0, log_level="error")
        async with ground(settings) as base:
            await seed(base.pool, base.security, DemoPlan((1,)))
            merchant = await base.pool.fetchval("SELECT min(merchant_id) FROM merchants")
            for sql, count in ((_TRANSACTIONS, _ROWS), (_CASE_ROWS, _CASES)):
                await base.pool.execute(sql, merchant, count, timeout=600)
            await base.pool.execute(_STATS, timeout=600)
            await base.access.add("reader", "a password for nobody", "support")
            session = await base.access.open("reader")
            async with desk_page(base) as port, httpx.AsyncClient(timeout=60) as client:
                address = f"http://127.0.0.1:{port}/"
                headers = {"cookie": f"annul_session={session.token}"}
                times: list[float] = []
                for _ in range(_LOADS):
                    began = time.perf_counter()
                    answer = await client.get(address, headers=headers)
                    times.append(time.perf_counter() - began)
                    assert answer.status_code == 200, answer.text[:200]
                return median(times)
