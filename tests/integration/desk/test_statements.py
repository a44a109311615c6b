"""A statement is for who may know of the merchant; who took it is kept; it is asked of its cell."""

import io

import asyncpg
import pytest

from annul.desk import statements as views
from annul.desk.desk import Desk, NothingThere
from annul.desk.roles import Visitor
from annul.settle.statement.model import NotClosed, Period
from tests.support.statements import THURSDAY, booked, noon, settle

from .people import audited, person

TEA = "898000058120000"
_OCTOBER = Period.of("2026-10")


@pytest.fixture
async def closed(desk: Desk, pool: asyncpg.Pool) -> Desk:
    await booked(pool, THURSDAY, 1, 100_00, 50)
    await settle(pool, noon(THURSDAY).date().replace(day=31))
    return desk


async def _asked(desk: Desk, who: Visitor, merchant: str = TEA, period: Period = _OCTOBER) -> str:
    file = io.BytesIO()
    await views.statement(desk, who, merchant, period, "csv", "en", file)
    return file.getvalue().decode()


async def test_a_shop_gets_its_own_and_it_is_kept_who_took_it(
    closed: Desk, pool: asyncpg.Pool
) -> None:
    merchant = await person(closed, "merchant", TEA)
    assert "99.50" in await _asked(closed, merchant)
    (told,) = await audited(pool)
    assert (told["action"], told["object"], told["who"]) == (
        "read-statement", f"merchant {TEA}", "merchant",
    )  # fmt: skip
    assert "2026-10" in str(told["detail"])


async def test_nobody_gets_that_of_another_shop(closed: Desk, pool: asyncpg.Pool) -> None:
    other = await person(closed, "merchant", "898000058120001")
    with pytest.raises(NothingThere):
        await _asked(closed, other)
    assert await audited(pool) == []


async def test_what_could_not_be_given_is_not_kept_as_taken(
    closed: Desk, pool: asyncpg.Pool, boss: Visitor
) -> None:
    with pytest.raises(NotClosed):
        await _asked(closed, boss, period=Period.of("2026-12"))
    with pytest.raises(NothingThere):
        await _asked(closed, boss, "898000058129999")
    assert await audited(pool) == []
    assert closed.statements._value == 2, "and the next one need not wait"


async def test_it_is_asked_of_the_cell_in_which_the_merchant_lives(
    wide: Desk, east: Desk, here_and_there: tuple[str, str], boss: Visitor
) -> None:
    here, there = here_and_there
    made = await booked(east.pool, THURSDAY, 1, 100_00, 50, merchant_id=there)
    await settle(east.pool, noon(THURSDAY).date().replace(day=31))
    told = await _asked(wide, boss, there)
    assert told.count(made.rrn) == 1
    assert [row["action"] for row in await audited(east.pool)] == ["read-statement"]
    with pytest.raises(NotClosed):
        await _asked(wide, boss, here)
