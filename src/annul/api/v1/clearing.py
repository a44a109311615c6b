"""Clearing files: read, looked at, committed, discarded; maps of their columns."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ConfigDict, Field

from annul.client.models.clearing import (
    NAME,
    AcceptedDifference,
    BadLine,
    ClearingFile,
    ClearingResult,
    ClearingRules,
    ColumnMap,
    ExpectedFile,
    FileLook,
    MatchedAgain,
    ReadClearingFile,
    RulesVersion,
    SavedMap,
    WholeFile,
)
from annul.client.models.parts import Page
from annul.desk import clearing as views
from annul.desk import clearing_acts as acts
from annul.desk import clearing_expected as expected_views
from annul.desk import clearing_rules as rules_views
from annul.desk.roles import Scope, Visitor
from annul.settle.clearing import columns as meaning
from annul.settle.clearing.counting import Result

from .asked import After, Asked, Because, IssuerId, Limit, Reason, Words, page
from .idempotency import AtKeys, Key
from .needs import AtDesk, needs, problems
from .uploads import BODY, Upload

router = APIRouter(prefix="/clearing", tags=["clearing"])
Reader = Annotated[Visitor, needs(Scope.CLEARING_READ)]
Writer = Annotated[Visitor, needs(Scope.CLEARING_WRITE)]
LARGER: Final = {r"/clearing/files(/look)?": 2**62}  # a file may have any size
FileName = Annotated[
    str, Query(min_length=1, max_length=200, description="Of the file.", examples=[NAME])
]
MapName = Annotated[
    str,
    Path(min_length=1, max_length=60, pattern=r"^[^\u0000-\u001f/]+$", examples=["bank of tea"]),
]


class Perhaps(Asked):
    """Why something is done, if there is more to say."""

    reason: Annotated[Words, Field(max_length=500)] = Field("", examples=["seen the preview"])


class NewRules(ClearingRules, frozen=True):
    """All rules, and why they are set."""

    model_config = ConfigDict(extra="forbid", defer_build=False)

    reason: Reason = Field(description="Kept in the audit log.", examples=["as we agreed"])


class ByRules(Asked):
    """By which rules a file would be matched anew."""

    rules: ClearingRules | None = Field(None, description="Else those in force.")


class NewMap(ColumnMap, frozen=True):
    """What the columns of a table mean."""

    model_config = ConfigDict(extra="forbid", defer_build=False)


@router.get("/files", responses=problems())
async def files(
    desk: AtDesk, visitor: Reader, limit: Limit = 50, cursor: After = ""
) -> Page[ClearingFile]:
    """List clearing files, the latest first. For no merchant."""
    found = await views.files(desk, visitor, limit, cursor)
    return page(ClearingFile, found.rows, found.following)


@router.post(
    "/files",
    status_code=201,
    response_model=ReadClearingFile,
    responses=problems(404, 409, 413),
    openapi_extra=BODY,
)
async def read(
    request: Request,
    name: FileName,
    key: Key,
    keys: AtKeys,
    desk: AtDesk,
    visitor: Writer,
    layout: Annotated[
        str, Query(max_length=20, description="A layout; recognised if not given.")
    ] = "",
    columns: Annotated[
        str, Query(alias="map", max_length=60, description="A saved map of a table's columns.")
    ] = "",
    day: Annotated[
        date | None,
        Query(description="Up to which business day it tells; if not given by rows or name."),
    ] = None,
    issuer: Annotated[
        list[IssuerId], Query(description="Of which issuers it tells; none: of all.")
    ] = [],  # noqa: B006 - FastAPI copies it
    *,
    again: Annotated[
        bool, Query(description="It is another file, though its name was read before.")
    ] = False,
) -> Response:
    """Send a clearing file, as the body, of any size. It counts once it is committed.

    The same content again is 409 `clearing.already_read`, another one under the same name 409
    `clearing.name_taken`. What cannot be read is 422 and leaves nothing; so does a body that breaks
    off.
    """
    asked = [name, layout, columns, str(day), *sorted(issuer), str(again)]
    claim = await keys.claim(visitor, key, f"ReadClearingFile {asked}")
    if claim.answered is not None:
        return JSONResponse(claim.answered[1], claim.answered[0])
    try:
        taken = await views.read(
            desk,
            visitor,
            Upload(request),
            name,
            layout=layout,
            map=columns or None,
            issuers=tuple(issuer),
            settles_on=day,
            again=again,
            file=None if claim.again else claim.identity,
        )
    except BaseException:
        await keys.free(visitor, key)
        raise
    shown = [_bad_line(one._asdict()) for one in taken.bad_lines[: views.FIRST_BAD]]
    told = taken.columns and _map(taken.columns)
    values = {**taken._asdict(), "bad_lines": shown, "columns": told}
    answer = ReadClearingFile.model_validate(values).model_dump(mode="json")
    await keys.keep(visitor, key, 201, answer)
    return JSONResponse(answer, 201)


@router.post("/files/look", responses=problems(413), openapi_extra=BODY)
async def look(request: Request, name: FileName, desk: AtDesk, visitor: Writer) -> FileLook:
    """Ask what a file, as the body, looks like. Nothing of it is kept."""
    form, seen = await views.look_at(desk, visitor, Upload(request), name)
    return FileLook(
        layout=form,
        headers=seen.headers if seen else [],
        samples=[[str(cell) for cell in line] for line in seen.samples] if seen else [],
        map=_map(seen.columns) if seen else None,
        missing=[_said(text) for text in meaning.missing(seen.columns)] if seen else [],
    )


@router.get("/expected", responses=problems())
async def expected(desk: AtDesk, visitor: Reader) -> Page[ExpectedFile]:
    """List clearing files that are expected. For no merchant.

    Those that tell up to a day of the last week, and that are due until tomorrow.
    """
    return page(ExpectedFile, await expected_views.expected(desk, visitor), "")


@router.get("/files/{file}", responses=problems(404))
async def one(file: UUID, desk: AtDesk, visitor: Reader) -> WholeFile:
    """Read a clearing file with its breaks and first bad lines."""
    found = await views.find(desk, visitor, file)
    lines = [_bad_line(line) for line in found["bad_lines"]]
    return WholeFile.model_validate(found | {"bad_lines": lines})


@router.get("/files/{file}/bad-lines", responses=problems(404))
async def bad_lines(
    file: UUID, desk: AtDesk, visitor: Reader, limit: Limit = 50, cursor: After = ""
) -> Page[BadLine]:
    """List lines of a clearing file that are no rows. The first 1,000 are kept."""
    found = await views.bad_lines(desk, visitor, file, limit, cursor)
    return page(BadLine, [_bad_line(row) for row in found.rows], found.following)


@router.get("/files/{file}/differences", responses=problems(404))
async def differences(
    file: UUID, desk: AtDesk, visitor: Reader, limit: Limit = 50, cursor: After = ""
) -> Page[AcceptedDifference]:
    """List differences of money with a file that rules accept. Each has the account that bears it.

    In the order of the rows; a row may have one in its amount and one in its fee.
    """
    found = await views.differences(desk, visitor, file, limit, cursor)
    return page(AcceptedDifference, found.rows, found.following)


@router.post("/files/{file}/preview", responses=problems(404, 409, 413))
async def preview(file: UUID, desk: AtDesk, visitor: Writer) -> ClearingResult:
    """Ask what a commit of a clearing file would do. Nothing is kept."""
    return _result(await views.preview(desk, visitor, file))


@router.post("/files/{file}/commit", responses=problems(404, 409, 413))
async def commit(file: UUID, asked: Perhaps, desk: AtDesk, visitor: Writer) -> ClearingResult:
    """Confirm a clearing file. It counts from then on; once more is 409.

    Where one cell refuses it, 409 `desk.not_everywhere` names that cell: confirm it once more.
    """
    return _result(await views.commit(desk, visitor, file, asked.reason))


@router.post("/files/{file}/drop", responses=problems(404, 409, 413))
async def drop(file: UUID, asked: Perhaps, desk: AtDesk, visitor: Writer) -> WholeFile:
    """Withdraw a clearing file that does not count yet."""
    await views.drop(desk, visitor, file, asked.reason)
    return await one(file, desk, visitor)


@router.post("/files/{file}/discard", responses=problems(404, 409, 413))
async def discard(file: UUID, asked: Because, desk: AtDesk, visitor: Writer) -> WholeFile:
    """Withdraw a clearing file that counts. What it proved is undone.

    Later files of the same issuers are withdrawn first (409 `clearing.later_committed`). Where much
    money is at stake it waits for a second person (`asked_for`).
    """
    await acts.discard(desk, visitor, file, asked.reason)
    return await one(file, desk, visitor)


@router.post("/files/{file}/again/preview", responses=problems(404, 409, 413))
async def preview_again(file: UUID, asked: ByRules, desk: AtDesk, visitor: Writer) -> MatchedAgain:
    """Ask what would differ if a file that counts were matched anew.

    Nothing is kept.
    """
    wanted = asked.rules and rules_views.checked(asked.rules.model_dump())
    found = await acts.preview(desk, visitor, file, wanted)
    return MatchedAgain.model_validate(asdict(found))


@router.post("/files/{file}/again", responses=problems(404, 409, 413))
async def again(file: UUID, asked: Because, desk: AtDesk, visitor: Writer) -> WholeFile:
    """Confirm that a file that counts is matched anew by the rules in force.

    Where much money is at stake it waits for a second person (`asked_for`).
    """
    await acts.again(desk, visitor, file, asked.reason)
    return await one(file, desk, visitor)


@router.get("/rules", responses=problems())
async def rules(desk: AtDesk, visitor: Reader) -> Page[RulesVersion]:
    """List the rules by which files are judged, the latest first."""
    found = await rules_views.versions(desk, visitor)
    return page(RulesVersion, [row | {"rules": row["rules"].model_dump()} for row in found], "")


@router.put("/rules", responses=problems(409, 413))
async def set_rules(asked: NewRules, desk: AtDesk, visitor: Writer) -> Page[RulesVersion]:
    """Change the rules by which files are judged.

    Rules by which fewer acts take a second person, or more differences of money are accepted, wait
    for one.
    """
    new = rules_views.checked(asked.model_dump(exclude={"reason"}))
    await rules_views.change(desk, visitor, new, asked.reason)
    return await rules(desk, visitor)


@router.get("/maps", responses=problems())
async def maps(desk: AtDesk, visitor: Reader) -> Page[SavedMap]:
    """List maps of columns that were saved. For no merchant."""
    found = await views.maps(desk, visitor)
    rows = [{"name": name, "map": _map(columns)} for name, columns in found.items()]
    return page(SavedMap, rows, "")


@router.put("/maps/{name}", responses=problems(413))
async def save_map(name: MapName, asked: NewMap, desk: AtDesk, visitor: Writer) -> SavedMap:
    """Add a map of columns, or change the one of that name."""
    columns = meaning.ColumnMap.of_json(asked.model_dump())
    await views.save_map(desk, visitor, name, columns)
    return SavedMap(name=name.strip(), map=_map(columns))


@router.delete("/maps/{name}", status_code=204, responses=problems(404))
async def forget_map(name: MapName, desk: AtDesk, visitor: Writer) -> None:
    """Withdraw a map of columns."""
    await views.forget_map(desk, visitor, name)


def _result(result: Result) -> ClearingResult:
    return ClearingResult.model_validate(asdict(result))


def _map(columns: meaning.ColumnMap) -> ColumnMap:
    return ColumnMap.model_validate(columns.as_json())


def _bad_line(row: dict[str, Any]) -> dict[str, Any]:
    reason = row.get("reason") or row
    said = reason if isinstance(reason, dict) else {"zh": reason.zh, "en": reason.en}
    return {"line": row["line"], "text": row["text"], "reason": said}


def _said(text: Any) -> Any:
    return {"zh": text.zh, "en": text.en}
