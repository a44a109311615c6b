"""Transactions: looked for by what stands on a slip, and one with all that belongs to it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from annul.client.models.parts import Page
from annul.client.models.transactions import Chain, Transaction
from annul.desk import transactions as views
from annul.desk.roles import Scope, Visitor

from .asked import (
    After,
    Kind,
    Last4,
    Limit,
    MerchantId,
    Minor,
    Moment,
    Rrn,
    StateName,
    TerminalId,
    Trace,
    page,
)
from .needs import AtDesk, needs, problems
from .polled import UNCHANGED, polled

router = APIRouter(prefix="/transactions", tags=["transactions"])
Reader = Annotated[Visitor, needs(Scope.TRANSACTIONS_READ)]


@router.get("", responses=problems())
async def search(
    desk: AtDesk,
    visitor: Reader,
    rrn: Rrn | None = None,
    trace: Annotated[Trace | None, Query(description="Voucher number.")] = None,
    terminal: TerminalId | None = None,
    merchant: MerchantId | None = None,
    kind: Kind | None = None,
    state: StateName | None = None,
    last4: Annotated[Last4 | None, Query(description="Last four digits of the card.")] = None,
    amount: Annotated[Minor | None, Query(description="In minor units.")] = None,
    since: Annotated[Moment | None, Query(alias="from", description="Received from then.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Received before then.")] = None,
    limit: Limit = 50,
    cursor: After = "",
) -> Page[Transaction]:
    """List transactions, the latest first.

    Reference number, voucher number and time go by index; the others are looked through.
    """
    wanted = views.TransactionSearch(
        rrn or "",
        trace or "",
        terminal or "",
        merchant or "",
        kind or "",
        state or "",
        last4 or "",
        amount,
        since,
        until,
    )
    found = await views.search(desk, visitor, wanted, limit, cursor)
    return page(Transaction, found.rows, found.following)


@router.get("/{transaction}", response_model=Chain, responses=problems(404) | UNCHANGED)
async def one(request: Request, transaction: UUID, desk: AtDesk, visitor: Reader) -> Response:
    """Read a transaction with all that belongs to it.

    Its chain is what it began with, what refers to it, and the ledger.
    """
    chain = await views.chain(desk, visitor, transaction)
    both = (chain["original"], *chain["attempts"])
    asked = next(row for row in both if row["id"] == transaction)
    return polled(request, Chain.model_validate(chain | {"transaction": asked}))
