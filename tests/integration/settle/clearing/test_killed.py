"""Reading, looking, committing, proving and discarding, killed by SIGKILL in the middle of each.

A process is held up at a statement by a lock, and killed there. The statement that it has sent is
then run by the server all the same, or undone: whoever comes next brings all to the same end.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest

from annul.domain.states import State
from annul.settle.clearing.layouts import LAYOUTS
from annul.settle.clearing.write import line
from tests.support.clearer import STEPS, Clearer
from tests.support.clearing import UNKNOWN, Cleared, row_of, undone
from tests.support.rows import put
from tests.support.situations import case as a_case

_LATER: Final = timedelta(hours=7)  # what a process has left half read is tidied by then

# What is in the way of each step: a lock that somebody else has.
_HELD_UP: Final = {
    "before a row is staged": ("load", "LOCK TABLE clearing_staged IN SHARE MODE"),
    "with rows staged": ("load", "LOCK TABLE clearing_bad_lines IN SHARE MODE"),
    "looking, with rows matched": ("preview", "LOCK TABLE breaks IN SHARE MODE"),
    "keeping rows": ("commit", "LOCK TABLE clearing_rows IN SHARE MODE"),
    "opening breaks": ("commit", "LOCK TABLE breaks IN SHARE MODE"),
    "accepting a difference": ("commit", "LOCK TABLE clearing_differences IN SHARE MODE"),
    "keeping what is proved": ("commit", "LOCK TABLE clearing_proofs IN SHARE MODE"),
    "moving a transaction": ("prove", "SELECT FROM transactions FOR UPDATE"),
    "telling the case": ("prove", "LOCK TABLE case_events IN SHARE MODE"),
    "ending a proof": ("prove", "SELECT FROM clearing_proofs FOR UPDATE"),
    "taking rows back": ("again", "LOCK TABLE clearing_rows IN SHARE MODE"),
    "comparing with before": ("again", "LOCK TABLE clearing_before IN SHARE MODE"),
    "opening breaks anew": ("again", "LOCK TABLE breaks IN SHARE MODE"),
    "accepting another difference": ("again", "LOCK TABLE clearing_differences IN SHARE MODE"),
    "keeping what is proved anew": ("again", "LOCK TABLE clearing_proofs IN SHARE MODE"),
    "moving back what is proved no longer": ("prove again", "SELECT FROM transactions FOR UPDATE"),
    "withdrawing breaks": ("discard", "LOCK TABLE breaks IN SHARE MODE"),
    "taking a difference back": ("discard", "LOCK TABLE clearing_differences IN SHARE MODE"),
    "removing rows": ("discard", "LOCK TABLE clearing_rows IN SHARE MODE"),
    "moving back": ("undo", "SELECT FROM transactions FOR UPDATE"),
    "telling the case again": ("undo", "LOCK TABLE case_events IN SHARE MODE"),
    "ending what is undone": ("undo", "SELECT FROM clearing_proofs FOR UPDATE"),
}  # fmt: skip
_NEVER: Final = ("", "")
# What comes of the file, undisturbed or not.
_TOLD: Final[dict[str, Any]] = {
    "transactions": [
        ("000001", "approved", 0, 0, 0, "00"),
        ("000002", "approved", 0, 0, 0, "00"),
        ("000003", "approved", 0, 0, 0, "00"),
        ("000004", "approved", 0, 0, 0, "00"),
        ("000005", "declined", 0, 0, 0, "05"),
        ("000006", "voided", 10_000, 0, 0, "00"),
        ("000007", "approved", 0, 0, 10_000, "00"),
        ("000008", "disputed", 0, 0, 0, "05"),
        ("000009", "disputed", 0, 0, 0, "00"),
    ],
    "accounts": [
        ("fee_income", 185),
        ("issuer_receivable", -46_000),
        ("merchant_pending", 36_815),
        ("scheme_cost", -105),
        ("scheme_payable", 105),
        ("suspense", 9_000),
    ],
    "balances": [("898000058120000", -2_985, 0, 0)],
    "cases": [("300000000007", "")],
    "rows": [
        (1, "matched", "000001"),
        (2, "amount", "000002"),
        (3, "done", "000004"),
        (4, "not_done", "000005"),
        (5, "not_done", "000005"),
        (6, "tolerated", "000006"),
        (7, "done", "000007"),
        (8, "denied", "000008"),
        (9, "denied", "000009"),
    ],
    "breaks": [
        ("amount", 2, -1_000, "other_amount", "open"),
        ("missing_there", None, -10_000, "approved_not_booked", "open"),
        ("state", 8, 10_000, "declined_and_booked", "open"),
        ("state", 9, 10_000, "reversal_not_booked", "open"),
    ],
    "proofs": [
        (3, "done", "moved"),
        (5, "not_done", "moved"),
        (7, "done", "moved"),
        (8, "denied", "moved"),
        (9, "denied", "moved"),
    ],
    "told": [("proved_by_clearing",)],
    "accepted": [(6, "fee", -3, "scheme_cost")],
    "entries": [("approval", 18), ("break", 4), ("tolerance", 1)],
    "files": [(9, 1)],
}

# What comes of it once what came in the last day before the cut-over is awaited, and the amount
# that differs is accepted in place of the fee.
_TOLD_ANEW: Final[dict[str, Any]] = _TOLD | {
    "transactions": [*_TOLD["transactions"][:-1], ("000009", "reversed", 0, 0, 0, "00")],
    "accounts": [
        ("clearing_difference", -1_000),
        *[one for one in _TOLD["accounts"] if not one[0].startswith("scheme")][:-1],
        ("scheme_cost", -102),
        ("scheme_payable", 102),
        ("suspense", 10_000),
    ],
    "rows": [
        _TOLD["rows"][0],
        (2, "tolerated", "000002"),
        *_TOLD["rows"][2:5],
        (6, "fee_differs", "000006"),
        *_TOLD["rows"][6:-1],
        (9, "carried", "000009"),
    ],
    "accepted": [(2, "amount", -1_000, "clearing_difference")],
    "breaks": [
        ("amount", 2, -1_000, "other_amount", "withdrawn"),
        ("fee", 6, 0, "fee_table", "open"),
        ("missing_there", None, -10_000, "approved_not_booked", "withdrawn"),
        ("state", 8, 10_000, "declined_and_booked", "open"),
        ("state", 9, 10_000, "reversal_not_booked", "withdrawn"),
    ],
    "entries": [
        *(("approval", 18), ("break", 4), ("break_end", 3), ("tolerance", 2), ("tolerance_end", 1)),
    ],
}


@pytest.fixture
async def told(cell: Cleared, tmp_path: Path) -> Path:
    """Give a file that agrees, breaks and proves."""
    agreed, other = await cell.put(1), await cell.put(2)
    await cell.put(3)
    sale, gone = await cell.put(4, **UNKNOWN, amount=7_000), await cell.put(5, **UNKNOWN)
    voided = await cell.put(6, undone=10_000, undoing=10_000)
    void = await cell.put(
        7, **UNKNOWN, kind="void", original_id=voided.id, holds=10_000
    )  # fmt: skip
    case = a_case(id=void.id, number=void.rrn, original_id=voided.id)
    await put(cell.pool, "cases", case._asdict())
    declined = await cell.put(8, state=State.DECLINED, response_code="05")
    taken_back = await cell.put(9, state=State.REVERSED)
    ended = "UPDATE transactions SET ended_at = received_at + interval '1 minute' WHERE id = $1"
    await cell.pool.execute(ended, taken_back.id)
    rows = [
        row_of(agreed, fee=25),
        row_of(other, fee=25, amount=9_000),
        row_of(sale),
        row_of(gone),
        undone(gone, 5),
        row_of(voided, fee=28),
        row_of(void),
        row_of(declined),
        row_of(taken_back),
    ]
    lines = [line(LAYOUTS["COM"], row) for row in rows]
    path = tmp_path / "COM"
    path.write_bytes(b"\n".join([*lines, b"no row at all", b""]))
    return path


@pytest.mark.parametrize("is_run", [True, False], ids=["run all the same", "undone"])
@pytest.mark.parametrize("where", [*_HELD_UP, "nowhere"])
async def test_killed_in_the_middle_it_comes_to_the_same(
    cell: Cleared, table_owner: asyncpg.Pool, database: str, told: Path, where: str, *, is_run: bool
) -> None:
    at, lock = _HELD_UP.get(where, _NEVER)
    now = cell.clock.now()
    before = await _stands(table_owner)
    for step, take in STEPS.items():
        if step == at:
            await _killed(
                table_owner, (database, str(told), step, now.isoformat()), lock, is_run=is_run
            )
            now += _LATER
        await take(Clearer(cell.pool, told, now))
        if step == "prove":
            assert await _outcome(table_owner) == _TOLD
        elif step == "prove again":
            assert await _outcome(table_owner) == _TOLD_ANEW
    assert await _stands(table_owner) == before
    assert await _counted(table_owner) == {
        "clearing_staged": 0, "clearing_rows": 0, "clearing_carried": 0, "clearing_bad_lines": 1,
        "clearing_before": 0,
    }  # fmt: skip


async def _started(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.support.clearer", *arguments),
        stderr=asyncio.subprocess.PIPE,
    )


async def _killed(
    owner: asyncpg.Pool, arguments: tuple[str, str, str, str], lock: str, *, is_run: bool
) -> None:
    """Kill a process in the middle of a statement, which is then run to its end, or undone."""
    async with _held(owner, lock) as connection:
        process = await _started(*arguments)
        try:
            pid = await _waits(owner, connection.get_server_pid(), process)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            _, error = await process.communicate()
            assert process.returncode == -signal.SIGKILL, error.decode()
        if not is_run:
            other = await asyncpg.connect(arguments[0])
            await other.execute("SELECT pg_terminate_backend($1)", pid)
            await other.close()
    async with asyncio.timeout(30):
        while await owner.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid):
            await asyncio.sleep(0.02)


@asynccontextmanager
async def _held(owner: asyncpg.Pool, lock: str) -> AsyncIterator[Any]:
    async with owner.acquire() as connection:
        block = connection.transaction()
        await block.start()
        await connection.execute(lock)
        yield connection
        await block.rollback()


async def _waits(owner: asyncpg.Pool, holder: int, process: asyncio.subprocess.Process) -> int:
    """Give the backend that waits for what another one has locked."""
    query = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        " AND $1 = ANY (pg_blocking_pids(pid))"
    )
    async with asyncio.timeout(30):
        while (pid := await owner.fetchval(query, holder)) is None:
            assert process.returncode is None, "it has ended and never waited"
            await asyncio.sleep(0.02)
    return pid


async def _rows(owner: asyncpg.Pool, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await owner.fetch(query)]


async def _stands(owner: asyncpg.Pool) -> dict[str, Any]:
    """Give what must be as it was before: transactions, accounts and balances."""
    return {
        "transactions": await _rows(
            owner,
            "SELECT trace, state, undone, undoing, holds, response_code FROM transactions"
            " ORDER BY trace",
        ),
        "accounts": await _rows(
            owner,
            "SELECT account, sum(amount)::bigint FROM ("
            " SELECT debit AS account, -amount AS amount FROM entries UNION ALL"
            " SELECT credit, amount FROM entries) moved"
            " GROUP BY account HAVING sum(amount) <> 0 ORDER BY account",
        ),
        "balances": await _rows(
            owner,
            "SELECT merchant_id, pending, available, reserved FROM merchant_balances"
            " WHERE (pending, available, reserved) <> (0, 0, 0) ORDER BY 1",
        ),
        "cases": await _rows(owner, "SELECT number, ended FROM cases ORDER BY 1"),
    }


async def _outcome(owner: asyncpg.Pool) -> dict[str, Any]:
    return {
        **await _stands(owner),
        "rows": await _rows(
            owner,
            "SELECT r.line, r.outcome, t.trace FROM clearing_rows r"
            " LEFT JOIN transactions t ON t.id = r.transaction_id ORDER BY 1",
        ),
        "breaks": await _rows(
            owner, "SELECT kind, line, money, cause, state FROM breaks ORDER BY kind, line"
        ),
        "accepted": await _rows(
            owner,
            "SELECT line, kind, money, account FROM clearing_differences WHERE counts ORDER BY 1",
        ),
        "proofs": await _rows(owner, "SELECT line, proves, came FROM clearing_proofs ORDER BY 1"),
        "told": await _rows(owner, "SELECT body::jsonb ->> 'what' FROM case_events ORDER BY line"),
        "entries": await _rows(owner, "SELECT kind, count(*) FROM entries GROUP BY 1 ORDER BY 1"),
        "files": await _rows(
            owner, "SELECT rows, bad FROM clearing_files WHERE state = 'committed'"
        ),
    }


async def _counted(owner: asyncpg.Pool) -> dict[str, int]:
    tables = ("clearing_staged", "clearing_rows", "clearing_carried", "clearing_bad_lines",
              "clearing_before")  # fmt: skip
    return {one: await owner.fetchval(f"SELECT count(*) FROM {one}") for one in tables}
