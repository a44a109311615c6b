"""A real host with traffic, faults and strangers: each series is there, and moves as it should."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from annul.app import desk_page, status_page
from annul.desk.roles import Scope
from annul.operate.measures.backlog import Backlog
from annul.operate.measures.table import HOST_UP, series
from annul.settle.house_bank import HouseBank
from annul.sim.issuer.faults import Fault, FaultKind
from tests.support.processes import free_port
from tests.support.prometheus import Samples, samples, value
from tests.support.site import Site, open_site
from tests.support.soft import cashier

_WITHIN_S: Final = 20.0
_ISSUER: Final = "00000101"  # of the tests' card
_BANK: Final = HouseBank(name="Acquirer", account=SecretStr("102000000001"), bank="102100099996")


@dataclass
class Scraped:
    """A site, and what its processes tell whoever scrapes them with a key."""

    site: Site
    client: httpx.AsyncClient
    text: str = ""

    async def scrape(self) -> Samples:
        answer = await self.client.get("/metrics")
        assert answer.status_code == 200
        self.text = answer.text
        return samples(answer.text)

    async def look(self) -> Samples:
        """Scrape once what waits in the database has been counted anew."""
        [backlog] = [
            part for part in self.site.running.ground.measures._parts if isinstance(part, Backlog)
        ]
        await backlog.look()
        return await self.scrape()

    async def until(self, name: str, least: float, **labels: str) -> None:
        """Wait until a series has reached a value."""
        async with asyncio.timeout(_WITHIN_S):
            while value(await self.look(), name, **labels) < least:
                await asyncio.sleep(0.05)


@pytest.fixture
async def scraped(database: str, tmp_path: Path) -> AsyncIterator[Scraped]:
    collector = f"http://127.0.0.1:{free_port()}/v1/traces"  # nobody is there
    async with (
        open_site(
            database,
            tmp_path,
            timeout_ms=2_000,
            otlp_endpoint=collector,
            console_port=0,
            bank=_BANK,
        ) as site,
        desk_page(site.running.ground, site.running),
        status_page(site.running.ground, site.running) as port,
    ):
        access = site.running.ground.access
        _, key = await access.new_key("prometheus", [Scope.METRICS], "", "boss")
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers={"authorization": f"Bearer {key}"}
        ) as client:
            yield Scraped(site, client)


async def test_each_series_of_the_table_is_there(scraped: Scraped) -> None:
    await scraped.look()
    kinds = dict(
        line.split(" ")[2:4] for line in scraped.text.splitlines() if line.startswith("# TYPE ")
    )
    for one in series():
        if one is not HOST_UP:  # told by who looks after several processes
            assert kinds.get(one.name) == one.kind.value, one.name
    found = await scraped.scrape()
    declared = [one for one in series() if one.values and one is not HOST_UP]
    for one in declared:
        told = {dict(labels)[one.labels[-1]] for name, labels in found if name in one.names}
        assert told == set(one.values), one.name


async def test_what_terminals_and_issuers_do_moves_its_series(scraped: Scraped) -> None:
    site, before = scraped.site, await scraped.look()
    issuer = site.issuer.server
    with cashier(site.port, site.terminals[0]) as till:
        sale = await till.take("sale", 1_000)
        assert (await till.undo("void", sale)).response_code == "00"
        issuer.faults.rows = [Fault(FaultKind.LOST_ANSWER, of_kind="sale")]
        assert (await till.take("sale", 2_000)).response_code == "98"
        issuer.faults.rows = [Fault(FaultKind.DELAY, low_ms=2_500, high_ms=2_500, of_kind="sale")]
        assert (await till.take("sale", 3_000)).response_code == "98"
        issuer.faults.rows = []
        other = await till.take("sale", 4_000)
        issuer.faults.rows = [Fault(FaultKind.CODE, code="61")]
        await till.undo("void", other)
        issuer.faults.rows = []
    await _rubbish(site.port)
    ground = site.running.ground
    await ground.access.check("nobody", "wrong", "192.0.2.1")
    with suppress(asyncpg.PostgresError):
        await ground.pool.execute("SELECT 1 / 0")
    await scraped.until("annul_late_answers_total", 1, outcome="delivered")
    await scraped.until("annul_forward_events_total", 2, event="acknowledged")
    await scraped.until("annul_case_events_total", 1, event="opened")
    await scraped.until("annul_cases", 1, standing="open")
    await scraped.until("annul_traces_total", 1, outcome="failed")
    after = await scraped.look()

    def moved(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    for name, labels, least in (
        ("annul_requests_total", {}, 6),
        ("annul_answer_seconds_count", {"kind": "sale"}, 4),
        ("annul_answer_seconds_count", {"kind": "void"}, 2),
        ("annul_answer_seconds_bucket", {"kind": "sale", "le": "60.0"}, 4),
        ("annul_answer_seconds_sum", {"kind": "sale"}, 0.8),  # two have waited for the time-out
        ("annul_answers_total", {"code": "00"}, 3),
        ("annul_answers_total", {"code": "98"}, 2),
        ("annul_turned_away_total", {"reason": "frame"}, 1),
        ("annul_terminals_claimed_total", {}, 1),
        ("annul_issuer_line_events_total", {"issuer": _ISSUER, "event": "timed_out"}, 2),
        ("annul_issuer_line_events_total", {"issuer": _ISSUER, "event": "late"}, 1),
        ("annul_issuer_answer_seconds_count", {"issuer": _ISSUER}, 4),
        ("annul_commit_rows_sum", {"statement": "open"}, 4),
        ("annul_commit_rows_count", {"statement": "conclude"}, 1),
        ("annul_commit_seconds_count", {"statement": "open_undo"}, 2),
        ("annul_database_errors_total", {"sqlstate": "22"}, 1),
        ("annul_sign_ins_total", {"told": "refused"}, 1),
        ("annul_loop_turns_total", {"loop": "resolver"}, 1),
        ("annul_forward_events_total", {"event": "tries"}, 2),
        ("annul_traces_total", {"outcome": "kept"}, 6),
        ("process_cpu_seconds_total", {}, 0.01),
    ):
        assert moved(name, **labels) >= least, (name, labels, moved(name, **labels))
    assert value(after, "annul_issuer_up", issuer=_ISSUER) == 1
    assert value(after, "annul_issuer_condition", issuer=_ISSUER) == 1, "it is in one of them"
    assert value(after, "annul_database_connections_allowed") == 20
    assert value(after, "annul_requests_failed_total") == 0


async def test_a_silent_line_and_what_it_is_owed_are_told(scraped: Scraped) -> None:
    site = scraped.site
    with cashier(site.port, site.terminals[0]) as till:
        site.issuer.server.faults.rows = [Fault(FaultKind.LOST_REQUEST)]
        await till.take("sale", 1_000)
        owed = await scraped.look()
        assert value(owed, "annul_outbox_messages", kind="reversal") == 1
        assert value(owed, "annul_outbox_oldest_seconds") > 0
        site.issuer.server.faults.rows = []
        await scraped.until("annul_forward_events_total", 1, event="acknowledged")
        assert value(await scraped.look(), "annul_outbox_messages") == 0
    await site.issuer.server.stop()
    async with asyncio.timeout(_WITHIN_S):
        while value(await scraped.scrape(), "annul_issuer_up", issuer=_ISSUER):
            await asyncio.sleep(0.02)
    await scraped.until("annul_issuer_line_events_total", 1, issuer=_ISSUER, event="losses")
    await scraped.until(
        "annul_issuer_line_events_total", 1, issuer=_ISSUER, event="connect_failures"
    )


async def test_no_label_names_who_sends_something(scraped: Scraped) -> None:
    merchant, terminal, _ = scraped.site.terminals[0]
    with cashier(scraped.site.port, scraped.site.terminals[0]) as till:
        await till.take("sale", 1_000)
    await _rubbish(scraped.site.port)
    await scraped.look()
    assert merchant not in scraped.text
    assert f'"{terminal}"' not in scraped.text
    assert "127.0.0.1" not in scraped.text


async def _rubbish(port: int) -> None:
    """Send bytes that are no frame, and wait until the host hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\xff" * 64)
    await reader.read()
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
