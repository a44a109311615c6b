"""Breaks between clearing files and the books: found, owned, ended; there and back in a book."""

from collections.abc import Sequence
from io import BytesIO
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Base64Bytes, Field

from annul.client.models.breaks import (
    AssignedBreaks,
    Break,
    BreakCame,
    BreakDecision,
    BreakKind,
    BreakState,
    ImportedBreaks,
    ManyBreaks,
    Resolution,
    WaitingBreaks,
    WholeBreak,
)
from annul.client.models.parts import Page
from annul.desk import break_sheets
from annul.desk import breaks as views
from annul.desk.break_sheets import Decision
from annul.desk.breaks import BreakSearch, Came
from annul.desk.roles import Scope, Visitor
from annul.domain import breaks as rules

from .asked import After, Asked, Because, Limit, MerchantId, Reason, Words, page
from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/breaks", tags=["breaks"])
Reader = Annotated[Visitor, needs(Scope.CLEARING_READ)]
Writer = Annotated[Visitor, needs(Scope.CLEARING_WRITE)]
LARGER: Final = {
    r"/breaks/workbook": break_sheets.LARGEST * 4 // 3 + 65_536,
    r"/breaks/(assign|resolve)": 1_000_000,  # up to 10,000 numbers
}
Ids = Annotated[list[UUID], Field(max_length=views.MOST)]
Owner = Annotated[Words, Field(max_length=64)]
Cause = Annotated[str, Query(max_length=40, pattern=r"^[a-z_]*$")]
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HEADERS: Final = {
    "cache-control": "no-store",
    "content-disposition": 'attachment; filename="annul-breaks.xlsx"',
    "x-content-type-options": "nosniff",
}
_BOOK: Final = {
    200: {
        "description": "The workbook.",
        "content": {_XLSX: {"schema": {"type": "string", "format": "binary"}}},
    }
}


class Which(Asked):
    """Which breaks; what is not given is any."""

    merchant: MerchantId | None = None
    kind: BreakKind | None = None
    cause: Cause = Field("", examples=["other_amount"])
    state: BreakState | Literal["waiting"] | None = Field(None, examples=["waiting"])
    owner: Owner = Field("", examples=[""])
    file: UUID | None = None
    overdue: bool = False

    def search(self) -> BreakSearch:
        """Give it as the desk takes it."""
        return BreakSearch(
            merchant_id=self.merchant or "",
            kind=self.kind or "",
            cause=self.cause,
            state=self.state or "",
            owner=self.owner,
            file=self.file,
            overdue=self.overdue,
        )


class NewEnd(Asked):
    """How a break is to end."""

    resolution: Resolution = Field(examples=["ours_stand"])
    reason: Reason = Field(examples=["their letter of Monday"])


class ManyEnds(Asked):
    """How breaks are to end: those of these numbers, else all that are found."""

    ids: Ids = Field(default_factory=list[UUID])
    which: Which | None = None
    resolution: Resolution | None = Field(
        None, description="Without it, as the cause of each suggests.", examples=["ours_stand"]
    )
    reason: Reason = Field(examples=["their letter of Monday"])


class NewOwner(Asked):
    """Who works on breaks."""

    ids: Ids
    owner: Owner = Field(description="Empty: nobody.", examples=["li"])


class NewDecisions(Asked):
    """A workbook with decisions."""

    content: Base64Bytes = Field(description="At most 20 MB, in base64.", examples=["UEsDBA=="])
    apply: bool = Field(default=False, description="Carry out what has no problem.")


@router.get("", responses=problems())
async def every(
    desk: AtDesk,
    visitor: Reader,
    merchant: MerchantId | None = None,
    kind: BreakKind | None = None,
    cause: Cause = "",
    state: BreakState | Literal["waiting"] | None = None,
    owner: Annotated[str, Query(max_length=64)] = "",
    file: UUID | None = None,
    transaction: UUID | None = None,
    foretold: bool | None = None,
    limit: Limit = 50,
    cursor: After = "",
    *,
    overdue: bool = False,
) -> Page[Break]:
    """List breaks, the latest first."""
    found = await views.search(
        desk,
        visitor,
        limit=limit,
        cursor=cursor,
        merchant_id=merchant or "",
        kind=kind or "",
        cause=cause,
        state=state or "",
        owner=owner,
        file=file,
        transaction=transaction,
        foretold=foretold,
        overdue=overdue,
    )
    return page(Break, found.rows, found.following)


@router.get("/sums", responses=problems())
async def sums(desk: AtDesk, visitor: Reader) -> Page[WaitingBreaks]:
    """Read how many breaks wait and what money is in them."""
    return page(WaitingBreaks, await views.sums(desk, visitor), "")


@router.get("/workbook", response_class=Response, responses=problems() | _BOOK)
async def export(
    desk: AtDesk,
    visitor: Reader,
    state: BreakState | Literal["waiting"] | None = None,
    kind: BreakKind | None = None,
    file: UUID | None = None,
    lang: Annotated[Literal["zh", "en"], Query(description="Of heads and words.")] = "zh",
) -> Response:
    """Download breaks as a workbook with columns to decide in."""
    wanted = BreakSearch(state=state or "", kind=kind or "", file=file)
    book = BytesIO()  # of some MB at most
    await break_sheets.export(desk, visitor, book, wanted, lang)
    return Response(book.getvalue(), headers=_HEADERS, media_type=_XLSX)


@router.post("/workbook", responses=problems(413))
async def import_(asked: NewDecisions, desk: AtDesk, visitor: Writer) -> ImportedBreaks:
    """Read the decisions of a workbook, and carry them out if told to.

    Each row is looked at by itself; one with a problem stops no other.
    """
    looked = await break_sheets.import_(desk, visitor, asked.content)
    done = await break_sheets.apply(desk, visitor, looked) if asked.apply else []
    return ImportedBreaks(decisions=[_decision(row) for row in looked], items=_came(done))


@router.post("/assign", responses=problems(413))
async def assign(asked: NewOwner, desk: AtDesk, visitor: Writer) -> AssignedBreaks:
    """Change who works on breaks that wait."""
    return AssignedBreaks(assigned=await views.assign(desk, visitor, asked.ids, asked.owner))


@router.post("/resolve", responses=problems(413))
async def resolve_many(asked: ManyEnds, desk: AtDesk, visitor: Writer) -> ManyBreaks:
    """Propose how breaks end, up to 10,000, each by itself.

    What is refused says why with its own number, and stops no other.
    """
    wanted = asked.which.search() if asked.which else None
    how = rules.Resolution(asked.resolution) if asked.resolution else None
    done = await views.resolve_many(desk, visitor, how, asked.reason, ids=asked.ids, wanted=wanted)
    return ManyBreaks(items=_came(done))


@router.get("/{identity}", responses=problems(404))
async def one(identity: UUID, desk: AtDesk, visitor: Reader) -> WholeBreak:
    """Read a break with the file's row, what was proved, and its history."""
    return WholeBreak.model_validate(await views.find(desk, visitor, identity))


@router.post("/{identity}/resolve", responses=problems(404, 409, 413))
async def resolve(identity: UUID, asked: NewEnd, desk: AtDesk, visitor: Writer) -> WholeBreak:
    """Propose how a break ends. It does at once, or waits for a second person.

    It waits (`asked`) from `[clearing] second_person_from` on.
    """
    await views.resolve(desk, visitor, identity, rules.Resolution(asked.resolution), asked.reason)
    return await one(identity, desk, visitor)


@router.post("/{identity}/confirm", responses=problems(404, 409, 413))
async def confirm(identity: UUID, asked: Because, desk: AtDesk, visitor: Writer) -> WholeBreak:
    """Approve how a break is to end. The money follows.

    Only for people with a session; refused (409 `resolve.second_person`) for who has asked for it.
    """
    await views.confirm(desk, visitor, identity, asked.reason)
    return await one(identity, desk, visitor)


@router.post("/{identity}/reject", responses=problems(404, 409, 413))
async def reject(identity: UUID, asked: Because, desk: AtDesk, visitor: Writer) -> WholeBreak:
    """Reject how a break is to end. It is open again; only for people with a session."""
    await views.reject(desk, visitor, identity, asked.reason)
    return await one(identity, desk, visitor)


def _came(done: Sequence[Came]) -> list[BreakCame]:
    return [
        BreakCame(
            id=str(one.id),
            state=one.state,
            code=one.error.code if one.error else "",
            error=str(one.error) if one.error else "",
        )
        for one in done
    ]


def _decision(row: Decision) -> BreakDecision:
    problem = row.problem and {"zh": row.problem.zh, "en": row.problem.en}
    values: dict[str, Any] = row._asdict() | {"problem": problem}
    return BreakDecision.model_validate(values)
