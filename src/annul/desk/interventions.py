"""What people put in force for a time: seen, begun, confirmed by a second person, ended."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from annul.domain.interventions import (
    INTERVENTIONS,
    Intervention,
    InterventionKind,
    InterventionNotPossible,
    Whom,
)
from annul.store import interventions as store
from annul.store.sql import load

from . import over_cells
from .audit import audit
from .desk import Desk, NothingThere
from .permission import NotAllowed, NotValid, changing, staff
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "interventions.sql")
_PAST: Final = 50
_DUAL: Final = [kind.value for kind, about in INTERVENTIONS.items() if about.dual]
# Who may: what is about an issuer takes one scope, what is about a shop another.
SCOPES: Final = {
    Whom.ISSUER: Scope.ISSUERS_WRITE,
    Whom.MERCHANT: Scope.MERCHANTS_WRITE,
    Whom.TERMINAL: Scope.MERCHANTS_WRITE,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be in force from now on for so many minutes; `amount` in minor units."""

    kind: InterventionKind
    minutes: int
    issuer_id: str = ""
    merchant_id: str = ""
    terminal_id: str = ""
    amount: int = 0


def _latest(answers: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Give each once: what is about an issuer stands in every cell."""
    found = {(row["merchant_id"], row["id"]): row for rows in answers for row in rows}
    return sorted(found.values(), key=lambda row: row["state"] == "ended")


async def listing(desk: Desk, visitor: Visitor) -> list[dict[str, Any]]:
    """Give what is in force, what waits or begins later, and what ended last; for staff alone."""
    staff(visitor)
    return await _listing(desk)


async def find(desk: Desk, visitor: Visitor, identity: UUID) -> dict[str, Any]:
    """Give one; raises `NothingThere`."""
    staff(visitor)
    for row in await _listing(desk, identity):
        return row
    message = f"there is no intervention {identity}"
    raise NothingThere(message)


@over_cells.together(_latest)
async def _listing(desk: Desk, identity: UUID | None = None) -> list[dict[str, Any]]:
    asked = _SQL["listed"](now=desk.clock.now(), dual=_DUAL, past=_PAST, id=identity)
    return [dict(row) for row in await desk.pool.fetch(*asked)]


async def begin(
    desk: Desk, visitor: Visitor, wanted: Wanted, reason: str, identity: UUID | None = None
) -> UUID:
    """Put something in force; what takes two people waits for the second one.

    The same `identity` again changes nothing.

    Raises `InterventionNotPossible`, `NotAllowed` and `ReasonNeeded`.
    """
    staff(visitor)
    now = desk.clock.now()
    try:
        until = now + timedelta(minutes=wanted.minutes)
    except OverflowError:
        message = f"{wanted.minutes} minutes are too many"
        raise InterventionNotPossible(message) from None
    new = Intervention(
        identity or uuid7(),
        wanted.kind,
        now,
        until,
        wanted.issuer_id,
        wanted.merchant_id,
        wanted.terminal_id,
        wanted.amount,
        set_by=visitor.name,
        reason=reason.strip(),
    )
    if new.merchant_id:
        await _begin(await over_cells.acting(desk, new.merchant_id), visitor, new, reason)
    else:
        await _begin_everywhere(desk, visitor, new, reason)
    return new.id


async def _begin(desk: Desk, visitor: Visitor, new: Intervention, reason: str) -> None:
    scope = SCOPES[new.kind.about.whom]
    async with changing(desk, visitor, scope, reason, new.merchant_id) as connection:
        if not await store.begin(connection, new, desk.clock.now()):
            return
        detail = {"id": str(new.id), "kind": new.kind.value, "until": new.valid_until.isoformat()}
        detail |= {"amount": str(new.amount)} if new.amount else {}
        await audit(
            connection,
            visitor,
            desk.clock.now(),
            "set-intervention",
            f"{new.kind.about.whom} {new.subject}",
            reason,
            detail,
        )


_begin_everywhere = over_cells.everywhere(_begin)


async def confirm(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> None:
    """Put in force what somebody else has proposed.

    Raises `NotValid` for one's own and for what does not wait, `NothingThere`, `NotAllowed` and
    `ReasonNeeded`.
    """
    await _each(desk, visitor, identity, reason, "confirm-intervention")


async def end(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> None:
    """End one earlier than planned, or take a proposal back; raises as `confirm` does."""
    await _each(desk, visitor, identity, reason, "end-intervention")


async def _each(desk: Desk, visitor: Visitor, identity: UUID, reason: str, act: str) -> None:
    if not any(visitor.may(scope) for scope in SCOPES.values()):
        raise NotAllowed
    merchant_id: str = (await find(desk, visitor, identity))["merchant_id"]
    if merchant_id:
        there = await over_cells.acting(desk, merchant_id)
        await _change(there, visitor, merchant_id, identity, reason, act)
    else:
        await _change_everywhere(desk, visitor, "", identity, reason, act)


async def _change(
    desk: Desk, visitor: Visitor, merchant_id: str, identity: UUID, reason: str, act: str
) -> None:
    row = await desk.pool.fetchrow(*_SQL["one"](merchant=merchant_id, id=identity))
    if row is None:
        message = f"there is no intervention {identity}"
        raise NothingThere(message)
    kind = InterventionKind(row["kind"])
    now, change = desk.clock.now(), _CHANGES[act]
    scope = SCOPES[kind.about.whom]
    async with changing(desk, visitor, scope, reason, merchant_id) as connection:
        if not await change.do(connection, (merchant_id, identity), visitor.name, now):
            raise NotValid(change.refused)
        subject = row["issuer_id"] or f"{merchant_id} {row['terminal_id']}".strip()
        about = f"{kind.about.whom} {subject}"
        detail = {"id": str(identity), "kind": kind.value}
        await audit(connection, visitor, now, act, about, reason, detail)


_change_everywhere = over_cells.everywhere(_change)


@dataclass(frozen=True, slots=True)
class _Change:
    do: Any
    refused: str


_CHANGES: Final = {
    "confirm-intervention": _Change(
        store.confirm, "it does not wait for a second person, or you have proposed it yourself"
    ),
    "end-intervention": _Change(store.end, "it has ended"),
}
