"""Cases as people look for them, and one case with all that belongs to it."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from annul.domain import money
from annul.domain.errors import AnnulError
from annul.resolve import proof
from annul.resolve.book import CaseUnknown
from annul.resolve.case import Case
from annul.resolve.proof_pdf import Print, render
from annul.resolve.second_person import SecondPersonNeeded, second_person
from annul.store.sql import Statement, load
from annul.wire.masking import scan

from . import acts, over_cells
from .audit import audit, audit_read
from .cursor import KINDS, Listing, keyed, place
from .desk import Desk, NothingThere
from .find import WholeCard
from .roles import Visitor

_ASC: Final = {"way": "ASC", "beyond": ">"}
_DESC: Final = {"way": "DESC", "beyond": "<"}
_SQL: Final = load("annul.desk", "cases.sql", conditions="true", order="{by_opened}", **_DESC)
STATES: Final = ("open", "asked", "late", "voided", "refunded", "refused", "unproved", "all")
LIVE: Final = frozenset({"open", "asked", "approve"})  # of these there are thousands at most
COUNTED: Final = 1_000  # a count stops there
CHOSEN: Final = 200  # cases that are acted on at once
# By what cases are sorted: the columns that say where a page ended. A minus before is backwards.
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "opened": ("opened_at",),
    "due": ("due_at",),
    "amount": ("amount",),
    "queue": ("waits", "due_at"),
}
_LATEST: Final = "-opened"
ORDERS: Final = frozenset({*_KEYS, *(f"-{name}" for name in _KEYS)})


@dataclass(frozen=True, slots=True)
class CaseSearch:
    """What to look for; empty means any. `search`: voucher, RRN, number, amount or last four.

    A text is looked for in every state; `state` then only says which of them are shown.
    """

    state: str = "open"
    cause: str = ""
    issuer: str = ""
    merchant: str = ""
    search: str = ""
    since: datetime | None = None
    order: str = _LATEST

    def query(self) -> dict[str, str]:
        """Give what stands in an address."""
        return {name: str(value) for name, value in asdict(self).items() if value}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A case that somebody has picked, and the amount from which it takes two people."""

    case: Case
    second_person_from: int


async def search(
    desk: Desk, visitor: Visitor, wanted: CaseSearch, limit: int, cursor: str = ""
) -> Listing:
    """Give cases in the order that is wanted; raises `WholeCard`."""
    order = order_of(wanted)
    keys = _KEYS[order.removeprefix("-")]
    pages = await over_cells.each(desk, lambda one: _page(one, visitor, wanted, limit, cursor))
    return over_cells.paged(pages, limit, keys, falling=order.startswith("-"))


async def _page(
    desk: Desk, visitor: Visitor, wanted: CaseSearch, limit: int, cursor: str
) -> Listing:
    conditions, values = await _conditions(desk, visitor, wanted)
    if wanted.state != "all":
        conditions.append(wanted.state)
        values |= await _state(desk, visitor, wanted.state)
    order = order_of(wanted)
    keys = _KEYS[order.removeprefix("-")]
    after = place(cursor, *(KINDS[key] for key in keys))
    if after is not None:
        conditions.append(f"after_{order.removeprefix('-')}")
        values |= dict(zip((*keys, "id"), after, strict=True))
    asked = _search(tuple(conditions), order)["search"]
    rows = await desk.pool.fetch(*asked(**values, limit=limit + 1))
    return keyed(rows, limit, keys)


def order_of(wanted: CaseSearch) -> str:
    """Give the order that is possible: a million that have ended are not sorted by due time."""
    name = wanted.order.removeprefix("-")
    few = wanted.state in LIVE or wanted.search.strip()
    return wanted.order if name in {"opened", "amount"} or (name in _KEYS and few) else _LATEST


@over_cells.together(over_cells.added)
async def counts(desk: Desk, visitor: Visitor, wanted: CaseSearch) -> dict[str, int]:
    """Count what fits by state, up to one more than `COUNTED`; raises `WholeCard`."""
    conditions, values = await _conditions(desk, visitor, wanted)
    asked = _search(tuple(conditions), _LATEST)["counts"]
    row = await desk.pool.fetchrow(*asked(**values, now=desk.clock.now(), most=COUNTED + 1))
    return dict(row or {})


@over_cells.together(over_cells.added)
async def manual(desk: Desk, visitor: Visitor) -> int:
    """Count the cases that need manual action."""
    return await desk.pool.fetchval(*_SQL["manual"](merchant=visitor.merchant_id))


@over_cells.together(over_cells.added)
async def to_approve(desk: Desk, visitor: Visitor, wanted: CaseSearch) -> int:
    """Count what fits of that which waits for the approval of this visitor."""
    conditions, values = await _conditions(desk, visitor, wanted)
    values |= await _state(desk, visitor, "approve")
    asked = _search(tuple(conditions), _LATEST)["count_approve"]
    return await desk.pool.fetchval(*asked(**values))


def approves(visitor: Visitor) -> list[str]:
    """Give what this visitor could approve as the second person."""
    return [action.name for action in acts.of_role(visitor) if action.money and visitor.role]


@over_cells.together(over_cells.joined)
async def chosen(desk: Desk, visitor: Visitor, numbers: Iterable[str]) -> list[Chosen]:
    """Give picked cases as they are now, those that the visitor may know of."""
    asked = list(numbers)[:CHOSEN]
    rows = await desk.pool.fetch(*_SQL["chosen"](numbers=asked, seen=visitor.merchant_id))
    return [
        Chosen(Case.of(row[name] for name in Case._fields), row["second_person_from"])
        for row in rows
    ]


async def _conditions(
    desk: Desk, visitor: Visitor, wanted: CaseSearch
) -> tuple[list[str], dict[str, Any]]:
    """Give the conditions of a search but for its state, and their values."""
    values: dict[str, Any] = {
        name: value
        for name in ("cause", "issuer", "merchant", "since")
        if (value := getattr(wanted, name))
    }
    if visitor.merchant_id:
        values["seen"] = visitor.merchant_id
    text = wanted.search.replace("\0", "").strip()
    if text:
        if scan(text) != text and not await desk.pool.fetchval(*_SQL["is_merchant"](text=text)):
            raise WholeCard
        found = await desk.pool.fetch(*_SQL["found"](text=text, amount=_amount(text)))
        values["ids"] = [row["id"] for row in found]
    return list(values), values


async def _state(desk: Desk, visitor: Visitor, state: str) -> dict[str, Any]:
    """Give the values that a state's condition takes."""
    if state == "late":
        return {"now": desk.clock.now()}
    if state != "approve":
        return {}
    steps = approves(visitor)
    rows = await desk.pool.fetch(*_SQL["proposers"](steps=steps))
    others: list[str] = []
    for row in rows:
        try:
            await second_person(desk.pool, row["proposed_by"], visitor.name)
        except SecondPersonNeeded:
            continue
        others.append(row["proposed_by"])
    return {"steps": steps, "proposers": others}


@cache
def _search(conditions: Sequence[str], order: str) -> Mapping[str, Statement]:
    """Put the statements of a search together from named conditions and an order."""
    wanted = " AND ".join(f"({{{name}}})" for name in conditions) or "true"
    by = f"{{by_{order.removeprefix('-')}}}"
    way = _DESC if order.startswith("-") else _ASC
    return load("annul.desk", "cases.sql", conditions=wanted, order=by, **way)


@over_cells.the_one_that_knows
async def find(desk: Desk, visitor: Visitor, number: str) -> Case:
    """Find a case that the visitor may know of, looked at anew; raises `NothingThere`."""
    try:
        case = await desk.book.find(number)
    except CaseUnknown as error:
        raise NothingThere(str(error)) from None
    await _looked_at(desk, visitor, number, case)
    return case


@over_cells.the_one_that_knows
async def whole(desk: Desk, visitor: Visitor, number: str) -> tuple[Case, dict[str, Any]]:
    """Find a case, as `find` does, with everything about it as its proof has it, of one moment."""
    try:
        case, gathered = await proof.gather(desk.pool, number, desk.clock.now())
    except CaseUnknown as error:
        raise NothingThere(str(error)) from None
    if await _looked_at(desk, visitor, number, case):
        return await proof.gather(desk.pool, number, desk.clock.now())
    return case, gathered


@over_cells.the_one_that_knows
async def opened(desk: Desk, visitor: Visitor, number: str) -> tuple[Case, dict[str, Any]]:
    """Give a case whole to somebody who has opened it, and keep that they have."""
    case, gathered = await whole(desk, visitor, number)
    await audit_read(desk, visitor, "read-case", f"case {case.number}")
    return case, gathered


@over_cells.the_one_that_knows
async def proved(desk: Desk, visitor: Visitor, number: str) -> tuple[Case, bytes]:
    """Give the proof of a case as a signed zip, and keep who has taken it."""
    case, gathered = await whole(desk, visitor, number)
    await audit(desk.pool, visitor, desk.clock.now(), "read-proof", f"case {case.number}", "")
    return case, await asyncio.to_thread(proof.bundle, gathered, desk.notary, _print(desk))


@over_cells.the_one_that_knows
async def printed(
    desk: Desk, visitor: Visitor, number: str, *, notes: bool = False
) -> tuple[Case, bytes]:
    """Give the printable proof of a case alone, and keep who has taken it.

    With `notes` also what people wrote for each other, and who they are.
    """
    case, gathered = await whole(desk, visitor, number)
    at, thing = desk.clock.now(), f"case {case.number}"
    await audit(desk.pool, visitor, at, "read-proof", thing, "", {"pdf": True, "notes": notes})
    return case, await asyncio.to_thread(render, gathered, _print(desk, notes=notes))


def _print(desk: Desk, *, notes: bool = False) -> Print:
    return Print(desk.zone, desk.support_phone, notes)


async def _looked_at(desk: Desk, visitor: Visitor, number: str, case: Case) -> bool:
    """Let a case whose world has moved on be looked at anew; give whether that changed it."""
    if not visitor.sees(case.merchant_id):
        raise NothingThere(str(CaseUnknown(number)))
    now = desk.clock.now()
    waits = not case.ended and case.next_action_at > now
    return waits and await desk.book.repair(case, now)


def _amount(text: str) -> int | None:
    """Read a search as an amount in minor units, None when it is none."""
    try:
        return money.parse(text.replace(",", "")) if text else None
    except AnnulError:
        return None
