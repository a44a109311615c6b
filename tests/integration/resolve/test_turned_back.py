"""A void that an issuer approves too late is turned back, over real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from annul.resolve.case import first_broken
from annul.sim.issuer.books import kind_of
from annul.sim.issuer.server import IssuerServer
from annul.sim.terminal.journal import Record
from tests.support.site import Site, open_site
from tests.support.soft import Cashier, cashier


class Network:
    """Holds messages of some kinds back on their way to the issuer."""

    def __init__(self, server: IssuerServer) -> None:
        self._server, self._receive = server, server.receive
        server.receive = self._take
        self._holding: set[str] = set()
        self._held: list[tuple[str, Any, bytes]] = []

    def hold(self, kind: str) -> None:
        self._holding.add(kind)

    def stop_holding(self, kind: str) -> None:
        """Let the next ones through; what is held stays where it is."""
        self._holding.discard(kind)

    def release(self, kind: str) -> None:
        self.stop_holding(kind)
        held, self._held = self._held, [one for one in self._held if one[0] != kind]
        for name, connection, body in held:
            if name == kind:
                self._receive(connection, body)

    def _take(self, connection: Any, body: bytes) -> None:
        message = self._server._codec.decode(body)
        get = message.get
        kind = kind_of(message.mti, str(get(3, "")), str(get(25, "")))
        name = "reversal" if message.mti == "0420" else kind.name if kind else ""
        if name in self._holding:
            self._held.append((name, connection, body))
        else:
            self._receive(connection, body)


@pytest.fixture
async def site(database: str, tmp_path: Path) -> AsyncIterator[Site]:
    """Give a site whose resolver tries nothing by itself, with issuers that have two seconds.

    They approve what they should know to be undone, so only the host stands against paying twice.
    """
    async with open_site(database, tmp_path, timeout_ms=2_000, void_tries=0) as opened:
        policy = opened.issuer.server.books.policy
        policy.refuse_after_reversal = False
        policy.codes |= {"undone": "00", "too_much": "00"}
        yield opened


@pytest.fixture
def network(site: Site) -> Network:
    return Network(site.issuer.server)


@pytest.fixture
def till(site: Site) -> Iterator[Cashier]:
    with cashier(site.port, site.terminals[0]) as opened:
        yield opened


async def _delayed_void(site: Site, network: Network, till: Cashier) -> tuple[Record, Record]:
    """Give a sale and its void, which is reversed before the issuer has ever seen it."""
    sale = await till.take("sale", 10_000)
    network.hold("void")
    void = await till.undo("void", sale)
    assert void.response_code == "98"
    network.stop_holding("void")
    await site.settled()
    assert await site.states() == {sale.trace: "approved", void.trace: "reversed"}
    await _until(lambda: _history(site, void))
    return sale, void


async def _until(true: Callable[[], Awaitable[Any]]) -> None:
    async with asyncio.timeout(10):
        while not await true():
            await asyncio.sleep(0.02)


async def _incidents(site: Site) -> list[str]:
    """Give the traces of the voids about which an incident is open."""
    rows = await site.pool.fetch(
        "SELECT t.trace FROM incidents i JOIN transactions t ON t.id = i.transaction_id"
        " WHERE i.kind = 'late_approval' AND i.closed_at IS NULL"
    )
    return [row["trace"] for row in rows]


async def _history(site: Site, void: Record) -> list[dict[str, Any]]:
    """Give the events of the case that a void has become."""
    book = site.running.resolver._book
    cases = await book.latest(only_open=False, limit=2)
    if not cases:
        return []
    (case,) = cases
    assert case.number == void.rrn
    history = await book.history(case)
    assert first_broken(history) is None
    return [json.loads(body) for body, _ in history]


async def _turned_back(site: Site, void: Record) -> list[bool]:
    """Give what the case says of it: whether another void or refund had been first."""
    events = await _history(site, void)
    return [
        event["evidence"]["beside_another"] for event in events if event["what"] == "turned_back"
    ]


@pytest.mark.parametrize(
    ("kind", "answered"),
    [
        pytest.param("refund", False, id="after a refund was sent"),
        pytest.param("refund", True, id="after a refund was approved"),
        pytest.param("void", True, id="after a second void was approved"),
    ],
)
async def test_void_approved_after_another_took_its_place_is_turned_back(
    site: Site, network: Network, till: Cashier, kind: str, answered: bool
) -> None:
    sale, void = await _delayed_void(site, network, till)
    if not answered:
        network.hold(kind)
    other = await till.undo(kind, sale)
    assert other.state == ("approved" if answered else "unanswered")
    network.release("void")
    await _until(lambda: _incidents(site))
    network.release(kind)
    await site.books_agree()
    assert await site.states() == {
        sale.trace: "voided" if kind == "void" else "refunded",
        void.trace: "reversed",
        other.trace: "approved",
    }
    assert await site.issuer_net() == 0
    assert await _incidents(site) == [void.trace]
    assert await _turned_back(site, void) == [True]


async def test_void_approved_before_another_took_its_place_holds_the_sale_until_it_is_reversed(
    site: Site, network: Network, till: Cashier
) -> None:
    sale, void = await _delayed_void(site, network, till)
    network.hold("reversal")
    network.release("void")
    await _until(lambda: _turned_back(site, void))
    refund = await till.undo("refund", sale)
    again = await till.undo("void", sale)
    assert (refund.response_code, again.response_code) == ("22", "22")
    assert await site.issuer_net() == 0
    network.release("reversal")
    await site.settled()
    assert await site.issuer_net() == 10_000
    refund = await till.undo("refund", sale)
    assert refund.state == "approved"
    await site.books_agree()
    assert await site.issuer_net() == 0
    assert await _incidents(site) == []
    assert await _turned_back(site, void) == [False]
