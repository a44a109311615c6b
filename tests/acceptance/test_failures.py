"""What goes wrong on the way: every request still ends, once, and the books agree to the fen."""

import asyncio
from collections.abc import Iterator

import pytest

from annul.sim.issuer.faults import Fault, FaultKind
from annul.sim.terminal.errors import NoAnswerFromHost, StillOwing
from tests.support.site import Site
from tests.support.soft import Cashier, cashier


@pytest.fixture
def till(hasty_site: Site) -> Iterator[Cashier]:
    with cashier(hasty_site.port, hasty_site.terminals[0]) as opened:
        yield opened


def _once(site: Site, kind: FaultKind, **aim: object) -> None:
    fault = Fault(kind, left=1)
    for name, value in aim.items():
        setattr(fault, name, value)
    site.issuer.server.faults.rows.append(fault)


@pytest.mark.parametrize(
    "fault",
    [FaultKind.LOST_REQUEST, FaultKind.LOST_ANSWER, FaultKind.GARBLED, FaultKind.CLOSE_AFTER],
)
async def test_sale_without_an_answer_is_reversed(
    hasty_site: Site, till: Cashier, fault: FaultKind
) -> None:
    _once(hasty_site, fault, of_kind="sale")
    sale = await till.take("sale", 10_000)
    assert (sale.state, sale.response_code) == ("declined", "98")
    await hasty_site.settled()
    assert await hasty_site.states() == {sale.trace: "reversed"}
    assert await hasty_site.issuer_net() == 0
    await hasty_site.books_agree()


@pytest.mark.parametrize("fault", [FaultKind.LOST_REQUEST, FaultKind.LOST_ANSWER])
async def test_void_without_an_answer_is_reversed_and_the_sale_stands(
    hasty_site: Site, till: Cashier, fault: FaultKind
) -> None:
    sale = await till.take("sale", 10_000)
    _once(hasty_site, fault, of_kind="void")
    void = await till.undo("void", sale)
    assert void.response_code == "98"
    await hasty_site.settled()
    assert await hasty_site.states() == {sale.trace: "approved", void.trace: "reversed"}
    assert await hasty_site.issuer_net() == 10_000
    assert (await till.undo("void", sale)).state == "approved"
    assert await hasty_site.issuer_net() == 0
    await hasty_site.books_agree()


@pytest.mark.parametrize("fault", [FaultKind.LOST_REQUEST, FaultKind.LOST_ANSWER])
async def test_refund_without_an_answer_is_repeated_until_it_has_one(
    hasty_site: Site, till: Cashier, fault: FaultKind
) -> None:
    sale = await till.take("sale", 10_000)
    _once(hasty_site, fault, of_kind="refund")
    refund = await till.undo("refund", sale, 4_000)
    assert (refund.state, refund.response_code) == ("unanswered", "98")
    await hasty_site.settled()
    assert await hasty_site.states() == {sale.trace: "partly_refunded", refund.trace: "approved"}
    assert await hasty_site.issuer_net() == 6_000
    await hasty_site.books_agree()


async def test_late_approval_of_a_reversed_sale_is_not_lost(
    hasty_site: Site, till: Cashier
) -> None:
    _once(hasty_site, FaultKind.DELAY, of_kind="sale", low_ms=2_500, high_ms=2_500)
    sale = await till.take("sale", 10_000)
    assert sale.response_code == "98"
    async with asyncio.timeout(10):
        while not await hasty_site.pool.fetchval("SELECT late_code FROM transactions"):
            await asyncio.sleep(0.02)
    await hasty_site.settled()
    assert await hasty_site.states() == {sale.trace: "reversed"}
    assert await hasty_site.issuer_net() == 0
    await hasty_site.books_agree()


async def test_answer_that_comes_twice_counts_once(hasty_site: Site, till: Cashier) -> None:
    _once(hasty_site, FaultKind.DUPLICATE, of_kind="sale")
    assert (await till.take("sale", 10_000)).state == "approved"
    assert (await till.take("sale", 5_000)).state == "approved"
    await hasty_site.books_agree()


async def test_issuer_that_is_away_is_said_at_once_and_nothing_moves(
    hasty_site: Site, till: Cashier
) -> None:
    sale = await till.take("sale", 10_000)
    await hasty_site.issuer.server.stop()
    async with asyncio.timeout(10):
        while hasty_site.running.host.issuers.up():
            await asyncio.sleep(0.02)
    void = await till.undo("void", sale)
    assert (void.state, void.response_code) == ("declined", "91")
    assert await hasty_site.states() == {sale.trace: "approved", void.trace: "declined"}


def _patient_for(till: Cashier, timeout_s: float) -> None:
    """Let a terminal wait so long for answers from now on."""
    till.terminal.profile = till.terminal.profile.model_copy(update={"timeout_s": timeout_s})


async def test_terminal_that_hears_nothing_reverses_before_the_next_transaction(
    hasty_site: Site,
) -> None:
    with cashier(hasty_site.port, hasty_site.terminals[0], timeout_s=10.0) as till:
        await till.terminal.sign_in()
        _patient_for(till, 0.1)
        _once(hasty_site, FaultKind.DELAY, of_kind="sale", low_ms=300, high_ms=300)
        with pytest.raises(NoAnswerFromHost):
            await till.take("sale", 10_000)
        assert [record.owed for record in till.terminal.journal.owed()] == ["reversal"]
        _patient_for(till, 10.0)
        sale = await till.take("sale", 5_000)
        assert sale.state == "approved"
        assert [(record.trace, record.state) for record in till.told] == [("000002", "reversed")]
    await hasty_site.settled()
    assert await hasty_site.states() == {"000002": "reversed", sale.trace: "approved"}
    assert await hasty_site.issuer_net() == 5_000
    await hasty_site.books_agree()


async def test_reversal_that_is_never_acknowledged_stops_the_terminal(hasty_site: Site) -> None:
    with cashier(hasty_site.port, hasty_site.terminals[0], timeout_s=10.0) as till:
        await till.terminal.sign_in()
        _patient_for(till, 0.1)
        _once(hasty_site, FaultKind.DELAY, of_kind="sale", low_ms=300, high_ms=300)
        with pytest.raises(NoAnswerFromHost):
            await till.take("sale", 10_000)
        await hasty_site.running.server.stop()
        record = till.terminal.journal.owed()[0]
        till.terminal.journal.change(record, sends=3)
        with pytest.raises(StillOwing):
            await till.take("sale", 10_000)
        assert till.terminal.give_up(record.trace) is not None
        assert not till.terminal.journal.owed()
