"""Several host processes on one database: one per number, and what a dead one left is moved on."""

import asyncio
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from annul.app import hosting
from annul.domain.errors import AnnulError
from annul.host import recovery
from annul.sim.issuer.faults import Fault, FaultKind
from annul.sim.terminal.errors import NoAnswerFromHost, Unreachable
from tests.support.processes import Process, free_port
from tests.support.site import Site, another, open_site
from tests.support.soft import Cashier, cashier


@pytest.fixture
def _short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease of a second, in this process and in those that it starts; this one sweeps often."""
    monkeypatch.setenv("ANNUL_NODE_LEASE_S", "1")
    monkeypatch.setattr(hosting, "_PATIENCE", timedelta(seconds=0.5))
    monkeypatch.setattr(recovery, "_SWEEP_S", 0.5)


def _process(site: Site, folder: Path, node: int) -> Process:
    """Plan another host of a site as a process of its own, which can be killed and stopped."""
    base = site.running.ground
    folder.mkdir()
    port = free_port()
    environment = {
        "ANNUL_DATABASE": base.database,
        "ANNUL_MASTER_KEY_FILE": str(base.settings.data / "master.key"),
        "ANNUL_NODE": str(node),
        "ANNUL_TERMINALS_PORT": str(port),
        "ANNUL_STATUS_PORT": "0",
        "ANNUL_CONSOLE": "false",
        "ANNUL_RESOLVER": "false",
    }
    return Process("host", ["up", f"--data={folder}"], port, folder, environment)


def _faulty(site: Site, kind: FaultKind, of_kind: str, left: int, **more: Any) -> None:
    site.issuer.server.faults.rows.append(Fault(kind, of_kind=of_kind, left=left, **more))


async def _count(site: Site, wanted: int, condition: str) -> None:
    """Wait until so many transactions are as told."""
    async with asyncio.timeout(10):
        query = f"SELECT count(*) FROM transactions WHERE {condition}"
        while await site.pool.fetchval(query) < wanted:
            await asyncio.sleep(0.01)


async def _unheard(till: Cashier, *taking: Any, undo: bool = False) -> None:
    """Do what gets no answer, since the host dies meanwhile."""
    with pytest.raises((NoAnswerFromHost, Unreachable)):
        await (till.undo(*taking) if undo else till.take(*taking))


async def test_a_second_process_with_a_live_ones_number_leaves_its_sales_alone(
    site: Site, tmp_path: Path
) -> None:
    _faulty(site, FaultKind.DELAY, "sale", 1, low_ms=3_000, high_ms=3_000)
    with cashier(site.port, site.terminals[0]) as till:
        sale = asyncio.create_task(till.take("sale", 10_000))
        await _count(site, 1, "state = 'sent'")
        refused = None
        try:
            async with another(site, tmp_path / "second", node=0):
                pass
        except AnnulError as error:
            refused = error
        assert (await sale).state == "approved"
    assert refused is not None
    assert (refused.code, "node 0" in str(refused)) == ("host.node_taken", True)
    await site.books_agree()


@pytest.mark.usefixtures("_short_leases")
async def test_what_a_host_that_never_comes_back_left_is_moved_on_by_the_others(
    database: str, tmp_path: Path
) -> None:
    async with (
        open_site(database, tmp_path / "first", node=1, resolver=False) as site,
        another(site, tmp_path / "second", node=2),
    ):
        dying = _process(site, tmp_path / "dying", node=0)
        await dying.start()
        try:
            with (
                cashier(dying.port, site.terminals[0]) as one,
                cashier(dying.port, site.terminals[1]) as two,
                cashier(dying.port, site.terminals[2]) as three,
            ):
                stands = await one.take("sale", 10_000)
                await asyncio.gather(*(till.terminal.sign_in() for till in (two, three)))
                _faulty(site, FaultKind.LOST_ANSWER, "sale", 2)
                _faulty(site, FaultKind.LOST_ANSWER, "refund", 1)
                left = asyncio.gather(
                    _unheard(one, "refund", stands, 4_000, undo=True),
                    _unheard(two, "sale", 5_000),
                    _unheard(three, "sale", 6_000),
                )
                await _count(site, 3, "state = 'sent' AND node = 0")
                while sum(site.issuer.server.faults.met.values()) < 3:
                    await asyncio.sleep(0.01)  # the issuer has booked all three
                dying.kill()
                await left
        finally:
            await dying.stop()
        await site.settled(within_s=20)
        rows = await site.pool.fetch("SELECT amount, state FROM transactions")
        assert {row["amount"]: row["state"] for row in rows} == {
            10_000: "partly_refunded",
            4_000: "approved",
            5_000: "reversed",
            6_000: "reversed",
        }
        await site.books_agree()


@pytest.mark.usefixtures("_short_leases")
async def test_a_host_that_stood_still_and_lost_its_number_serves_nothing_more(
    database: str, tmp_path: Path
) -> None:
    async with open_site(database, tmp_path / "first", node=1, resolver=False) as site:
        still = _process(site, tmp_path / "still", node=0)
        await still.start()
        assert still.running is not None
        try:
            with cashier(still.port, site.terminals[1]) as till:
                assert (await till.take("sale", 5_000)).state == "approved"
            still.running.send_signal(signal.SIGSTOP)
            async with asyncio.timeout(10):
                while await site.pool.fetchval(
                    "SELECT leased_until > clock_timestamp() FROM hosts WHERE node = 0"
                ):
                    await asyncio.sleep(0.02)
            async with another(site, tmp_path / "second", node=0) as running:
                _faulty(site, FaultKind.DELAY, "sale", 1, low_ms=2_000, high_ms=2_000)
                with cashier(running.port, site.terminals[0]) as till:
                    sale = asyncio.create_task(till.take("sale", 10_000))
                    await _count(site, 1, "state = 'sent' AND node = 0")
                    still.running.send_signal(signal.SIGCONT)
                    assert await asyncio.to_thread(still.running.wait, 10) == 1
                    assert (await sale).state == "approved"
        finally:
            still.running.send_signal(signal.SIGCONT)
            await still.stop()
        assert "node_lost" in still.log()
        assert "Another host process has taken this node number" in still.log()
        await site.books_agree()


@pytest.mark.usefixtures("_short_leases")
async def test_a_host_that_has_lost_its_number_leaves_its_terminals_at_once(
    database: str, tmp_path: Path
) -> None:
    async with open_site(database, tmp_path, resolver=False) as site:
        _faulty(site, FaultKind.DELAY, "sale", 1, low_ms=3_000, high_ms=3_000)
        with cashier(site.port, site.terminals[0]) as till:
            sale = asyncio.create_task(_unheard(till, "sale", 10_000))
            await _count(site, 1, "state = 'sent'")
            await site.pool.execute(
                "UPDATE hosts SET boot = gen_random_uuid(), leased_until = 'infinity'"
            )
            async with asyncio.timeout(2.5):
                await site.running.membership.lost.wait()
                await sale
            with pytest.raises(Unreachable):
                await till.terminal.sign_in()
        await _count(site, 1, "state = 'approved'")  # what was under way still has its outcome
