"""Reports on voids: of a closed business day or week, as figures or as a file."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query, Response

from annul.client.models.reports import Report
from annul.desk import reports as views
from annul.desk.roles import Scope, Visitor
from annul.operate.reports.letter import PDF, XLSX
from annul.operate.reports.period import Period
from annul.operate.reports.plain import plain

from .asked import MerchantId
from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/reports", tags=["reports"])
_MEDIA: Final = {"pdf": PDF, "xlsx": XLSX}
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_FILE: Final = {
    200: {"description": "The report.", "content": dict.fromkeys(_MEDIA.values(), _BINARY)}
}
Reader = Annotated[Visitor, needs(Scope.CASES_READ)]
Named = Annotated[
    str,
    Path(
        pattern=r"^[0-9]{4}-(W[0-9]{2}|[0-9]{2}-[0-9]{2})$",
        description="A business day, or a week from Monday to Sunday.",
        examples=["2026-W48"],
    ),
]
Whose = Annotated[MerchantId | None, Query(description="Of one merchant alone.")]


@router.get("/{report}", responses=problems(404, 409))
async def read(report: Named, desk: AtDesk, visitor: Reader, merchant: Whose = None) -> Report:
    """Read how voids ended on a day or in a week that is over.

    Beside the day or week before: what got better or worse by more than chance, where that comes
    from, and what to change. A key of a merchant reads the merchant's own.
    """
    found = await views.report(desk, visitor, Period.read(report), merchant or "")
    return Report.model_validate(plain(found))


@router.get("/{report}/file", response_class=Response, responses=problems(404, 409) | _FILE)
async def file(
    report: Named,
    desk: AtDesk,
    visitor: Reader,
    form: Annotated[Literal["pdf", "xlsx"], Query(alias="format")] = "pdf",
    lang: Annotated[Literal["zh", "en"], Query(description="Of all words.")] = "zh",
    merchant: Whose = None,
) -> Response:
    """Download the same report, to be printed or as a workbook."""
    asked = Period.read(report)
    content = await views.written(desk, visitor, asked, form, lang, merchant or "")
    headers = {
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="annul-report-{asked.name}.{form}"',
        "x-content-type-options": "nosniff",
    }
    return Response(content, 200, headers, _MEDIA[form])
