"""What proofs ask at once is one statement, and each is given what is its own."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from annul.domain.records import Transaction
from annul.domain.states import State
from annul.settle.clearing.keeping import Keeping
from tests.support.clearing import UNKNOWN, Cleared, row_of
from tests.support.rows import put
from tests.support.situations import case as a_case


async def test_each_is_given_its_own_transaction(cell: Cleared) -> None:
    put_in = [await cell.put(trace) for trace in range(1, 6)]
    keeping = Keeping(cell.pool)
    asked = [keeping.transaction(one.merchant_id, one.id) for one in reversed(put_in)]
    nobody = keeping.transaction(put_in[0].merchant_id, uuid4())
    *found, missing = await asyncio.gather(*asked, nobody, return_exceptions=True)
    assert [one.id for one in found if isinstance(one, Transaction)] == [
        one.id for one in reversed(put_in)
    ]
    assert isinstance(missing, LookupError)


@pytest.mark.parametrize("by", ["itself", "its original", "what refers to it"])
async def test_the_case_is_found_from_each_end_an_open_one_first(cell: Cleared, by: str) -> None:
    sale, none = await cell.put(1), await cell.put(2)
    of_it = UNKNOWN | {"kind": "void", "original_id": sale.id}
    void = await cell.put(3, **of_it)
    other = await cell.put(4, **(of_it | {"state": State.DECLINED}))
    ended = {"ended": "refused", "ended_at": sale.received_at}
    for one, more in ((void, {}), (other, ended)):
        case = a_case(id=one.id, number=one.rrn, original_id=sale.id, **more)
        await put(cell.pool, "cases", case._asdict())
    asked = {"itself": void, "its original": sale, "what refers to it": other}[by]
    keeping = Keeping(cell.pool)
    found, nothing = await asyncio.gather(keeping.case_of(asked), keeping.case_of(none))
    assert found is not None
    assert (found.id, nothing) == (void.id, None)


async def test_what_came_of_each_is_kept_once(cell: Cleared) -> None:
    sales = [await cell.put(trace, **UNKNOWN) for trace in (1, 2, 3)]
    await cell.commit((await cell.stage([row_of(one, n) for n, one in enumerate(sales)])).id)
    query = "SELECT merchant_id, id, came, carried_at FROM clearing_proofs ORDER BY line"
    keeping, now = Keeping(cell.pool), cell.clock.now()
    proofs = [(row["merchant_id"], row["id"]) for row in await cell.pool.fetch(query)]
    came = [
        (*proof, name, now + timedelta(seconds=n))
        for n, (proof, name) in enumerate(zip(proofs, ("moved", "overtaken", "moved"), strict=True))
    ]
    await asyncio.gather(*(keeping.carried(*one) for one in came))
    await keeping.carried(*proofs[0], "overtaken", now + timedelta(days=1))
    assert [tuple(row) for row in await cell.pool.fetch(query)] == came
