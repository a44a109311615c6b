"""An order becomes money in one place, which asks its row and not who calls."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from annul.domain.orders import Act, OrderState
from annul.domain.records import Transaction
from annul.domain.states import State
from annul.host import orders
from annul.host.orders import ApprovalNeeded
from tests.support.hosts import Inside, Till

_SOLD = 10_000


async def _written(inside: Inside, original: Transaction, **changes: Any) -> UUID:
    identity: UUID = uuid7()
    asked: dict[str, Any] = {
        "merchant": inside.merchant_id,
        "id": identity,
        "act": Act.REFUND,
        "original": original.id,
        "amount": _SOLD,
        "reason": "",
        "who": "olga",
        "now": inside.host.clock.now(),
    }
    await inside.pool.execute(*orders.SQL["write"](**(asked | changes)))
    return identity


async def _set(inside: Inside, order: UUID, **columns: Any) -> None:
    for column, value in columns.items():
        set_it = f"UPDATE orders SET {column} = $2 WHERE id = $1"
        await inside.pool.execute(set_it, order, value)


async def _state(inside: Inside, order: UUID) -> str:
    return str(await inside.pool.fetchval("SELECT state FROM orders WHERE id = $1", order))


@pytest.fixture
async def sold(inside: Inside, till: Till) -> Transaction:
    sold = await inside.sold(till)
    await inside.set_merchant(second_person_from=_SOLD)
    return sold


@pytest.mark.parametrize("act", [Act.VOID, Act.REFUND])
async def test_from_the_limit_on_nothing_goes_out_that_nobody_has_approved(
    inside: Inside, sold: Transaction, act: Act
) -> None:
    order = await _written(inside, sold, act=act)
    with pytest.raises(ApprovalNeeded):
        await orders.carry_out(inside.host, inside.merchant_id, order)
    assert (await inside.again(sold)).undone == 0
    assert len(inside.rogue.seen) == 1, "the sale alone"
    await _set(inside, order, decided_by="otto", state="approved")
    await orders.carry_out(inside.host, inside.merchant_id, order)
    assert (await inside.again(order)).state is State.APPROVED
    assert await _state(inside, order) == "carried_out"


async def test_nobody_approves_what_is_their_own(inside: Inside, sold: Transaction) -> None:
    order = await _written(inside, sold)
    with pytest.raises(asyncpg.CheckViolationError):
        await _set(inside, order, decided_by="olga")
    with pytest.raises(asyncpg.CheckViolationError):
        await _set(inside, order, state="approved")


@pytest.mark.parametrize("state", sorted(set(OrderState) - {"asked", "approved"}))
async def test_what_has_ended_is_not_carried_out(
    inside: Inside, sold: Transaction, state: str
) -> None:
    order = await _written(inside, sold)
    await _set(inside, order, decided_by="otto", state=state)
    await orders.carry_out(inside.host, inside.merchant_id, order)
    assert (await inside.again(sold)).undone == 0
    assert await _state(inside, order) == state


async def test_of_many_who_carry_it_out_at_once_one_does(inside: Inside, sold: Transaction) -> None:
    order = await _written(inside, sold)
    await _set(inside, order, decided_by="otto", state="approved")
    await asyncio.gather(
        *(orders.carry_out(inside.host, inside.merchant_id, order) for _ in range(5))
    )
    assert len(inside.rogue.of("refund")) == 1
    assert await _state(inside, order) == "carried_out"
    assert inside.rogue.net == 0


async def test_one_that_is_refused_does_not_keep_others_waiting(
    inside: Inside, sold: Transaction
) -> None:
    too_much = await _written(inside, sold, amount=_SOLD + 1)
    right = await _written(inside, sold)
    for order in (too_much, right):
        await _set(inside, order, decided_by="otto", state="approved")
        await _set(inside, order, decided_at=inside.host.clock.now())
    await orders.finish(inside.host, inside.host.clock.now())
    assert await _state(inside, right) == "approved", "who has approved it may be at it"
    await orders.finish(inside.host, inside.host.clock.now() + timedelta(seconds=11))
    assert [await _state(inside, one) for one in (too_much, right)] == ["refused", "carried_out"]
