"""Breaks between clearing files and the books: what they are, and how people end them.

Who belongs to a merchant sees its own, and ends nothing.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Final
from uuid import UUID

from annul.domain.breaks import SUGGESTED, BreakKind, BreakState, Cause, Resolution
from annul.domain.errors import AnnulError
from annul.resolve.second_person import second_person
from annul.settle.clearing import ending
from annul.settle.clearing.commit import incidents_of
from annul.settle.clearing.ending import Break, NotWaiting
from annul.settle.clearing.rules import ClearingRules
from annul.store.sql import Statement, load

from . import over_cells
from .audit import audit
from .clearing_cells import rules_of
from .cursor import Cursor, Listing, listing
from .desk import Desk, NothingThere
from .permission import NotAllowed, NotValid, changing, permit, staff
from .roles import ROLES, Scope, Visitor

_SQL: Final = load("annul.desk", "breaks.sql", conditions="true")
_HISTORY: Final = 100
_PROOFS: Final = 50
MOST: Final = 10_000  # breaks that are ended at once
_NONE: Final = "no reason is asked for"  # what `permit` takes in its place
# Roles in which somebody can end a break.
_WORKERS: Final = [name for name, scopes in ROLES.items() if Scope.CLEARING_WRITE in scopes]
_SUMS: Final = ("count", "money", "in_question", "overdue", "asked", "foretold")


@dataclass(frozen=True, slots=True)
class BreakSearch:
    """Which breaks are looked for; what is empty or none is any. `overdue`: only such."""

    merchant_id: str = ""
    kind: str = ""
    cause: str = ""
    state: str = ""  # one of `BreakState`, or `waiting`: open or asked
    owner: str = ""
    file: UUID | None = None
    transaction: UUID | None = None
    foretold: bool | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Came:
    """What came of one break among many: its new state, or the error that refused it."""

    id: UUID
    state: str = ""
    error: AnnulError | None = None


# Questions --------------------------------------------------------------------------------------


async def search(
    desk: Desk, visitor: Visitor, *, limit: int = 50, cursor: str = "", **wanted: Any
) -> Listing:
    """Give breaks, the latest first, of the visitor's merchant or all; by fields of `BreakSearch`.

    Raises `NotAllowed`.
    """
    return await found(desk, visitor, BreakSearch(**wanted), limit, cursor)


async def found(
    desk: Desk,
    visitor: Visitor,
    wanted: BreakSearch,
    limit: int,
    cursor: str = "",
    among: Sequence[UUID] = (),
) -> Listing:
    """Give the same for a search that is made, and only `among` some if any are given."""
    _reads(visitor)
    if visitor.merchant_id and wanted.merchant_id not in {"", visitor.merchant_id}:
        return Listing([], "")
    values = _values(desk, visitor, wanted)
    if among:
        values["among"] = list(among)
    names = tuple(values) + (("waiting",) if wanted.state == "waiting" else ())
    if (after := Cursor.parse(cursor)) is not None:
        names += ("after",)
        values |= {"after_at": after.at, "after_id": after.id}
    asked = statement(names)(**values, limit=limit + 1)

    async def page(one: Desk) -> Listing:
        return listing(await one.pool.fetch(*asked), limit, "opened_at")

    pages = await over_cells.each(desk, page)
    return over_cells.paged(pages, limit, ("opened_at",), falling=True)


def conditions(wanted: BreakSearch) -> dict[str, Any]:
    """Give what a search asks for, without what it leaves open."""
    told = {one.name: getattr(wanted, one.name) for one in fields(wanted)}
    told["overdue"] = wanted.overdue or None
    return {name: value for name, value in told.items() if value not in {"", None}}


def _values(desk: Desk, visitor: Visitor, wanted: BreakSearch) -> dict[str, Any]:
    told = conditions(wanted)
    told["merchant"] = visitor.merchant_id or told.pop("merchant_id", "")
    told.pop("merchant_id", None)
    if wanted.overdue:
        told["overdue"] = desk.clock.now()
    if wanted.state == "waiting":
        del told["state"]
    return {name: value for name, value in told.items() if value != ""}


@cache
def statement(conditions: tuple[str, ...]) -> Statement:
    """Put a search together from its named conditions, so that each is planned by itself."""
    wanted = " AND ".join(f"{{{name}}}" for name in conditions) or "true"
    return load("annul.desk", "breaks.sql", conditions=wanted)["search"]


@over_cells.the_one_that_knows
async def find(desk: Desk, visitor: Visitor, identity: UUID) -> dict[str, Any]:
    """Give a break with its `row`, `transaction`, `proofs`, what is `suggested`, and `history`.

    `history` is of the audit log, the latest first, and not for merchants. Raises `NothingThere`.
    """
    row = await _one(desk, visitor, identity)
    key = {"merchant": row["merchant_id"], "transaction": row["transaction_id"]}
    told = await desk.pool.fetchrow(*_SQL["row"](file=row["file_id"], line=row["line"]))
    transaction = await desk.pool.fetchrow(*_SQL["transaction_of"](**key))
    proofs = await desk.pool.fetch(*_SQL["proofs"](**key, limit=_PROOFS))
    history: list[Any] = []
    if not visitor.merchant_id:
        history = await desk.pool.fetch(*_SQL["history"](object=_thing(identity), limit=_HISTORY))
    suggested = SUGGESTED[Cause(row["cause"])].value if row["cause"] else ""
    return {
        **row,
        "suggested": suggested,
        "row": told and dict(told),
        "transaction": transaction and dict(transaction),
        "proofs": [dict(one) for one in proofs],
        "history": [dict(one) for one in history],
    }


async def _one(desk: Desk, visitor: Visitor, identity: UUID) -> dict[str, Any]:
    _reads(visitor)
    row = await desk.pool.fetchrow(*_SQL["find"](id=identity))
    if row is None or not visitor.sees(row["merchant_id"]):
        message = f"there is no break {identity}"
        raise NothingThere(message)
    return dict(row)


def _added(answers: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    sums: dict[tuple[str, ...], Counter[str]] = {}
    for row in over_cells.joined(answers):
        key = (row["kind"], row["cause"], row["currency"])
        sums.setdefault(key, Counter()).update({name: row[name] for name in _SUMS})
    names = ("kind", "cause", "currency")
    zero = dict.fromkeys(_SUMS, 0)
    return [dict(zip(names, key, strict=True)) | zero | sums[key] for key in sorted(sums)]


@over_cells.together(_added)
async def sums(desk: Desk, visitor: Visitor) -> list[dict[str, Any]]:
    """Give by kind, cause and currency what waits: how many, their money, how many are late.

    In minor units; `in_question` counts what is for us and what is against us alike.
    """
    _reads(visitor)
    asked = _SQL["sums"](now=desk.clock.now(), merchant=visitor.merchant_id)
    return [dict(row) for row in await desk.pool.fetch(*asked)]


def _reads(visitor: Visitor) -> None:
    if not visitor.may(Scope.CLEARING_READ):
        raise NotAllowed


# Acts -------------------------------------------------------------------------------------------


async def assign(
    desk: Desk, visitor: Visitor, ids: Sequence[UUID], owner: str, reason: str = ""
) -> int:
    """Say who works on breaks that wait, nobody if empty; gives on how many of them.

    Raises `NotValid` where nobody of that name may act, and `NotAllowed`.
    """
    staff(visitor)
    await permit(desk.pool, visitor, Scope.CLEARING_WRITE, reason.strip() or _NONE)
    if owner and owner not in await workers(desk, {owner}):
        message = f"nobody called {owner} may work on breaks"
        raise NotValid(message)

    async def one(there: Desk) -> int:
        rows = await there.pool.fetch(*statement(("among", "waiting"))(among=list(ids), limit=MOST))
        mine = [row["id"] for row in rows if row["owner"] != owner]
        async with there.pool.acquire() as connection, connection.transaction():
            now = there.clock.now()
            done = await ending.own(connection, mine, owner) if mine else 0
            for identity in mine:
                detail = {"owner": owner}
                thing = _thing(identity)
                await audit(connection, visitor, now, "assign-break", thing, reason, detail)
        return done

    return sum(await over_cells.each(desk, one))


async def workers(desk: Desk, names: set[str]) -> set[str]:
    """Give those of some names that may work on breaks."""
    rows = await desk.pool.fetch(*_SQL["workers"](names=sorted(names), roles=_WORKERS))
    return {row["name"] for row in rows}


async def assign_one(desk: Desk, visitor: Visitor, identity: UUID, owner: str) -> Came:
    """Say who works on one break of several: what refuses it stops no other."""
    try:
        await assign(desk, visitor, [identity], owner)
    except AnnulError as error:
        return Came(identity, error=error)
    return Came(identity, BreakState.OPEN)


async def resolve(
    desk: Desk, visitor: Visitor, identity: UUID, resolution: Resolution, reason: str
) -> BreakState:
    """Say how a break ends; it does at once, or waits for a second person (`asked`).

    Alone ends who acts on less than `[clearing] second_person_from`, or only explains where no
    money is in question. Raises `NothingThere`, `NotWaiting`, `NobodyHere`, `ReasonNeeded`,
    `NotAllowed`.
    """
    staff(visitor)
    there, known = await _whose(desk, visitor, identity)
    async with changing(there, visitor, Scope.CLEARING_WRITE, reason) as connection:
        now = there.clock.now()
        one = await ending.locked(connection, identity)
        await ending.ask(connection, one, resolution, reason.strip(), visitor.name, now)
        state = BreakState.ASKED
        if not two_needed((await rules_of(there)).rules, known, resolution):
            asked = await ending.locked(connection, identity)
            await ending.carry_out(connection, there.calendar, asked, visitor.name, now)
            await incidents_of(connection, [one.file_id], now)
            state = BreakState.RESOLVED
        detail = {**_money(one), "as": resolution.value, "state": state.value}
        thing = _thing(identity)
        await audit(connection, visitor, now, "resolve-break", thing, reason, detail)
    return state


def two_needed(rules: ClearingRules, one: dict[str, Any], resolution: Resolution) -> bool:
    """Say whether ending a break so takes two people.

    Counted is the money in question, and where people say what became of a transaction, all of it.
    """
    at_stake = abs(one["money"])
    if resolution is Resolution.EXPLAINED and not at_stake:
        return False
    says = one["kind"] in {BreakKind.STATE, BreakKind.MISSING_THERE}
    if says and resolution is not Resolution.EXPLAINED:
        at_stake = max(at_stake, one["of_amount"] or 0)
    return at_stake >= rules.second_person_from


async def confirm(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> None:
    """Let a break end as it was asked for, as second person.

    Raises `SecondPersonNeeded`, `NotWaiting`, `NothingThere`, `ReasonNeeded`, `NotAllowed`.
    """
    there = await _deciding(desk, visitor, identity)
    async with changing(there, visitor, Scope.CLEARING_WRITE, reason) as connection:
        now, one = there.clock.now(), await _asked(connection, identity)
        await second_person(connection, one.asked_by, visitor.name)
        await ending.carry_out(connection, there.calendar, one, visitor.name, now)
        await incidents_of(connection, [one.file_id], now)
        detail = {**_money(one), "as": one.resolved_as, "asked_by": one.asked_by}
        thing = _thing(identity)
        await audit(connection, visitor, now, "confirm-break", thing, reason, detail)


async def reject(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> None:
    """Leave a break open that was to end, as second person or as who had asked; raises as above."""
    there = await _deciding(desk, visitor, identity)
    async with changing(there, visitor, Scope.CLEARING_WRITE, reason) as connection:
        now, one = there.clock.now(), await _asked(connection, identity)
        if one.asked_by != visitor.name:
            await second_person(connection, one.asked_by, visitor.name)
        await ending.reject(connection, one, visitor.name, now)
        detail = {**_money(one), "as": one.resolved_as, "asked_by": one.asked_by}
        await audit(connection, visitor, now, "reject-break", _thing(identity), reason, detail)


async def resolve_many(
    desk: Desk,
    visitor: Visitor,
    resolution: Resolution | None,
    reason: str,
    *,
    ids: Sequence[UUID] = (),
    wanted: BreakSearch | None = None,
    told: Callable[[int], None] | None = None,
) -> list[Came]:
    """End breaks, by numbers or all that a search finds, each by itself; at most `MOST` at once.

    Without a resolution each ends as its cause suggests. Raises `NotAllowed`, `ReasonNeeded`.
    """
    staff(visitor)
    await permit(desk.pool, visitor, Scope.CLEARING_WRITE, reason)
    rows: dict[UUID, dict[str, Any]] = {}
    if ids or wanted is not None:
        some = list(ids)[:MOST]
        listed = await found(desk, visitor, wanted or BreakSearch(), MOST, among=some)
        rows = {row["id"]: row for row in listed.rows}
    done: list[Came] = []
    for identity in ids or rows:
        how = resolution or suggested(rows.get(identity))
        done.append(await one_of_many(desk, visitor, identity, how, reason))
        if told is not None:
            told(1)
    return done


def suggested(row: dict[str, Any] | None) -> Resolution | None:
    """Give how a break's cause suggests that it ends."""
    return SUGGESTED.get(Cause(row["cause"])) if row is not None and row["cause"] else None


async def one_of_many(
    desk: Desk, visitor: Visitor, identity: UUID, resolution: Resolution | None, reason: str
) -> Came:
    """End one break of several: what refuses it stops no other."""
    if resolution is None:
        return Came(identity, error=NotValid("nothing is suggested for its cause"))
    try:
        return Came(identity, await resolve(desk, visitor, identity, resolution, reason))
    except AnnulError as error:
        return Came(identity, error=error)


@over_cells.the_one_that_knows
async def _home(desk: Desk, visitor: Visitor, identity: UUID) -> tuple[Desk, dict[str, Any]]:
    return desk, await _one(desk, visitor, identity)


async def _whose(desk: Desk, visitor: Visitor, identity: UUID) -> tuple[Desk, dict[str, Any]]:
    """Give the desk of the cell that has a break, which knows then who acts, and the break."""
    there, one = await _home(desk, visitor, identity)
    await over_cells.introduce(desk, there)
    return there, one


async def _deciding(desk: Desk, visitor: Visitor, identity: UUID) -> Desk:
    staff(visitor)
    if not visitor.role:
        raise NotAllowed  # a program decides nothing
    return (await _whose(desk, visitor, identity))[0]


async def _asked(connection: Any, identity: UUID) -> Break:
    one = await ending.locked(connection, identity)
    if one.state is not BreakState.ASKED:
        raise NotWaiting
    return one


def _money(one: Break) -> dict[str, Any]:
    return {"merchant": one.merchant_id, "money": one.money, "currency": one.currency}


def _thing(identity: UUID) -> str:
    return f"break {identity}"
