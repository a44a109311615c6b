"""What can not be reversed: refunds and advices are asked until proved, and never pay twice."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.rogue_issuer import Asked, Rule
from tests.support.site import RogueSite, open_rogue_site
from tests.support.soft import Cashier, cashier

_UNPROVED = ("98", "68", "96", "91", "06", "09", "94", "ZZ")


@pytest.fixture
def other(site: RogueSite) -> Iterator[Cashier]:
    """Give the shop's second terminal."""
    with cashier(site.port, site.terminals[1]) as opened:
        yield opened


# A refund of which nobody knows --------------------------------------------------------------


async def test_refund_answered_that_nobody_knows_keeps_its_hold(
    database: str, tmp_path: Path
) -> None:
    count = len(_UNPROVED)
    async with open_rogue_site(database, tmp_path, terminals_each=count // 2) as site:
        await site.set_merchant(-1, void_needs_balance=False)
        with site.tills(2 * count) as tills:
            pairs = list(zip(tills[::2], tills[1::2], _UNPROVED, strict=True))
            await asyncio.gather(*(_refunded_once(site, *pair) for pair in pairs))
        await site.books_agree()
        assert site.rogue.of("reversal") == []
        assert site.rogue.net == 0


async def _refunded_once(site: RogueSite, till: Cashier, other: Cashier, code: str) -> None:
    sale = await till.take("sale", 10_000)
    asked: list[Asked] = []

    def rule(one: Asked) -> None:
        """Book it, answer the code; the answers to what is asked again wait."""
        asked.append(one)
        if len(asked) == 1:
            one.book()
            one.answer(code)

    _rules(site)[till.terminal.profile.terminal] = rule
    assert (await till.undo("refund", sale, 4_000)).state != "approved", code
    held = await site.pool.fetchval("SELECT undone FROM transactions WHERE rrn = $1", sale.rrn)
    assert held == 4_000, code
    # A second one, over all that was sold and over what is left of it: neither may go out.
    for amount in (10_000, 6_000, 4_000):
        assert (await other.undo("refund", sale, amount)).state != "approved", code
    _rules(site)[till.terminal.profile.terminal] = Asked.politely
    await site.hurry()
    await site.until(
        "state = 'partly_refunded' AND undoing = 0 FROM transactions WHERE rrn = $1", sale.rrn
    )
    assert {one[37] for one in asked} == {asked[0][37]}
    assert (await other.undo("refund", sale, 6_000)).state == "approved", code


def _rules(site: RogueSite) -> dict[str, Rule]:
    """Give the rules of refunds by terminal; where there is none, the issuer is polite."""
    if not isinstance(rules := site.rogue.rules.get("refund"), _ByTerminal):
        rules = site.rogue.rules["refund"] = _ByTerminal()
    return rules.rules


class _ByTerminal:
    def __init__(self) -> None:
        self.rules: dict[str, Rule] = {}

    def __call__(self, asked: Asked) -> None:
        self.rules.get(asked[41], Asked.politely)(asked)


async def test_refund_approved_late_is_approved_and_never_reversed(
    site: RogueSite, till: Cashier
) -> None:
    sale = await till.take("sale", 10_000)
    site.rogue.hold("refund")
    for code, amount in (("98", 4_000), ("96", 6_000)):
        refunding = asyncio.create_task(till.undo("refund", sale, amount))
        first = await site.rogue.next("refund")
        first.answer(code)
        assert (await refunding).state != "approved"
        first.approve()
        await site.becomes("refund", "approved")
    await site.becomes("sale", "refunded")
    await site.books_agree()
    assert site.rogue.net == 0
    assert site.rogue.of("reversal") == []


async def test_refund_without_an_answer_sent_again_under_a_new_number_pays_once(
    site: RogueSite, till: Cashier
) -> None:
    """The cashier sees 98 and keys the same refund in once more."""
    sale = await till.take("sale", 10_000)
    site.rogue.silent("refund", book=True)
    first = await till.undo("refund", sale, 4_000)
    assert first.state == "unanswered"
    second = await till.undo("refund", sale, 4_000)
    assert second.state != "approved"
    assert second.trace != first.trace
    site.rogue.let("refund")
    await site.hurry()
    await site.until("EXISTS (SELECT FROM transactions WHERE state = 'partly_refunded')")
    await site.books_agree()
    assert site.rogue.net == 6_000
    assert len({one[37] for one in site.rogue.of("refund")}) == 1


async def test_refund_that_the_issuer_declines_frees_its_hold(
    site: RogueSite, till: Cashier
) -> None:
    sale = await till.take("sale", 10_000)
    site.rogue.always("refund", "51")
    assert (await till.undo("refund", sale, 10_000)).state == "declined"
    site.rogue.let("refund")
    assert (await till.undo("refund", sale, 10_000)).state == "approved"
    await site.books_agree()
    assert site.rogue.net == 0


async def test_void_and_refund_of_a_sale_whose_void_is_unproved_pay_once(
    site: RogueSite, till: Cashier, other: Cashier
) -> None:
    sale = await till.take("sale", 10_000)
    site.rogue.silent("void", book=True)
    site.rogue.hold("reversal")
    assert (await till.undo("void", sale)).response_code == "98"
    assert (await other.undo("refund", sale, 10_000)).state != "approved"
    assert site.rogue.of("refund") == []
    site.rogue.let("reversal")
    await site.becomes("void", "reversed")
    assert (await other.undo("refund", sale, 10_000)).state == "approved"
    await site.books_agree()
    assert site.rogue.net == 0


# Advices ---------------------------------------------------------------------------------------


async def test_completion_advice_declined_later_is_told_to_everybody(
    site: RogueSite, till: Cashier
) -> None:
    held = await till.take("preauth", 50_000)
    site.rogue.always("completion_advice", "51")
    advised = await till.undo("completion_advice", held, 50_000)
    assert advised.state == "approved"  # so the shop believes that it has the money
    await site.becomes("completion_advice", "declined")
    await site.becomes("preauth", "approved")
    site.running.resolver.start()
    await site.has_incident("advice_declined")
    case = await site.pool.fetchrow("SELECT * FROM cases")
    assert case is not None
    assert (case["kind"], case["amount"]) == ("completion_advice", 50_000)
    await site.until("EXISTS (SELECT FROM notices)")
    assert site.rogue.net == 0
    assert await site.balances() == (0, 0)
    await site.running.resolver.stop()


async def test_completion_advice_answered_that_nobody_knows_is_asked_again(
    site: RogueSite,
) -> None:
    site.rogue.hold("completion_advice")
    with site.tills(len(_UNPROVED)) as tills:
        held = await asyncio.gather(*(till.take("preauth", 50_000) for till in tills))
        advised = await asyncio.gather(
            *(
                till.undo("completion_advice", one, 50_000)
                for till, one in zip(tills, held, strict=True)
            )
        )
    assert {advice.state for advice in advised} == {"approved"}
    for code in _UNPROVED:
        (await site.rogue.next("completion_advice")).answer(code)
    await site.until("count(*) = $1 FROM outbox WHERE last_code <> ''", len(_UNPROVED))
    site.rogue.let("completion_advice")
    await site.hurry()
    await site.becomes("completion_advice", "approved")
    await site.becomes("preauth", "completed")
    await site.books_agree()
    assert site.rogue.net == 50_000 * len(_UNPROVED)


# Fees ------------------------------------------------------------------------------------------


_PARTS = (
    [200_000] * 5,
    [333_333, 333_333, 333_334],
    [1, 1, 1, 999_997],
    [999_999, 1],
    [1_000_000],
)


async def test_partial_refunds_of_a_capped_sale_give_back_the_fee_that_was_taken(
    site: RogueSite, till: Cashier, other: Cashier
) -> None:
    for parts in _PARTS:
        sale = await till.take("sale", 1_000_000)  # by debit: 20.00 at the most, not 50.00
        assert await _account(site, "fee_income") == 2_000
        cost = await _account(site, "scheme_payable")
        back = 0
        for part in parts:
            assert (await other.undo("refund", sale, part)).state == "approved"
            back += part
            left = 1 - back / 1_000_000
            assert abs(await _account(site, "fee_income") - 2_000 * left) <= 1, parts
            assert abs(await _account(site, "scheme_payable") - cost * left) <= 1, parts
        assert await _account(site, "fee_income") == 0, parts
        assert await _account(site, "scheme_payable") == 0, parts
        assert await site.balances() == (0, 0), parts
    await site.becomes("sale", "refunded")
    await site.books_agree()


async def test_refund_that_failed_takes_no_share_of_the_fee(
    site: RogueSite, till: Cashier, other: Cashier
) -> None:
    sale = await till.take("sale", 1_000_000)
    site.rogue.always("refund", "51")
    await other.undo("refund", sale, 500_000)
    site.rogue.let("refund")
    for part in (500_000, 500_000):
        assert (await other.undo("refund", sale, part)).state == "approved"
    assert await _account(site, "fee_income") == 0
    assert await site.balances() == (0, 0)
    await site.books_agree()


async def _account(site: RogueSite, name: str) -> int:
    """Give the balance of one of our own accounts in minor units."""
    return await site.pool.fetchval(
        "SELECT coalesce(sum(CASE $1 WHEN credit THEN amount WHEN debit THEN -amount END), 0)"
        "::bigint FROM entries",
        name,
    )


async def test_refunds_at_once_share_the_fee_between_them(
    site: RogueSite, till: Cashier, other: Cashier
) -> None:
    """Whichever is answered first: both together give back what was taken, to the fen."""
    sale = await till.take("sale", 1_000_000)
    answered: list[Asked] = []
    site.rogue.rules["refund"] = answered.append
    with cashier(site.port, site.terminals[0]) as third:
        await asyncio.gather(other.terminal.sign_in(), third.terminal.sign_in())
        both = asyncio.gather(
            other.undo("refund", sale, 333_333), third.undo("refund", sale, 666_667)
        )
        async with asyncio.timeout(5):
            while not answered:
                await asyncio.sleep(0.01)
        site.rogue.rules.pop("refund")
        for asked in reversed(answered):
            asked.approve()
        done = await both
        for record in done:
            if record.state != "approved":  # refused while the first was on its way
                assert (await other.undo("refund", sale, record.amount)).state == "approved"
    assert await _account(site, "fee_income") == 0
    assert await site.balances() == (0, 0)
    await site.books_agree()
