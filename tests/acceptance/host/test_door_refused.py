"""What was refused stays refused, and what a terminal is told is heard by nobody else."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from annul.security.keys import KeyKind
from annul.security.mac import MacAlgorithm, mac
from annul.sim.issuer.faults import Fault, FaultKind
from annul.sim.terminal.errors import NoAnswerFromHost
from tests.support.adversary import quiet
from tests.support.site import Site, open_site
from tests.support.soft import cashier
from tests.support.wire import CODEC, WITHIN_S, Keyed, dial, managing, sale


async def _nothing_moves(site: Site, body: bytes, code: str) -> None:
    """Send seen bytes from another connection: they are refused as before and prove nothing."""
    states, net = await site.states(), await site.issuer_net()
    who = site.terminals[0]
    async with dial(site.port, source="127.0.0.2") as other:
        assert (await other.told(body)).code == code
        assert (await other.told(managing("sign_off", who, "002"))).code == "58"
    assert await site.states() == states
    assert await site.issuer_net() == net


async def test_over_a_limit_that_is_raised_later(site: Site) -> None:
    owner = Keyed(site.terminals[0])
    await site.pool.execute("UPDATE terminals SET amount_limit = 5000")
    await site.running.host.registry.load()
    async with dial(site.port) as wire:
        await owner.sign_in(wire)
        refused = owner.signed("0200", sale(owner.who, "000001", 6_000))
        assert (await wire.told(refused)).code == "61"
        await site.pool.execute("UPDATE terminals SET amount_limit = 500000")
        await site.running.host.registry.load()
        await _nothing_moves(site, refused, "61")
        assert (await owner.sell(wire, "000002", 6_000)).code == "00"


async def test_more_than_the_host_takes(database: str, tmp_path: Path) -> None:
    async with open_site(database, tmp_path, max_in_flight=1) as site:
        owner = Keyed(site.terminals[0])
        async with dial(site.port) as wire:
            await owner.sign_in(wire)
            assert (await owner.sell(wire, "000001")).code == "00"
            slow = Fault(FaultKind.DELAY, low_ms=800, high_ms=800)
            site.issuer.server.faults.rows.append(slow)
            first = owner.signed("0200", sale(owner.who, "000002", 2_000))
            second = owner.signed("0200", sale(owner.who, "000003", 3_000))
            await wire.send(first, second)
            codes = [answer.code for answer in (await wire.answer(), await wire.answer()) if answer]
            assert sorted(codes) == ["00", "96"]
            site.issuer.server.faults.rows.clear()
            await _nothing_moves(site, second, "96")


async def test_more_than_the_host_takes_says_nothing_of_a_refund_that_was_sent_before(
    database: str, tmp_path: Path
) -> None:
    """96 to a repeat was taken for the answer to what had been paid."""
    async with open_site(database, tmp_path, max_in_flight=1) as site:
        with cashier(site.port, site.terminals[0]) as till:
            journal, patient = till.terminal.journal, till.terminal.profile
            sold = await till.take("sale", 10_000)
            slow = Fault(FaultKind.DELAY, low_ms=800, high_ms=800, of_kind="refund")
            site.issuer.server.faults.rows.append(slow)
            till.terminal.profile = patient.model_copy(update={"timeout_s": 0.2})
            with pytest.raises(NoAnswerFromHost):
                await till.undo("refund", sold, 10_000)
            (owed,) = journal.owed()
            again, _ = await till.terminal._send_owed(owed)
            assert (again.state, again.owed, again.response_code) == ("unanswered", "repeat", "98")
            await site.settled()
            till.terminal.profile = patient
            await till.terminal.settle_owed()
            assert [one.state for one in journal.records()] == ["approved", "approved"]


async def test_a_database_that_is_away_at_the_first_message_under_new_keys(
    site: Site, database: str
) -> None:
    owner = Keyed(site.terminals[0])
    breaker = await asyncpg.connect(database)
    async with dial(site.port) as wire:
        await owner.sign_in(wire)
        lost = owner.signed("0200", sale(owner.who, "000001", 6_000))
        await breaker.execute("BEGIN; SELECT FROM terminals FOR UPDATE")  # it waits, then it breaks
        await wire.send(lost)
        async with asyncio.timeout(WITHIN_S):
            while not await breaker.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND datname = current_database()"
            ):
                await asyncio.sleep(0.01)
        await breaker.execute("ROLLBACK")
        answer = await wire.answer()
        assert answer is not None
        assert answer.code == "96"
        await _nothing_moves(site, lost, "96")
        assert (await owner.sell(wire, "000002", 6_000)).code == "00"
    await breaker.close()


async def test_a_repeat_by_somebody_else_takes_no_notice_away(site: Site) -> None:
    who, host = site.terminals[0], site.running.host
    owner = Keyed(who)
    async with dial(site.port) as wire:
        await owner.sign_in(wire)
        seen = owner.signed("0200", sale(who, "000001"))
        assert (await wire.told(seen)).code == "00"
        await host.registry.want(who[0], who[1], "parameters")
        await site.pool.execute(
            "INSERT INTO notices (merchant_id, id, terminal_id, case_id, text, created_at)"
            " VALUES ($1, $2, $3, $2, 'voided', now())",
            who[0],
            uuid4(),
            who[1],
        )
        await host.notices.refresh()
        async with dial(site.port) as other:
            again = await other.told(seen)
            assert (again.code, again.requirement, again.text) == ("00", 0, "")
        mine = await owner.sell(wire, "000002")
        assert (mine.requirement, mine.text) == (1, "CUPvoided")


async def test_repeats_use_up_nobodys_quota(site: Site) -> None:
    owner = Keyed(site.terminals[0])
    async with dial(site.port) as wire:
        await owner.sign_in(wire)
        sold = await owner.sell(wire, "000001")
        void = sale(owner.who, "000002", 10_000) | {
            3: "200000",
            37: str(sold.message[37]),
            60: "23000001000",
            61: "000001000001",
        }
        wrong = {number: value for number, value in void.items() if number != 4}
        refused = owner.signed("0200", wrong)
        first = await wire.told(refused)
        assert (first.code, "案件号" in first.text) == ("30", True)
        for _ in range(40):
            async with dial(site.port) as other:
                assert (await other.told(refused)).code == "30"
        new = await wire.told(owner.signed("0200", wrong | {11: "000003"}))
        assert (new.code, "案件号" in new.text) == ("30", True)
    await quiet(site)
    assert await site.pool.fetchval("SELECT count(*) FROM refusals") == 2


async def test_a_mac_of_its_own_is_no_proof_for_what_only_a_line_can_prove(site: Site) -> None:
    """It could be sent again by anybody; only what changes nothing when repeated may be."""
    credentials = await site.enrol(0, mac=MacAlgorithm.X9_9)
    owner = Keyed(credentials)
    async with dial(site.port) as wire:
        await owner.sign_in(wire)
        plain = CODEC.decode(managing("status", credentials, "362", f62=b"paper low"))
        body = CODEC.encode_unsigned("0820", plain.fields())
        code = mac(MacAlgorithm.X9_9, owner.keys[KeyKind.MAC], body)
        assert (await wire.told(body + code)).code == "58"
    said = await site.pool.fetchval(
        "SELECT information FROM terminals WHERE terminal_id = $1", credentials[1]
    )
    assert said != "paper low"


async def test_the_owner_of_one_terminal_keeps_no_other_one_out(
    database: str, tmp_path: Path
) -> None:
    async with (
        open_site(database, tmp_path, connections_per_address=40) as site,
        AsyncExitStack() as stack,
    ):
        greedy = Keyed(site.terminals[1])
        for number in range(60):
            wire = await stack.enter_async_context(dial(site.port))
            if not greedy.keys:
                await greedy.sign_in(wire)
            assert (await greedy.sell(wire, f"{number + 1:06d}", 100)).code == "00"
        with cashier(site.port, site.terminals[0]) as till:
            assert (await till.take("sale", 1_000)).state == "approved"
            assert site.running.figures()["connections"] <= 40
