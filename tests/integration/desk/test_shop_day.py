"""What a shop asked to be undone today, where its day is one of its own."""

from datetime import UTC, date, datetime, time

import asyncpg
import pytest

from annul.desk import shop
from annul.desk.desk import Desk
from annul.domain.states import State
from tests.support.clock import HeldClock
from tests.support.desks import make_desk
from tests.support.rows import put, put_transaction, put_void
from tests.support.situations import NOW

_SHOP = "898000058120000"


@pytest.fixture
async def desk(pool: asyncpg.Pool) -> Desk:
    """It is noon; until the 22nd days ended at six, that of the 23rd ends at one."""
    row = {"merchant_id": _SHOP, "name_zh": "示例", "name_en": "Example", "category": "5812"}
    await put(pool, "merchants", row)
    await put(pool, "terminals", {"merchant_id": _SHOP, "terminal_id": "10000001"})
    for day, at in ((1, time(6)), (23, time(13))):
        agreed = {"valid_from": date(2026, 11, day), "cut_over": at, "set_by": "li", "set_at": NOW}
        await put(pool, "cut_overs", {"merchant_id": _SHOP, **agreed})
    return make_desk(pool, clock=HeldClock(NOW))


async def test_a_day_of_thirty_hours_is_today_from_its_beginning(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    began = datetime(2026, 11, 21, 22, 5, tzinfo=UTC)  # five past six on the 22nd
    for trace, day in ((2, 23), (4, 22)):
        on = {"business_date": date(2026, 11, day), "received_at": began}
        sale = await put_transaction(pool, trace, state=State.VOIDED, **on)
        await put_void(pool, trace + 1, sale.id, state=State.APPROVED, answered_at=began, **on)
    found = await shop.today(desk, _SHOP)
    assert [one.about["sale_trace"] for one in found.sales] == ["000002"]
    assert found.back == {"156": 10_000}
