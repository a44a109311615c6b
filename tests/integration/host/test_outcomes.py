"""Every way a transaction can end: state and entries, what it frees, what is owed for it."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from annul.domain.fees import NoFeeRate
from annul.domain.reversal_rules import CONCLUDED
from annul.domain.states import State
from annul.host.outcomes import approved_there
from annul.issuers.message import Answer
from tests.support.rows import put_transaction

from .ledger import DAY, NOW, OK, Ledger, opened


@pytest.fixture
async def ledger(pool: asyncpg.Pool) -> AsyncIterator[Ledger]:
    async with opened(pool) as ledger:
        yield ledger


# Approved ------------------------------------------------------------------------------------


async def test_an_approval_is_kept_with_all_that_the_issuer_said(ledger: Ledger) -> None:
    sale = await ledger.opened()
    answer = Answer("11", "A1B2C3", "1125", b"\x91\x0a", voucher="20261123000000000001")
    assert await ledger.outcomes.answered(sale, answer, NOW)
    stored = await ledger.again(sale)
    assert (stored.state, stored.sent, stored.response_code) == ("approved", "answered", "11")
    assert (stored.auth_code, stored.settlement_date) == ("A1B2C3", "1125")
    assert (stored.icc_answer, stored.voucher) == (b"\x91\x0a", "20261123000000000001")
    assert (stored.fee, stored.answered_at) == (50, NOW)
    assert await ledger.entries(sale) == [
        ("approval", "issuer_receivable", "merchant_pending", 10_000),
        ("approval", "merchant_pending", "fee_income", 50),
        ("approval", "scheme_cost", "scheme_payable", 38),
    ]
    assert await ledger.pending() == 9_950
    days = await ledger.pool.fetch("SELECT DISTINCT business_date FROM entries")
    assert [row[0] for row in days] == [DAY], "a day that is closed never changes"


async def test_an_outcome_is_written_once(ledger: Ledger) -> None:
    sale = await ledger.sold()
    for answer in (OK, Answer("51"), Answer("96")):
        assert not await ledger.outcomes.answered(sale, answer, NOW)
    assert not await ledger.outcomes.not_sent(sale, "91", NOW)
    assert (await ledger.again(sale)).state is State.APPROVED
    assert len(await ledger.entries(sale)) == 3
    assert await ledger.owed() == []


async def test_a_void_leaves_nothing_of_its_sale(ledger: Ledger) -> None:
    sale = await ledger.sold()
    void = await ledger.undoing("void", sale, 2, reserves=0)
    assert (await ledger.again(sale)).undoing == 10_000
    assert await ledger.outcomes.answered(void, OK, NOW, original=sale)
    original = await ledger.again(sale)
    assert (original.state, original.undone, original.undoing) == ("voided", 10_000, 0)
    assert (await ledger.again(void)).fee == 50, "the whole fee comes back"
    assert await ledger.pending() == 0


async def test_refunds_return_just_the_fee_whatever_their_parts(ledger: Ledger) -> None:
    """Each share by itself would round: 16, 16 and 16 of 50."""
    sale, returned, state = await ledger.sold(), 0, []
    for trace, part in ((2, 3_333), (3, 3_333), (4, 3_334)):
        refund = await ledger.undoing("refund", sale, trace, part)
        assert await ledger.outcomes.answered(refund, OK, NOW, original=sale)
        returned += (await ledger.again(refund)).fee
        state.append((await ledger.again(sale)).state)
    assert state == ["partly_refunded", "partly_refunded", "refunded"]
    assert returned == 50
    assert await ledger.pending() == 0
    left = await ledger.pool.fetchval(
        "SELECT sum(CASE 'scheme_payable' WHEN credit THEN amount WHEN debit THEN -amount END)"
        " FROM entries WHERE 'scheme_payable' IN (debit, credit)"
    )
    assert left == 0, "what the schemes cost comes back as well"


async def test_a_completion_takes_the_place_of_what_it_completes(ledger: Ledger) -> None:
    hold = await ledger.opened("preauth")
    assert await ledger.outcomes.answered(hold, OK, NOW)
    assert await ledger.entries(hold) == [], "nothing has moved yet"
    completion = await ledger.undoing("completion", hold, 2, amount=11_000, holds=10_000)
    assert await ledger.outcomes.answered(completion, OK, NOW, original=hold)
    assert (await ledger.again(hold)).state is State.COMPLETED
    assert await ledger.pending() == 11_000 - 55


async def test_cover_that_was_set_aside_is_free_once_there_is_an_outcome(ledger: Ledger) -> None:
    sale = await ledger.sold()
    for trace, answer in ((2, Answer("51")), (3, OK)):
        void = await ledger.undoing("void", await ledger.again(sale), trace, reserves=9_950)
        assert (await ledger.journal.balance(sale.merchant_id, "156"))[2] == 9_950
        assert await ledger.outcomes.answered(void, answer, NOW, original=sale)
        assert (await ledger.journal.balance(sale.merchant_id, "156"))[2] == 0


async def test_what_has_no_rate_is_not_booked_at_all(ledger: Ledger) -> None:
    sale = await ledger.opened(business_date=date(2016, 1, 1))
    with pytest.raises(NoFeeRate):
        await ledger.outcomes.answered(sale, OK, NOW)
    assert (await ledger.again(sale)).state is State.SENT
    assert await ledger.entries(sale) == []


# Declined ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["void", "refund"])
async def test_a_decline_frees_its_original_and_moves_nothing(ledger: Ledger, kind: str) -> None:
    sale = await ledger.sold()
    undoing = await ledger.undoing(kind, sale, 2)
    assert await ledger.outcomes.answered(undoing, Answer("51"), NOW, original=sale)
    assert (await ledger.again(undoing)).state is State.DECLINED
    original = await ledger.again(sale)
    assert (original.state, original.undone, original.undoing) == ("approved", 0, 0)
    assert await ledger.entries(undoing) == []
    assert await ledger.pending() == 9_950


async def test_what_never_left_is_declined_with_its_reason(ledger: Ledger) -> None:
    sale = await ledger.sold()
    void = await ledger.undoing("void", sale, 2)
    assert await ledger.outcomes.not_sent(void, "91", NOW, "link_refused")
    stored = await ledger.again(void)
    assert (stored.state, stored.sent, stored.why) == ("declined", "not_sent", "link_refused")
    assert (stored.response_code, stored.holds) == ("91", 0)
    assert (await ledger.again(sale)).undone == 0


async def test_an_issuer_that_does_not_know_what_it_has_approved_is_told_of_once(
    ledger: Ledger,
) -> None:
    sale, never = await ledger.sold(), await ledger.opened("sale", 9)
    for trace, original in ((2, sale), (3, sale), (4, never)):
        void = await ledger.opened("void", trace, original_id=original.id)
        assert await ledger.outcomes.answered(void, Answer("25"), NOW, original=original)
    assert await ledger.incidents() == ["original_forgotten", "original_forgotten"]
    assert approved_there(sale)
    assert not approved_there(never)
    assert approved_there(never._replace(late_code="10")), "it has said so, if too late"


# Open ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "state", "owed"),
    [
        ("sale", "unknown", [("reversal", "4354", True)]),
        ("void", "unknown", [("reversal", "4354", True)]),
        ("refund", "unknown", [("advice", "4354", True)]),
        ("balance", "declined", []),
    ],
)
async def test_what_proves_nothing_leaves_it_open_and_something_owed(
    ledger: Ledger, kind: str, state: str, owed: list[Any]
) -> None:
    original = {"original_id": (await ledger.sold()).id, "holds": 10_000}
    one = await ledger.opened(kind, 2, **(original if kind in {"void", "refund"} else {}))
    assert await ledger.outcomes.answered(one, Answer("96"), NOW)
    stored = await ledger.again(one)
    assert (stored.state, stored.sent, stored.response_code) == (state, "answered", "96")
    assert stored.holds == one.holds, "nobody else may have it meanwhile"
    assert await ledger.owed() == owed
    assert await ledger.entries(one) == []


async def test_silence_is_kept_with_what_kind_of_silence(ledger: Ledger) -> None:
    sale = await ledger.opened()
    assert await ledger.outcomes.unknown(sale, "98", "4354", NOW, "link_lost")
    stored = await ledger.again(sale)
    assert (stored.state, stored.why, stored.sent) == ("unknown", "link_lost", "possibly_sent")
    assert stored.reversal_reason == "4354"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer("10"), "4004"),
        (Answer("00", differs=(4,)), "4005"),
        (Answer("00", differs=(37,)), "4020"),
    ],
)
async def test_what_contradicts_its_request_is_taken_back(
    ledger: Ledger, answer: Answer, reason: str
) -> None:
    sale = await ledger.opened()
    assert await ledger.outcomes.answered(sale, answer, NOW)
    stored = await ledger.again(sale)
    assert (stored.state, stored.late_code) == ("reversing", answer.response_code)
    assert await ledger.owed() == [("reversal", reason, True)]
    assert await ledger.entries(sale) == []
    assert await ledger.incidents() == []


@pytest.mark.parametrize("answer", [Answer("10"), Answer("00", differs=(49,))])
async def test_what_contradicts_and_can_not_be_reversed_is_told_of(
    ledger: Ledger, answer: Answer
) -> None:
    sale = await ledger.sold()
    refund = await ledger.undoing("refund", sale, 2, 4_000)
    assert await ledger.outcomes.unknown(refund, "98", "4354", NOW)
    assert await ledger.outcomes.answered(refund, answer, NOW, original=sale)
    assert (await ledger.again(refund)).state is State.DISPUTED
    assert await ledger.incidents() == ["disputed"]
    assert await ledger.owed() == [("advice", "4354", False)], "it is not asked again"
    assert (await ledger.again(sale)).undone == 4_000, "it may have been paid"


# Taken back ----------------------------------------------------------------------------------


async def test_a_reversal_mirrors_the_entries_once(ledger: Ledger) -> None:
    sale = await ledger.sold()
    assert await ledger.outcomes.reversing(sale, "4021", NOW)
    assert not await ledger.outcomes.reversing(sale, "4021", NOW), "it is not as it was read"
    assert await ledger.owed() == [("reversal", "4021", True)]
    assert await ledger.pending() == 9_950, "nothing moves before the issuer has said so"
    moving = await ledger.again(sale)
    assert await ledger.outcomes.reversed(moving, "00", NOW)
    assert not await ledger.outcomes.reversed(moving, "00", NOW)
    assert await ledger.pending() == 0
    causes = [cause for cause, *_ in await ledger.entries(sale)]
    assert causes == ["approval"] * 3 + ["reversal"] * 3
    assert await ledger.owed() == [("reversal", "4021", False)]
    assert (await ledger.again(sale)).response_code == "00", "that of the sale, not of its reversal"


async def test_a_void_that_is_taken_back_lets_its_sale_stand_again(ledger: Ledger) -> None:
    sale = await ledger.sold()
    void = await ledger.undoing("void", sale, 2)
    assert await ledger.outcomes.answered(void, OK, NOW, original=sale)
    assert await ledger.outcomes.reversing(await ledger.again(void), "4021", NOW)
    held = await ledger.again(sale)
    assert (held.state, held.undone, held.undoing) == ("voided", 10_000, 10_000)
    assert await ledger.outcomes.reversed(await ledger.again(void), "00", NOW)
    freed = await ledger.again(sale)
    assert (freed.state, freed.undone, freed.undoing) == ("approved", 0, 0)
    assert await ledger.pending() == 9_950


async def test_a_sale_of_which_something_is_on_its_way_is_not_reversed(ledger: Ledger) -> None:
    sale = await ledger.sold()
    await ledger.undoing("refund", sale, 2, 1)
    assert not await ledger.outcomes.reversing(await ledger.again(sale), "4021", NOW)


async def test_an_approval_that_came_since_the_reversal_left_is_reversed_once_more(
    ledger: Ledger,
) -> None:
    sale = await ledger.opened()
    assert await ledger.outcomes.unknown(sale, "98", "4354", NOW)
    assert await ledger.outcomes.reversing(await ledger.again(sale), "4354", NOW)
    when_it_left = await ledger.again(sale)
    await ledger.outcomes.late(when_it_left, OK, "4353", NOW + timedelta(seconds=1))
    assert not await ledger.outcomes.reversed(when_it_left, "00", NOW)
    assert await ledger.outcomes.reversed(await ledger.again(sale), "00", NOW)


async def test_an_issuer_that_denies_what_it_approved_leaves_a_dispute(ledger: Ledger) -> None:
    sale = await ledger.sold()
    await ledger.outcomes.reversing(sale, "4021", NOW)
    moving = await ledger.again(sale)
    assert await ledger.outcomes.disputed(moving, "25", NOW)
    assert not await ledger.outcomes.disputed(moving, "25", NOW)
    assert await ledger.incidents() == ["disputed"]
    assert await ledger.owed() == [("reversal", "4021", True)], "the issuer is asked on"
    assert await ledger.outcomes.reversed(await ledger.again(sale), "00", NOW)
    assert await ledger.pending() == 0


async def test_an_issuer_that_undoes_what_people_concluded_is_told_of(ledger: Ledger) -> None:
    plain, concluded = [
        await put_transaction(ledger.pool, trace, **more)
        for trace, more in ((1, {}), (2, {"why": CONCLUDED}))
    ]
    for one in (plain, concluded, concluded._replace(state=State.REVERSED)):
        await ledger.outcomes.undone_there(one, "00", NOW)
    rows = await ledger.pool.fetch("SELECT kind, transaction_id FROM incidents")
    assert [tuple(row) for row in rows] == [("conclusion_overtaken", concluded.id)]


# By hand and too late --------------------------------------------------------------------------


async def test_people_conclude_that_it_was_done(ledger: Ledger) -> None:
    sale = await ledger.opened()
    await ledger.outcomes.unknown(sale, "98", "4354", NOW)
    assert await ledger.outcomes.concluded(await ledger.again(sale), done=True, at=NOW)
    stored = await ledger.again(sale)
    assert (stored.state, stored.response_code, stored.why) == ("approved", "00", CONCLUDED)
    assert (stored.fee, await ledger.pending()) == (50, 9_950)
    assert await ledger.owed() == [("reversal", "4354", False)]


async def test_people_conclude_that_it_was_not(ledger: Ledger) -> None:
    sale = await ledger.sold()
    refund = await ledger.undoing("refund", sale, 2, 4_000)
    await ledger.outcomes.unknown(refund, "98", "4354", NOW)
    assert await ledger.outcomes.concluded(await ledger.again(refund), done=False, at=NOW)
    stored = await ledger.again(refund)
    assert (stored.state, stored.response_code) == ("declined", "05")
    assert (await ledger.again(sale)).undone == 0
    assert await ledger.pending() == 9_950


async def test_people_conclude_nothing_that_is_certain_or_no_longer_as_it_was(
    ledger: Ledger,
) -> None:
    sale = await ledger.sold()
    assert not await ledger.outcomes.concluded(sale, done=False, at=NOW)
    other = await ledger.opened("sale", 2)
    read = await ledger.again(other)
    assert await ledger.outcomes.answered(other, Answer("51"), NOW)
    assert not await ledger.outcomes.concluded(read, done=True, at=NOW)
    assert await ledger.pending() == 9_950


async def test_a_void_whose_place_was_taken_is_not_concluded_as_done(ledger: Ledger) -> None:
    sale = await ledger.sold()
    void = await ledger.opened("void", 2, original_id=sale.id)  # it holds nothing any more
    await ledger.outcomes.unknown(void, "98", "4354", NOW)
    read = await ledger.again(void)
    assert not await ledger.outcomes.concluded(read, done=True, at=NOW)
    assert await ledger.outcomes.concluded(read, done=False, at=NOW)


async def test_a_late_answer_to_what_moves_nothing_is_no_news(ledger: Ledger) -> None:
    balance = await ledger.opened("balance")
    await ledger.outcomes.unknown(balance, "98", "4354", NOW)
    assert await ledger.outcomes.late(await ledger.again(balance), OK, "4353", NOW) == ""
    assert (await ledger.again(balance)).late_code == ""


async def test_what_nobody_owes_any_more_is_owed_again(ledger: Ledger) -> None:
    sale, refunded = await ledger.opened(), await ledger.sold(2)
    refund = await ledger.undoing("refund", refunded, 3, 4_000)
    for one in (sale, refund):
        await ledger.outcomes.unknown(one, "98", "4354", NOW)
    await ledger.pool.execute("UPDATE outbox SET pending = false, done_at = now()")
    for one in (sale, refund):
        assert await ledger.outcomes.owe_again(await ledger.again(one), "4354", NOW)
        assert await ledger.outcomes.owe_again(await ledger.again(one), "4354", NOW)
    assert [kind for kind, *_ in await ledger.owed()] == ["reversal", "advice"]
    balance = await ledger.opened("balance", 4)
    assert await ledger.outcomes.owe_again(balance, "4354", NOW)
    assert (await ledger.again(balance)).state is State.DECLINED
