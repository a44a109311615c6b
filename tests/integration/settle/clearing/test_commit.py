"""Files are looked at, committed and discarded; each whole, and one at a time."""

import asyncio
from datetime import timedelta

import pytest

from annul.domain.text import Text
from annul.settle.clearing import commit, load
from annul.settle.clearing.rows import BadLine
from tests.support.builders import DAY
from tests.support.clearing import UNKNOWN, Cleared, row_of

NEXT = DAY + timedelta(days=1)


async def counts(cell: Cleared) -> dict[str, int]:
    tables = ("clearing_rows", "clearing_proofs", "breaks", "clearing_carried", "entries")
    return {one: await cell.pool.fetchval(f"SELECT count(*) FROM {one}") for one in tables}


async def test_what_is_shown_before_is_what_comes_and_keeps_nothing(cell: Cleared) -> None:
    sale, other = await cell.put(1), await cell.put(2, **UNKNOWN)
    before = await counts(cell)
    staged = await cell.stage([row_of(sale, amount=9_000), row_of(other, 2)])
    shown = await cell.clearing.preview(staged.id)
    assert await counts(cell) == before
    (broken,) = shown.breaks
    assert (broken["kind"], broken["money"]) == ("amount", -1_000)
    assert broken["differs"]["amount"] == [None, 10_000, 9_000]
    result = await cell.commit(staged.id)
    assert (result.outcomes, result.kinds) == (shown.outcomes, shown.kinds)
    assert (result.proofs, result.carried) == (shown.proofs, shown.carried) == (1, 0)


async def test_a_preview_leaves_nothing_that_a_commit_runs_into(cell: Cleared) -> None:
    """Dead rows of the same keys are looked at for each row that is written."""
    sale = await cell.put(1)
    staged = await cell.stage([row_of(sale)])
    size = "SELECT pg_total_relation_size('clearing_rows')"
    before = await cell.pool.fetchval(size)
    await cell.clearing.preview(staged.id)
    assert await cell.pool.fetchval(size) == before
    assert not await cell.pool.fetchval("SELECT to_regclass('clearing_rows_previewed')::text")


async def test_previews_and_a_commit_wait_for_each_other(cell: Cleared) -> None:
    sales = [await cell.put(trace) for trace in (1, 2, 3)]
    staged = [await cell.stage([row_of(one)], name=f"{one.trace}.txt") for one in sales]
    async with asyncio.timeout(30):
        shown, _, committed = await asyncio.gather(
            cell.clearing.preview(staged[0].id),
            cell.clearing.preview(staged[1].id),
            cell.commit(staged[2].id),
        )
    assert [one.outcomes for one in (shown, committed)] == [shown.outcomes] * 2


async def test_the_same_file_twice_changes_nothing(cell: Cleared) -> None:
    sale = await cell.put(1)
    await cell.tell([row_of(sale)], digest=b"1")
    with pytest.raises(load.AlreadyThere):
        await cell.stage([row_of(sale)], digest=b"1", name="other")
    assert await cell.breaks() == []
    assert await cell.pool.fetchval("SELECT count(*) FROM clearing_staged") == 1, "the first one's"
    assert await cell.pool.fetchval("SELECT count(*) FROM clearing_files") == 1


async def test_another_file_of_the_same_name_is_asked_about(cell: Cleared) -> None:
    sale = await cell.put(1)
    await cell.tell([row_of(sale)], name="a.txt")
    with pytest.raises(load.NameTaken):
        await cell.stage([row_of(sale)], name="a.txt")
    await cell.stage([row_of(sale)], name="a.txt", again=True)


async def test_bad_lines_are_kept_and_stop_no_other(cell: Cleared) -> None:
    sale = await cell.put(1)
    bad = BadLine(2, Text("金额不是数字", "the amount is no number"), "line two")
    staged = await cell.stage([row_of(sale)], bad=[bad])
    assert (staged.rows, staged.bad) == (1, 1)
    row = await cell.pool.fetchrow("SELECT line, en FROM clearing_bad_lines")
    assert tuple(row or ()) == (2, "the amount is no number")
    with pytest.raises(load.NothingIn, match="no number"):
        await cell.stage([], bad=[bad])
    assert await cell.pool.fetchval("SELECT count(*) FROM clearing_staged") == 1


async def test_only_what_is_staged_is_committed_and_only_what_counts_discarded(
    cell: Cleared,
) -> None:
    sale = await cell.put(1)
    staged = await cell.stage([row_of(sale)])
    with pytest.raises(commit.NotCommitted):
        await cell.discard(staged.id)
    result = await cell.commit(staged.id)
    with pytest.raises(commit.NotStaged):
        await cell.commit(staged.id)
    assert not await cell.loader.drop(staged.id, "li", "")
    await cell.discard(result.file)
    with pytest.raises(commit.NotCommitted):
        await cell.discard(result.file)
    await cell.tell([row_of(sale)])


async def test_files_are_discarded_from_the_last_one_back(cell: Cleared) -> None:
    first = await cell.tell([row_of(await cell.put(1))])
    last = await cell.tell([row_of(await cell.put(2, business_date=NEXT))], day=NEXT)
    with pytest.raises(commit.LaterCommitted):
        await cell.discard(first.file)
    await cell.discard(last.file)
    await cell.discard(first.file)


async def test_rows_that_a_crash_has_taken_do_not_count(cell: Cleared) -> None:
    staged = await cell.stage([row_of(await cell.put(1))])
    await cell.pool.execute("DELETE FROM clearing_staged")
    with pytest.raises(commit.RowsGone):
        await cell.commit(staged.id)
    assert await cell.loader.drop(staged.id, "li", "gone")


async def test_two_files_of_one_row_that_are_committed_at_once_count_it_once(
    cell: Cleared,
) -> None:
    sale = await cell.put(1)
    files = [(await cell.stage([row_of(sale)])).id for _ in range(2)]
    await asyncio.gather(*(cell.commit(file) for file in files))
    assert [one[0] for one in await cell.breaks()] == ["twice"]
    matched = "SELECT count(*) FROM clearing_rows WHERE transaction_id IS NOT NULL"
    assert await cell.pool.fetchval(matched) == 1


async def test_what_processes_left_is_tidied(cell: Cleared) -> None:
    staged = await cell.stage([row_of(await cell.put(1))])
    await cell.pool.execute("UPDATE clearing_files SET state = 'loading' WHERE id = $1", staged.id)
    assert await cell.loader.tidy(cell.clock.now()) == 0, "it may still be read"
    assert await cell.loader.tidy(cell.clock.now() + timedelta(hours=7)) == 1
    assert not await cell.pool.fetchval("SELECT count(*) FROM clearing_staged")
