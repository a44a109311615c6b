"""Chargebacks at the desk: who sees them, and what people do with them.

Who belongs to a merchant sees its own, and does nothing.
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from annul.domain.chargebacks import (
    ANSWERS,
    OURS,
    Act,
    EvidenceKind,
    Move,
    Reason,
    Stage,
    acts,
    suggested,
)
from annul.domain.states import State
from annul.resolve.case import first_broken
from annul.settle.chargebacks import evidence as documents
from annul.store.sql import Statement, load

from . import over_cells
from .cursor import Cursor, Listing, listing
from .desk import Desk, NothingThere
from .permission import NotAllowed
from .roles import ROLES, Scope, Visitor

SQL: Final = load("annul.desk", "chargebacks.sql", conditions="true")
# Roles in which somebody can work on one.
WORKERS: Final = [name for name, scopes in ROLES.items() if Scope.CLEARING_WRITE in scopes]
_SUMS: Final = ("count", "amount", "held", "overdue", "asked")
# States of `ChargebackSearch` that are no stage.
GROUPS: Final = ("live", "ended", "asked", "overdue")


@dataclass(frozen=True, slots=True)
class ChargebackSearch:
    """Which chargebacks are looked for; what is empty or none is any.

    `stage` is one of `Stage`, or of `GROUPS`.
    """

    merchant_id: str = ""
    stage: str = ""
    reason: str = ""
    owner: str = ""
    transaction: UUID | None = None


def conditions(wanted: ChargebackSearch) -> dict[str, Any]:
    """Give what a search asks for, without what it leaves open."""
    told = {one.name: getattr(wanted, one.name) for one in fields(wanted)}
    return {name: value for name, value in told.items() if value not in {"", None}}


async def search(
    desk: Desk, visitor: Visitor, wanted: ChargebackSearch, limit: int = 50, cursor: str = ""
) -> Listing:
    """Give chargebacks, the latest first, of the visitor's merchant or all; raises `NotAllowed`."""
    _reads(visitor)
    if visitor.merchant_id and wanted.merchant_id not in {"", visitor.merchant_id}:
        return Listing([], "")
    values = conditions(wanted)
    values["merchant"] = visitor.merchant_id or values.pop("merchant_id", "")
    values.pop("merchant_id", None)
    values = {name: value for name, value in values.items() if value != ""}
    names = tuple(values)
    if wanted.stage in GROUPS:
        del values["stage"]
        names = tuple(wanted.stage if name == "stage" else name for name in names)
        if wanted.stage == "overdue":
            values["overdue"] = desk.clock.now()
    if (after := Cursor.parse(cursor)) is not None:
        names += ("after",)
        values |= {"after_at": after.at, "after_id": after.id}
    asked = _search(names)(**values, limit=limit + 1)

    async def page(one: Desk) -> Listing:
        return listing(await one.pool.fetch(*asked), limit, "opened_at")

    pages = await over_cells.each(desk, page)
    return over_cells.paged(pages, limit, ("opened_at",), falling=True)


@cache
def _search(names: tuple[str, ...]) -> Statement:
    """Put a search together from its named conditions, so that each is planned by itself."""
    wanted = " AND ".join(f"{{{name}}}" for name in names) or "true"
    return load("annul.desk", "chargebacks.sql", conditions=wanted)["search"]


def _first_due(answers: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = over_cells.joined(answers)
    first = datetime.min.replace(tzinfo=rows[0]["opened_at"].tzinfo) if rows else None
    return sorted(rows, key=lambda row: (row["due_at"] or first, row["id"]))


@over_cells.together(_first_due)
async def by_deadline(
    desk: Desk, visitor: Visitor, merchant_id: str = "", limit: int = 200
) -> list[dict[str, Any]]:
    """Give live chargebacks, those first that are due first; raises `NotAllowed`."""
    _reads(visitor)
    merchant = visitor.merchant_id or merchant_id
    asked = SQL["by_deadline"](merchant=merchant, limit=limit)
    return [dict(row) for row in await desk.pool.fetch(*asked)]


@over_cells.together(_first_due)
async def of_transactions(
    desk: Desk, visitor: Visitor, merchant_id: str, ids: Collection[UUID]
) -> list[dict[str, Any]]:
    """Give the chargebacks of some transactions of a merchant; raises `NotAllowed`."""
    _reads(visitor)
    if not visitor.sees(merchant_id):
        return []
    asked = SQL["of_transactions"](merchant=merchant_id, ids=list(ids))
    return [dict(row) for row in await desk.pool.fetch(*asked)]


def _added(answers: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    sums_: dict[tuple[str, str], Counter[str]] = {}
    for row in over_cells.joined(answers):
        key = (row["stage"], row["currency"])
        sums_.setdefault(key, Counter()).update({name: row[name] for name in _SUMS})
    zero = dict.fromkeys(_SUMS, 0)
    return [{"stage": key[0], "currency": key[1]} | zero | sums_[key] for key in sorted(sums_)]


@over_cells.together(_added)
async def sums(desk: Desk, visitor: Visitor) -> list[dict[str, Any]]:
    """Give live ones by stage and currency: how many, their money, how many are late or wait."""
    _reads(visitor)
    asked = SQL["sums"](now=desk.clock.now(), merchant=visitor.merchant_id)
    return [dict(row) for row in await desk.pool.fetch(*asked)]


@over_cells.the_one_that_knows
async def find(desk: Desk, visitor: Visitor, identity: UUID) -> dict[str, Any]:
    """Give a chargeback with `evidence`, `history`, what `follows`, `answers` and is `suggested`.

    `broken_at` is the first event of its history that was changed, or none. Raises `NothingThere`.
    """
    row = await _one(desk, visitor, identity)
    key = {"merchant": row["merchant_id"], "id": identity}
    history = await desk.pool.fetch(*SQL["history"](**key))
    files = await desk.pool.fetch(*SQL["evidence"](**key))
    stage = Stage(row["stage"])
    return {
        **row,
        "evidence": [dict(file) | {"digest": file["digest"].hex()} for file in files],
        "history": [json.loads(told["body"]) | {"hash": told["hash"].hex()} for told in history],
        "broken_at": first_broken((told["body"], told["hash"]) for told in history),
        "follows": [step.act.value for step in follows(visitor, stage)],
        "answers": [kind.value for kind in ANSWERS[Reason(row["reason"])]],
        "suggested": suggestion(row) or "",
        "ours": stage in OURS,
    }


def follows(visitor: Visitor, stage: Stage) -> tuple[Move, ...]:
    """Give what a visitor may do or enter at a stage."""
    if visitor.merchant_id or not visitor.may(Scope.CLEARING_WRITE):
        return ()
    return acts(stage)


def given_back(row: Mapping[str, Any]) -> int:
    """Give how much of the claim had gone back to the customer before, in minor units."""
    if row["of_state"] in {State.VOIDED, State.REFUNDED, State.REVERSED, State.DECLINED}:
        return row["amount"]
    left = row["of_amount"] - row["undone"]
    return max(0, row["amount"] - left)


def suggestion(row: Mapping[str, Any]) -> Act | None:
    """Give what is suggested: the proof of what has gone back before answers it."""
    return suggested(Stage(row["stage"]), row["amount"], given_back(row))


@over_cells.the_one_that_knows
async def home(desk: Desk, visitor: Visitor, identity: UUID) -> tuple[Desk, dict[str, Any]]:
    """Give the desk of the cell that has one, and how it stands; raises `NothingThere`."""
    return desk, await _one(desk, visitor, identity)


async def _one(desk: Desk, visitor: Visitor, identity: UUID) -> dict[str, Any]:
    _reads(visitor)
    row = await desk.pool.fetchrow(*SQL["find"](id=identity))
    if row is None or not visitor.sees(row["merchant_id"]):
        message = f"there is no chargeback {identity}"
        raise NothingThere(message)
    return dict(row)


@over_cells.the_one_that_knows
async def transaction_named(desk: Desk, visitor: Visitor, named: str) -> tuple[str, UUID]:
    """Find the transaction that is claimed, by id or reference number; raises `NothingThere`."""
    _reads(visitor)
    try:
        asked = SQL["transaction_named"](rrn="", id=UUID(named))
    except ValueError:
        asked = SQL["transaction_named"](rrn=named, id=None)
    rows = await desk.pool.fetch(*asked)
    if len(rows) != 1 or not visitor.sees(rows[0]["merchant_id"]):
        message = f"{named} is not the number of one transaction alone"
        raise NothingThere(message)
    return rows[0]["merchant_id"], rows[0]["id"]


@over_cells.the_one_that_knows
async def document(
    desk: Desk, visitor: Visitor, identity: UUID, named: UUID
) -> tuple[str, str, bytes]:
    """Give a document's name, type and content; raises `NothingThere`, and to merchants always."""
    row = await _one(desk, visitor, identity)
    message = f"there is no document {named}"
    if visitor.merchant_id:  # it may hold more than annul would show
        raise NothingThere(message)
    found = await documents.read(desk.pool, desk.vault, row["merchant_id"], identity, named)
    if found is None:
        raise NothingThere(message)
    return found


def kind_of(text: str) -> EvidenceKind:
    """Read what a document shows; raises `ValueError`."""
    return EvidenceKind(text)


def _reads(visitor: Visitor) -> None:
    if not visitor.may(Scope.CLEARING_READ):
        raise NotAllowed
