"""Numbers that are used again, repeats that are not the first, and answers nobody could write."""

import asyncio
from typing import Any

import pytest

from annul.host.told import stored_reply
from annul.store.batcher import StoreUnavailable
from annul.store.journal_sql import OF_TRANSACTION
from tests.support.site import RogueSite
from tests.support.soft import cashier
from tests.support.wire import Keyed, Wire, dial, sale, undoing

from .messages import reversal_of, sell

_TRACE = OF_TRANSACTION.index("trace")


# A repeat is not the first ----------------------------------------------------------------------


@pytest.mark.parametrize("code", ["22", "61", "12", "25"])
async def test_repeat_of_a_refund_refused_since_the_first_was_booked_is_no_decline(
    site: RogueSite, wire: Wire, owner: Keyed, code: str
) -> None:
    sold = await sell(owner, wire, "000001")
    site.rogue.rules["refund"] = lambda asked: (
        asked.answer(code) if len(site.rogue.of("refund")) > 1 else asked.book()
    )
    first = await wire.told(owner.signed("0220", undoing("refund", owner.who, "000002", sold)))
    assert first.code == "98"
    await site.hurry()
    await site.becomes("refund", "disputed")
    await site.has_incident("disputed")
    site.rogue.let("refund")
    again = await wire.told(owner.signed("0220", undoing("refund", owner.who, "000003", sold)))
    assert again.code == "22"
    assert site.rogue.net == 0


async def test_refund_keyed_again_after_its_outcome_is_looked_at_first(site: RogueSite) -> None:
    with cashier(site.port, site.terminals[0]) as till:
        sold = await till.take("sale", 10_000)
        site.rogue.rules["refund"] = lambda asked: (
            asked.politely() if len(site.rogue.of("refund")) > 1 else asked.book()
        )
        first = await till.undo("refund", sold, 4_000)
        assert first.response_code == "98"
        await site.hurry()
        await site.until("EXISTS (SELECT FROM transactions WHERE state = 'partly_refunded')")
        assert (await till.undo("refund", sold, 4_000)).response_code == "94"
        assert (await till.undo("refund", sold, 3_000)).state == "approved"
    assert site.rogue.net == 3_000


async def test_late_answer_to_an_advice_is_its_answer(site: RogueSite) -> None:
    with cashier(site.port, site.terminals[1]) as till:
        held = await till.take("preauth", 10_000)
        site.rogue.hold("completion_advice")
        await till.undo("completion_advice", held, 10_000)
        asked = await site.rogue.next("completion_advice")
        await site.until("EXISTS (SELECT FROM outbox WHERE pending AND leased_until IS NULL)")
        site.rogue.always("completion_advice", "94")
        asked.approve()
        await site.becomes("completion_advice", "approved")
    await site.books_agree()


async def test_completion_above_its_pre_authorisation_approved_too_late_is_held(
    site: RogueSite,
) -> None:
    with cashier(site.port, site.terminals[0]) as till:
        held = await till.take("preauth", 10_000)
        site.rogue.hold("completion_advice")
        await till.undo("completion_advice", held, 11_000)
        asked = await site.rogue.next("completion_advice")
        asked.answer("51")
        await site.becomes("completion_advice", "declined")
        asked.approve()
        await site.becomes("completion_advice", "disputed")
        assert (await till.undo("completion", held, 11_000)).state != "approved"
    host = site.running.host
    (row,) = await site.rows("completion_advice")
    advice = await host.journal.find_by_id(row["merchant_id"], row["id"])
    assert advice is not None
    assert await host.outcomes.concluded(advice, done=True, at=host.clock.now())
    assert site.rogue.net == 11_000
    await site.books_agree()


# Numbers used again -----------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "mti"), [("void", "0200"), ("refund", "0220")])
async def test_number_used_again_for_another_original_is_refused_and_kept(
    site: RogueSite, wire: Wire, owner: Keyed, kind: str, mti: str
) -> None:
    first, second = [await sell(owner, wire, trace) for trace in ("000001", "000002")]
    done = await wire.told(owner.signed(mti, undoing(kind, owner.who, "000003", first)))
    again = await wire.told(owner.signed(mti, undoing(kind, owner.who, "000003", second)))
    assert (done.code, again.code) == ("00", "94")
    rule = await site.pool.fetchval("SELECT rule FROM refusals WHERE trace = '000003'")
    assert rule == "number_used"
    assert site.rogue.net == 10_000


async def test_number_used_again_days_later_is_not_answered_from_store(
    site: RogueSite, wire: Wire, owner: Keyed
) -> None:
    await sell(owner, wire, "000001")
    await site.pool.execute(
        "UPDATE transactions SET received_at = received_at - interval '3 days',"
        " business_date = business_date - 3"
    )
    message = sale(owner.who, "000001", 10_000, owner.batch)
    assert (await wire.told(owner.signed("0200", message))).code == "94"


async def test_reversal_of_a_number_used_again_leaves_the_sale_of_another_card(
    site: RogueSite, wire: Wire, owner: Keyed
) -> None:
    await sell(owner, wire, "000001")
    other = sale(owner.who, "000001", 10_000, owner.batch) | {39: "98", 2: "6200010000000015"}
    assert (await wire.told(owner.signed("0400", other))).code == "25"
    assert [row["state"] for row in await site.rows("sale")] == ["approved"]
    assert site.rogue.net == 10_000


# What could not be written ----------------------------------------------------------------------


async def test_approval_whose_writing_seemed_to_fail_is_told_as_open_and_reversed(
    site: RogueSite, wire: Wire, owner: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = site.running.host.journal._lanes["conclude"]
    real, lost = lane.fetch, []

    async def fetch(sql: str, *arguments: Any) -> Any:
        rows = await real(sql, *arguments)
        if not lost:  # committed, and the database's word of it never comes
            lost.append(sql)
            raise StoreUnavailable
        return rows

    monkeypatch.setattr(lane, "fetch", fetch)
    message = sale(owner.who, "000001", 10_000, owner.batch)
    assert (await wire.told(owner.signed("0200", message))).code == "98"
    await site.becomes("sale", "reversed")
    assert site.rogue.net == 0
    await site.books_agree()


async def test_what_was_reversed_before_it_could_be_sent_is_not_sent(
    site: RogueSite, wire: Wire, owner: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = site.running.host.journal._lanes["open"]
    real, again = lane.fetch, asyncio.Event()

    async def fetch(sql: str, *arguments: Any) -> Any:
        rows = await real(sql, *arguments)
        if [row[_TRACE] for row in arguments[0]] == ["000002"] and not again.is_set():
            await again.wait()  # the connection hangs and is lost: it is written once more
            return await real(sql, *arguments)
        return rows

    monkeypatch.setattr(lane, "fetch", fetch)
    message = sale(owner.who, "000002", 10_000, owner.batch)
    await wire.send(owner.signed("0200", message))
    await site.until("EXISTS (SELECT FROM transactions WHERE trace = '000002')")
    async with dial(site.port) as other:
        assert (await other.told(reversal_of(owner, "000002"))).code == "00"
    await site.becomes("sale", "reversed")
    again.set()
    answer = await wire.answer()
    assert answer is not None
    assert (answer.code, site.rogue.of("sale")) == ("94", [])


async def test_a_repeat_after_a_conclusion_is_told_what_was_concluded(
    site: RogueSite, wire: Wire, owner: Keyed
) -> None:
    sold = await sell(owner, wire, "000001")
    site.rogue.silent("refund")
    message = owner.signed("0220", undoing("refund", owner.who, "000002", sold))
    assert (await wire.told(message)).code == "98"
    host = site.running.host
    (row,) = await site.rows("refund")
    refund = await host.journal.find_by_id(row["merchant_id"], row["id"])
    assert refund is not None
    assert await host.outcomes.concluded(refund, done=False, at=host.clock.now())
    assert (await wire.told(message)).code == "05"


async def test_an_advice_that_was_taken_is_told_so_again(site: RogueSite) -> None:
    with cashier(site.port, site.terminals[1]) as till:
        held = await till.take("preauth", 10_000)
        site.rogue.silent("completion_advice")
        advised = await till.undo("completion_advice", held, 10_000)
    host = site.running.host
    (row,) = await site.rows("completion_advice")
    advice = await host.journal.find_by_id(row["merchant_id"], row["id"])
    assert advice is not None
    assert advised.response_code == stored_reply(advice, advice, host).response_code == "00"
