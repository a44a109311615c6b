"""What is refused, with the code and the reason that the cashier sees; no money moves."""

from collections.abc import Iterator

import pytest

from annul.sim.issuer.faults import Fault, FaultKind
from tests.support.site import Site
from tests.support.soft import Cashier, cashier

_OTHER_CARD = "6200010000000015"


@pytest.fixture
def till(site: Site) -> Iterator[Cashier]:
    with cashier(site.port, site.terminals[0]) as opened:
        yield opened


async def test_void_of_a_voided_sale(site: Site, till: Cashier) -> None:
    sale = await till.take("sale", 10_000)
    assert (await till.undo("void", sale)).state == "approved"
    again = await till.undo("void", sale)
    assert (again.state, again.response_code) == ("declined", "22")
    assert again.note
    await site.books_agree()


async def test_void_of_a_void(site: Site, till: Cashier) -> None:
    sale = await till.take("sale", 10_000)
    void = await till.undo("void", sale)
    assert (await till.undo("void", void)).response_code == "12"
    assert await site.issuer_net() == 0


@pytest.mark.parametrize(
    ("amount", "card", "code"), [(9_999, None, "64"), (10_000, _OTHER_CARD, "14")]
)
async def test_void_that_differs_from_its_sale(
    site: Site, till: Cashier, amount: int, card: str | None, code: str
) -> None:
    sale = await till.take("sale", 10_000)
    assert (await till.undo("void", sale, amount, card)).response_code == code
    assert (await till.undo("void", sale)).state == "approved"
    await site.books_agree()


async def test_void_on_another_terminal(site: Site, till: Cashier) -> None:
    sale = await till.take("sale", 10_000)
    with cashier(site.port, site.terminals[1]) as other:
        assert (await other.undo("void", sale)).response_code in {"25", "58"}
    assert await site.issuer_net() == 10_000


async def test_void_of_a_declined_sale_says_that_nothing_was_taken(
    site: Site, till: Cashier
) -> None:
    site.issuer.server.faults.rows.append(Fault(FaultKind.CODE, code="51"))
    sale = await till.take("sale", 10_000)
    assert (sale.state, sale.response_code) == ("declined", "51")
    site.issuer.server.faults.rows.clear()
    void = await till.undo("void", sale)
    assert void.response_code == "12"
    assert "未扣款" in void.note


async def test_issuer_that_cannot_void(site: Site, till: Cashier) -> None:
    """What the project is for: the refusal is kept, and the sale stands as it was."""
    site.issuer.server.books.policy.void_supported = False
    sale = await till.take("sale", 10_000)
    void = await till.undo("void", sale)
    assert (void.state, void.response_code) == ("declined", "40")
    assert await site.states() == {sale.trace: "approved", void.trace: "declined"}
    await site.books_agree()


async def test_merchant_whose_balance_must_cover_a_void(site: Site) -> None:
    careful = next(t for t in site.terminals if "5732" in t[0])
    with cashier(site.port, careful) as till:
        sale = await till.take("sale", 10_000)
        await site.pool.execute(
            "UPDATE merchant_balances SET pending = pending - 1, frozen = 1 WHERE merchant_id = $1",
            careful[0],
        )
        refused = await till.undo("void", sale)
        assert (refused.response_code, refused.state) == ("51", "declined")
        assert "余额不足" in refused.note
        await site.pool.execute(
            "UPDATE merchant_balances SET pending = pending + 1, frozen = 0 WHERE merchant_id = $1",
            careful[0],
        )
        assert (await till.undo("void", sale)).state == "approved"
    await site.books_agree()


@pytest.mark.parametrize("owner", ["merchants", "terminals"])
async def test_amount_over_a_limit(site: Site, till: Cashier, owner: str) -> None:
    await site.pool.execute(f"UPDATE {owner} SET amount_limit = 5000")
    await site.running.host.registry.load()
    over = await till.take("sale", 5_001)
    assert (over.response_code, over.state) == ("61", "declined")
    assert (await till.take("sale", 5_000)).state == "approved"


async def test_kind_that_is_not_enabled(site: Site, till: Cashier) -> None:
    await site.pool.execute("UPDATE terminals SET kinds = ARRAY['sign_in', 'sale']")
    await site.running.host.registry.load()
    sale = await till.take("sale", 1_000)
    assert (await till.undo("void", sale)).response_code == "58"
    assert await site.issuer_net() == 1_000


async def test_unknown_merchant_and_terminal(site: Site) -> None:
    merchant, terminal, key = site.terminals[0]
    for credentials, code in (
        (("898000000000000", terminal, key), "03"),
        ((merchant, "99999999", key), "97"),
    ):
        with cashier(site.port, credentials) as stranger:
            answer = await stranger.terminal.manage("echo", network="301")
            assert answer.response_code == code


async def test_batch_out_of_step_is_mended_by_signing_in(till: Cashier) -> None:
    await till.take("sale", 1_000)
    till.terminal.journal.begin_batch("000041")
    sale = await till.take("sale", 2_000)
    assert (sale.state, sale.batch) == ("approved", "000001")
    refused = till.terminal.journal.records("000042")
    assert [record.response_code for record in refused] == ["77"]


async def test_stale_keys_are_mended_by_signing_in(site: Site, till: Cashier) -> None:
    await till.take("sale", 1_000)
    with cashier(site.port, site.terminals[0]) as twin:
        await twin.terminal.sign_in()  # as long as nobody has used the new keys, the old ones serve
        assert (await till.take("sale", 2_000)).response_code == "00"
        twin.terminal.journal.next_trace()
        twin.terminal.journal.next_trace()
        twin.terminal.journal.next_trace()
        assert (await twin.take("sale", 3_000)).state == "approved"
    sale = await till.take("sale", 4_000)
    assert sale.state == "approved"
    codes = [record.response_code for record in till.terminal.journal.records()]
    assert codes == ["00", "00", "A0", "00"]
    await site.books_agree()
