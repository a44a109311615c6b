"""Progress and certificates as the database keeps them."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from annul.domain.courses import Certificate
from annul.operate.training import keeping
from annul.operate.training.written import courses
from tests.support.clock import NOON
from tests.support.trained import all_done, certified

_COURSE = courses()["cashier"]
_HOUR = timedelta(hours=1)


async def _far(pool: asyncpg.Pool, at: timedelta = timedelta(0)) -> keeping.Progress:
    return (await keeping.standing(pool, "mei", {"cashier": _COURSE}, NOON + at))["cashier"]


async def test_a_task_begins_once_and_is_done_once(pool: asyncpg.Pool) -> None:
    assert not await keeping.done(pool, "mei", _COURSE, "sell", {}, NOON), "it has not begun"
    for later in (0, 1):
        await keeping.begin(pool, "mei", await _far(pool), "sell", NOON + later * _HOUR)
    assert (await _far(pool)).parts["sell"].begun_at == NOON
    assert await keeping.done(pool, "mei", _COURSE, "sell", {"at": NOON, "voucher": "8"}, NOON)
    assert not await keeping.done(pool, "mei", _COURSE, "sell", {"voucher": "9"}, NOON + _HOUR)
    part = (await _far(pool)).parts["sell"]
    assert part.done_at == NOON
    assert part.evidence == {"at": NOON.isoformat(), "voucher": "8"}


async def test_of_many_who_ask_at_once_one_gets_the_certificate(pool: asyncpg.Pool) -> None:
    await all_done(pool, "mei", "cashier", NOON)

    async def asked() -> Certificate | None:
        async with pool.acquire() as connection, connection.transaction():
            return await keeping.certify(connection, "mei", _COURSE, NOON + _HOUR)

    made = [one for one in await asyncio.gather(*(asked() for _ in range(4))) if one is not None]
    assert len(made) == 1
    assert await keeping.certificates(pool, "mei") == made
    assert await keeping.certificate(pool, made[0].number.lower()) == (made[0], "")
    assert made[0].valid_until == NOON + _HOUR + timedelta(days=_COURSE.valid_days)


async def test_without_all_of_it_there_is_none(pool: asyncpg.Pool) -> None:
    await all_done(pool, "mei", "cashier", NOON, spared="notice")
    async with pool.acquire() as connection, connection.transaction():
        assert await keeping.certify(connection, "mei", _COURSE, NOON + _HOUR) is None
    assert await keeping.certificate(pool, "T1") is None


async def test_it_is_earned_anew_by_what_is_begun_since(pool: asyncpg.Pool) -> None:
    await all_done(pool, "mei", "cashier", NOON)
    await certified(pool, "mei", "cashier", NOON + _HOUR)
    late = timedelta(days=360)
    far = await _far(pool, late)
    assert (far.open, far.done) == (True, 0)
    await keeping.begin(pool, "mei", far, "sell", NOON + late)
    part = (await _far(pool, late)).parts["sell"]
    assert (part.begun_at, part.done_at) == (NOON + late, None)


async def test_people_are_told_with_their_role(pool: asyncpg.Pool) -> None:
    await all_done(pool, "mei", "cashier", NOON)
    assert await keeping.people(pool) == [("mei", "")]
    assert await keeping.people(pool, "898000058120000") == []


async def test_a_certificate_is_never_changed(pool: asyncpg.Pool) -> None:
    number = await certified(pool, "mei", "cashier", NOON)
    for forged in ("UPDATE certificates SET person = 'li'", "DELETE FROM certificates"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(forged)
    assert await keeping.certificate(pool, number) is not None
