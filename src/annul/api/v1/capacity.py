"""What an installation carries, what comes, and what is to be added when."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from annul.client.models.capacity import CellCapacity, PlannedLoad
from annul.client.models.parts import Page
from annul.desk import capacity as views
from annul.desk.roles import Scope, Visitor
from annul.operate.capacity.advice import BY_NAME
from annul.operate.capacity.told import Advice, Predicted

from .asked import page
from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/capacity", tags=["capacity"])
Reader = Annotated[Visitor, needs(Scope.OVERVIEW)]


@router.get("", responses=problems())
async def read(desk: AtDesk, visitor: Reader) -> Page[CellCapacity]:
    """Read what each cell carries, and what is to be added when.

    Hosts work it out once an hour; a cell that has not yet answers with nothing.
    """
    rows = [_told(one) for one in await views.reports(desk, visitor)]
    return page(CellCapacity, rows, "")


@router.get("/planned", responses=problems())
async def planned(
    desk: AtDesk,
    visitor: Reader,
    tps: Annotated[
        float,
        Query(gt=0, le=100_000, allow_inf_nan=False, description="Transactions a second."),
    ],
) -> Page[PlannedLoad]:
    """Ask how long terminals would wait at a planned rate.

    Each cell answers for itself, as if all of it came to that cell.
    """
    rows: list[dict[str, Any]] = []
    for one in await views.reports(desk, visitor):
        told = await views.planned(one.report, visitor, tps) if one.report else None
        rows.append({"cell": one.cell, "planned": told and _load(told)})
    return page(PlannedLoad, rows, "")


def _told(one: views.CellReport) -> dict[str, Any]:
    report = one.report
    if report is None:
        nothing = {"enough": False, "hosts": 0, "transactions": 0, "most": None, "method": ""}
        return nothing | {"cell": one.cell, "at": None, "levels": (), "advice": (), "days": ()}
    carried = report.carried
    return {
        "cell": one.cell,
        "at": one.at,
        "enough": carried.enough,
        "hosts": carried.hosts,
        "transactions": carried.transactions,
        "most": report.limit and _load(report.limit),
        "levels": [_load(level.predicted) for level in report.levels],
        "advice": [_advice(each) for each in report.advice],
        "method": report.forecast.method,
        "days": [
            day.model_dump(include={"day", "volume", "low", "high"}) for day in report.forecast.days
        ],
    }


def _load(told: Predicted) -> dict[str, Any]:
    return told.model_dump(include={"tps", "p50_ms", "p99_ms", "full"})


def _advice(one: Advice) -> dict[str, Any]:
    row = BY_NAME[one.name]
    return one.model_dump(exclude={"beyond"}) | {"title": row.title, "then": row.then}
