"""A merchant's account: where it is paid to, what is frozen, freed, corrected or charged back."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import Field

from annul.client.models.parts import MERCHANT, Page
from annul.client.models.payouts import Account, AskedMove
from annul.desk import accounts as views
from annul.desk.roles import Scope, Visitor
from annul.domain.money import LARGEST
from annul.domain.payouts import MoveKind
from annul.settle.accounts import Account as Asked_
from annul.settle.accounts import NotWaiting

from .asked import After, Asked, Because, Limit, MerchantId, Reason, Words, page
from .needs import AtDesk, needs, problems

router = APIRouter(prefix="/merchants/{merchant}", tags=["payouts"])
Reader = Annotated[Visitor, needs(Scope.PAYOUTS_READ)]
Writer = Annotated[Visitor, needs(Scope.PAYOUTS_WRITE)]
Id = Annotated[MerchantId, Path(examples=[MERCHANT])]


class NewAccount(Asked):
    """An account of a merchant's own; the number is never shown again."""

    holder: Annotated[Words, Field(min_length=1, max_length=70)] = Field(examples=["示例茶馆"])
    bank: Annotated[str, Field(max_length=14)] = Field(
        description="12 digits of clearing, or a BIC.", examples=["104100000004"]
    )
    number: Annotated[str, Field(max_length=50)] = Field(examples=["6222000000000000017"])
    reason: Reason = Field(examples=["contract"])


class NewMove(Asked):
    """What is to be frozen, freed, corrected or charged back."""

    kind: Literal["freeze", "release", "correction", "chargeback"] = Field(examples=["freeze"])
    amount: Annotated[int, Field(ge=-LARGEST, le=LARGEST)] = Field(
        description="In minor units; its sign counts for corrections: below zero takes.",
        examples=[10_000],
    )
    about: UUID | None = Field(None, description="The transaction.", examples=[None])
    reason: Reason = Field(examples=["dispute"])


@router.get("/accounts", responses=problems(404))
async def accounts(merchant: Id, desk: AtDesk, visitor: Reader) -> Page[Account]:
    """List accounts of a merchant that are used, stopped or asked for."""
    return page(Account, await views.accounts(desk, visitor, merchant), "")


@router.put("/accounts/{account}", responses=problems(404, 413))
async def ask(
    merchant: Id, account: UUID, new: NewAccount, desk: AtDesk, visitor: Writer
) -> Account:
    """Ask for an account of a merchant. Another person has to take it into use.

    `account` is an id that you choose; the same one again changes nothing.
    """
    wanted = Asked_(new.holder, new.bank, new.number)
    await views.ask_account(desk, visitor, merchant, account, wanted, new.reason)
    return await _account(desk, visitor, merchant, account)


@router.post("/accounts/{account}/use", responses=problems(404, 409, 413))
async def use(
    merchant: Id, account: UUID, asked: Because, desk: AtDesk, visitor: Writer
) -> Account:
    """Approve an account that somebody else has asked for. The one before is replaced.

    Only for people with a session.
    """
    await views.use_account(desk, visitor, merchant, account, asked.reason)
    return await _account(desk, visitor, merchant, account)


@router.post("/accounts/{account}/reject", status_code=204, responses=problems(404, 409, 413))
async def reject(
    merchant: Id, account: UUID, asked: Because, desk: AtDesk, visitor: Writer
) -> None:
    """Reject an account that is asked for."""
    await views.reject_account(desk, visitor, merchant, account, asked.reason)


@router.post("/accounts/{account}/stop", responses=problems(404, 409, 413))
async def stop(
    merchant: Id, account: UUID, asked: Because, desk: AtDesk, visitor: Writer
) -> Account:
    """Switch the account in use off. Nothing more is paid to it."""
    await views.stop_account(desk, visitor, merchant, account, asked.reason)
    return await _account(desk, visitor, merchant, account)


@router.post("/accounts/{account}/use-again", responses=problems(404, 409, 413))
async def use_again(
    merchant: Id, account: UUID, asked: Because, desk: AtDesk, visitor: Writer
) -> Account:
    """Switch a stopped account on again. Stopped by a person, or because the bank refused it."""
    await views.use_account_again(desk, visitor, merchant, account, asked.reason)
    return await _account(desk, visitor, merchant, account)


@router.get("/moves", responses=problems(404))
async def moves(
    merchant: Id, desk: AtDesk, visitor: Reader, limit: Limit = 50, cursor: After = ""
) -> Page[AskedMove]:
    """List what changed what is available, the latest first. Apart from business days."""
    found = await views.moves(desk, visitor, merchant, limit, cursor)
    return page(AskedMove, found.rows, found.following)


@router.put("/moves/{move}", responses=problems(404, 409, 413))
async def move(merchant: Id, move: UUID, new: NewMove, desk: AtDesk, visitor: Writer) -> AskedMove:
    """Change what is available: freeze, release, correct or charge back.

    `move` is an id that you choose; the same one again changes nothing. Corrections wait for a
    second person (`state` is `asked`), releases and chargebacks from the contract's amount on.
    """
    wanted = views.Wanted(move, MoveKind(new.kind), new.amount, new.about)
    await views.move(desk, visitor, merchant, wanted, new.reason)
    return await _move(desk, visitor, merchant, move)


@router.post("/moves/{move}/approve", responses=problems(404, 409, 413))
async def approve(
    merchant: Id, move: UUID, asked: Because, desk: AtDesk, visitor: Writer
) -> AskedMove:
    """Approve what somebody else has asked for. It is carried out, once.

    Only for people with a session.
    """
    await views.approve_move(desk, visitor, merchant, move, asked.reason)
    return await _move(desk, visitor, merchant, move)


@router.post("/moves/{move}/reject", responses=problems(404, 409, 413))
async def reject_move(
    merchant: Id, move: UUID, asked: Because, desk: AtDesk, visitor: Writer
) -> AskedMove:
    """Reject what is asked for. No money moves."""
    await views.reject_move(desk, visitor, merchant, move, asked.reason)
    return await _move(desk, visitor, merchant, move)


async def _account(desk: AtDesk, visitor: Visitor, merchant: str, account: UUID) -> Account:
    rows = await views.accounts(desk, visitor, merchant)
    row = next((one for one in rows if one["id"] == account), None)
    if row is None:  # rejected or replaced meanwhile
        raise NotWaiting
    return Account.model_validate(row)


async def _move(desk: AtDesk, visitor: Visitor, merchant: str, move: UUID) -> AskedMove:
    return AskedMove.model_validate(await views.one_move(desk, visitor, merchant, move))
