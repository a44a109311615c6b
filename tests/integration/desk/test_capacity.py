"""What the desk tells of capacity: what each cell has worked out last, and plans."""

from datetime import UTC, datetime
from typing import Final

import asyncpg
import pytest

from annul.desk.capacity import planned, reports
from annul.desk.desk import Desk
from annul.desk.permission import NotAllowed
from annul.desk.roles import Visitor
from annul.operate.capacity.measured import Measured
from annul.operate.capacity.report import work_out
from annul.operate.capacity.told import Question, Report
from tests.support.rows import put

from .people import person

_NOW: Final = datetime(2026, 11, 25, 4, tzinfo=UTC)
_SHOP: Final = "898000058120000"


def _empty() -> Report:
    return work_out(Question(measured=Measured(now=_NOW, today=_NOW.date(), cores=2)))


async def _keep(pool: asyncpg.Pool, report: object) -> None:
    await put(pool, "capacity_reports", {"at": _NOW, "report": report})


async def test_before_the_first_one_there_is_none(desk: Desk, boss: Visitor) -> None:
    (one,) = await reports(desk, boss)
    assert (one.at, one.report) == (None, None)


async def test_what_was_worked_out_last_is_told(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    report = _empty()
    await _keep(pool, report.model_dump(mode="json"))
    (one,) = await reports(desk, boss)
    assert (one.at, one.report) == (_NOW, report)
    assert await planned(report, boss, 10.0) is None  # nothing was measured


async def test_one_of_another_version_is_none(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    await _keep(pool, {"at": "now"})
    (one,) = await reports(desk, boss)
    assert one.report is None


async def test_it_is_not_for_shops(desk: Desk) -> None:
    shop = await person(desk, "merchant", _SHOP)
    with pytest.raises(NotAllowed):
        await reports(desk, shop)
    with pytest.raises(NotAllowed):
        await planned(_empty(), shop, 10.0)


async def test_each_cell_tells_its_own(wide: Desk, boss: Visitor, east: Desk) -> None:
    await _keep(east.pool, _empty().model_dump(mode="json"))
    found = {one.cell: one.report is not None for one in await reports(wide, boss)}
    assert found == {"west": False, "east": True}
