"""Claims are written down: what can be claimed, and each once."""

import asyncpg
import pytest

from annul.domain.states import State
from annul.settle.chargebacks.errors import (
    AlreadyClaimed,
    NotClaimable,
)
from tests.support.charged import (
    claimed,
)
from tests.support.rows import put_transaction


async def test_what_has_no_outcome_or_took_nothing_is_not_claimed(pool: asyncpg.Pool) -> None:
    unknown = await put_transaction(pool, 1, state=State.UNKNOWN)
    void = await put_transaction(pool, 2, kind="void")
    sale = await put_transaction(pool, 3)
    for one, amount in ((unknown, 0), (void, 0), (sale, 10_001)):
        with pytest.raises(NotClaimable):
            await claimed(pool, one, amount)


async def test_one_claim_is_live_and_a_number_is_entered_once(pool: asyncpg.Pool) -> None:
    sale, other = await put_transaction(pool, 1), await put_transaction(pool, 2)
    one = await claimed(pool, sale)
    assert one is not None
    assert await claimed(pool, sale) is None
    for which, number in ((sale, "CB2"), (other, "CB1")):
        with pytest.raises(AlreadyClaimed):
            await claimed(pool, which, 0, number)
