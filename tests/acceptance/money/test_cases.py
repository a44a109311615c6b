"""Cases and the money: what the shop wants, what a person may end, what must be proved first."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from annul.resolve.case import Case
from annul.resolve.people import ActionRefused
from annul.sim.terminal.journal import Record
from tests.support.site import RogueSite
from tests.support.soft import Cashier
from tests.support.wire import Keyed, Wire, undoing

from .cases import act, book_of, case_that, looked_at, sold_and_refused
from .messages import sell


@pytest.fixture
def settings() -> dict[str, Any]:
    """Let cases move a hundred times faster, once a test starts the resolver."""
    return {"void_time_scale": 0.01, "void_give_up_s": 3}


async def _events(site: RogueSite, case: Case) -> list[dict[str, Any]]:
    return [json.loads(body) for body, _ in await book_of(site).history(case)]


# A void that its own terminal took back -----------------------------------------------------------


async def _void_taken_back(site: RogueSite, till: Cashier) -> Record:
    """Sell; the void's answer does not come, so the terminal reverses it: the sale stands."""
    sale = await till.take("sale", 10_000)
    site.rogue.hold("void")
    asked = await site.cut_off(till, till.undo("void", sale), "void")
    asked.book()
    await till.terminal.settle_owed()
    await site.becomes("void", "reversed")
    await site.becomes("sale", "approved")
    site.rogue.let("void")
    return sale


async def test_void_taken_back_by_its_terminal_is_asked_of_the_shop(
    site: RogueSite, till: Cashier
) -> None:
    await _void_taken_back(site, till)
    site.running.resolver.start()
    case = await case_that(site, "task <> '' OR ended <> ''")
    assert case["ended"] == ""
    assert len(site.rogue.of("void")) == 1
    await site.becomes("sale", "approved")
    assert site.rogue.net == 10_000


async def test_void_taken_back_is_voided_all_the_same_where_the_shop_wants_it(
    site: RogueSite, till: Cashier
) -> None:
    await site.set_merchant(0, reversed_voids="void")
    await _void_taken_back(site, till)
    site.running.resolver.start()
    await case_that(site, "ended = 'voided'")
    await site.books_agree()
    assert site.rogue.net == 0


async def test_void_taken_back_lets_the_sale_stand_where_the_shop_wants_it(
    site: RogueSite, till: Cashier
) -> None:
    await site.set_merchant(0, reversed_voids="stand")
    await _void_taken_back(site, till)
    site.running.resolver.start()
    case = await case_that(site, "ended <> ''")
    assert case["ended"] == "refused"
    assert len(site.rogue.of("void")) == 1
    await site.books_agree()
    assert site.rogue.net == 10_000


async def test_void_under_way_is_withdrawn_by_the_shop(site: RogueSite, till: Cashier) -> None:
    await till.undo("void", await sold_and_refused(site, till))
    case = await looked_at(site)
    assert case.ended == ""
    await act(site, case, "withdraw", "operator")
    site.rogue.let("void")
    sent = len(site.rogue.of("void"))
    site.running.resolver.start()
    ended = await case_that(site, "ended <> ''")
    assert ended["ended"] == "refused"
    assert len(site.rogue.of("void")) == sent
    await site.becomes("sale", "approved")
    assert site.rogue.net == 10_000


# What nobody can prove ----------------------------------------------------------------------------


async def test_void_whose_reversal_is_refused_for_ever_ends_as_unproved_and_opens_again(
    site: RogueSite,
) -> None:
    refusals = dict(
        zip((terminal for _, terminal, _ in site.terminals), ("94", "30", "96"), strict=False)
    )
    with site.tills(len(refusals)) as tills:
        sales = await asyncio.gather(*(till.take("sale", 10_000) for till in tills))
        site.rogue.silent("void", book=True)
        site.rogue.rules["reversal"] = lambda asked: asked.answer(refusals[asked[41]])
        pairs = list(zip(tills, sales, strict=True))
        await asyncio.gather(*(till.undo("void", sale) for till, sale in pairs))
        await book_of(site).open(site.running.host.clock.now())
        for case in await book_of(site).latest(only_open=True, limit=10):
            with pytest.raises(ActionRefused):  # a person can not end what is not proved
                await act(site, case, "close")
        site.running.resolver.start()
        await site.until("count(*) = 3 FROM cases WHERE ended <> ''")
        cases = await site.pool.fetch("SELECT * FROM cases")
        assert {(case["ended"], case["task"]) for case in cases} == {
            ("unproved", "outcome_unproved")
        }
        assert "outcome_unproved" in await site.incidents()
        assert await site.pool.fetchval("SELECT count(*) FROM outbox WHERE pending") == 3
        refunds = [await till.undo("refund", sale, 10_000) for till, sale in pairs]
        assert "approved" not in {refund.state for refund in refunds}

    site.rogue.let("reversal", "void")  # the issuer comes to its senses
    await site.until("NOT EXISTS (SELECT FROM outbox WHERE pending AND leased_until IS NOT NULL)")
    await site.hurry()
    await site.becomes("void", "reversed")
    await site.until(
        "NOT EXISTS (SELECT FROM cases WHERE ended NOT IN ('voided', 'refunded', 'refused'))"
    )
    await site.books_agree()


async def test_void_whose_issuer_is_gone_for_good_ends_as_unproved(
    site: RogueSite, till: Cashier
) -> None:
    sale = await till.take("sale", 10_000)
    site.rogue.silent("void", "reversal", book=True)
    await till.undo("void", sale)
    await site.pool.execute("UPDATE issuers SET active = false WHERE issuer_id = '00000101'")
    await site.pool.execute("UPDATE reference SET version = version + 1")
    async with asyncio.timeout(8):
        while "00000101" in site.running.host.issuers.up():
            await asyncio.sleep(0.01)
    with pytest.raises(ActionRefused):
        await act(site, await looked_at(site), "close")
    site.running.resolver.start()
    case = await case_that(site, "ended <> ''")
    assert (case["ended"], case["task"]) == ("unproved", "outcome_unproved")
    await site.has_incident("outcome_unproved")


@pytest.mark.parametrize("done", [False, True])
async def test_conclusion_by_hand_moves_the_ledger_the_original_and_the_case(
    site: RogueSite, till: Cashier, done: bool
) -> None:
    sale = await till.take("sale", 10_000)
    site.rogue.silent("void", book=done)
    site.rogue.always("reversal", "94")
    await till.undo("void", sale)
    site.running.resolver.start()
    await case_that(site, "ended = 'unproved'")
    (row,) = await site.rows("void")
    host = site.running.host
    void = await host.journal.find_by_id(row["merchant_id"], row["id"])
    assert void is not None
    assert await host.outcomes.concluded(void, done=done, at=host.clock.now())
    await site.becomes("void", "approved" if done else "reversed")
    await site.becomes("sale", "voided" if done else "approved")
    await site.books_agree()
    assert await site.balances() == ((0, 0) if done else (9_950, 0))
    await case_that(site, f"ended = '{'voided' if done else 'refused'}'")


async def test_no_case_ends_as_given_back_before_without_naming_what_gave_it_back(
    site: RogueSite, till: Cashier
) -> None:
    """What a look of two queries once saw: the sale as voided, its void as reversed since."""
    sale = await till.take("sale", 10_000)
    await till.undo("void", sale)
    await till.undo("void", sale)  # refused, which opens the case
    connection = await asyncpg.connect(site.database)
    await connection.execute(
        "UPDATE transactions SET state = 'reversed' WHERE kind = 'void' AND state = 'approved'"
    )
    await connection.close()
    case = await looked_at(site)
    ends = [one for one in await _events(site, case) if one["what"].startswith("ended_")]
    assert [one["evidence"].get("proof") for one in ends] in ([], [[sale.rrn]])
    assert case.ended in {"", "refused"}


# Refused before it was sent -----------------------------------------------------------------------


async def test_void_under_a_used_number_is_done_by_its_case(
    site: RogueSite, wire: Wire, owner: Keyed
) -> None:
    """A terminal installed anew counts from one again: the shop's void is done all the same."""
    sale = await sell(owner, wire, "000001")
    again = await wire.told(owner.signed("0200", undoing("void", owner.who, "000001", sale)))
    assert again.code == "94"
    site.running.resolver.start()
    case = await case_that(site, "ended <> ''")
    assert (case["ended"], case["cause"]) == ("voided", "terminal_misconfigured")
    assert site.rogue.net == 0
    await site.books_agree()


async def test_void_that_came_after_its_reversal_says_that_nothing_moved(
    site: RogueSite, wire: Wire, owner: Keyed
) -> None:
    sale = await sell(owner, wire, "000001")
    void = undoing("void", owner.who, "000002", sale)
    assert (await wire.told(owner.signed("0400", void | {39: "98"}))).code == "25"
    assert (await wire.told(owner.signed("0200", void))).code == "25"
    site.running.resolver.start()
    case = await case_that(site, "ended <> ''")
    assert (case["ended"], case["cause"]) == ("refused", "terminal_link")
    last = await site.pool.fetchval("SELECT body FROM case_events ORDER BY line DESC LIMIT 1")
    assert "being reversed" not in last, "it never left"
    assert site.rogue.net == 10_000
