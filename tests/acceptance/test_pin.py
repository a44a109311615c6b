"""A PIN goes from the terminal's key to the issuer's and is checked there."""

from tests.support.site import Site
from tests.support.soft import CARD, cashier


async def test_right_and_wrong_pin(site: Site) -> None:
    site.issuer.server.books.account(CARD).pin = "123456"
    with cashier(site.port, site.terminals[0]) as till:
        wrong = await till.take("sale", 1_000, pin="654321")
        assert (wrong.state, wrong.response_code) == ("declined", "55")
        right = await till.take("sale", 1_000, pin="123456")
        assert right.state == "approved"
    await site.books_agree()


async def test_pin_under_a_single_length_key(site: Site) -> None:
    site.issuer.server.books.account(CARD).pin = "1234"
    single = await site.enrol(0, key_form="001")
    with cashier(site.port, single, network="001") as till:
        assert (await till.take("sale", 1_000, pin="1234")).state == "approved"


async def test_nothing_of_a_pin_or_track_is_stored(site: Site) -> None:
    with cashier(site.port, site.terminals[0]) as till:
        await till.take("sale", 1_000, pin="123456")
        kept = till.terminal.journal.records()[0].fields
        assert not {35, 52, 53} & set(kept)
    row = str(dict(await site.pool.fetchrow("SELECT * FROM transactions")))
    assert CARD not in row
    assert "620001******0007" in row
