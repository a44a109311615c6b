"""What people do with chargebacks: enter, answer, accept, confirm; each act in the audit log."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from uuid_utils.compat import uuid7

from annul.domain.chargebacks import ADDED, Act, EvidenceKind, Reason, Stage
from annul.resolve.second_person import second_person
from annul.settle.chargebacks import acting, book
from annul.settle.chargebacks import evidence as documents
from annul.settle.chargebacks.book import Chargeback, Claim, Doing
from annul.settle.chargebacks.errors import NotAsked
from annul.settle.chargebacks.evidence import Document
from annul.wire.masking import scan

from . import over_cells
from .audit import audit, audit_read
from .chargebacks import SQL, WORKERS, document, home, transaction_named
from .desk import Desk
from .permission import NotAllowed, NotValid, changing, permit, staff
from .roles import Scope, Visitor

_NONE: Final = "no reason is asked for"  # what `permit` takes in its place
_OPENS: Final = frozenset({Act.REQUEST, Act.CHARGE_BACK})
_NUMBER: Final = 40  # characters of a network's reference


# What belongs to an act, in its commit: with the connection, and the chargeback's number.
Then = Callable[[Any, UUID], Awaitable[None]]


class Wanted(NamedTuple):
    """A chargeback that is entered; `first` is how it begins. `due_at`: the network's deadline.

    `transaction` is an id or a reference number; `amount` 0 claims all of it.
    """

    id: UUID
    number: str
    transaction: str
    reason: Reason
    amount: int
    first: Act
    received_at: datetime | None = None
    due_at: datetime | None = None
    file: UUID | None = None
    line: int | None = None


async def open_(
    desk: Desk, visitor: Visitor, wanted: Wanted, reason: str, then: Then | None = None
) -> tuple[UUID, str]:
    """Enter a chargeback; gives its id and stage. It begins at once, or a second person lets it.

    Of one number it is entered once: a repeat changes nothing. `then` is done in the same commit.
    Raises `NothingThere`, `NotValid`,
    `NotClaimable`, `AlreadyClaimed`, `OriginalMoving`, `OutOfTime`, `NotAllowed`, `ReasonNeeded`.
    """
    staff(visitor)
    number = wanted.number.strip()
    if wanted.first not in _OPENS:
        raise NotValid("a chargeback begins with a retrieval request or a first chargeback")
    if not 0 < len(number) <= _NUMBER or not number.isprintable():
        raise NotValid("the network's reference has 1 to 40 characters")
    merchant_id, transaction = await transaction_named(desk, visitor, wanted.transaction)
    there = await over_cells.acting(desk, merchant_id)
    async with changing(there, visitor, Scope.CLEARING_WRITE, reason) as connection:
        now = there.clock.now()
        received = wanted.received_at or now
        if received > now:
            raise NotValid("it cannot have come later than now")
        amount = wanted.amount or await _all_of(connection, merchant_id, transaction)
        claim = Claim(
            merchant_id, wanted.id, number, transaction, wanted.reason, amount, received,
            wanted.file, wanted.line,
        )  # fmt: skip
        doing = Doing(visitor.name, scan(reason.strip()), now)
        opened = await book.open_(connection, claim, doing)
        if opened is None:
            known = await _before(connection, merchant_id, number)
            await _also(then, connection, known[0])
            return known
        facts = await documents.known(connection, merchant_id, opened.id, transaction)
        opened = await documents.add(
            connection, there.vault, opened, [facts.document], book.CLOCK, now
        )
        detail = _said(opened) | {"number": number, "first": wanted.first.value}
        thing = thing_of(opened.id)
        await audit(connection, visitor, now, "open-chargeback", thing, reason, detail)
        stage = await _do(there, visitor, connection, opened, wanted.first, doing, wanted.due_at)
        await _also(then, connection, opened.id)
        return opened.id, stage


async def act(
    desk: Desk,
    visitor: Visitor,
    identity: UUID,
    what: Act,
    reason: str,
    due_at: datetime | None = None,
    then: Then | None = None,
) -> str:
    """Do the next thing with a chargeback; gives its stage, the old one where it waits.

    What lets money of `[chargebacks] second_person_from` or more go on waits for a second person.
    `then` is done in the same commit.
    Raises `NothingThere`, `NotNext`, `EvidenceNeeded`, `OriginalMoving`, `NotAllowed`,
    `ReasonNeeded`.
    """
    staff(visitor)
    there, row = await _whose(desk, visitor, identity)
    if what is Act.EXPIRE:
        raise NotValid("only time lets a deadline pass")
    added = await _proofs(there, row) if _answers(Stage(row["stage"]), what) else []
    async with changing(there, visitor, Scope.CLEARING_WRITE, reason) as connection:
        now = there.clock.now()
        found = await book.locked(connection, identity)
        book.moved_by(found, what)
        if found.asked:
            raise book.NotNext
        found = await documents.add(connection, there.vault, found, added, book.CLOCK, now)
        doing = Doing(visitor.name, scan(reason.strip()), now)
        stage = await _do(there, visitor, connection, found, what, doing, due_at)
        await _also(then, connection, identity)
        return stage


async def confirm(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> str:
    """Let happen what somebody else has asked for, as second person; gives the stage.

    Raises `SecondPersonNeeded`, `NotAsked`, and as `act` does.
    """
    there, _ = await _deciding(desk, visitor, identity)
    async with changing(there, visitor, Scope.CLEARING_WRITE, reason) as connection:
        now, found = there.clock.now(), await book.locked(connection, identity)
        if not found.asked:
            raise NotAsked
        await second_person(connection, found.asked_by, visitor.name)
        said = scan(f"{found.asked_reason}; {reason.strip()}")
        doing = Doing(visitor.name, said, now, found.asked_by)
        what = Act(found.asked)
        rest = (there.chargebacks, found, what, doing, found.asked_due_at)
        after = await acting.act(connection, there.calendar, *rest)
        detail = _said(after) | {"act": what.value, "asked_by": found.asked_by}
        thing = thing_of(identity)
        await audit(connection, visitor, now, "confirm-chargeback", thing, reason, detail)
        return after.stage


async def reject(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> None:
    """Let what was asked for come to nothing, as second person or as who had asked."""
    there, _ = await _deciding(desk, visitor, identity)
    async with changing(there, visitor, Scope.CLEARING_WRITE, reason) as connection:
        now, found = there.clock.now(), await book.locked(connection, identity)
        if found.asked and found.asked_by != visitor.name:
            await second_person(connection, found.asked_by, visitor.name)
        await book.reject(connection, found, Doing(visitor.name, scan(reason.strip()), now))
        detail = _said(found) | {"act": found.asked, "asked_by": found.asked_by}
        thing = thing_of(identity)
        await audit(connection, visitor, now, "reject-chargeback", thing, reason, detail)


async def assign(
    desk: Desk, visitor: Visitor, identity: UUID, owner: str, reason: str = ""
) -> None:
    """Say who works on it, nobody if empty; raises `NotValid` for who may not, `NotNext`."""
    staff(visitor)
    await permit(desk.pool, visitor, Scope.CLEARING_WRITE, _NONE)
    if owner:
        asked = SQL["workers"](name=owner, roles=WORKERS)
        if await desk.pool.fetchval(*asked) is None:
            message = f"nobody called {owner} may work on chargebacks"
            raise NotValid(message)
    there, _ = await _whose(desk, visitor, identity)
    async with changing(there, visitor, Scope.CLEARING_WRITE, _NONE) as connection:
        now, found = there.clock.now(), await book.locked(connection, identity)
        await book.own(connection, found, owner, Doing(visitor.name, "", now))
        detail = {"owner": owner}
        thing = thing_of(identity)
        await audit(connection, visitor, now, "assign-chargeback", thing, reason, detail)


async def add_evidence(
    desk: Desk,
    visitor: Visitor,
    identity: UUID,
    kind: EvidenceKind,
    name: str,
    content: bytes,
    document_id: UUID | None = None,
    reason: str = "",
) -> UUID:
    """Keep a document, judged by its content; the same one once.

    Raises `EvidenceRefused`, `NotNext` where it has ended, `NotValid`, `NotAllowed`.
    """
    staff(visitor)
    if kind in ADDED:
        raise NotValid("annul adds this by itself")
    form = documents.media_type(content)
    there, _ = await _whose(desk, visitor, identity)
    added = Document(kind, name, content, form, document_id or uuid7())
    async with changing(there, visitor, Scope.CLEARING_WRITE, _NONE) as connection:
        now, found = there.clock.now(), await book.locked(connection, identity)
        await documents.add(connection, there.vault, found, [added], visitor.name, now)
        detail = {"kind": kind.value, "name": name, "size": len(content), "type": form}
        thing = thing_of(identity)
        await audit(connection, visitor, now, "add-evidence", thing, reason, detail)
    return added.id


async def read_evidence(
    desk: Desk, visitor: Visitor, identity: UUID, document_id: UUID
) -> tuple[str, str, bytes]:
    """Give a document's name, type and content; who reads one is audited. `NothingThere`."""
    found = await document(desk, visitor, identity, document_id)
    await audit_read(desk, visitor, "read-evidence", thing_of(identity))
    return found


def two_needed(desk: Desk, found: Chargeback, what: Act) -> bool:
    """Say whether an act takes two people, by the money that it lets go on."""
    stake = book.at_stake(found, book.moved_by(found, what))
    return stake > 0 and stake >= desk.chargebacks.second_person_from


async def _do(
    desk: Desk,
    visitor: Visitor,
    connection: Any,
    found: Chargeback,
    what: Act,
    doing: Doing,
    due_at: datetime | None,
) -> str:
    detail = _said(found) | {"act": what.value}
    thing = thing_of(found.id)
    if two_needed(desk, found, what):
        await book.ask(connection, found, what, doing, due_at)
        said = (visitor, doing.now, "ask-chargeback", thing, doing.reason, detail)
        await audit(connection, *said)
        return found.stage
    rules = desk.chargebacks
    after = await acting.act(connection, desk.calendar, rules, found, what, doing, due_at)
    detail |= {"stage": after.stage.value, "money": after.money.value}
    await audit(connection, visitor, doing.now, "move-chargeback", thing, doing.reason, detail)
    return after.stage


async def _also(then: Then | None, connection: Any, identity: UUID) -> None:
    if then is not None:
        await then(connection, identity)


def _answers(stage: Stage, what: Act) -> bool:
    step = book.move(stage, what)
    return step is not None and step.evidence


async def _proofs(desk: Desk, row: Any) -> list[Document]:
    """Give what annul knows: messages, clearing rows, what gave it back, its case's proof."""
    key = (row["merchant_id"], row["id"], row["transaction_id"])
    known = await documents.known(desk.pool, *key)
    found = [known.document]
    if known.case_number and known.given_back:
        from annul.resolve import proof  # which brings what draws PDFs

        _, whole = await proof.gather(desk.pool, known.case_number, desk.clock.now())
        bundle = proof.bundle(whole, desk.notary)
        found.append(documents.of_case(row["id"], known.case_number, bundle))
    return found


async def _all_of(connection: Any, merchant_id: str, transaction: UUID) -> int:
    asked = book.SQL["original"](merchant=merchant_id, id=transaction)
    row = await connection.fetchrow(*asked)
    return row["amount"] if row else 0


async def _before(connection: Any, merchant_id: str, number: str) -> tuple[UUID, str]:
    row = await connection.fetchrow(*book.SQL["known"](merchant=merchant_id, number=number))
    return row["id"], row["stage"]


async def _whose(desk: Desk, visitor: Visitor, identity: UUID) -> tuple[Desk, dict[str, Any]]:
    """Give the desk of the cell that has it, which knows then who acts, and the chargeback."""
    there, row = await home(desk, visitor, identity)
    await over_cells.introduce(desk, there)
    return there, row


async def _deciding(desk: Desk, visitor: Visitor, identity: UUID) -> tuple[Desk, dict[str, Any]]:
    staff(visitor)
    if not visitor.role:
        raise NotAllowed  # a program decides nothing
    return await _whose(desk, visitor, identity)


def thing_of(identity: UUID) -> str:
    """Name a chargeback as the audit log does."""
    return f"chargeback {identity}"


def _said(found: Chargeback) -> dict[str, Any]:
    return {
        "merchant": found.merchant_id,
        "amount": found.amount,
        "held": found.held,
        "currency": found.currency,
        "stage": found.stage.value,
    }
