"""Issuers: how they do, which rules of theirs count when, what their codes mean, whom to call."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from annul.diagnose.causes import CAUSES
from annul.domain.policies import WINDOWS, Policy, PolicyKind, current
from annul.store.sql import load

from . import over_cells, overview
from .audit import audit
from .desk import Desk, NothingThere
from .permission import NotValid, Pooled, changing
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "issuers.sql")
_RECENT: Final = timedelta(minutes=5)
_AHEAD: Final = timedelta(hours=24)  # how far the list of issuers looks for windows
_NEVER: Final = timedelta(microseconds=1)  # so long is a rule in force that was withdrawn in time
_DRAWN: Final = 20  # incidents in a chart
_MOST_DAYS: Final = 31  # a daily window may be entered for so many days at once
_CODE: Final = re.compile(r"[0-9A-Z]{2}")


# How they do ------------------------------------------------------------------------------------


async def listing(desk: Desk, visitor: Visitor) -> list[dict[str, Any]]:
    """Give every issuer with its line, its last five minutes, its windows and its open cases."""
    now = desk.clock.now()
    rows = await overview.issuers(desk)
    burdens = await _burdens(desk, visitor.merchant_id)
    windows: dict[str, list[dict[str, Any]]] = {}
    for row in await desk.pool.fetch(*_SQL["windows"](now=now, until=now + _AHEAD)):
        windows.setdefault(row["issuer_id"], []).append(dict(row))
    return [
        row
        | {"cases": burdens.get(row["issuer_id"], 0), "windows": windows.get(row["issuer_id"], [])}
        for row in rows
    ]


@over_cells.together(over_cells.counted)
async def _burdens(desk: Desk, merchant_id: str) -> dict[str, int]:
    rows = await desk.pool.fetch(*_SQL["burdens"](merchant=merchant_id))
    return {row["issuer_id"]: row["cases"] for row in rows}


async def find(desk: Pooled, issuer_id: str) -> dict[str, Any]:
    """Find an issuer; raises `NothingThere`."""
    row = await desk.pool.fetchrow(*_SQL["find"](issuer=issuer_id))
    if row is None:
        message = f"there is no issuer {issuer_id}"
        raise NothingThere(message)
    return dict(row)


async def recent(desk: Desk, issuer_id: str) -> dict[str, Any]:
    """Give an issuer's line and last five minutes; raises `NothingThere`."""
    rows = await overview.issuers(desk)
    found = next((row for row in rows if row["issuer_id"] == issuer_id), None)
    if found is None:
        message = f"there is no issuer {issuer_id}"
        raise NothingThere(message)
    return found


@over_cells.together(over_cells.joined)
async def links(desk: Desk, issuer_id: str) -> list[dict[str, Any]]:
    """Give how each host process of each cell sees its line to an issuer."""
    return [row | {"cell": desk.cell} for row in await _rows(desk, "links", issuer_id)]


async def probe(desk: Desk, issuer_id: str) -> dict[str, Any] | None:
    """Give what annul asked an issuer by itself the last time; None where it never has."""
    rows = await _rows(desk, "probe", issuer_id)
    return rows[0] if rows else None


async def routes(desk: Desk, issuer_id: str) -> list[dict[str, Any]]:
    """Give the card ranges that lead to an issuer, first way or backup."""
    return await _rows(desk, "routes", issuer_id)


# Rules ------------------------------------------------------------------------------------------


async def policies(desk: Desk, issuer_id: str) -> list[dict[str, Any]]:
    """Give every rule that was ever set, each with its `standing` at this moment."""
    rows = await _rows(desk, "policies", issuer_id)
    return standing(rows, desk.clock.now())


def standing(rows: Iterable[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Say of each rule: in force, coming, overtaken by one that began later, past, or withdrawn."""
    known = [dict(row) for row in rows]
    rules = [
        Policy(
            PolicyKind(row["kind"]),
            row["number"],
            row["valid_from"],
            row["valid_until"],
            str(row["id"]),
        )
        for row in known
    ]
    counting = {rule.id for rule in current(rules, now).values()}
    for row, rule in zip(known, rules, strict=True):
        if rule.id in counting or (rule.kind in WINDOWS and rule.in_force(now)):
            said = "in force"
        elif rule.in_force(now):
            said = "overtaken"
        elif rule.valid_until is not None and rule.valid_until - rule.valid_from <= _NEVER:
            said = "withdrawn"
        else:
            said = "coming" if rule.valid_from > now else "past"
        row["standing"] = said
    return known


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule to be set. A window is entered for `days` days in a row, at the same time of day."""

    kind: PolicyKind
    number: int
    valid_from: datetime
    valid_until: datetime | None = None
    note: str = ""
    days: int = 1


async def set_policy(
    desk: Desk, visitor: Visitor, issuer_id: str, rule: Rule, reason: str
) -> list[UUID]:
    """Set a rule beside those there are: the one that began last counts. Raises `NotValid`."""
    _check(rule)
    added = [uuid7() for _ in range(rule.days)]  # in every cell by the same
    await _set_policy(desk, visitor, issuer_id, rule, reason, added)
    return added


@over_cells.everywhere
async def _set_policy(
    desk: Desk, visitor: Visitor, issuer_id: str, rule: Rule, reason: str, added: list[UUID]
) -> None:
    await find(desk, issuer_id)
    now = desk.clock.now()
    async with changing(desk, visitor, Scope.ISSUERS_WRITE, reason) as connection:
        for day, identity in enumerate(added):
            later = timedelta(days=day)
            from_, until = rule.valid_from + later, rule.valid_until and rule.valid_until + later
            await connection.execute(
                *_SQL["add_policy"](
                    issuer=issuer_id,
                    id=identity,
                    kind=rule.kind.value,
                    number=rule.number,
                    valid_from=from_,
                    valid_until=until,
                    note=rule.note.strip(),
                    set_by=visitor.name,
                    set_at=now,
                )
            )
        detail = {
            **asdict(rule),
            "valid_from": str(rule.valid_from),
            "valid_until": str(rule.valid_until or ""),
            "ids": [str(one) for one in added],
        }
        await audit(connection, visitor, now, "set-policy", f"issuer {issuer_id}", reason, detail)


def _check(rule: Rule) -> None:
    if rule.valid_until is not None and rule.valid_until <= rule.valid_from:
        raise NotValid("a rule must end after it begins")
    if rule.kind in WINDOWS:
        if rule.valid_until is None:
            raise NotValid("a window needs an end")
        if not 1 <= rule.days <= _MOST_DAYS:
            message = f"a window is entered for 1 to {_MOST_DAYS} days"
            raise NotValid(message)
    elif rule.days != 1:
        raise NotValid("only a window can be set for several days")
    elif rule.kind is PolicyKind.VOID_SUPPORTED and rule.number not in {0, 1}:
        raise NotValid("voids are either supported or not")
    elif rule.number < 0:
        raise NotValid("a limit cannot be below zero")


@over_cells.everywhere
async def end_policy(
    desk: Desk, visitor: Visitor, issuer_id: str, identity: UUID, until: datetime, reason: str
) -> None:
    """Let a rule end earlier than planned; one that has not begun is withdrawn. Keeps the row."""
    now = desk.clock.now()
    async with changing(desk, visitor, Scope.ISSUERS_WRITE, reason) as connection:
        row = await connection.fetchrow(
            *_SQL["end_policy"](issuer=issuer_id, id=identity, until=until, now=now)
        )
        if row is None:
            raise NotValid("the rule has ended, ends earlier, or had not begun by then")
        detail = {name: str(row[name] or "") for name in ("valid_from", "valid_until", "planned")}
        detail |= {"id": str(identity), "kind": row["kind"], "number": str(row["number"])}
        await audit(connection, visitor, now, "end-policy", f"issuer {issuer_id}", reason, detail)


# What its codes mean ----------------------------------------------------------------------------


async def meanings(desk: Desk, issuer_id: str) -> list[dict[str, Any]]:
    """Give what an issuer means by codes, where that is not what the standard says."""
    return await _rows(desk, "meanings", issuer_id)


@over_cells.everywhere
async def set_meaning(
    desk: Desk, visitor: Visitor, issuer_id: str, code: str, cause: str, reason: str
) -> None:
    """Keep what an issuer means by a code, in place of what was kept before."""
    if not _CODE.fullmatch(code):
        raise NotValid("a response code has two digits or capital letters")
    if cause not in CAUSES:
        message = f"no cause is called {cause!r}"
        raise NotValid(message)
    await find(desk, issuer_id)
    async with changing(desk, visitor, Scope.ISSUERS_WRITE, reason) as connection:
        before = await connection.fetchval(*_SQL["meaning"](issuer=issuer_id, code=code))
        await connection.execute(*_SQL["set_meaning"](issuer=issuer_id, code=code, cause=cause))
        await audit(
            connection,
            visitor,
            desk.clock.now(),
            "set-meaning",
            f"issuer {issuer_id}",
            reason,
            {"code": code, "cause": cause, "before": before or ""},
        )


@over_cells.everywhere
async def end_meaning(desk: Desk, visitor: Visitor, issuer_id: str, code: str, reason: str) -> None:
    """Go by the standard again for a code."""
    async with changing(desk, visitor, Scope.ISSUERS_WRITE, reason) as connection:
        before = await connection.fetchval(*_SQL["end_meaning"](issuer=issuer_id, code=code))
        if before is None:
            raise NothingThere("no meaning is set for this code")
        await audit(
            connection,
            visitor,
            desk.clock.now(),
            "end-meaning",
            f"issuer {issuer_id}",
            reason,
            {"code": code, "before": before},
        )


# Whom to call -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call at an issuer, and what for."""

    duty: str
    name: str
    phone: str = ""
    mail: str = ""
    hours: str = ""


def _latest_first(answers: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = over_cells.joined(answers)
    return sorted(rows, key=lambda row: row["opened_at"], reverse=True)[:_DRAWN]


@over_cells.together(_latest_first)
async def incidents(desk: Desk, issuer_id: str, since: datetime) -> list[dict[str, Any]]:
    """Give open incidents about an issuer that began since a moment, the latest first."""
    asked = _SQL["incidents"](issuer=issuer_id, since=since, limit=_DRAWN)
    return [dict(row) for row in await desk.pool.fetch(*asked)]


async def contacts(desk: Desk, issuer_id: str) -> list[dict[str, Any]]:
    """Give whom to call at an issuer."""
    return await _rows(desk, "contacts", issuer_id)


async def put_contact(
    desk: Desk,
    visitor: Visitor,
    issuer_id: str,
    contact: Contact,
    reason: str,
    identity: UUID | None = None,
) -> UUID:
    """Enter a contact, or change the one with this id."""
    if not contact.duty.strip() or not contact.name.strip():
        raise NotValid("a contact needs a name and a reason to call")
    if not contact.phone.strip() and not contact.mail.strip():
        raise NotValid("a contact needs a phone number or an e-mail address")
    chosen = identity or uuid7()
    await _put_contact(desk, visitor, issuer_id, contact, reason, chosen, new=identity is None)
    return chosen


@over_cells.everywhere
async def _put_contact(
    desk: Desk,
    visitor: Visitor,
    issuer_id: str,
    contact: Contact,
    reason: str,
    chosen: UUID,
    *,
    new: bool,
) -> None:
    await find(desk, issuer_id)
    async with changing(desk, visitor, Scope.ISSUERS_WRITE, reason) as connection:
        before = await connection.fetchrow(*_SQL["contact"](issuer=issuer_id, id=chosen))
        if before is None and not new:
            raise NothingThere("there is no such contact")
        values = {name: str(value).strip()[:120] for name, value in asdict(contact).items()}
        await connection.execute(*_SQL["put_contact"](issuer=issuer_id, id=chosen, **values))
        detail = {**asdict(contact), "id": str(chosen), "before": dict(before or {})}
        await audit(
            connection,
            visitor,
            desk.clock.now(),
            "set-contact",
            f"issuer {issuer_id}",
            reason,
            detail,
        )


@over_cells.everywhere
async def end_contact(
    desk: Desk, visitor: Visitor, issuer_id: str, identity: UUID, reason: str
) -> None:
    """Remove a contact."""
    async with changing(desk, visitor, Scope.ISSUERS_WRITE, reason) as connection:
        before = await connection.fetchrow(*_SQL["end_contact"](issuer=issuer_id, id=identity))
        if before is None:
            raise NothingThere("there is no such contact")
        await audit(
            connection,
            visitor,
            desk.clock.now(),
            "end-contact",
            f"issuer {issuer_id}",
            reason,
            {"id": str(identity), "before": dict(before)},
        )


async def _rows(desk: Desk, query: str, issuer_id: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await desk.pool.fetch(*_SQL[query](issuer=issuer_id))]
