"""Every kind of transaction from a soft terminal through the host to the issuer and back."""

from collections.abc import Iterator

import pytest

from tests.support.site import Site
from tests.support.soft import Cashier, cashier


@pytest.fixture
def till(site: Site) -> Iterator[Cashier]:
    with cashier(site.port, site.terminals[0]) as opened:
        yield opened


async def test_sale_and_void(site: Site, till: Cashier) -> None:
    sale = await till.take("sale", 10_000)
    assert (sale.state, sale.response_code, len(sale.rrn)) == ("approved", "00", 12)
    void = await till.undo("void", sale)
    assert (void.state, void.original) == ("approved", sale.trace)
    assert await site.issuer_net() == 0
    await site.books_agree()


async def test_balance(till: Cashier) -> None:
    assert (await till.take("balance", 0)).state == "approved"


async def test_refunds_up_to_the_sale(site: Site, till: Cashier) -> None:
    sale = await till.take("sale", 10_000)
    assert (await till.undo("refund", sale, 4_000)).state == "approved"
    over = await till.undo("refund", sale, 6_001)
    assert (over.state, over.response_code) == ("declined", "61")
    assert (await till.undo("refund", sale, 6_000)).state == "approved"
    assert await site.issuer_net() == 0
    await site.books_agree()


async def test_preauth_and_its_void(site: Site, till: Cashier) -> None:
    held = await till.take("preauth", 50_000)
    assert held.state == "approved"
    assert (await till.undo("preauth_void", held)).state == "approved"
    assert (await till.undo("completion", held)).response_code == "22"
    await site.books_agree()


async def test_preauth_completion_and_its_void(site: Site, till: Cashier) -> None:
    held = await till.take("preauth", 50_000)
    taken = await till.undo("completion", held, 55_000)
    assert taken.state == "approved"
    assert await site.issuer_net() == 55_000
    assert (await till.undo("completion_void", taken)).state == "approved"
    assert await site.issuer_net() == 0
    await site.books_agree()


async def test_completion_by_advice_is_delivered_and_cannot_be_voided(
    site: Site, till: Cashier
) -> None:
    held = await till.take("preauth", 50_000)
    advised = await till.undo("completion_advice", held, 50_000)
    assert advised.state == "approved"
    await site.settled()
    assert await site.issuer_net() == 50_000
    assert (await till.undo("completion_void", advised)).response_code == "12"
    await site.books_agree()


async def test_completion_above_115_percent_is_refused(till: Cashier) -> None:
    held = await till.take("preauth", 10_000)
    assert (await till.undo("completion", held, 11_501)).response_code == "64"
    assert (await till.undo("completion", held, 11_500)).state == "approved"


async def test_qr_sale_with_void_and_refund(site: Site, till: Cashier) -> None:
    first = await till.take("qr_sale", 8_800)
    assert first.state == "approved"
    assert first.voucher
    assert (await till.undo("qr_void", first)).state == "approved"
    second = await till.take("qr_sale", 6_600)
    assert (await till.undo("qr_refund", second, 600)).state == "approved"
    assert await site.issuer_net() == 6_000
    await site.books_agree()
