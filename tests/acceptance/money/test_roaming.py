"""A terminal may come to another host with each message: it has one batch, one set of keys."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from annul.app import Running
from annul.sim.terminal.batch import settle
from annul.sim.terminal.line import TerminalLine
from annul.wire.subfields import Field48Totals
from tests.support.site import RogueSite, another, open_rogue_site
from tests.support.soft import Cashier, cashier
from tests.support.wire import Keyed, dial, managing, sale

_OWNER: Final = "SELECT host, epoch FROM terminals WHERE terminal_id = $1"


@pytest.fixture
async def site(database: str, tmp_path: Path) -> AsyncIterator[RogueSite]:
    async with open_rogue_site(database, tmp_path / "one", timeout_ms=5_000) as opened:
        yield opened


@pytest.fixture
async def second(site: RogueSite, tmp_path: Path) -> AsyncIterator[Running]:
    async with another(site, tmp_path / "two", node=1) as running:
        yield running


def _roams(till: Cashier, port: int) -> None:
    """Let a terminal connect elsewhere with its next message."""
    terminal = till.terminal
    terminal.close()
    terminal._line = TerminalLine("127.0.0.1", port, terminal.profile.software)


async def test_each_message_may_go_to_another_host(site: RogueSite, second: Running) -> None:
    ports = (site.port, second.port)
    with cashier(site.port, site.terminals[0]) as till:
        sold = await till.take("sale", 10_000)
        for count in range(8):
            _roams(till, ports[count % 2])
            one = await till.take("sale", 1_000 + count)
            assert (one.state, one.response_code) == ("approved", "00")
        _roams(till, second.port)
        assert (await till.undo("void", sold)).state == "approved"
        assert {one.response_code for one in till.terminal.journal.records()} == {"00"}
        batch = {one.batch for one in till.terminal.journal.records()}
    assert len(batch) == 1
    await site.books_agree()


async def test_keys_that_one_host_hands_out_are_good_at_the_other(
    site: RogueSite, second: Running
) -> None:
    """Also those that the other one has never heard of, and those it holds for current."""
    with cashier(site.port, site.terminals[0]) as till:
        assert (await till.take("sale", 1_000)).state == "approved"
        for port in (second.port, site.port) * 2:
            _roams(till, port)
            await till.terminal.sign_in()
            _roams(till, site.port if port == second.port else second.port)
            sold = await till.take("sale", 2_000)
            assert (sold.state, sold.response_code) == ("approved", "00")


async def test_a_batch_that_ended_at_one_host_has_ended_at_the_other(
    site: RogueSite, second: Running
) -> None:
    with cashier(site.port, site.terminals[0]) as till:
        assert (await till.take("sale", 1_000)).state == "approved"
        _roams(till, second.port)
        assert (await till.take("sale", 2_000)).state == "approved"
        old = till.terminal.journal.batch
        assert (await settle(till.terminal)).balanced
        _roams(till, site.port)
        till.terminal.journal.begin_batch(f"{int(old) - 1:06d}")  # the answer had got lost
        late = await till.take("sale", 3_000)  # it is told 77, and signs in
        assert (late.state, late.batch == old) == ("approved", False)
    rows = await site.pool.fetch(
        "SELECT batch, count(*) FROM transactions WHERE state = 'approved' GROUP BY batch"
    )
    assert {row[0]: row[1] for row in rows} == {old: 2, late.batch: 1}
    assert await site.pool.fetchval("SELECT bool_and(balanced) FROM batches")


async def test_a_sale_that_is_opened_while_its_batch_ends_is_in_one_of_both(
    site: RogueSite, second: Running
) -> None:
    """Its totals hold what was opened, or it is refused: whichever host did which."""
    owner = Keyed(site.terminals[0])
    async with dial(site.port) as here, dial(second.port) as there:
        await owner.sign_in(here)
        batch = await site.pool.fetchval(
            "SELECT batch FROM terminals WHERE terminal_id = $1", owner.who[1]
        )
        for _ in range(20):
            bound = owner.signed("0200", sale(owner.who, "000001", batch=batch))
            assert (await there.told(bound)).code == "00"
            asked = owner.signed("0200", sale(owner.who, "000002", batch=batch))
            claim = Field48Totals(10_000, 1).build()
            ends = managing("settlement", owner.who, "201", batch=batch, f48=claim)
            sold, ended = await asyncio.gather(here.told(asked), there.told(ends))
            assert (sold.code, ended.code) in {("00", "00"), ("77", "00")}
            counted, stands = await site.pool.fetchrow(
                "SELECT (SELECT debit_count FROM batches WHERE batch = $1),"
                " (SELECT count(*) FROM transactions WHERE batch = $1 AND state = 'approved')",
                batch,
            )
            # Opened before the end and answered after it, it is in the batch and not in the totals.
            assert counted <= stands <= counted + 1
            batch = f"{int(batch) + 1:06d}"


async def test_a_repeat_at_another_host_waits_for_the_first(
    site: RogueSite, second: Running
) -> None:
    site.rogue.hold("sale")
    owner = Keyed(site.terminals[0])
    async with dial(site.port) as here, dial(second.port) as there:
        await owner.sign_in(here)
        asked = owner.signed("0200", sale(owner.who, "000001"))
        first = asyncio.create_task(here.told(asked))
        held = await site.rogue.next("sale")
        again = asyncio.create_task(there.told(asked))
        done, _ = await asyncio.wait([again], timeout=0.5)
        assert not done, "its outcome is not known yet"
        held.approve()
        assert (await first).code == (await again).code == "00"
        assert (await first).message[37] == (await again).message[37]
    assert len(site.rogue.of("sale")) == 1


async def test_what_is_asked_of_a_terminal_reaches_it_at_the_host_that_it_is_at(
    site: RogueSite, second: Running
) -> None:
    merchant, terminal, _ = site.terminals[0]
    with cashier(second.port, site.terminals[0]) as till:
        assert (await till.take("sale", 1_000)).state == "approved"
        await site.running.host.registry.want(merchant, terminal, "parameters")
        station = second.host.registry.station(merchant, terminal)
        assert station is not None
        await site.eventually(lambda: station.wants == "parameters", within_s=3)
        await site.running.host.registry.want(merchant, terminal, "")
        await site.eventually(lambda: station.wants == "", within_s=3)


async def test_who_repeats_what_was_seen_takes_no_terminal(
    site: RogueSite, second: Running
) -> None:
    """Sent again and again at another host it is answered from store, and nothing moves."""
    owner = Keyed(site.terminals[0])
    async with dial(site.port) as here, dial(second.port) as there:
        await owner.sign_in(here)
        seen = owner.signed("0200", sale(owner.who, "000001", 100))
        first = await here.told(seen)
        before = await site.pool.fetchrow(_OWNER, owner.who[1])
        for _ in range(5):
            again = await there.told(seen)
            assert (again.code, again.message[37]) == ("00", first.message[37])
        assert await site.pool.fetchrow(_OWNER, owner.who[1]) == before
        assert (await owner.sell(here, "000002", 100)).code == "00"
    assert second.host.owners.claimed == 0


async def test_nobody_takes_a_terminal_without_its_key(site: RogueSite, second: Running) -> None:
    """A stranger names it at another host, signs it in there, forges: its host goes on with it."""
    owner = Keyed(site.terminals[0])
    async with dial(site.port) as here, dial(second.port) as there:
        await owner.sign_in(here)
        assert (await owner.sell(here, "000001", 100)).code == "00"
        before = await site.pool.fetchrow(_OWNER, owner.who[1])
        forged = owner.signed("0200", sale(owner.who, "000002"))
        forged = forged[:-1] + bytes([forged[-1] ^ 1])
        assert (await there.told(forged)).code == "A0"
        stranger = Keyed(owner.who)
        await stranger.sign_in(there)
        await there.ask(managing("echo", owner.who, "301"))
        after = await site.pool.fetchrow(_OWNER, owner.who[1])
        assert after == before
        assert (await owner.sell(here, "000003", 100)).code == "00"
