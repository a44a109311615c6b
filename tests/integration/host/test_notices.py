"""A notice is told by one host, and stays until the answer that carries it has left."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from annul.host.notices import Notices

_NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
_SHOP, _OTHER = ("898000058120000", "10000001"), ("898000058120000", "10000002")


async def _add(pool: asyncpg.Pool, number: int, terminal: tuple[str, str] = _SHOP) -> None:
    await pool.execute(
        "INSERT INTO notices (merchant_id, id, terminal_id, case_id, text, created_at)"
        " VALUES ($1, $2, $3, $2, $4, $5)",
        terminal[0],
        UUID(int=number),
        terminal[1],
        f"notice {number}",
        _NOW + timedelta(seconds=number),
    )


async def _notices(pool: asyncpg.Pool) -> Notices:
    notices = Notices(pool)
    await notices.refresh()
    return notices


async def _take(notices: Notices, answers: object, terminal: tuple[str, str] = _SHOP) -> str:
    return await notices.take(terminal, answers, _NOW) if notices.wait_for(terminal) else ""


async def _delivered(pool: asyncpg.Pool) -> dict[int, datetime]:
    rows = await pool.fetch("SELECT id, delivered_at FROM notices WHERE delivered_at IS NOT NULL")
    return {row[0].int: row[1] for row in rows}


async def _left() -> bool:
    return True


async def _gone() -> bool:
    return False


async def test_it_is_delivered_once_the_answer_has_left_and_not_before(pool: asyncpg.Pool) -> None:
    await _add(pool, 1)
    notices, entry, left = await _notices(pool), object(), asyncio.Event()

    async def leaves() -> bool:
        await left.wait()
        return True

    assert await _take(notices, entry) == "notice 1"
    await notices.refresh()
    assert await _take(notices, object()) == "", "it is on its way"
    notices.written(entry, leaves)
    await asyncio.sleep(0)
    assert await _delivered(pool) == {}
    left.set()
    await notices.close()
    assert await _delivered(pool) == {1: _NOW}
    await notices.refresh()
    assert await _take(notices, object()) == ""


@pytest.mark.parametrize("left", [None, _gone])
async def test_it_is_given_again_when_its_terminal_has_gone(pool: asyncpg.Pool, left: Any) -> None:
    await _add(pool, 1)
    notices, entry = await _notices(pool), object()
    assert await _take(notices, entry) == "notice 1"
    notices.written(entry, left)
    await notices.close()
    assert await _delivered(pool) == {}
    for refreshed in (False, True):
        if refreshed:
            await notices.refresh()
        again = object()
        assert await _take(notices, again) == "notice 1"
        notices.written(again, None)
        await notices.close()


async def test_two_hosts_do_not_both_tell_it(pool: asyncpg.Pool) -> None:
    await _add(pool, 1)
    here, there = await _notices(pool), await _notices(pool)
    told = await asyncio.gather(_take(here, here), _take(there, there))
    assert sorted(told) == ["", "notice 1"]
    here.written(here, None)
    there.written(there, None)
    await here.close()
    await there.close()
    await there.refresh()
    assert await _take(there, there) == "notice 1"


async def test_what_a_host_took_along_to_its_end_is_told_by_another(pool: asyncpg.Pool) -> None:
    await _add(pool, 1)
    dead, other = await _notices(pool), await _notices(pool)
    assert await _take(dead, dead) == "notice 1"
    await pool.execute("UPDATE notices SET given_until = given_until - interval '29 seconds'")
    await other.refresh()
    assert await _take(other, other) == "", "the first may still be telling it"
    await pool.execute("UPDATE notices SET given_until = given_until - interval '1 second'")
    await other.refresh()
    assert await _take(other, other) == "notice 1"


async def test_an_answer_without_a_notice_marks_none(pool: asyncpg.Pool) -> None:
    await _add(pool, 1)
    notices = await _notices(pool)
    carrying, other = object(), object()
    await _take(notices, carrying)
    notices.written(other, _left)
    assert await _take(notices, object(), _OTHER) == ""
    await notices.close()
    assert await _delivered(pool) == {}


async def test_without_the_database_nothing_is_told_and_nothing_fails(database: str) -> None:
    from annul.store.database import connect

    pool = await connect(database)
    await _add(pool, 1)
    notices = await _notices(pool)
    await pool.close()
    assert await _take(notices, notices) == ""
    notices.written(notices, _left)
    await notices.close()


async def test_the_oldest_of_a_terminal_comes_first_and_those_of_dead_ones_keep_no_other_waiting(
    pool: asyncpg.Pool,
) -> None:
    for number in range(1, 4):
        await _add(pool, number, _OTHER)
    await _add(pool, 4)
    notices = await _notices(pool)
    assert await _take(notices, object()) == "notice 4"
    told = []
    for _ in range(3):
        entry = object()
        told.append(await _take(notices, entry, _OTHER))
        notices.written(entry, _left)
        await notices.close()
        await notices.refresh()
    assert told == ["notice 1", "notice 2", "notice 3"]
