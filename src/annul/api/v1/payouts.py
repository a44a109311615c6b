"""Payouts: what merchants are paid, files to and from the bank."""

from datetime import date
from typing import Annotated, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import Base64Bytes, Field

from annul.client.models.parts import Page
from annul.client.models.payouts import (
    BankFile,
    DayOfPayouts,
    Payout,
    PayoutFile,
    PayoutRun,
    PayoutState,
    ReadBankFile,
    WholePayout,
)
from annul.desk import payouts as views
from annul.desk.roles import Scope, Visitor

from .asked import After, Asked, Because, Limit, MerchantId, Reason, Words, page
from .needs import AtDesk, needs, problems

router = APIRouter(tags=["payouts"])
Reader = Annotated[Visitor, needs(Scope.PAYOUTS_READ)]
Writer = Annotated[Visitor, needs(Scope.PAYOUTS_WRITE)]
LARGER: Final = {r"/bank-files": views.LARGEST_FILE * 4 // 3 + 65_536}
_OCTETS: Final = "application/octet-stream"
_FILE: Final = {
    200: {
        "description": "The file, with accounts in clear.",
        "content": {_OCTETS: {"schema": {"type": "string", "format": "binary"}}},
    }
}


class NewBankFile(Asked):
    """A file of the bank: pain.002, camt.052 to .054, MT940 or CSV."""

    name: Annotated[Words, Field(min_length=1, max_length=200)] = Field(examples=["statement.csv"])
    content: Base64Bytes = Field(
        description="At most 50 MB, in base64.",
        examples=["cmVmZXJlbmNlLHNhaWQsYW1vdW50LGN1cnJlbmN5Cg=="],
    )
    reason: Reason = Field(examples=["statement of the day"])


@router.get("/payouts", responses=problems())
async def every(
    desk: AtDesk,
    visitor: Reader,
    merchant: Annotated[MerchantId | None, Query(description="Of one merchant.")] = None,
    state: PayoutState | None = None,
    day: Annotated[date | None, Query(description="Made on that day.")] = None,
    limit: Limit = 50,
    cursor: After = "",
) -> Page[Payout]:
    """List payouts, the latest first."""
    found = await views.search(
        desk,
        visitor,
        merchant_id=merchant or "",
        state=state or "",
        day=day,
        limit=limit,
        cursor=cursor,
    )
    return page(Payout, found.rows, found.following)


@router.post("/payouts/run", responses=problems(409, 413))
async def run(asked: Because, desk: AtDesk, visitor: Writer) -> PayoutRun:
    """Order payouts of all that is available, in files for the bank. Twice changes nothing.

    Refused (409) while annul just makes them, and without a bank in its settings.
    """
    made = await views.run(desk, visitor, asked.reason)
    return PayoutRun.model_validate(made._asdict())


@router.get("/payouts/days/{day}", responses=problems())
async def one_day(
    day: Annotated[date, Path(examples=["2026-12-01"])], desk: AtDesk, visitor: Reader
) -> Page[DayOfPayouts]:
    """Read what came and what goes out on a day, by currency. For no merchant."""
    return page(DayOfPayouts, await views.glance(desk, visitor, day), "")


@router.get("/payouts/{payout}", responses=problems(404))
async def one(payout: UUID, desk: AtDesk, visitor: Reader) -> WholePayout:
    """Read a payout with the business days and moves in it."""
    return WholePayout.model_validate(await views.find(desk, visitor, payout))


@router.post("/payouts/{payout}/approve", responses=problems(404, 409, 413))
async def approve(payout: UUID, asked: Because, desk: AtDesk, visitor: Writer) -> WholePayout:
    """Approve a payout that waits for a second person. It goes into the next file.

    Only for people with a session; refused (409 `resolve.second_person`) for who has made it.
    """
    await views.approve(desk, visitor, payout, asked.reason)
    return await one(payout, desk, visitor)


@router.post("/payouts/{payout}/cancel", responses=problems(404, 409, 413))
async def cancel(payout: UUID, asked: Because, desk: AtDesk, visitor: Writer) -> WholePayout:
    """Withdraw a payout that stands in no file yet. Its money is available again."""
    await views.cancel(desk, visitor, payout, asked.reason)
    return await one(payout, desk, visitor)


@router.get("/payout-files", responses=problems())
async def files(
    desk: AtDesk, visitor: Reader, limit: Limit = 50, cursor: After = ""
) -> Page[PayoutFile]:
    """List files for the bank, the latest first. For no merchant."""
    found = await views.sent_files(desk, visitor, limit, cursor)
    return page(PayoutFile, found.rows, found.following)


@router.post(
    "/payout-files/{file}/take",
    response_class=Response,
    responses=problems(404, 409, 413) | _FILE,
)
async def take(file: UUID, asked: Because, desk: AtDesk, visitor: Writer) -> Response:
    """Download a file to bring it to the bank. It is nobody else's from then on (409)."""
    name, content = await views.take_file(desk, visitor, file, asked.reason)
    named = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Response(content, media_type=_OCTETS, headers={"content-disposition": named})


@router.get("/bank-files", responses=problems())
async def bank_files(
    desk: AtDesk, visitor: Reader, limit: Limit = 50, cursor: After = ""
) -> Page[BankFile]:
    """List files of the bank that were read, the latest first. For no merchant."""
    found = await views.read_files(desk, visitor, limit, cursor)
    return page(BankFile, found.rows, found.following)


@router.post("/bank-files/{file}/confirm", responses=problems(404, 409, 413))
async def confirm(file: UUID, asked: Because, desk: AtDesk, visitor: Writer) -> ReadBankFile:
    """Confirm what a file says of money that came back. It has its effect, once.

    Only for people with a session; refused (409 `resolve.second_person`) for who gave the file.
    """
    done = await views.confirm_file(desk, visitor, file, asked.reason)
    return ReadBankFile.model_validate(done._asdict())


@router.post("/bank-files", status_code=201, responses=problems(409, 413))
async def read(asked: NewBankFile, desk: AtDesk, visitor: Writer) -> ReadBankFile:
    """Read a file of the bank. Each line has its effect once.

    What it says of money that came back waits until another person confirms it.

    The same content again is 409 `settle.already_read`; what cannot be read is 422
    `settle.file_unreadable` and has had no effect.
    """
    done = await views.read(desk, visitor, asked.content, asked.name, asked.reason)
    return ReadBankFile.model_validate(done._asdict())
