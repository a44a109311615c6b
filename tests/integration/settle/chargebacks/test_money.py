"""The money of a chargeback: as much as stands, once, whoever else is at it."""

import asyncio

import asyncpg
import pytest

from annul.domain.chargebacks import Act, MoneyState
from annul.domain.records import Transaction
from annul.domain.states import State
from annul.settle.chargebacks.errors import (
    NotNext,
    OriginalMoving,
)
from annul.store.journal import Journal, Opening
from tests.support.builders import sent
from tests.support.charged import (
    RULES,
    available,
    claimed,
    done,
    set_aside,
    sums,
)
from tests.support.rows import put_transaction


async def test_the_merchant_owes_what_it_does_not_have(pool: asyncpg.Pool) -> None:
    await pool.execute("UPDATE merchant_balances SET available = 100")
    one = await claimed(pool, await put_transaction(pool, 1))
    assert one is not None
    await done(pool, one.id, Act.CHARGE_BACK)
    assert await available(pool) == 100 - 10_500


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({"state": State.VOIDED, "undone": 10_000}, 0),
        ({"state": State.REVERSED}, 0),
        ({"state": State.PARTLY_REFUNDED, "undone": 3_000}, 7_000),
    ],
)
async def test_what_went_back_before_is_not_taken_again(
    pool: asyncpg.Pool, changes: dict[str, object], holds: int
) -> None:
    sale = await put_transaction(pool, 1, **changes)
    one = await claimed(pool, sale)
    assert one is not None
    held = await done(pool, one.id, Act.CHARGE_BACK)
    assert (held.held, held.fee) == (holds, 500 if holds else 0)
    assert await sums(pool) == (
        {"chargeback": holds + 500, "merchant_available": -holds - 500} if holds else {}
    )
    ended = await done(pool, one.id, Act.ACCEPT)
    assert ended.money is (MoneyState.PAID if holds else MoneyState.NONE)


async def test_nothing_is_taken_while_a_void_is_on_its_way(pool: asyncpg.Pool) -> None:
    sale = await put_transaction(pool, 1, undone=10_000, undoing=10_000)
    one = await claimed(pool, sale)
    assert one is not None
    with pytest.raises(OriginalMoving):
        await done(pool, one.id, Act.CHARGE_BACK)
    assert await sums(pool) == {}


async def test_of_two_at_once_one_moves_it(pool: asyncpg.Pool) -> None:
    sale = await put_transaction(pool, 1)
    one = await claimed(pool, sale)
    assert one is not None
    first = await asyncio.gather(
        *(done(pool, one.id, Act.CHARGE_BACK) for _ in range(4)), return_exceptions=True
    )
    assert [type(came) for came in first].count(NotNext) == 3
    assert await sums(pool) == {"chargeback": 10_500, "merchant_available": -10_500}
    last = await asyncio.gather(
        *(done(pool, one.id, what) for what in (Act.ACCEPT, Act.WITHDRAW) * 2),
        return_exceptions=True,
    )
    assert [type(came) for came in last].count(NotNext) == 3
    left = await sums(pool)
    assert "chargeback" not in left
    assert await set_aside(pool, sale) == (10_000 if left else 0)


async def test_without_a_fee_only_the_claim_moves(pool: asyncpg.Pool) -> None:
    one = await claimed(pool, await put_transaction(pool, 1))
    assert one is not None
    rules = RULES.model_copy(update={"fee": 0})
    await done(pool, one.id, Act.CHARGE_BACK, Act.ACCEPT, rules=rules)
    assert await sums(pool) == {"issuer_receivable": 10_000, "merchant_available": -10_000}


async def test_a_void_and_a_chargeback_of_one_sale_never_both_hold_it(pool: asyncpg.Pool) -> None:
    """Whichever is first has it; the other one is refused by the database."""
    came = set[str]()
    for trace in range(1, 9):
        sale = await put_transaction(pool, trace)
        one = await claimed(pool, sale, 0, f"CB{trace}")
        assert one is not None
        void = _void(sale, 100 + trace)
        journal = Journal(pool)
        held, opened = await asyncio.gather(
            done(pool, one.id, Act.CHARGE_BACK),
            journal.open(Opening(void, 0)),
            return_exceptions=True,
        )
        await journal.close()
        [(undone, charged)] = await pool.fetch(
            "SELECT undone, charged_back FROM transactions WHERE id = $1", sale.id
        )
        assert undone + charged == 10_000, (held, opened)
        assert (opened is True) is (undone == 10_000)
        assert isinstance(held, OriginalMoving) is (undone == 10_000)
        came.add("void" if undone else "chargeback")
    assert came <= {"void", "chargeback"}


async def test_a_refund_takes_no_more_than_a_chargeback_leaves(pool: asyncpg.Pool) -> None:
    sale = await put_transaction(pool, 1)
    one = await claimed(pool, sale, 4_000)
    assert one is not None
    await done(pool, one.id, Act.CHARGE_BACK)
    journal = Journal(pool)
    for trace, amount, opens in ((2, 6_001, False), (3, 6_000, True)):
        refund = _void(sale, trace)._replace(kind="refund", amount=amount, holds=amount)
        assert await journal.open(Opening(refund, 0, whole=False)) is opens
    await journal.close()
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute("UPDATE transactions SET charged_back = 4001 WHERE id = $1", sale.id)


def _void(sale: Transaction, trace: int) -> Transaction:
    return sent(trace, kind="void", original_id=sale.id, holds=sale.amount)
