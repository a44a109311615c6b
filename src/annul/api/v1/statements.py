"""Statements of a merchant: by month and by day, as PDF, workbook or CSV."""

import tempfile
from collections.abc import Iterator
from typing import IO, Annotated, Final, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse

from annul.client.models.parts import MERCHANT
from annul.desk import statements as views
from annul.desk.roles import Scope, Visitor
from annul.settle.statement.model import Period
from annul.settle.statement.writing import FORMATS

from .asked import MerchantId
from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/merchants", tags=["merchants"])
_PIECE: Final = 1 << 16  # bytes that are sent at once
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "/{merchant}/statements/{period}",
    response_class=StreamingResponse,
    responses=problems(404, 409)
    | {
        200: {
            "description": "The statement. A period that is not over yet has its closed days only.",
            "content": {one.media.partition(";")[0]: _BINARY for one in FORMATS.values()},
        }
    },
)
async def statement(
    merchant: Annotated[MerchantId, Path(examples=[MERCHANT])],
    period: Annotated[
        str,
        Path(
            pattern=r"^[0-9]{4}-[0-9]{2}(-[0-9]{2})?$",
            description="A month or a business day.",
            examples=["2026-11"],
        ),
    ],
    desk: AtDesk,
    visitor: Annotated[Visitor, needs(Scope.TRANSACTIONS_READ)],
    form: Annotated[
        Literal["pdf", "xlsx", "csv"],
        Query(alias="format", description="PDF has the first 2,000 transactions only."),
    ] = "pdf",
    lang: Annotated[Literal["zh", "en"], Query(description="Of heads and words.")] = "zh",
) -> StreamingResponse:
    """Download the statement of a month or a business day.

    What stood at its beginning, what moved, what stood at its end; each day with its payout, each
    transaction with what it undoes. What is closed does not change; payouts are told as they stand.
    """
    asked = Period.of(period)
    # Without a name: nothing is left of it, whatever ends this process.
    file = tempfile.TemporaryFile(prefix="annul-")  # noqa: SIM115 - it is closed once it is sent
    try:
        await views.statement(desk, visitor, merchant, asked, form, lang, file)
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    headers = {
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="annul-{merchant}-{asked}.{form}"',
        "content-length": str(size),
        "x-content-type-options": "nosniff",
    }
    return StreamingResponse(_pieces(file), 200, headers, FORMATS[form].media)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
