"""A file that does not come is told of once, until it comes: by two hosts, also after a kill."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from annul.settle.clearing.declared import LEARNT_ONLY, DeclaredFile, DeclaredFiles
from annul.settle.clearing.expecting import Expecting
from annul.settle.days import works
from tests.support.clearing import Cleared
from tests.support.rows import put

DAY = timedelta(days=1)
LAST = date(2026, 11, 20)  # a Friday
OPEN = "SELECT subject FROM incidents WHERE kind = 'file_late' AND closed_at IS NULL ORDER BY 1"
# Monday's file comes on Tuesday at 9:00 in Shanghai, and is late at 11:00 there.
DUE = datetime(2026, 11, 24, 1, tzinfo=UTC)
LATE = DUE + timedelta(hours=2)


async def file(
    pool: asyncpg.Pool, day: date, at: datetime | None = None, state: str = "committed"
) -> dict[str, Any]:
    """A file of a day; it comes at 9:00 of the next working day, if nothing else is said."""
    here = day + DAY
    while not works(here):
        here += DAY
    usual = datetime.combine(here, time(1), UTC)
    identity = uuid4()
    row = {
        "id": identity,
        "name": f"IND{day:%y%m%d}01ACOM",
        "layout": "COM",
        "digest": identity.bytes,
        "issuers": ["00000101"],
        "settles_on": day,
        "state": state,
        "read_by": "li",
        "read_at": at or usual,
        "committed_at": at or usual,
    }
    await put(pool, "clearing_files", row)
    return row


async def of_working_days(pool: asyncpg.Pool, count: int) -> None:
    """As many files of working days, of which the latest tells up to Friday."""
    day = LAST
    while count:
        if works(day):
            await file(pool, day)
            count -= 1
        day -= DAY


async def late(cell: Cleared, at: datetime, declared: DeclaredFiles = LEARNT_ONLY) -> list[str]:
    cell.clock.at = at
    first, second = (Expecting(cell.pool, cell.calendar, cell.clock, declared) for _ in range(2))
    await asyncio.gather(first.run(), second.run())
    return [row["subject"] for row in await cell.pool.fetch(OPEN)]


async def raised(pool: asyncpg.Pool) -> int:
    return await pool.fetchval("SELECT count(*) FROM incidents WHERE kind = 'file_late'")


async def test_a_file_that_does_not_come_is_told_of_once_until_it_comes(cell: Cleared) -> None:
    await of_working_days(cell.pool, 10)
    assert await late(cell, LATE - timedelta(seconds=1)) == []
    told = ["COM 00000101 2026-11-23"]
    assert await late(cell, LATE) == told
    assert await late(cell, LATE + timedelta(hours=5)) == told
    assert await raised(cell.pool) == 1
    params = await cell.pool.fetchval("SELECT params FROM incidents WHERE kind = 'file_late'")
    assert datetime.fromisoformat(params["due_at"]) == DUE
    await file(cell.pool, date(2026, 11, 23), LATE + timedelta(hours=6), "staged")
    assert await late(cell, LATE + timedelta(hours=7)) == []
    assert await raised(cell.pool) == 1


async def test_what_people_have_ended_is_not_told_again_but_what_is_taken_away_is(
    cell: Cleared,
) -> None:
    await of_working_days(cell.pool, 10)
    await late(cell, LATE)
    await cell.pool.execute("UPDATE incidents SET closed_at = $1", LATE)
    assert await late(cell, LATE + timedelta(hours=1)) == []
    came = await file(cell.pool, date(2026, 11, 23), LATE + timedelta(hours=2), "staged")
    assert await late(cell, LATE + timedelta(hours=3)) == []
    drop = "UPDATE clearing_files SET state = 'dropped' WHERE id = $1"
    await cell.pool.execute(drop, came["id"])
    assert await late(cell, LATE + timedelta(hours=4)) == ["COM 00000101 2026-11-23"]


async def test_a_file_that_comes_weeks_later_still_ends_it(cell: Cleared) -> None:
    await of_working_days(cell.pool, 10)
    await late(cell, LATE)
    at = LATE + timedelta(days=90)
    await late(cell, at)
    await file(cell.pool, date(2026, 11, 23), at)
    assert "COM 00000101 2026-11-23" not in await late(cell, at)


async def test_four_files_are_too_few_and_a_declared_one_needs_none(cell: Cleared) -> None:
    await of_working_days(cell.pool, 4)
    assert await late(cell, LATE + timedelta(hours=5)) == []
    said = DeclaredFile(
        layout="ZM", issuer="00000102", since=date(2026, 11, 23), due=time(8, 30)
    )  # fmt: skip
    declared = DeclaredFiles(grace_minutes=30, expected=(said,))
    assert await late(cell, DUE - timedelta(seconds=1), declared) == []
    assert await late(cell, DUE, declared) == ["ZM 00000102 2026-11-23"]


async def test_merchants_with_rows_in_the_latest_file_are_told(cell: Cleared) -> None:
    await of_working_days(cell.pool, 10)
    merchants = [row[0] for row in await cell.pool.fetch("SELECT merchant_id FROM merchants")]
    latest = "SELECT id FROM clearing_files ORDER BY settles_on DESC LIMIT 1"
    row = {
        **dict.fromkeys(
            (
                *("terminal_id", "trace", "rrn", "auth_code", "card_masked", "kind", "sent_at"),
                *("code", "original_trace", "undone"),
            ),
            "",
        ),
        "file_id": await cell.pool.fetchval(latest),
        "line": 1,
        "merchant_id": merchants[0],
        "effect": "taken",
        "amount": 100,
        "currency": "156",
        "undoes": False,
        "outcome": "matched",
    }
    await put(cell.pool, "clearing_rows", row)
    made = {"secret": b"", "inside": False, "created_by": "x", "created_at": DUE}
    for merchant in (merchants[0], "898000099999999"):
        hook = {"merchant_id": merchant, "id": uuid4(), "url": "https://192.0.2.7/"}
        await put(cell.pool, "webhooks", hook | made)
    await late(cell, LATE)
    (told,) = await cell.pool.fetch("SELECT * FROM notifications WHERE event = 'file.late'")
    assert told["merchant_id"] == merchants[0]
    assert told["payload"]["settles_on"] == "2026-11-23"


async def test_who_is_killed_has_told_nothing(
    cell: Cleared, monkeypatch: pytest.MonkeyPatch
) -> None:
    await of_working_days(cell.pool, 10)
    cell.clock.at = LATE

    class Killed(BaseException):
        pass

    async def killed(*_: Any) -> None:
        raise Killed

    one = Expecting(cell.pool, cell.calendar, cell.clock)
    with monkeypatch.context() as there:
        there.setattr(one, "_arrived", killed)
        with pytest.raises(Killed):
            await one.run()
    assert await raised(cell.pool) == 0
    assert await late(cell, LATE) == ["COM 00000101 2026-11-23"]
