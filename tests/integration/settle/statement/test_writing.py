"""A statement is written whole or not at all, the same each time, in memory that does not grow."""

import asyncio
import csv
import io
import os
import signal
import sys
import tracemalloc
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from annul.settle.statement import reading, writing
from annul.settle.statement.model import DoesNotAddUp, Period
from annul.settle.statement.sections import Spoken
from annul.settle.statement.writing import AlreadyWriting, Asked, placed, write
from tests.support.pdf import lines_of
from tests.support.statements import (
    REASON,
    SHOP,
    THURSDAY,
    TUESDAY,
    booked,
    noon,
    paid_out,
    settle,
    shop_of_all_ways,
)

_NOW = noon(date(2026, 11, 9))
_FORMS = ("pdf", "xlsx", "csv")


@pytest.fixture
async def payout(pool: asyncpg.Pool) -> UUID:
    return await shop_of_all_ways(pool)


def _asked(form: str, period: str = "2026-10", language: str = "en") -> Asked:
    return Asked(SHOP, Period.of(period), form, Spoken(language, ZoneInfo("Asia/Shanghai")), _NOW)


async def _written(pool: asyncpg.Pool, asked: Asked) -> bytes:
    file = io.BytesIO()
    await write(pool, asked, file)
    return file.getvalue()


def _tables(content: bytes) -> dict[str, list[dict[str, str]]]:
    """Read the tables of a CSV, each by its heads."""
    tables: dict[str, list[list[str]]] = {}
    for name, *cells in csv.reader(io.StringIO(content.decode("utf-8-sig"))):
        tables.setdefault(name, []).append(cells)
    return {
        name: [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
        for name, rows in tables.items()
    }


async def test_a_void_stands_with_its_sale_its_fee_and_its_payout(
    pool: asyncpg.Pool, payout: UUID
) -> None:
    tables = _tables(await _written(pool, _asked("csv")))
    void = next(row for row in tables["transactions"] if row["Kind"] == "void of a sale")
    assert void["Amount"] == "-30.00"
    assert void["Fee"] == "0.15", "given back"
    assert void["Net"] == "-29.85"
    assert void["Original's reference"] == "300000000002"
    assert void["Original's day"] == "2026-10-29"
    assert void["Payout"] == payout.hex
    assert void["Time"] == "2026-10-29T12:00:00+08:00", "as the clock in the shop shows it"
    (paid,) = tables["payouts"]
    assert (paid["State"], paid["Account ends in"]) == ("returned by the bank", "4321")
    assert paid["What the bank says"] == "AC04 closed account"


@pytest.mark.usefixtures("payout")
async def test_a_spreadsheet_calculates_nothing_of_what_people_wrote(pool: asyncpg.Pool) -> None:
    (move,) = _tables(await _written(pool, _asked("csv")))["moves"]
    assert move["Reason"] == f"'{REASON}"
    assert move["Amount"] == "-20.00", "an amount stays a number"
    book = zipfile.ZipFile(io.BytesIO(await _written(pool, _asked("xlsx"))))
    sheets = [book.read(name) for name in book.namelist() if "worksheets" in name]
    assert not any(b"<f>" in sheet for sheet in sheets)


@pytest.mark.usefixtures("payout")
async def test_a_statement_has_no_card_and_no_account_in_clear(pool: asyncpg.Pool) -> None:
    told = (await _written(pool, _asked("csv"))).decode()
    assert "620001******0007" in told
    assert "4321" in told


@pytest.mark.usefixtures("payout")
@pytest.mark.parametrize("form", _FORMS)
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_closed_period_is_the_same_file_when_it_is_asked_for_again(
    pool: asyncpg.Pool, form: str, language: str
) -> None:
    asked = _asked(form, language=language)
    first = await _written(pool, asked)
    await booked(pool, TUESDAY + timedelta(days=1), 20, 66_00, 33)
    await settle(pool, TUESDAY + timedelta(days=2))
    assert await _written(pool, asked) == first


@pytest.mark.usefixtures("payout")
async def test_of_a_closed_period_nothing_changes_but_how_payouts_stand(pool: asyncpg.Pool) -> None:
    asked = _asked("csv", f"{TUESDAY}")
    before = _tables(await _written(pool, asked))
    paid = await paid_out(pool, TUESDAY + timedelta(days=1))
    after = _tables(await _written(pool, asked))
    of_payouts = {"Payout"}
    for name in ("accounts", "days", "transactions", "moves"):
        kept = [
            [{key: row[key] for key in row.keys() - of_payouts} for row in tables[name]]
            for tables in (before, after)
        ]
        assert kept[0] == kept[1], name
    assert [row["Payout"] for row in before["transactions"]] == [""]
    assert [row["Payout"] for row in after["transactions"]] == [paid.hex]


@pytest.mark.usefixtures("payout")
@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("zh", ("对账单", "营业日", "划付", "消费", "撤销", "已退回")),
        ("en", ("Statement", "Business days", "Payouts", "At the beginning", "void of a sale")),
    ],
)
async def test_it_is_printed_in_either_language(
    pool: asyncpg.Pool, language: str, texts: Sequence[str]
) -> None:
    pdf = await _written(pool, _asked("pdf", language=language))
    shown = "\n".join(lines_of(pdf))
    assert [text for text in texts if text not in shown] == []
    assert "300000000002" in shown


@pytest.mark.parametrize("form", _FORMS)
@pytest.mark.usefixtures("payout")
async def test_transactions_that_are_not_the_sum_of_their_day_are_no_statement(
    pool: asyncpg.Pool, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pool.execute(
        "INSERT INTO entries (merchant_id, subject, kind, line, debit, credit, amount, currency,"
        " business_date, posted_at) VALUES ($1, gen_random_uuid(), 'approval', 1,"
        " 'issuer_receivable', 'merchant_pending', 1, '156', $2, now())",
        SHOP,
        THURSDAY,
    )
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = tmp_path / f"statement.{form}"
    with pytest.raises(DoesNotAddUp, match="2026-10-29"), placed(path) as file:
        await write(pool, _asked(form), file)
    assert list(tmp_path.iterdir()) == [], "nothing of it is left anywhere"


@pytest.mark.usefixtures("payout")
async def test_how_far_it_has_come_is_told_by_day(pool: asyncpg.Pool) -> None:
    told: list[tuple[int, int, int]] = []
    await write(pool, _asked("csv"), io.BytesIO(), lambda *so_far: told.append(so_far))
    assert told[-1] == (2, 2, 5)
    assert told == sorted(told)


@pytest.mark.usefixtures("payout")
async def test_sums_for_programs(pool: asyncpg.Pool) -> None:
    facts = await write(pool, _asked("csv"), io.BytesIO())
    (account,) = facts["accounts"]
    assert (facts["transactions"], facts["days"], facts["whole"]) == (5, 2, True)
    assert account["closing"] == {
        "pending": 0, "available": 79_50, "in_payout": 0, "frozen": 20_00, "reserve": 0,
    }  # fmt: skip
    assert account["moved"]["fees"]["pending"] == -50


# The file ---------------------------------------------------------------------------------------


def test_a_file_is_there_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "statement.csv"
    with placed(path) as file:
        file.write(b"half")
        assert not path.exists()
    assert path.read_bytes() == b"half"
    with pytest.raises(TypeError), placed(path) as file:
        file.write("another")  # pyright: ignore[reportArgumentType, reportCallIssue]
    assert path.read_bytes() == b"half", "what was there stays"
    assert [one.name for one in tmp_path.iterdir()] == ["statement.csv"]


def test_what_a_killed_one_left_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "statement.csv"
    (tmp_path / "statement.csv.part").write_bytes(b"much longer than what comes now")
    with placed(path) as file:
        file.write(b"whole")
    assert path.read_bytes() == b"whole"


def test_two_do_not_write_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "statement.csv"
    with placed(path) as file:
        with pytest.raises(AlreadyWriting), placed(path):
            pass
        file.write(b"whole")
    assert path.read_bytes() == b"whole"


_KILLED = """
import asyncio, sys
from annul.settle.statement import reading
whole = reading.lines
async def slow(pool, merchant, day):
    async for piece in whole(pool, merchant, day):
        yield piece
        print("begun", flush=True)
        await asyncio.sleep(600)
reading.lines = slow
from annul.cli import application
application()
"""


@pytest.mark.usefixtures("payout")
@pytest.mark.parametrize("form", _FORMS)
async def test_killed_in_the_middle_it_is_the_same_as_undisturbed(
    pool: asyncpg.Pool, database: str, tmp_path: Path, form: str
) -> None:
    path = tmp_path / f"statement.{form}"
    arguments = [
        *("statement", SHOP, "--month=2026-10", f"--format={form}", f"--output={path}"),
        *("--database", database, "--data", str(tmp_path), "--lang=en", "--json"),
    ]
    killed = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _KILLED, *arguments), stdout=asyncio.subprocess.PIPE
    )
    assert killed.stdout is not None
    assert await asyncio.wait_for(killed.stdout.readline(), 60) == b"begun\n"
    os.kill(killed.pid, signal.SIGKILL)
    await killed.wait()
    assert not path.exists(), "half of it is no statement"
    again = await asyncio.create_subprocess_exec(sys.executable, "-m", "annul", *arguments)
    assert await asyncio.wait_for(again.wait(), 60) == 0
    assert _without_time(path.read_bytes(), form) == _without_time(
        await _written(pool, _asked(form)), form
    )
    assert not path.with_name(f"{path.name}.part").exists()


def _without_time(content: bytes, form: str) -> Any:
    """Give all of a statement but when it was asked for."""
    if form == "csv":
        return [line for line in content.splitlines() if b"Payouts as of" not in line]
    if form == "xlsx":
        book = zipfile.ZipFile(io.BytesIO(content))
        return [book.read(one) for one in book.namelist() if one.endswith("sheet2.xml")]
    return [line for line in lines_of(content) if "2026-" not in line or len(line) == 10]


# Memory -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("payout")
@pytest.mark.parametrize("form", _FORMS)
async def test_memory_does_not_grow_with_the_transactions(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: str
) -> None:
    await _peak(pool, monkeypatch, tmp_path, form, 1)  # what is loaded once
    few = await _peak(pool, monkeypatch, tmp_path, form, 3)
    many = await _peak(pool, monkeypatch, tmp_path, form, 15)
    assert many < few + 1_000_000, (few, many)


async def _peak(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch, folder: Path, form: str, times: int
) -> int:
    """Write a month whose first day has so many thousand sales more that cancel each other."""
    whole: Callable[..., Any] = reading.lines

    async def more(there: asyncpg.Pool, merchant: str, day: date) -> Any:
        pieces = [found async for found in whole(there, merchant, day)]
        for found in pieces:
            yield found
            first = found[0]
            for _ in range(times if day == THURSDAY else 0):
                yield [
                    first._replace(amount=sign * 7, fee=0, rrn=f"{number:012d}")
                    for number in range(500)
                    for sign in (1, -1)
                ]

    with monkeypatch.context() as patch:
        patch.setattr(writing.reading, "lines", more)
        tracemalloc.start()
        with (folder / "statement").open("w+b") as file:
            await write(pool, _asked(form), file)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak
