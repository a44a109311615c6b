"""Chargebacks move on from stage to stage, as the table has it, and their money with them."""

from datetime import timedelta

import asyncpg
import pytest

from annul.domain.chargebacks import Act, MoneyState, Stage
from annul.settle.chargebacks.errors import (
    EvidenceNeeded,
    NotNext,
    OutOfTime,
)
from tests.support.charged import (
    available,
    claimed,
    done,
    letter,
    set_aside,
    sums,
)
from tests.support.clock import NOON
from tests.support.rows import put_transaction


async def test_a_first_chargeback_takes_the_money_and_what_is_won_comes_back(
    pool: asyncpg.Pool,
) -> None:
    sale = await put_transaction(pool, 1)
    one = await claimed(pool, sale)
    assert one is not None
    assert await available(pool) == 50_000
    held = await done(pool, one.id, Act.CHARGE_BACK)
    assert (held.stage, held.money, held.held, held.fee) == (
        Stage.FIRST,
        MoneyState.HELD,
        10_000,
        500,
    )
    assert held.due_at == NOON + timedelta(days=30)
    assert await sums(pool) == {"chargeback": 10_500, "merchant_available": -10_500}
    assert (await available(pool), await set_aside(pool, sale)) == (39_500, 10_000)
    with pytest.raises(EvidenceNeeded):
        await done(pool, one.id, Act.REPRESENT)
    await letter(pool, one.id)
    await done(pool, one.id, Act.REPRESENT, Act.SECOND, Act.ARBITRATE)
    assert await sums(pool) == {"chargeback": 10_500, "merchant_available": -10_500}
    won = await done(pool, one.id, Act.WIN)
    assert (won.stage, won.money) == (Stage.WON, MoneyState.RETURNED)
    assert (await sums(pool), await available(pool), await set_aside(pool, sale)) == ({}, 50_000, 0)
    with pytest.raises(NotNext):
        await done(pool, one.id, Act.LOSE)


async def test_what_is_accepted_goes_to_the_issuer_and_the_sale_stays_charged_back(
    pool: asyncpg.Pool,
) -> None:
    sale = await put_transaction(pool, 1)
    one = await claimed(pool, sale, 4_000)
    assert one is not None
    await done(pool, one.id, Act.REQUEST, Act.CHARGE_BACK, Act.ACCEPT)
    paid = {"issuer_receivable": 4_000, "fee_income": 500, "merchant_available": -4_500}
    assert (await sums(pool), await set_aside(pool, sale)) == (paid, 4_000)
    # What is left of it can still be claimed, and no more than that.
    rest = await claimed(pool, sale, 10_000, "CB2")
    assert rest is not None
    assert (await done(pool, rest.id, Act.CHARGE_BACK)).held == 6_000


async def test_what_is_late_already_is_not_entered_by_mistake(pool: asyncpg.Pool) -> None:
    one = await claimed(pool, await put_transaction(pool, 1), at=NOON - timedelta(days=31))
    assert one is not None
    with pytest.raises(OutOfTime):
        await done(pool, one.id, Act.CHARGE_BACK)
    assert await sums(pool) == {}
