"""What anybody can send who picked up a slip: a void without a MAC does nothing but be refused."""

from collections.abc import Iterator

import pytest

from annul.sim.terminal.batch import settle
from annul.sim.terminal.journal import Record
from tests.support.adversary import Snapshot, changes, resolver_round, snapshot
from tests.support.site import Site
from tests.support.soft import Cashier, cashier
from tests.support.wire import Fields, badly_signed, dial, undoing, unsigned


@pytest.fixture
def till(site: Site) -> Iterator[Cashier]:
    with cashier(site.port, site.terminals[0]) as opened:
        yield opened


async def _refused(site: Site, body: bytes, before: Snapshot, net: int) -> None:
    """Send it, let the resolver look at everything, and find all as it was."""
    async with dial(site.port) as wire:
        answer = await wire.told(body)
    await resolver_round(site)
    after = await snapshot(site)
    assert await site.issuer_net() == net
    assert changes(before, after) == []
    assert answer.code not in {"00", "96"}
    assert not answer.has_mac
    assert "案件号" not in answer.text  # no case, so no number of one


def _slip(site: Site, sale: Record, without: int, batch: str = "") -> Fields:
    """Give the void that a slip has everything for, but for one mandatory field."""
    fields = undoing("void", site.terminals[0], "000900", sale, batch=batch, card="")
    fields.pop(without, None)
    return fields


# 2 is not mandatory: with it alone left out the void is whole, and only its MAC is missing.
@pytest.mark.parametrize("without", [2, 22, 37, 49, 61])
async def test_void_from_a_slip_moves_nothing(site: Site, till: Cashier, without: int) -> None:
    sale = await till.take("sale", 10_000)
    before = await snapshot(site)
    await _refused(site, unsigned("0200", _slip(site, sale, without)), before, 10_000)
    await _refused(site, badly_signed("0200", _slip(site, sale, without)), before, 10_000)
    assert await site.states() == {sale.trace: "approved"}


@pytest.mark.parametrize("without", [2, 49])
async def test_nor_once_the_batch_has_changed(site: Site, till: Cashier, without: int) -> None:
    sale = await till.take("sale", 10_000)
    await settle(till.terminal)
    await till.take("sale", 500)
    before = await snapshot(site)
    for batch in ("000001", "000002"):
        await _refused(site, unsigned("0200", _slip(site, sale, without, batch)), before, 10_500)


async def test_nor_again_and_again(site: Site, till: Cashier) -> None:
    sale = await till.take("sale", 10_000)
    before = await snapshot(site)
    for _ in range(5):
        await _refused(site, unsigned("0200", _slip(site, sale, 49)), before, 10_000)
    void = await till.undo("void", sale)  # and the terminal's own goes through
    assert void.state == "approved"
    await site.books_agree()
