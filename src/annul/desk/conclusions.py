"""Money in question, and conclusions by hand, for console and API alike."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from annul.domain.records import Transaction
from annul.resolve.conclusion import (
    ROLES,
    Conclusion,
    NothingProposed,
    Person,
    TransactionUnknown,
)
from annul.store.sql import load

from . import acts, over_cells
from .audit import audit
from .cursor import Cursor, Listing, listing
from .desk import Desk, NothingThere
from .permission import NotAllowed, permit
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "conclusions.sql")
_ANY: Final = "read"  # a reason where none is asked for


async def in_question(desk: Desk, visitor: Visitor, limit: int, cursor: str = "") -> Listing:
    """Give money whose outcome nobody has proved, the oldest first, of the visitor's merchant."""
    after = Cursor.parse(cursor)
    place = (after.at, after.id) if after else None
    pages = await over_cells.each(desk, lambda one: _page(one, visitor.merchant_id, limit, place))
    return over_cells.paged(pages, limit, ("since",), falling=False)


async def _page(
    desk: Desk, merchant_id: str, limit: int, after: tuple[datetime, UUID] | None
) -> Listing:
    rows = await desk.conclusions.in_question(merchant_id, limit + 1, after)
    return listing(rows, limit, "since")


def _by_currency(answers: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    sums: dict[str, dict[str, Any]] = {}
    for row in over_cells.joined(answers):
        had = sums.setdefault(row["currency"], row | {"count": 0, "amount": 0})
        had |= {name: had[name] + row[name] for name in ("count", "amount")}
    return list(sums.values())


@over_cells.together(_by_currency)
async def sums(desk: Desk, visitor: Visitor) -> list[dict[str, Any]]:
    """Give how many movements are in question and how much, by currency."""
    return await desk.conclusions.sums(visitor.merchant_id)


async def of(desk: Desk, visitor: Visitor, named: str) -> tuple[Transaction, list[Conclusion]]:
    """Give a transaction that the visitor may know of, its conclusions; raises `NothingThere`."""
    there, transaction = await _find(desk, visitor, named)
    return transaction, await there.conclusions.of(transaction)


async def concludable(desk: Desk, visitor: Visitor, named: str) -> None:
    """Raise where people can not (yet) conclude it, as `Conclusions.concludable` does."""
    there, transaction = await _find(desk, visitor, named)
    await there.conclusions.concludable(transaction)


async def propose(
    desk: Desk,
    visitor: Visitor,
    named: str,
    *,
    done: bool,
    reason: str,
    evidence: bytes,
    evidence_name: str,
) -> Conclusion:
    """Propose a conclusion; raises `NothingThere`, `NotAllowed`, and what `Conclusions` raises."""
    there, transaction = await _find(desk, visitor, named)
    person = await _person(desk, visitor, reason)
    return await there.conclusions.propose(
        str(transaction.id),
        person,
        done=done,
        reason=reason,
        evidence=evidence,
        evidence_name=evidence_name,
    )


async def confirm(
    desk: Desk, visitor: Visitor, named: str, identity: UUID, reason: str
) -> Conclusion:
    """Confirm what somebody else has proposed; the host carries it out at once if it is here."""
    there, transaction = await _find(desk, visitor, named)
    person = await _person(desk, visitor, reason)
    await over_cells.introduce(desk, there)  # who stands behind whom
    confirmed = await there.conclusions.confirm(
        str(transaction.id), identity, person, reason=reason
    )
    if there.host is not None:
        there.host.failed.set()  # the resolver looks at the case
    return confirmed


async def withdraw(
    desk: Desk, visitor: Visitor, named: str, identity: UUID, reason: str
) -> Conclusion:
    """Take a proposal back."""
    there, transaction = await _find(desk, visitor, named)
    person = await _person(desk, visitor, reason)
    return await there.conclusions.withdraw(str(transaction.id), identity, person, reason=reason)


async def evidence(
    desk: Desk, visitor: Visitor, named: str, identity: UUID
) -> tuple[Conclusion, bytes]:
    """Give the file of a conclusion to those who conclude, and to auditors; to no merchant."""
    there, transaction = await _find(desk, visitor, named)
    found = await there.conclusions.of(transaction)
    wanted = next((one for one in found if one.id == identity), None)
    if wanted is None:
        raise NothingProposed
    if not may_read_evidence(visitor):
        raise NotAllowed
    await permit(desk.pool, visitor, Scope.CASES_READ, _ANY, transaction.merchant_id)
    thing = f"transaction {transaction.rrn}"
    await audit(there.pool, visitor, desk.clock.now(), "read-evidence", thing, "")
    return wanted, await there.conclusions.read_evidence(wanted)


def may_read_evidence(visitor: Visitor) -> bool:
    """Say whether somebody may read what is attached: it may hold more than annul would show."""
    if visitor.merchant_id:
        return False
    return visitor.role == "auditor" or may_conclude(visitor)


def may_conclude(visitor: Visitor) -> bool:
    """Say whether a page offers it; `Conclusions` decides it."""
    may = visitor.may(Scope.CASES_ACT) and not visitor.merchant_id
    return may and acts.role_of(visitor) in ROLES


async def _find(desk: Desk, visitor: Visitor, named: str) -> tuple[Desk, Transaction]:
    """Find a transaction, and the desk of the cell in which it is concluded."""
    transaction = await _known(desk, visitor, named)
    there = await over_cells.serving(desk, transaction.merchant_id)
    return there, await _known(there, visitor, str(transaction.id))


@over_cells.the_one_that_knows
async def _known(desk: Desk, visitor: Visitor, named: str) -> Transaction:
    try:
        return await desk.conclusions.find(named, visitor.merchant_id)
    except TransactionUnknown as error:
        raise NothingThere(str(error)) from None


async def _person(desk: Desk, visitor: Visitor, reason: str) -> Person:
    """Say who acts, as they may still do now; behind a program's key stands who made it."""
    if visitor.merchant_id:
        raise NotAllowed  # whose money it is does not conclude it
    await permit(desk.pool, visitor, Scope.CASES_ACT, reason)
    role = acts.role_of(visitor)
    if visitor.role:
        return Person(visitor.name, role)
    prefix = visitor.name.removeprefix("key ")
    behind = await desk.pool.fetchval(*_SQL["maker"](prefix=prefix, now=desk.clock.now()))
    if behind is None:
        raise NotAllowed
    return Person(visitor.name, role, behind)
