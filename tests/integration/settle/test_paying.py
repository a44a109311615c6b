"""What pays by itself: a turn makes payouts, brings files to the bank, reads what it sends."""

import os
from pathlib import Path

import asyncpg
import pytest

from annul.security.vault import Vault
from annul.settle.paying import Paying
from tests.support.clock import HeldClock
from tests.support.paying import (
    CALENDAR,
    HOUSE,
    NOW,
    SHOPS,
    balances_of,
    make_available,
    only_payout,
)

pytestmark = pytest.mark.usefixtures("shops")


def _paying(pool: asyncpg.Pool, vault: Vault, folder: Path) -> Paying:
    folders = {"outbox": folder / "out", "inbox": folder / "in"}
    house = HOUSE.model_copy(update=folders)
    return Paying(pool, CALENDAR, HeldClock(NOW), house, vault)


def _sent(folder: Path, name: str, content: bytes) -> None:
    path = folder / "in" / name
    path.write_bytes(content)
    before = NOW.timestamp() - 60
    os.utime(path, (before, before))


async def test_from_what_is_available_to_the_merchants_account(
    pool: asyncpg.Pool, vault: Vault, tmp_path: Path
) -> None:
    await make_available(pool, SHOPS[0], 12_345)
    paying = _paying(pool, vault, tmp_path)
    await paying.turn()
    assert len(list((tmp_path / "out").glob("*.xml"))) == 1
    reference = (await only_payout(pool)).hex
    answer = f"reference,said,amount,currency,bank_ref\n{reference},booked,123.45,CNY,B1\n"
    for name in ("a.csv", "again.csv"):
        _sent(tmp_path, name, answer.encode())
        await paying.turn()
    assert await balances_of(pool) == (0, 0, 12_345)
    assert sorted(path.name for path in (tmp_path / "in" / "read").iterdir()) == [
        "a.csv", "again.csv",
    ]  # fmt: skip


async def test_a_second_file_of_the_same_name_is_kept_beside_the_first(
    pool: asyncpg.Pool, vault: Vault, tmp_path: Path
) -> None:
    paying = _paying(pool, vault, tmp_path)
    await paying.turn()
    for reference in ("X", "Y"):
        _sent(tmp_path, "a.csv", f"reference,said\n{reference},booked\n".encode())
        await paying.turn()
    assert len(list((tmp_path / "in" / "read").iterdir())) == 2


async def test_a_file_that_cannot_be_read_is_put_aside_and_stops_no_other(
    pool: asyncpg.Pool, vault: Vault, tmp_path: Path
) -> None:
    paying = _paying(pool, vault, tmp_path)
    await paying.turn()
    _sent(tmp_path, "bad.xml", b"<Document>")
    _sent(tmp_path, ".half", b"")
    await paying.turn()
    assert [path.name for path in (tmp_path / "in" / "unreadable").iterdir()] == ["bad.xml"]
    assert (tmp_path / "in" / ".half").exists()
    assert await pool.fetchval("SELECT kind FROM incidents") == "bank_file_unreadable"
