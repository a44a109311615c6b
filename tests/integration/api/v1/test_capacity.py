"""Capacity over the API: before anything was worked out, of an older version, and as it is told."""

from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
import pytest

from annul.desk.roles import Scope
from annul.operate.capacity.measured import Measured
from annul.operate.capacity.report import work_out
from annul.operate.capacity.told import Advice, Level, Predicted, Question, Report
from tests.support.desks import Api
from tests.support.rows import put

_NOW: Final = datetime(2026, 11, 25, 4, tzinfo=UTC)
_LOAD: Final = Predicted(tps=850.0, p50_ms=12.5, p99_ms=61.0, rows=3.0, transactions=1_000)
_KEY: Final = "898000058120000"


def _worked_out() -> Report:
    empty = work_out(Question(measured=Measured(now=_NOW, today=_NOW.date(), cores=2)))
    advice = (Advice(name="machine", limit=0.6, now=0.2, volume=4e6, due=_NOW.date()),)
    levels = (Level(share=0.3, predicted=_LOAD),)
    return empty.model_copy(update={"limit": _LOAD, "levels": levels, "advice": advice})


async def _cell(api: Api, path: str = "/capacity", **query: Any) -> Any:
    told = await api.get(path, await api.key(Scope.OVERVIEW), **query)
    [cell] = told["items"]
    return cell


@pytest.mark.parametrize("kept", [None, {"of": "another version"}])
async def test_what_was_not_worked_out_is_no_figure(
    api: Api, pool: asyncpg.Pool, kept: object
) -> None:
    if kept is not None:
        await put(pool, "capacity_reports", {"at": _NOW, "report": kept})
    cell = await _cell(api)
    assert (cell["at"], cell["most"], cell["advice"], cell["enough"]) == (None, None, [], False)
    assert (await _cell(api, "/capacity/planned", tps=10))["planned"] is None


async def test_what_was_worked_out_is_told(api: Api, pool: asyncpg.Pool) -> None:
    kept = _worked_out().model_dump(mode="json")
    await put(pool, "capacity_reports", {"at": _NOW, "report": kept})
    cell = await _cell(api)
    assert cell["most"] == {"tps": 850.0, "p50_ms": 12.5, "p99_ms": 61.0, "full": False}
    [level], [advice] = cell["levels"], cell["advice"]
    assert level["tps"] == 850.0
    assert (advice["name"], advice["limit"], advice["due"]) == ("machine", 0.6, "2026-11-25")
    assert all(advice["then"].values())
    # Too little was measured to plan with.
    assert (await _cell(api, "/capacity/planned", tps=10))["planned"] is None


async def test_it_is_not_for_merchants_and_a_rate_is_a_number(api: Api) -> None:
    theirs = await api.key(Scope.OVERVIEW, merchant=_KEY)
    ours = await api.key(Scope.OVERVIEW)
    for path, headers, status in (
        ("/capacity", theirs, 403),
        ("/capacity/planned?tps=10", theirs, 403),
        ("/capacity/planned?tps=0", ours, 422),
        ("/capacity/planned?tps=nan", ours, 422),
        ("/capacity/planned?tps=1e9", ours, 422),
        ("/capacity/planned", ours, 422),
    ):
        assert (await api.http.get(path, headers=headers)).status_code == status, path
