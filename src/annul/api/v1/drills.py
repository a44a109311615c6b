"""Drills: which can be played, and how those went that were."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Response

from annul.client.models.drills import Drill, DrillRun, KnownDrills, WholeDrillRun
from annul.client.models.parts import Page
from annul.desk import drills as views
from annul.desk.roles import Scope, Visitor

from .asked import After, Limit
from .asked import page as page_of
from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/drills", tags=["drills"])
_PDF: Final = "application/pdf"
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The run.", "content": {_PDF: _BINARY}}
}
Reader = Annotated[Visitor, needs(Scope.INCIDENTS_READ)]
Number = Annotated[
    str,
    Path(pattern=r"^D[0-9]{6}-[0-9]{6}$", description="Of a run.", examples=["D261128-402913"]),
]


@router.get("", responses=problems())
async def listed(
    desk: AtDesk,
    visitor: Reader,
    drill: Annotated[
        str, Query(pattern=r"^([a-z0-9-]{1,60})?$", description="Runs of this drill alone.")
    ] = "",
    limit: Limit = 50,
    cursor: After = "",
) -> Page[DrillRun]:
    """List drills that were run, the latest first, with their scores.

    Each stands beside annul left alone in the same drill. A run is kept here when `annul drill` was
    told this installation, or when this is the sandbox in which it was played.
    """
    found = await views.runs(desk, visitor, drill, limit, cursor)
    return page_of(DrillRun, found.rows, found.following)


@router.get("/known", responses=problems())
async def known(visitor: Reader) -> KnownDrills:
    """List drills that can be played, mixes and whole days first."""
    return KnownDrills(items=tuple(Drill.model_validate(one) for one in views.known(visitor)))


@router.get("/{drill}", responses=problems(404))
async def read(drill: Number, desk: AtDesk, visitor: Reader) -> WholeDrillRun:
    """Read a run: what was true, what was done, what it proposes."""
    return WholeDrillRun.model_validate(await views.find(desk, visitor, drill))


@router.get("/{drill}/file", response_class=Response, responses=problems(404, 409) | _FILE)
async def file(
    drill: Number,
    desk: AtDesk,
    visitor: Reader,
    lang: Annotated[Literal["zh", "en"], Query(description="Of all words.")] = "zh",
) -> Response:
    """Download a run with its score, to be printed."""
    content = await views.printed(desk, visitor, drill, lang)
    headers = {
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="annul-{drill}.pdf"',
        "x-content-type-options": "nosniff",
    }
    return Response(content, 200, headers, _PDF)
