"""Which rows a host moves on: its own, and those of hosts that are gone, never a live one's."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from annul.app import Running
from annul.domain.records import Transaction
from annul.domain.states import State
from annul.host import recovery
from annul.store.journal import Journal, Opening
from tests.support.builders import sent
from tests.support.site import Site, another, open_site

_OWN, _LIVE, _ENDED, _NEVER = 0, 1, 2, 7
_BOOT = uuid4()


def _row(merchant_id: str, trace: int, **changes: Any) -> Transaction:
    """Give a sale that was sent an hour ago and never answered."""
    hour_ago: dict[str, Any] = {
        "merchant_id": merchant_id,
        "card_hash": b"card %d" % trace,
        "received_at": datetime.now(UTC) - timedelta(hours=1),
    }
    return sent(trace, **(hour_ago | changes))


@pytest.fixture
async def journal(pool: asyncpg.Pool) -> AsyncIterator[Journal]:
    """Give the journal of node 0 with a sale of each of four nodes; 1 alone is another's, alive."""
    await pool.execute(
        "INSERT INTO merchants (merchant_id, name_zh, name_en, category, pricing)"
        " VALUES ('898000058120000', '示例茶馆', 'Example Tea House', '5812', 'standard')"
    )
    opened = Journal(pool, _OWN)
    for node in (_OWN, _LIVE, _ENDED, _NEVER):
        await opened.open(Opening(_row("898000058120000", node), node))
    for node, seconds in ((_LIVE, 60), (_ENDED, -0.001)):
        await _lease(pool, node, uuid4(), seconds)
    yield opened
    await opened.close()


async def _lease(pool: asyncpg.Pool, node: int, boot: UUID, seconds: float) -> None:
    await pool.execute(
        "INSERT INTO hosts VALUES ($1, $2, $2, clock_timestamp(), clock_timestamp() + $3)"
        " ON CONFLICT (node) DO UPDATE SET boot = $2, leased_until = excluded.leased_until",
        node,
        boot,
        timedelta(seconds=seconds),
    )


async def _stranded(journal: Journal, *, others: bool) -> set[int]:
    rows = await journal.stranded(datetime.now(UTC), _BOOT, others=others)
    return {int(row.trace) for row in rows}


async def test_a_host_takes_its_own_rows_and_those_of_nodes_without_a_host(
    pool: asyncpg.Pool, journal: Journal
) -> None:
    await _lease(pool, _OWN, _BOOT, 60)
    assert await _stranded(journal, others=False) == {_OWN}
    assert await _stranded(journal, others=True) == {_OWN, _ENDED, _NEVER}
    young = datetime.now(UTC) - timedelta(hours=2)
    assert await journal.stranded(young, _BOOT, others=True) == []


async def test_while_its_own_lease_is_over_a_host_judges_no_other(
    pool: asyncpg.Pool, journal: Journal
) -> None:
    await _lease(pool, _OWN, _BOOT, -0.001)
    assert await _stranded(journal, others=True) == {_OWN}


async def test_who_has_lost_its_number_leaves_the_new_holders_rows_alone(
    pool: asyncpg.Pool, journal: Journal
) -> None:
    await _lease(pool, _OWN, uuid4(), 60)
    assert await _stranded(journal, others=True) == set()


async def test_disputed_and_ended_rows_are_not_stranded(
    pool: asyncpg.Pool, journal: Journal
) -> None:
    for state in (State.DISPUTED, State.DECLINED, State.REVERSED):
        await pool.execute("UPDATE transactions SET state = $1 WHERE node = $2", state, _OWN)
        assert await _stranded(journal, others=False) == set()


@dataclass(frozen=True)
class Pair:
    """Two hosts that serve, and rows of a third that is gone."""

    site: Site
    hosts: tuple[Running, Running]

    async def leave(self, **states: State) -> None:
        """Write rows of node 7 by name, in a state each."""
        merchant_id = self.site.terminals[0][0]
        card = self.site.running.ground.vault.seal("6200010000000007")
        for trace, (kind, state) in enumerate(states.items(), 1):
            row = _row(merchant_id, trace, kind=kind.split("_")[0], card_cipher=card, state=state)
            assert await self.site.running.host.journal.open(Opening(row, _NEVER))
        async with asyncio.timeout(10):  # longer than a lease, until they judge others
            while not all(running.membership.steady for running in self.hosts):
                await asyncio.sleep(0.01)

    async def sweep(self, *, second_is_late: bool = False) -> list[int]:
        """Let both look, and move on what they have seen only once both have seen it.

        `second_is_late`: one of them only when what the other has moved on has ended.
        """
        looking, both_have_looked = {id(one) for one in self.hosts}, asyncio.Event()

        async def sweep(running: Running) -> int:
            journal = running.host.journal
            looks = journal.stranded

            async def look(*arguments: Any, **more: Any) -> list[Transaction]:
                seen = await looks(*arguments, **more)
                looking.discard(id(running))
                if not looking:
                    both_have_looked.set()
                await both_have_looked.wait()
                if second_is_late and running is self.hosts[1]:
                    await self.site.settled()
                return seen

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(journal, "stranded", look)
                return await running.recovery.recover(datetime.now(UTC))

        return await asyncio.gather(*(sweep(running) for running in self.hosts))


@pytest.fixture
async def pair(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Pair]:
    """Give two hosts that sweep when they are told."""
    monkeypatch.setenv("ANNUL_NODE_LEASE_S", "1")
    monkeypatch.setattr(recovery, "_SWEEP_S", 3_600.0)
    async with (
        open_site(database, tmp_path / "one", resolver=False) as site,
        another(site, tmp_path / "two", node=1) as second,
    ):
        yield Pair(site, (site.running, second))


async def test_two_hosts_that_sweep_the_same_rows_at_once_move_each_on_once(pair: Pair) -> None:
    await pair.leave(
        sale_1=State.SENT, sale_2=State.UNKNOWN, sale_3=State.REVERSING, sale_4=State.RECEIVED
    )
    moved = await pair.sweep()
    assert min(moved) < 4  # the moves of the states are one host's
    assert sum(moved) >= 4
    await pair.site.settled()
    pool = pair.site.pool
    rows = await pool.fetch("SELECT trace, state FROM transactions ORDER BY trace")
    assert [row["state"] for row in rows] == ["reversed", "reversed", "reversed", "declined"]
    async with asyncio.timeout(10):
        while await pool.fetchval("SELECT count(*) FROM outbox WHERE pending"):
            await asyncio.sleep(0.01)
    assert await pool.fetchval("SELECT count(*) FROM outbox") == 3
    assert await pool.fetchval("SELECT count(*) FROM entries") == 0
    assert await pair.site.issuer_net() == 0


async def test_a_host_that_moves_on_what_another_has_ended_meanwhile_changes_nothing(
    pair: Pair,
) -> None:
    await pair.leave(sale_1=State.SENT, sale_2=State.UNKNOWN, sale_3=State.REVERSING)
    await pair.sweep(second_is_late=True)
    pool = pair.site.pool
    async with asyncio.timeout(10):
        while await pool.fetchval("SELECT count(*) FROM outbox WHERE pending"):
            await asyncio.sleep(0.01)
    assert set((await pair.site.states()).values()) == {"reversed"}
    assert await pool.fetchval("SELECT count(*) FROM outbox") == 3
    assert sum(host.forwarder.counts.tries for host in pair.hosts) == 3  # the issuer heard it once


async def test_a_row_that_can_not_be_moved_on_does_not_hold_the_others_up(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pair.leave(sale_1=State.SENT, sale_2=State.SENT)
    running, _ = pair.hosts
    healthy = running.host.outcomes.unknown

    async def unknown(transaction: Transaction, *arguments: Any) -> bool:
        if transaction.trace == "000001":
            raise ZeroDivisionError
        return await healthy(transaction, *arguments)

    monkeypatch.setattr(running.host.outcomes, "unknown", unknown)
    assert await running.recovery.recover(datetime.now(UTC)) == 1
    assert (await pair.site.states())["000001"] == "sent"


async def test_no_fault_ends_the_sweep(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    running, _ = pair.hosts
    await running.recovery.stop()
    monkeypatch.setattr(recovery, "_SWEEP_S", 0.01)
    looks, faults = running.host.journal.stranded, 0

    async def stranded(*arguments: Any, **more: Any) -> list[Transaction]:
        nonlocal faults
        faults += 1
        if faults in {2, 3}:  # not the look of the start
            raise ZeroDivisionError
        return await looks(*arguments, **more)

    monkeypatch.setattr(running.host.journal, "stranded", stranded)
    await running.recovery.start()
    await pair.leave(sale_1=State.SENT)
    await pair.site.settled(within_s=10)
    assert faults > 3
    assert await pair.site.states() == {"000001": "reversed"}
