"""The end of a batch: balanced, unbalanced with upload, repeated; and the terminal's management."""

from collections.abc import Iterator

import pytest

from annul.domain.incident import Reader
from annul.domain.incidents import INCIDENTS
from annul.sim.terminal.batch import settle
from tests.support.site import Site
from tests.support.soft import Cashier, cashier


@pytest.fixture
def till(site: Site) -> Iterator[Cashier]:
    with cashier(site.port, site.terminals[0]) as opened:
        yield opened


async def test_totals_agree_and_the_next_batch_begins(site: Site, till: Cashier) -> None:
    sale = await till.take("sale", 10_000)
    await till.undo("void", sale)
    await till.take("qr_sale", 2_500)
    settled = await settle(till.terminal)
    assert (settled.balanced, settled.uploaded) == (True, 0)
    assert (settled.totals.debit_amount, settled.totals.debit_count) == (12_500, 2)
    assert (settled.totals.credit_amount, settled.totals.credit_count) == (10_000, 1)
    after = await till.take("sale", 3_000)
    assert (after.batch, after.state) == ("000002", "approved")
    await site.books_agree()


async def test_void_after_settlement_is_refused_and_refund_goes_through(
    site: Site, till: Cashier
) -> None:
    sale = await till.take("sale", 10_000)
    await settle(till.terminal)
    void = await till.undo("void", sale)
    assert (void.response_code, "退货" in void.note) == ("12", True)
    assert (await till.undo("refund", sale, 10_000)).state == "approved"
    assert await site.issuer_net() == 0
    await site.books_agree()


async def test_totals_that_differ_are_uploaded_and_open_an_incident(
    site: Site, till: Cashier
) -> None:
    for amount in range(100, 1_100, 100):
        await till.take("sale", amount)
    forgotten = till.terminal.journal.records()[0]
    till.terminal.journal.change(forgotten, state="declined")
    settled = await settle(till.terminal)
    assert (settled.balanced, settled.uploaded) == (False, 9)
    incident = await site.pool.fetchrow("SELECT * FROM incidents")
    assert incident is not None
    said = INCIDENTS["batch_differs"].said(incident["params"], Reader())
    assert "1 records differ" in said


async def test_a_settlement_is_answered_the_same_again(site: Site, till: Cashier) -> None:
    await till.take("sale", 1_000)
    first = await settle(till.terminal)
    till.terminal.journal.signed_in("000001", till.terminal.journal.keys)  # its answer was lost
    assert await settle(till.terminal) == first
    assert (
        await site.pool.fetchval("SELECT count(*) FROM batches WHERE settled_at IS NOT NULL") == 1
    )


async def test_parameters_status_echo_and_sign_off(site: Site, till: Cashier) -> None:
    terminal = till.terminal
    await till.take("sale", 1_000)  # binds the connection
    parameters = await terminal.fetch_parameters()
    assert (parameters.name, parameters.resends) == ("示例茶馆", 2)
    assert (await terminal.send_status("paper low 缺纸")).response_code == "00"
    said = await site.pool.fetchval(
        "SELECT information FROM terminals WHERE terminal_id = $1", site.terminals[0][1]
    )
    assert said == "paper low 缺纸"
    assert (await terminal.manage("echo", network="301")).response_code == "00"
    assert (await terminal.sign_off()).response_code == "00"
    assert (await till.take("sale", 100)).state == "approved"  # signs in by itself
