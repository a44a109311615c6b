"""What each end of a break would do is said before, and is what then is done."""

from uuid import UUID

import asyncpg
import pytest

from annul.desk import breaks
from annul.desk.break_ends import End, ends
from annul.desk.break_rows import told_of
from annul.desk.desk import Desk
from annul.desk.permission import NotAllowed
from annul.desk.roles import ROLES, Visitor
from annul.domain.breaks import Resolution
from annul.domain.states import State
from tests.support.clearing import row_of
from tests.support.clearing_days import told
from tests.support.rows import put_transaction

from .people import person

TEA, OTHER = "898000058120000", "898000058120001"
THEIRS, OURS, EXPLAINED = Resolution


async def _of(pool: asyncpg.Pool, transaction: UUID) -> UUID:
    return await pool.fetchval("SELECT id FROM breaks WHERE transaction_id = $1", transaction)


async def _ends(desk: Desk, who: Visitor, one: UUID) -> list[End]:
    return await ends(desk, who, await breaks.find(desk, who, one))


async def _available(pool: asyncpg.Pool) -> int:
    return await pool.fetchval(
        "SELECT coalesce(sum(CASE 'merchant_available' WHEN credit THEN amount WHEN debit"
        " THEN -amount ELSE 0 END), 0)::bigint FROM entries"
    )


async def test_an_account_follows_by_what_was_said(desk: Desk) -> None:
    who = await person(desk, "operator")
    sale = await put_transaction(desk.pool, 1)
    await told(desk, who, row_of(sale, amount=9_000))
    one = await _of(desk.pool, sale.id)
    known = {end.resolution: end for end in await _ends(desk, who, one)}
    said = {how: (end.moves, end.frees, end.proves, end.two) for how, end in known.items()}
    assert said == {
        THEIRS: (-1_000, 0, "", False),
        OURS: (0, -1_000, "", False),
        EXPLAINED: (0, -1_000, "", False),
    }
    before = await _available(desk.pool)
    await breaks.resolve(desk, who, one, THEIRS, "their letter")
    assert await _available(desk.pool) - before == known[THEIRS].moves


async def test_a_transaction_follows_where_people_say_what_became_of_it(desk: Desk) -> None:
    who = await person(desk, "operator")
    large = 200_000
    unknown = {"sent": "possibly_sent", "response_code": "", "auth_code": "", "fee": 0}
    reversing = unknown | {"state": State.REVERSING, "amount": large}
    sale = await put_transaction(desk.pool, 1, **reversing)
    await told(desk, who, row_of(sale))
    one = await _of(desk.pool, sale.id)
    known = {end.resolution: end for end in await _ends(desk, who, one)}
    assert (known[THEIRS].proves, known[THEIRS].moves, known[THEIRS].two) == ("done", 0, True)
    assert (known[EXPLAINED].proves, known[EXPLAINED].frees) == ("", large)
    await breaks.resolve(desk, who, one, THEIRS, "booked there")
    boss = await person(desk, "administrator")
    await breaks.confirm(desk, boss, one, "seen")
    found = await breaks.find(desk, who, one)
    assert [proof["proves"] for proof in found["proofs"] if proof["break_id"]] == ["done"]


async def test_no_account_follows_of_a_merchant_that_nobody_knows(desk: Desk) -> None:
    who = await person(desk, "operator")
    sale = await put_transaction(desk.pool, 1)
    stranger = row_of(sale, 2, merchant_id="999999999999999", rrn="9" * 12, trace="999999")
    await told(desk, who, row_of(sale), stranger)
    one = await desk.pool.fetchval("SELECT id FROM breaks WHERE merchant_id = ''")
    known = {end.resolution: end for end in await _ends(desk, who, one)}
    assert [known[how].possible for how in Resolution] == [False, True, True]


async def test_what_files_told_of_a_transaction_is_for_its_merchant_without_the_file(
    desk: Desk,
) -> None:
    who = await person(desk, "operator")
    sale = await put_transaction(desk.pool, 1)
    file = await told(desk, who, row_of(sale))
    (row,) = await told_of(desk, who, TEA, sale.id)
    assert (row["file_id"], row["line"], row["outcome"]) == (file, 1, "matched")
    shop = Visitor("shop", "merchant", ROLES["merchant"], TEA)
    (row,) = await told_of(desk, shop, TEA, sale.id)
    assert (row["file_id"], row["name"], row["amount"]) == (None, "", sale.amount)
    with pytest.raises(NotAllowed):
        await told_of(desk, Visitor("o", "merchant", ROLES["merchant"], OTHER), TEA, sale.id)
