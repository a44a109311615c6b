"""A sale that its issuer has charged back: no void, refund or reversal pays it a second time."""

from typing import Any

import pytest
from uuid_utils.compat import uuid7

from annul.domain.chargebacks import Act as Step
from annul.domain.chargebacks import Reason
from annul.domain.orders import Act
from annul.domain.states import State
from annul.host.ordered import Order, OrderRefused
from annul.settle.chargebacks import acting, book
from annul.settle.chargebacks.book import Claim, Doing
from annul.settle.chargebacks.rules import ChargebackRules
from tests.support.hosts import Inside, Till
from tests.support.orders import ordered_at_desk


async def _charged_back(inside: Inside, sold: Any, amount: int, *more: Step) -> None:
    now = inside.host.clock.now()
    claim = Claim(sold.merchant_id, uuid7(), "CB1", sold.id, Reason.FRAUD, amount, now)
    doing = Doing("li", "from the network", now)
    calendar = inside.host.calendar
    async with inside.pool.acquire() as connection, connection.transaction():
        one = await book.open_(connection, claim, doing)
        assert one is not None
        for step in (Step.CHARGE_BACK, *more):
            one = await acting.act(connection, calendar, ChargebackRules(), one, step, doing)


async def test_a_terminals_void_is_refused_with_the_reason(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    await _charged_back(inside, sold, 10_000)
    answer = await till.ask("void", till.undoing("void", sold))
    assert answer.code == "22"
    void = await inside.pool.fetchrow(
        "SELECT state, sent, why FROM transactions WHERE original_id = $1", sold.id
    )
    assert void is not None
    assert tuple(void) == ("declined", "not_sent", "charged_back")
    assert (await inside.again(sold)).state is State.APPROVED
    assert inside.rogue.net == 10_000, "the issuer was asked for nothing"


async def test_an_order_is_refused_likewise_and_the_rest_can_be_refunded(
    inside: Inside, till: Till
) -> None:
    sold = await inside.sold(till)
    await _charged_back(inside, sold, 4_000)
    again = await inside.again(sold)
    for act, amount in ((Act.VOID, None), (Act.REFUND, 6_001)):
        with pytest.raises(OrderRefused) as refused:
            await ordered_at_desk(
                inside, act, Order(inside.merchant_id, again, uuid7(), act, amount)
            )
        assert refused.value.ruling.name == "charged_back"
    order = Order(inside.merchant_id, again, uuid7(), Act.REFUND, None)
    await ordered_at_desk(inside, Act.REFUND, order)
    assert (await inside.again(order.identity)).amount == 6_000


async def test_what_is_won_can_be_voided_again(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    await _charged_back(inside, sold, 10_000, Step.WITHDRAW)
    assert (await till.ask("void", till.undoing("void", sold))).code == "00"
    assert (await inside.again(sold)).state is State.VOIDED


async def test_a_late_reversal_of_it_takes_nothing(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    await _charged_back(inside, sold, 10_000)
    assert not await inside.host.outcomes.reversing(
        await inside.again(sold), "00", inside.host.clock.now()
    )
    assert (await inside.again(sold)).state is State.APPROVED
