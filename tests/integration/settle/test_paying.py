"""What pays by itself: a turn makes payouts, brings files to the bank, reads what it sends."""

import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from pydantic import SecretStr

from annul.security.vault import Vault
from annul.settle.paying import Paying
from tests.support.clock import HeldClock
from tests.support.paying import (
    CALENDAR,
    HOUSE,
    NOW,
    SHOPS,
    balances_of,
    filed,
    make_available,
    only_payout,
    states_of,
)

pytestmark = pytest.mark.usefixtures("shops")


def _paying(
    pool: asyncpg.Pool, vault: Vault, folder: Path, clock: HeldClock | None = None, **house: Any
) -> Paying:
    folders = {"outbox": folder / "out", "inbox": folder / "in"}
    for one in folders.values():
        one.mkdir()
    changed = HOUSE.model_copy(update={**folders, **house})
    return Paying(pool, CALENDAR, clock or HeldClock(NOW), changed, vault)


def _sent(folder: Path, name: str, content: bytes) -> None:
    path = folder / "in" / name
    path.write_bytes(content)
    before = NOW.timestamp() - 60
    os.utime(path, (before, before))


def _booked(reference: str) -> bytes:
    return f"reference,said,amount,currency\n{reference},booked,1.00,CNY\n".encode()


async def _open_kinds(pool: asyncpg.Pool) -> list[str]:
    rows = await pool.fetch("SELECT kind FROM incidents WHERE closed_at IS NULL ORDER BY kind")
    return [row[0] for row in rows]


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


async def test_a_name_of_a_file_is_kept_without_accounts_and_in_any_script(
    pool: asyncpg.Pool, vault: Vault, tmp_path: Path
) -> None:
    paying = _paying(pool, vault, tmp_path)
    await paying.turn()
    for number, end in enumerate(("", os.fsdecode("对账单".encode("gb18030")))):
        content = f"reference,said\nX{number},booked\n"
        _sent(tmp_path, f"102000000001_{end}.csv", content.encode())
        _sent(tmp_path, f"102000000001_{end}.bad", b"<Document>")
    await paying.turn()
    files = await pool.fetch("SELECT name FROM bank_files")
    incidents = await pool.fetch("SELECT subject || params::text FROM incidents")
    assert (len(files), len(incidents)) == (2, 2)
    assert not [row for row in (*files, *incidents) if "102000000001" in row[0]]


async def test_without_the_house_account_answers_are_read_all_the_same(
    pool: asyncpg.Pool, vault: Vault, tmp_path: Path
) -> None:
    reference = await filed(pool, vault)
    await make_available(pool, SHOPS[1], 100)
    number = tmp_path / "number"
    paying = _paying(pool, vault, tmp_path, account=SecretStr(""), account_file=number)
    _sent(tmp_path, "a.csv", _booked(reference))
    with pytest.raises(FileNotFoundError):
        await paying.turn()
    assert await states_of(pool) == {"paid": 1}
    assert await _open_kinds(pool) == ["payouts_fail"]
    number.write_text("102000000001")
    await paying.turn()
    assert await states_of(pool) == {"paid": 1, "filed": 1}
    assert await _open_kinds(pool) == []


async def test_without_its_folder_nothing_is_sent_until_it_is_back(
    pool: asyncpg.Pool, vault: Vault, tmp_path: Path
) -> None:
    await filed(pool, vault)
    paying = _paying(pool, vault, tmp_path)
    (tmp_path / "out").rmdir()
    with pytest.raises(FileNotFoundError):
        await paying.turn()
    assert await _open_kinds(pool) == ["payouts_fail"]
    (tmp_path / "out").mkdir()
    await paying.turn()
    assert len(list((tmp_path / "out").iterdir())) == 1


async def test_a_file_that_cannot_be_put_aside_stops_no_other(
    pool: asyncpg.Pool, vault: Vault, tmp_path: Path
) -> None:
    reference = await filed(pool, vault)
    paying = _paying(pool, vault, tmp_path)
    (tmp_path / "in" / "unreadable").touch()  # no folder
    os.utime(tmp_path / "in" / "unreadable", (2**40, 2**40))
    _sent(tmp_path, "a.xml", b"<Document>")
    _sent(tmp_path, "b.csv", _booked(reference))
    await paying.turn()
    assert await states_of(pool) == {"paid": 1}
    assert await _open_kinds(pool) == ["bank_file_unreadable"]


async def test_what_is_no_file_of_its_own_is_not_read(
    pool: asyncpg.Pool, vault: Vault, tmp_path: Path
) -> None:
    reference = await filed(pool, vault)
    clock = HeldClock(NOW)
    paying = _paying(pool, vault, tmp_path, clock)
    (tmp_path / "elsewhere.csv").write_bytes(_booked(reference))
    (tmp_path / "in" / "a.csv").symlink_to(tmp_path / "elsewhere.csv")
    os.mkfifo(tmp_path / "in" / "b.csv")
    await paying.turn()
    clock.forward(seconds=5)
    await paying.turn()
    assert await states_of(pool) == {"filed": 1}
    assert len(list((tmp_path / "in" / "unreadable").iterdir())) == 2


async def test_a_file_dated_ahead_is_read_once_it_stands_still(
    pool: asyncpg.Pool, vault: Vault, tmp_path: Path
) -> None:
    reference = await filed(pool, vault)
    clock = HeldClock(NOW)
    paying = _paying(pool, vault, tmp_path, clock)
    path, ahead = tmp_path / "in" / "a.csv", NOW.timestamp() + 30 * 86_400
    for content in (_booked(reference)[:-9], _booked(reference)):
        path.write_bytes(content)
        os.utime(path, (ahead, ahead))
        await paying.turn()
        clock.forward(seconds=5)
    assert await states_of(pool) == {"filed": 1}
    await paying.turn()
    assert await states_of(pool) == {"paid": 1}


async def test_a_name_that_is_no_utf8_stops_no_other(
    pool: asyncpg.Pool, vault: Vault, tmp_path: Path
) -> None:
    reference = await filed(pool, vault)
    paying = _paying(pool, vault, tmp_path)
    _sent(tmp_path, os.fsdecode("a对账单.csv".encode("gb18030")), _booked(uuid4().hex))
    _sent(tmp_path, "b.csv", _booked(reference))
    await paying.turn()
    assert await states_of(pool) == {"paid": 1}
    assert len(list((tmp_path / "in" / "read").iterdir())) == 2
