"""Settlement, payouts and the reading of a bank's file, killed by SIGKILL in the middle of each.

A process is held up at a statement by a lock, and killed there. The statement that it has sent is
then run by the server all the same, or undone: whoever comes next brings all to the same end.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg
import pytest

from annul.resolve.audit import Auditor
from annul.security.vault import Vault
from tests.support.paying import DAY, SHOPS, take_account, write_entry
from tests.support.rows import put

_FIRST: Final = datetime(2026, 9, 28, 2, tzinfo=UTC)  # the day is closed and due
_THEN: Final = _FIRST + timedelta(hours=1)  # the bank has answered
_SOLD: Final = 10_000
_SAID: Final = ("booked", "booked", "rejected", "returned")  # of the payout of each shop

# What is in the way of each step: a lock that somebody else has, and at which turn.
_BALANCE: Final = f"SELECT FROM merchant_balances WHERE merchant_id = '{SHOPS[1]}'"
_HELD_UP: Final = {
    "counting": ("LOCK TABLE merchant_days IN SHARE MODE", 1),
    "making available": (f"{_BALANCE} FOR UPDATE", 1),
    "making payouts": ("LOCK TABLE payouts IN SHARE MODE", 1),
    "filing": ("LOCK TABLE payout_files IN SHARE MODE", 1),
    "keeping what the bank says": ("LOCK TABLE bank_rows IN SHARE MODE", 2),
    "letting it have its effect": ("SELECT FROM payouts FOR UPDATE", 2),
    "ending the file": ("SELECT FROM bank_files FOR UPDATE", 3),
}  # fmt: skip


@pytest.fixture
async def sold(table_owner: asyncpg.Pool) -> None:
    for shop in SHOPS:
        row = {"merchant_id": shop, "name_zh": "示例茶馆", "name_en": "Tea", "category": "5812"}
        await put(table_owner, "merchants", row)
        balance = {"merchant_id": shop, "currency": "156", "pending": _SOLD}
        await put(table_owner, "merchant_balances", balance)
        await take_account(table_owner, Vault(bytes(32)), shop)
        account = ("issuer_receivable", "merchant_pending", _SOLD)
        await write_entry(table_owner, shop, uuid4(), "approval", *account)


@pytest.mark.usefixtures("sold")
@pytest.mark.parametrize("is_run", [True, False], ids=["run all the same", "undone"])
@pytest.mark.parametrize("step", _HELD_UP)
async def test_killed_in_the_middle_it_comes_to_the_same(
    table_owner: asyncpg.Pool, database: str, tmp_path: Path, step: str, *, is_run: bool
) -> None:
    lock, turn = _HELD_UP[step]
    for number, now in enumerate((_FIRST, _THEN, _THEN + timedelta(minutes=1)), 1):
        if number == turn:
            await _killed(table_owner, database, tmp_path, now, lock, is_run=is_run)
        await _settled(database, tmp_path, now)
        if number == 1:
            await _answers(table_owner, tmp_path)
        elif step == "ending the file" and number == turn - 1:
            await table_owner.execute("UPDATE bank_files SET applied_at = NULL")
    assert await _outcome(table_owner, tmp_path) == {
        "days": [(DAY, _SOLD, True)] * 4,
        "payouts": [("paid", _SOLD), ("paid", _SOLD), ("rejected", _SOLD), ("returned", _SOLD)],
        "balances": [(0, 0, 0), (0, 0, 0), (0, _SOLD, 0), (0, _SOLD, _SOLD)],
        "entries": {
            "approval": 4, "settlement": 4, "payout": 4, "paid": 2, "payout_return": 2,
        },
        "moves": [("payout_return", _SOLD)] * 2,
        "lines": {("booked", "done"): 2, ("rejected", "done"): 1, ("returned", "done"): 1},
        "files": 1,
    }  # fmt: skip
    report = await Auditor(table_owner).everything(_THEN + timedelta(hours=1))
    assert report.differences == []


async def _settled(database: str, folder: Path, now: datetime) -> None:
    process = await _started(database, folder, now)
    _, error = await process.communicate()
    assert process.returncode == 0, error.decode()


async def _started(database: str, folder: Path, now: datetime) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.support.settler", database, str(folder), now.isoformat()),
        stderr=asyncio.subprocess.PIPE,
    )


async def _killed(
    owner: asyncpg.Pool, database: str, folder: Path, now: datetime, lock: str, *, is_run: bool
) -> None:
    """Kill a process in the middle of a statement, which is then run to its end, or undone."""
    async with _held(owner, lock) as connection:
        process = await _started(database, folder, now)
        try:
            pid = await _waits(owner, connection.get_server_pid(), process)
        finally:
            process.kill()
            await process.communicate()
        if not is_run:
            await _ended(database, pid)
    async with asyncio.timeout(30):
        while await owner.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid):
            await asyncio.sleep(0.02)
    # What it has claimed is free after ten minutes.
    await owner.execute("UPDATE books SET leased_until = $1, paying_until = $1", now)


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


async def _ended(database: str, pid: int) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("SELECT pg_terminate_backend($1)", pid)
    await connection.close()


async def _answers(owner: asyncpg.Pool, folder: Path) -> None:
    """Let the bank say something of each payout, in one file, twice under two names."""
    rows = await owner.fetch("SELECT id FROM payouts ORDER BY merchant_id")
    lines = [
        f"{row['id'].hex},{said},B{n}"
        for n, (row, said) in enumerate(zip(rows, _SAID, strict=True))
    ]
    for name in ("a.csv", "b.csv"):
        path = folder / "in" / name
        path.write_text("\n".join(["reference,said,bank_ref", *lines, ""]), encoding="utf-8")
        os.utime(path, (_FIRST.timestamp(), _FIRST.timestamp()))


async def _outcome(owner: asyncpg.Pool, folder: Path) -> dict[str, Any]:
    async def rows(query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await owner.fetch(query)]

    return {
        "days": await rows(
            "SELECT business_date, net, payout_id IS NOT NULL FROM merchant_days ORDER BY 1"
        ),
        "payouts": await rows("SELECT state, amount FROM payouts ORDER BY merchant_id"),
        "balances": await rows(
            "SELECT pending, available, in_payout FROM merchant_balances ORDER BY merchant_id"
        ),
        "entries": dict(await rows("SELECT kind, count(*) FROM entries GROUP BY kind")),
        "moves": await rows("SELECT kind, amount FROM account_moves ORDER BY merchant_id"),
        "lines": {
            (said, outcome): count
            for said, outcome, count in await rows(
                "SELECT said, outcome, count(*) FROM bank_rows GROUP BY said, outcome"
            )
        },
        "files": len(list((folder / "out").glob("*.xml"))),
    }
