"""What is expected is shown to who may see clearing; a wrong file is told of until it is right."""

from datetime import date, time, timedelta
from io import BytesIO
from typing import Any

import asyncpg
import pytest

from annul.desk import clearing, clearing_expected
from annul.desk.clearing_reading import MapNeeded
from annul.desk.desk import Desk
from annul.desk.permission import NotAllowed
from annul.desk.roles import ROLES, Scope, Visitor
from annul.domain.expected_files import FileState
from annul.settle.clearing.declared import DeclaredFile, DeclaredFiles
from annul.settle.clearing.rows import ClearingUnreadable
from tests.support.clearing import row_of
from tests.support.clearing_days import NAME, written
from tests.support.desks import make_desk
from tests.support.rows import put_transaction

from .people import person

SHOP = Visitor("shop", "merchant", ROLES["merchant"], "898000058120000")
READS = Visitor("key reader00", "", frozenset({Scope.CLEARING_READ}))
TABLE = "商户号,终端号,参考号,交易金额(元),交易类型\n"
WRONG = "SELECT subject, params FROM incidents WHERE kind = 'file_wrong' AND closed_at IS NULL"


@pytest.fixture
async def operator(desk: Desk) -> Visitor:
    return await person(desk, "operator")


async def told(pool: asyncpg.Pool) -> dict[str, Any]:
    return {row["subject"]: row["params"]["why"] for row in await pool.fetch(WRONG)}


async def test_what_is_declared_is_shown_with_its_state(pool: asyncpg.Pool) -> None:
    since = make_desk(pool).calendar.local(make_desk(pool).clock.now()).date() - timedelta(days=2)
    said = DeclaredFile(layout="COM", since=since, due=time(0), days_after=0, days="every")
    desk = make_desk(pool, clearing_files=DeclaredFiles(grace_minutes=0, expected=(said,)))
    rows = await clearing_expected.expected(desk, READS)
    assert [one["state"] for one in rows] == [FileState.LATE] * 3
    assert rows[0]["settles_on"] == since
    assert await clearing_expected.expected(desk, SHOP) == []
    with pytest.raises(NotAllowed):
        await clearing_expected.expected(desk, Visitor("x", "", frozenset()))


async def test_what_has_come_is_shown_as_that(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    content = written(row_of(await put_transaction(pool, 1)))
    taken = await clearing.read(desk, operator, BytesIO(content), NAME)
    said = DeclaredFile(
        since=taken.settles_on, due=time(23, 59), days_after=0, days="every"
    )  # fmt: skip
    here = make_desk(pool, clock=desk.clock, clearing_files=DeclaredFiles(expected=(said,)))
    rows = await clearing_expected.expected(here, READS)
    of_day: dict[date, FileState] = {one["settles_on"]: one["state"] for one in rows}
    assert of_day[taken.settles_on] is FileState.CAME


async def test_a_file_that_is_refused_is_told_of_until_one_of_its_name_is_read(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    with pytest.raises(ClearingUnreadable):
        await clearing.read(desk, operator, BytesIO(b"6222021234567890123\n"), NAME)
    assert list(await told(pool)) == [NAME]
    with pytest.raises(ClearingUnreadable):
        await clearing.read(desk, operator, BytesIO(b"other\n"), NAME, layout="COM")
    (why,) = (await told(pool)).values()
    assert "refused whole" in why["en"]
    assert "6222021234567890123" not in str(why)
    content = written(row_of(await put_transaction(pool, 1)))
    await clearing.read(desk, operator, BytesIO(content), NAME)
    assert await told(pool) == {}


async def test_columns_that_nobody_has_declared_are_no_fault_of_the_file(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    with pytest.raises(MapNeeded):
        await clearing.read(desk, operator, BytesIO(b"a,b\r\n1,2\r\n"), "t.csv")
    assert await told(pool) == {}


async def test_sums_that_differ_are_told_and_the_rows_are_kept(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    line = "898000058120000,12345678,300000000001,12.00,消费\n"

    def file(total: str) -> BytesIO:
        return BytesIO(f"{TABLE}{line}合计,,,{total},\n".encode())

    day = date(2026, 11, 23)
    taken = await clearing.read(desk, operator, file("24.00"), "day.csv", settles_on=day)
    assert (taken.rows, taken.bad) == (1, 1)
    assert taken.wrong is not None
    assert (await told(pool))["day.csv"]["en"] == taken.wrong.en
    await clearing.read(desk, operator, file("12.00"), "day.csv", settles_on=day, again=True)
    assert await told(pool) == {}
