"""Reversals that an issuer refuses, denies or can not hear: none ends without proof or person."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from annul.sim.terminal.journal import Record
from tests.support.rogue_issuer import Asked
from tests.support.site import RogueSite, open_rogue_site
from tests.support.soft import CARD, Cashier, cashier


async def _not_heard(
    site: RogueSite, till: Cashier, kind: str, doing: Coroutine[Any, Any, Record]
) -> None:
    """Let the issuer approve what the terminal hears nothing of, and let that send its reversal."""
    site.rogue.hold(kind)
    asked = await site.cut_off(till, doing, kind)
    asked.approve()
    await site.until("state = 'approved' FROM transactions WHERE rrn = $1", asked[37])
    site.rogue.let(kind)
    await till.terminal.settle_owed()
    assert till.told[-1].state == "reversed"  # the terminal goes on


# Approved here, denied there -------------------------------------------------------------------


async def test_reversal_of_an_approved_sale_that_the_issuer_denies_is_disputed(
    site: RogueSite,
) -> None:
    denials = dict(zip((terminal for _, terminal, _ in site.terminals), ("25", "12"), strict=False))
    site.rogue.rules["reversal"] = lambda asked: asked.answer(denials[asked[41]])
    with site.tills(len(denials)) as tills:
        for till in tills:
            await _not_heard(site, till, "sale", till.take("sale", 10_000))
    await site.becomes("sale", "disputed")
    await site.until("count(*) = 2 FROM incidents WHERE kind = 'disputed' AND closed_at IS NULL")
    assert await site.balances() == (19_900, 0)  # the issuer has the money, and owes it to us
    assert site.rogue.net == 20_000
    assert await site.pool.fetchval("SELECT count(*) FROM entries WHERE kind = 'reversal'") == 0

    site.rogue.let("reversal")  # the issuer looks again, and corrects itself
    await site.hurry()
    await site.becomes("sale", "reversed")
    await site.books_agree()
    assert site.rogue.net == 0
    assert await site.balances() == (0, 0)


async def test_reversal_of_an_approved_void_that_the_issuer_denies_is_disputed(
    site: RogueSite, till: Cashier
) -> None:
    sale = await till.take("sale", 10_000)
    site.rogue.always("reversal", "25")
    await _not_heard(site, till, "void", till.undo("void", sale))
    await site.becomes("void", "disputed")
    await site.has_incident("disputed")
    again = await till.undo("refund", sale, 10_000)  # the hold stays: nobody is paid twice
    assert again.state != "approved"
    assert site.rogue.of("refund") == []
    assert site.rogue.net == 0

    site.rogue.let("reversal")
    await site.hurry()
    await site.becomes("void", "reversed")
    await site.becomes("sale", "approved")
    await site.books_agree()
    assert site.rogue.net == 10_000


async def test_sale_approved_too_late_whose_reversal_is_denied_is_disputed(
    site: RogueSite, till: Cashier
) -> None:
    site.rogue.hold("sale")
    site.rogue.always("reversal", "25")
    await till.take("sale", 10_000)
    asked = await site.rogue.next("sale")
    await site.becomes("sale", "reversed")
    asked.approve()
    await site.becomes("sale", "disputed")
    await site.has_incident("disputed")
    site.rogue.let("reversal")
    await site.hurry()
    await site.becomes("sale", "reversed")
    await site.books_agree()
    assert site.rogue.net == 0


async def test_reversal_of_what_was_never_booked_ends(site: RogueSite) -> None:
    words = dict(zip((terminal for _, terminal, _ in site.terminals), ("00", "25"), strict=False))
    site.rogue.silent("sale")
    site.rogue.rules["reversal"] = lambda asked: asked.answer(words[asked[41]])
    with site.tills(len(words)) as tills:
        sales = await asyncio.gather(*(till.take("sale", 10_000) for till in tills))
    assert {sale.response_code for sale in sales} == {"98"}
    await site.becomes("sale", "reversed")
    await site.books_agree()
    assert await site.incidents() == set()


# Refused for ever ---------------------------------------------------------------------------------


async def test_reversal_refused_for_ever_is_sent_for_ever_and_somebody_is_told(
    site: RogueSite,
) -> None:
    refusals = dict(
        zip((terminal for _, terminal, _ in site.terminals), ("94", "30", "96"), strict=False)
    )
    site.rogue.silent("sale", book=True)
    site.rogue.rules["reversal"] = lambda asked: asked.answer(refusals[asked[41]])
    with site.tills(len(refusals)) as tills:
        await asyncio.gather(*(till.take("sale", 10_000) for till in tills))
    for number in range(1, 11):
        await site.until(
            "count(*) = 3 FROM outbox WHERE leased_until IS NULL AND attempts >= $1", number
        )
        await site.hurry()
    assert {row["state"] for row in await site.rows("sale")} == {"reversing"}
    assert await site.pool.fetchval("SELECT count(*) FROM outbox WHERE pending") == 3
    assert await site.incidents("sale") == {"forward_reversal"}
    await site.until("NOT EXISTS (SELECT FROM outbox WHERE leased_until IS NOT NULL)")
    site.rogue.let("reversal")
    await site.hurry()
    await site.becomes("sale", "reversed")
    await site.books_agree()
    assert site.rogue.net == 0


# Who waits for whom ------------------------------------------------------------------------------


async def test_balance_without_an_answer_owes_nothing_and_keeps_nobody_waiting(
    site: RogueSite, till: Cashier
) -> None:
    site.rogue.silent("balance", "sale")
    assert (await till.take("balance", 0)).state == "declined"
    await site.becomes("balance", "declined")
    assert await site.pool.fetchval("SELECT count(*) FROM outbox") == 0
    await till.take("sale", 10_000)  # the same card
    await site.becomes("sale", "reversed")
    assert len(site.rogue.of("balance")) == 1
    await site.books_agree()


async def test_reversal_for_a_dead_issuer_keeps_no_other_waiting(
    database: str, tmp_path: Path
) -> None:
    """The second issuer row serves the same cards while the first is away."""
    async with open_rogue_site(database, tmp_path, issuers=2) as site:
        dead, alive = site.rogues
        dead.silent("sale", "reversal", book=True)
        alive.silent("sale", book=True)
        with cashier(site.port, site.terminals[0]) as till:
            await till.take("sale", 10_000, CARD)
            assert len(dead.of("sale")) == 1
            await dead.close()
            async with asyncio.timeout(5):
                while "00000101" in site.running.host.issuers.up():
                    await asyncio.sleep(0.01)
            await till.take("sale", 2_000, CARD)
            assert len(alive.of("sale")) == 1
            await site.until("state = 'reversed' FROM transactions WHERE amount = 2000")
            assert alive.net == 0
            dead.let("reversal")
            await dead.open()
            async with asyncio.timeout(10):
                while "00000101" not in site.running.host.issuers.up():
                    await asyncio.sleep(0.01)
            await site.until(
                "NOT EXISTS (SELECT FROM outbox WHERE pending AND leased_until IS NOT NULL)"
            )
            await site.hurry()
            await site.becomes("sale", "reversed")
            await site.books_agree()
            assert dead.net == 0


async def test_reversals_of_one_original_keep_their_order(site: RogueSite, till: Cashier) -> None:
    """The void's reversal is out before the sale's own, or the issuer would find nothing."""
    sale = await till.take("sale", 10_000)
    order: list[str] = []

    def reverse(asked: Asked) -> None:
        order.append(asked[90][4:10])
        asked.politely()

    site.rogue.rules["reversal"] = reverse
    site.rogue.silent("void", book=True)
    await till.undo("void", sale)
    await site.becomes("void", "reversed")
    void = site.rogue.of("void")[0]
    assert order == [void[11]] * len(order)
    await site.becomes("sale", "approved")
    await site.books_agree()
    assert site.rogue.net == 10_000
