"""Who serves a terminal: claimed once by what is proven, looked at by anybody, fenced when lost."""

import asyncio

import pytest

from annul.domain.records import Transaction
from annul.host.owners import NotOwner, Owners
from annul.store.journal import Journal, Opening
from tests.support.builders import sent
from tests.support.hosts import Inside, Till


def _owners(inside: Inside, node: int) -> Owners:
    return Owners(inside.pool, node, inside.clock)


async def _owner(inside: Inside, till: Till) -> tuple[int, int]:
    merchant, terminal, _ = till.keyed.who
    query = "SELECT host, epoch FROM terminals WHERE merchant_id = $1 AND terminal_id = $2"
    row = await inside.pool.fetchrow(query, merchant, terminal)
    assert row is not None
    return row[0], row[1]


def _sale(till: Till, number: int, batch: str = "000001") -> Transaction:
    merchant, terminal, _ = till.keyed.who
    return sent(number, merchant_id=merchant, terminal_id=terminal, batch=batch)


async def test_messages_that_come_together_claim_once(inside: Inside, till: Till) -> None:
    station = inside.host.registry.station(*till.keyed.who[:2])
    assert station is not None
    station.owner = None
    _, epoch = await _owner(inside, till)
    owners = _owners(inside, 4)
    await asyncio.gather(*(owners.claim(station) for _ in range(20)))
    assert owners.claimed == 1
    assert station.owner == (4, epoch + 1) == await _owner(inside, till)


async def test_looks_share_a_statement_and_change_nothing(inside: Inside, till: Till) -> None:
    before, owners = await _owner(inside, till), _owners(inside, 4)
    station = inside.host.registry.station(*till.keyed.who[:2])
    assert station is not None
    station.owner = None
    inside.clock.forward(seconds=1.1)
    assert owners.is_old(station)
    await asyncio.gather(*(owners.look(station) for _ in range(50)))
    assert owners._looks.rows.count <= 2
    assert not owners.is_old(station)
    inside.clock.forward(seconds=1.1)
    assert owners.is_old(station)
    assert await _owner(inside, till) == before


async def test_who_has_lost_a_terminal_opens_nothing_for_it(inside: Inside, till: Till) -> None:
    """Neither of an older claim nor in another batch; what no terminal sends is not held up."""
    journal = Journal(inside.pool, 0)
    station = inside.host.registry.station(*till.keyed.who[:2])
    assert station is not None
    station.owner = None
    owners = _owners(inside, 0)
    await owners.claim(station)
    _, epoch = await _owner(inside, till)
    assert await journal.open(Opening(_sale(till, 1), 0, epoch=epoch))
    assert not await journal.open(Opening(_sale(till, 2, "000002"), 0, epoch=epoch))
    assert not await journal.open(Opening(_sale(till, 3), 1, epoch=epoch))
    await inside.pool.execute("UPDATE terminals SET epoch = epoch + 1")
    assert not await journal.open(Opening(_sale(till, 4), 0, epoch=epoch))
    assert await journal.open(Opening(_sale(till, 5, "A00001"), 0))
    with pytest.raises(NotOwner):
        await owners.check(station)
    assert station.owner is None
    await journal.close()


async def test_wrong_macs_cause_few_looks(inside: Inside, till: Till) -> None:
    station = inside.host.registry.station(*till.keyed.who[:2])
    assert station is not None
    owners = _owners(inside, 0)
    assert sum(owners.may_look(station, "192.0.2.9") for _ in range(100)) == 5
    assert owners.may_look(station, "192.0.2.10"), "an address for itself"
