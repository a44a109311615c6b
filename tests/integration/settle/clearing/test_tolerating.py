"""Differences of money that a rule accepts: matched, borne by an account, and taken back again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from annul.domain.states import State
from annul.resolve.audit import Auditor
from annul.settle.clearing.commit import Result
from annul.settle.clearing.rules import ClearingRules, Tolerance
from tests.support.builders import DAY
from tests.support.clearing import UNKNOWN, Cleared, row_of, tolerates, undone

OTHER = "00000102"  # an issuer that has transactions here, too


def by(*tolerances: Tolerance) -> ClearingRules:
    return ClearingRules(tolerances=tolerances)


async def outcomes(cell: Cleared) -> list[tuple[int, str]]:
    rows = await cell.pool.fetch("SELECT line, outcome FROM clearing_rows ORDER BY line")
    return [tuple(row) for row in rows]


async def accepted(cell: Cleared) -> list[tuple[Any, ...]]:
    rows = await cell.pool.fetch(
        "SELECT line, kind, ours, theirs, money, account FROM clearing_differences"
        " WHERE counts ORDER BY line, kind"
    )
    return [tuple(row) for row in rows]


async def posted(cell: Cleared) -> list[tuple[Any, ...]]:
    rows = await cell.pool.fetch(
        "SELECT kind, debit, credit, amount FROM entries WHERE kind LIKE 'tolerance%'"
        " ORDER BY posted_at, kind, debit, amount"
    )
    return [tuple(row) for row in rows]


async def test_without_a_rule_a_cent_is_a_break(cell: Cleared) -> None:
    one = await cell.put(1)
    result = await cell.tell([row_of(one, amount=one.amount - 1, fee=25)])
    assert await outcomes(cell) == [(1, "amount")]
    assert (result.tolerated, await accepted(cell), await posted(cell)) == ([], [], [])
    assert await cell.account("suspense") == -1


async def test_within_a_rule_it_agrees_and_an_account_bears_it(cell: Cleared) -> None:
    cell.rules = by(tolerates())
    less, more, back, beyond = [await cell.put(trace) for trace in (1, 2, 3, 4)]
    refund = await cell.put(5, kind="refund", original_id=back.id, amount=4_000)
    rows = [
        row_of(less, 1, amount=less.amount - 5),
        row_of(more, 2, amount=more.amount + 3),
        row_of(back, 3),
        row_of(refund, 4, amount=4_002),
        row_of(beyond, 5, amount=beyond.amount - 6),
    ]
    result = await cell.tell(rows)
    told = [(1, "tolerated"), (2, "tolerated"), (3, "matched"), (4, "tolerated"), (5, "amount")]
    assert await outcomes(cell) == told
    account = "clearing_difference"
    assert await accepted(cell) == [
        (1, "amount", 10_000, 9_995, -5, account),
        (2, "amount", 10_000, 10_003, 3, account),
        (4, "amount", 4_000, 4_002, -2, account),
    ]
    assert sorted(await posted(cell)) == [
        ("tolerance", account, "issuer_receivable", 2),
        ("tolerance", account, "issuer_receivable", 5),
        ("tolerance", "issuer_receivable", account, 3),
    ]
    assert result.tolerated == [
        {"kind": "amount", "account": account, "currency": "156", "count": 3, "money": -4,
         "in_question": 10}
    ]  # fmt: skip
    assert [row["kind"] for row in result.kinds] == ["amount"]
    assert (await cell.account(account), await cell.account("suspense")) == (-4, -6)


async def test_what_issuers_owe_is_what_their_files_say(cell: Cleared) -> None:
    cell.rules = by(tolerates())
    ones = [await cell.put(trace) for trace in (1, 2, 3)]
    rows = [row_of(one, line, amount=one.amount - line) for line, one in enumerate(ones, 1)]
    await cell.tell(rows)
    assert await cell.account("issuer_receivable") == -sum(row.amount for row in rows)


async def test_charges_have_a_rule_of_their_own(cell: Cleared) -> None:
    cell.rules = by(tolerates("fee"), tolerates(up_to=2))
    higher, lower, beyond, both, half = [await cell.put(trace) for trace in (1, 2, 3, 4, 5)]
    alone = await cell.put(6)
    rows = [
        row_of(higher, 1, fee=28),
        row_of(lower, 2, fee=24),
        row_of(beyond, 3, fee=31),
        row_of(both, 4, fee=26, amount=both.amount + 1),
        row_of(half, 5, fee=99, amount=half.amount + 2),
        row_of(alone, 6, fee=25),
        row_of(alone, 7, fee=27, effect="fee"),
        row_of(alone, 8, fee=26, effect="fee"),
    ]
    await cell.tell(rows)
    assert [name for _, name in await outcomes(cell)] == [
        "tolerated", "tolerated", "fee_differs", "tolerated", "fee_differs", "matched",
        "tolerated", "fee_differs",
    ]  # fmt: skip
    assert await accepted(cell) == [
        (1, "fee", 25, 28, -3, "scheme_cost"),
        (2, "fee", 25, 24, 1, "scheme_cost"),
        (4, "amount", 10_000, 10_001, 1, "clearing_difference"),
        (4, "fee", 25, 26, -1, "scheme_cost"),
        (5, "amount", 10_000, 10_002, 2, "clearing_difference"),
        (7, "fee", 25, 27, -2, "scheme_cost"),
    ]
    # Six approvals at 25, and what four rows charge besides.
    assert await cell.account("scheme_payable") == 6 * 25 + 3 - 1 + 1 + 2
    assert await cell.account("scheme_cost") == -await cell.account("scheme_payable")


async def test_nothing_but_money_is_accepted(cell: Cleared) -> None:
    cell.rules = by(tolerates(up_to=9_999, per_day=10**6), tolerates("fee", per_day=10**6))
    other, old, twice = await cell.put(1), await cell.put(2), await cell.put(3)
    await cell.pool.execute(
        "UPDATE transactions SET business_date = business_date - 9 WHERE id = $1", old.id
    )
    declined = await cell.put(4, state=State.DECLINED, response_code="05")
    unknown, reversed_ = await cell.put(5, **UNKNOWN), await cell.put(6, state=State.REVERSED)
    gone = await cell.put(7)
    rows = [
        row_of(other, 1, amount=9_999, currency="840"),
        row_of(old, 2, amount=9_999, sent_at=""),
        row_of(twice, 3, fee=25),
        row_of(twice, 4, amount=9_999),
        row_of(declined, 5, amount=9_999),
        row_of(unknown, 6, amount=9_999),
        row_of(reversed_, 7, amount=9_999),
        row_of(gone, 8, amount=9_999),
        undone(gone, 9, amount=9_999),
    ]
    await cell.tell(rows)
    came = [name for _, name in await outcomes(cell)]
    assert came == ["currency", "amount", "matched", "twice", *["amount"] * 5]
    assert (await accepted(cell), await posted(cell)) == ([], [])


async def test_both_bounds_hold_and_an_issuers_own_rule_goes_first(cell: Cleared) -> None:
    cell.rules = by(
        tolerates(up_to=5, per_mille=1),
        tolerates(up_to=1, issuer=OTHER, account="fee_income"),
        tolerates(up_to=900, currency="840"),
    )
    small, large, theirs = await cell.put(1, amount=3_000), await cell.put(2), await cell.put(3)
    at_once = await cell.put(4)
    set_issuer = "UPDATE transactions SET issuer_id = $1 WHERE id = ANY ($2::uuid[])"
    await cell.pool.execute(set_issuer, OTHER, [theirs.id, at_once.id])
    rows = [
        row_of(small, 1, amount=3_004),  # a per mille of it is 3
        row_of(large, 2, amount=10_005),
        row_of(theirs, 3, amount=10_001),
        row_of(at_once, 4, amount=10_002),
    ]
    await cell.tell(rows)
    came = [name for _, name in await outcomes(cell)]
    assert came == ["amount", "tolerated", "tolerated", "amount"]
    assert [one[-1] for one in await accepted(cell)] == ["clearing_difference", "fee_income"]


async def test_a_day_bears_no_more_than_its_rule_says(cell: Cleared) -> None:
    cell.rules = by(tolerates(per_day=10))
    ones = [await cell.put(trace) for trace in range(1, 6)]
    rows = [
        row_of(one, line, amount=one.amount + more)
        for line, (one, more) in enumerate(zip(ones, (5, -4, 3, 2, -2), strict=True), 1)
    ]
    await cell.tell(rows[:3])  # 3 + 4, and 5 is too much
    assert await outcomes(cell) == [(1, "amount"), (2, "tolerated"), (3, "tolerated")]
    second = await cell.tell([row._replace(line=line) for line, row in enumerate(rows[3:], 1)])
    assert [one[4] for one in await accepted(cell)] == [2, -4, 3]
    await cell.discard(second.file)
    assert [one[4] for one in await accepted(cell)] == [-4, 3]
    next_day = DAY + timedelta(days=1)
    late = await cell.put(9, business_date=next_day)
    await cell.tell([row_of(late, amount=late.amount + 5)], day=next_day)
    assert [one[4] for one in await accepted(cell)] == [5, -4, 3]


@asynccontextmanager
async def _held(owner: asyncpg.Pool, lock: str) -> AsyncIterator[int]:
    async with owner.acquire() as connection:
        block = connection.transaction()
        await block.start()
        await connection.execute(lock)
        yield connection.get_server_pid()
        await block.rollback()


async def test_two_that_commit_at_once_share_one_day(
    cell: Cleared, table_owner: asyncpg.Pool
) -> None:
    cell.rules = by(tolerates(per_day=7))
    ones = [await cell.put(trace) for trace in range(1, 5)]
    staged = [
        await cell.stage([row_of(one, 1, amount=one.amount + 5)], name=f"file {n}")
        for n, one in enumerate(ones)
    ]
    # All of them wait at once: the first one for a lock, the rest for the first one.
    async with _held(table_owner, "LOCK TABLE clearing_differences IN SHARE MODE"):
        tasks = [asyncio.create_task(cell.commit(one.id)) for one in staged]
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND cardinality(pg_blocking_pids(pid)) > 0"
        )
        async with asyncio.timeout(30):
            while await table_owner.fetchval(waiting) < len(staged):
                await asyncio.sleep(0.02)
    results: list[Result] = await asyncio.gather(*tasks)
    assert sum(len(one.tolerated) for one in results) == 1
    assert [one[4] for one in await accepted(cell)] == [5]
    assert await cell.account("clearing_difference") == 5


async def test_a_discard_takes_it_back_and_a_second_reading_bears_it_again(cell: Cleared) -> None:
    cell.rules = by(tolerates(), tolerates("fee"))
    one = await cell.put(1)
    rows = [row_of(one, amount=one.amount - 2, fee=26)]
    before = {name: await cell.account(name) for name in ("issuer_receivable", "scheme_payable")}
    first = await cell.tell(rows)
    await cell.discard(first.file)
    after = {name: await cell.account(name) for name in before}
    assert (after, await accepted(cell)) == (before, [])
    assert await cell.account("clearing_difference") == 0
    again = await cell.tell(rows)
    assert again.file != first.file
    assert await cell.account("clearing_difference") == -2
    assert [row[0] for row in await posted(cell)].count("tolerance_end") == 2


async def test_a_preview_shows_it_and_keeps_nothing(cell: Cleared) -> None:
    cell.rules = by(tolerates())
    one = await cell.put(1)
    file = (await cell.stage([row_of(one, amount=one.amount + 1)])).id
    seen = await cell.clearing.preview(file)
    assert await posted(cell) == []
    assert await cell.pool.fetchval("SELECT count(*) FROM clearing_differences") == 0
    done = await cell.commit(file)
    assert (seen.tolerated, seen.outcomes) == (done.tolerated, done.outcomes)


async def test_what_sums_to_the_same_is_netted_before_anything_is_accepted(cell: Cleared) -> None:
    cell.rules = by(tolerates(up_to=500))
    sale = await cell.put(1)
    await cell.put(2, kind="refund", original_id=sale.id, amount=300)
    await cell.tell([row_of(sale, amount=9_700)])
    assert (await outcomes(cell), await accepted(cell)) == ([(1, "netted")], [])


async def test_what_was_missing_comes_within_tolerance_and_ends_its_break(cell: Cleared) -> None:
    cell.rules = by(tolerates())
    one = await cell.put(1)
    await cell.tell([row_of(await cell.put(2), fee=25)])
    assert [row[0] for row in await cell.breaks()] == ["missing_there"]
    next_day = DAY + timedelta(days=1)
    later = await cell.tell([row_of(one, amount=one.amount - 1)], day=next_day)
    assert [row[3] for row in await cell.breaks()] == ["agreed"]
    assert await cell.account("suspense") == 0
    await cell.discard(later.file)
    assert [row[3] for row in await cell.breaks()] == ["open"]
    assert await cell.account("clearing_difference") == 0


async def test_other_rules_accept_take_back_and_move(cell: Cleared) -> None:
    one, two = await cell.put(1), await cell.put(2)
    told = await cell.tell(
        [row_of(one, 1, amount=one.amount - 2), row_of(two, 2, amount=two.amount - 6)]
    )
    wider = await cell.again(told.file, tolerances=(tolerates(),))
    assert (wider.withdrawn, wider.opened, wider.stay) == (1, 0, 1)
    [change] = wider.changes
    assert (change["before"], change["after"]) == ("amount", "tolerated")
    assert (change["money_before"], change["money_after"]) == (-2, -2)
    assert (await cell.account("suspense"), await cell.account("clearing_difference")) == (-6, -2)
    entries = await posted(cell)
    assert (await cell.again(told.file, tolerances=(tolerates(),))).changes == []
    assert await posted(cell) == entries
    other = await cell.again(told.file, tolerances=(tolerates(account="fee_income"),))
    [change], [row] = other.changes, other.changed
    assert (change["before"], change["after"]) == ("tolerated", "tolerated")
    assert row["borne_before"] == "amount -2 clearing_difference"
    assert row["borne_after"] == "amount -2 fee_income"
    assert await cell.account("clearing_difference") == 0
    none = await cell.again(told.file)
    assert (none.opened, none.withdrawn, none.result.tolerated) == (1, 0, [])
    assert (await cell.account("suspense"), await accepted(cell)) == (-8, [])
    assert await _moved(cell, told.file) == 0


async def _moved(cell: Cleared, file: UUID) -> int:
    """Give what the differences of a file come to by their entries, at either side."""
    return await cell.pool.fetchval(
        "SELECT coalesce(sum(CASE WHEN e.credit = 'issuer_receivable' THEN -e.amount"
        " ELSE e.amount END), 0)::bigint FROM clearing_differences d"
        " JOIN entries e ON e.subject = d.id WHERE d.file_id = $1",
        file,
    )


async def test_no_transaction_is_accepted_twice_by_the_database(
    cell: Cleared, table_owner: asyncpg.Pool
) -> None:
    cell.rules = by(tolerates())
    one = await cell.put(1)
    await cell.tell([row_of(one, amount=one.amount + 1)])
    copy = (
        "INSERT INTO clearing_differences SELECT merchant_id, gen_random_uuid(), file_id, 2, kind,"
        " transaction_id, issuer_id, currency, ours, theirs, money, settles_on, account, counts,"
        " found_at FROM clearing_differences"
    )
    with pytest.raises(asyncpg.UniqueViolationError, match="clearing_differences_once"):
        await table_owner.execute(copy)


async def test_the_audit_holds_what_is_accepted_against_its_entries(
    cell: Cleared, table_owner: asyncpg.Pool
) -> None:
    cell.rules = by(tolerates(), tolerates("fee"))
    one, two = await cell.put(1), await cell.put(2)
    rows = [row_of(one, amount=one.amount - 2, fee=26), row_of(two, 2, amount=two.amount + 2)]
    told = await cell.tell(rows)
    auditor = Auditor(cell.pool)

    async def differs() -> list[dict[str, Any]]:
        found = (await auditor.everything(cell.clock.now())).differences
        return [dict(each.facts) for each in found if each.kind == "audit_tolerance"]

    assert await differs() == []
    await table_owner.execute("UPDATE clearing_differences SET counts = false WHERE line = 2")
    assert await differs() == [{"accepted": -3, "borne": -1}]
    await table_owner.execute("UPDATE clearing_differences SET counts = true")
    # One that is borne by the wrong account, of which the sum is right.
    borne_by = "UPDATE clearing_differences SET account = $1 WHERE line = 2"
    await table_owner.execute(borne_by, "fee_income")
    assert len(await differs()) == 1
    await table_owner.execute(borne_by, "clearing_difference")
    await cell.discard(told.file)
    assert await differs() == []
