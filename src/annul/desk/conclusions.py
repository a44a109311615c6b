"""Money in question, and conclusions by hand, for console and API alike."""

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

from . import acts
from .audit import audit
from .cursor import Cursor, Listing
from .desk import Desk, NothingThere
from .permission import NotAllowed, permit
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "conclusions.sql")
_ANY: Final = "read"  # a reason where none is asked for


async def in_question(desk: Desk, visitor: Visitor, limit: int, cursor: str = "") -> Listing:
    """Give money whose outcome nobody has proved, the oldest first, of the visitor's merchant."""
    after = Cursor.parse(cursor)
    rows = await desk.conclusions.in_question(
        visitor.merchant_id, limit + 1, (after.at, after.id) if after else None
    )
    shown = rows[:limit]
    more = len(rows) > limit
    following = str(Cursor(shown[-1]["since"], shown[-1]["id"])) if more else ""
    return Listing(shown, following)


async def sums(desk: Desk, visitor: Visitor) -> list[dict[str, Any]]:
    """Give how many movements are in question and how much, by currency."""
    return await desk.conclusions.sums(visitor.merchant_id)


async def of(desk: Desk, visitor: Visitor, named: str) -> tuple[Transaction, list[Conclusion]]:
    """Give a transaction that the visitor may know of, its conclusions; raises `NothingThere`."""
    transaction = await _find(desk, visitor, named)
    return transaction, await desk.conclusions.of(transaction)


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
    transaction = await _find(desk, visitor, named)
    person = await _person(desk, visitor, reason)
    return await desk.conclusions.propose(
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
    transaction = await _find(desk, visitor, named)
    person = await _person(desk, visitor, reason)
    confirmed = await desk.conclusions.confirm(str(transaction.id), identity, person, reason=reason)
    if desk.host is not None:
        desk.host.failed.set()  # the resolver looks at the case
    return confirmed


async def withdraw(
    desk: Desk, visitor: Visitor, named: str, identity: UUID, reason: str
) -> Conclusion:
    """Take a proposal back."""
    transaction = await _find(desk, visitor, named)
    person = await _person(desk, visitor, reason)
    return await desk.conclusions.withdraw(str(transaction.id), identity, person, reason=reason)


async def evidence(
    desk: Desk, visitor: Visitor, named: str, identity: UUID
) -> tuple[Conclusion, bytes]:
    """Give the file of a conclusion to those who conclude, and to auditors; to no merchant."""
    transaction, found = await of(desk, visitor, named)
    wanted = next((one for one in found if one.id == identity), None)
    if wanted is None:
        raise NothingProposed
    if not may_read_evidence(visitor):
        raise NotAllowed
    await permit(desk.pool, visitor, Scope.CASES_READ, _ANY, transaction.merchant_id)
    thing = f"transaction {transaction.rrn}"
    await audit(desk.pool, visitor, desk.clock.now(), "read-evidence", thing, "")
    return wanted, await desk.conclusions.read_evidence(wanted)


def may_read_evidence(visitor: Visitor) -> bool:
    """Say whether somebody may read what is attached: it may hold more than annul would show."""
    if visitor.merchant_id:
        return False
    return visitor.role == "auditor" or may_conclude(visitor)


def may_conclude(visitor: Visitor) -> bool:
    """Say whether a page offers it; `Conclusions` decides it."""
    may = visitor.may(Scope.CASES_ACT) and not visitor.merchant_id
    return may and acts.role_of(visitor) in ROLES


async def _find(desk: Desk, visitor: Visitor, named: str) -> Transaction:
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
