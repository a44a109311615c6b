"""Interventions in the database: begun, confirmed and ended within the caller's transaction."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from annul.domain.interventions import (
    INTERVENTIONS,
    Intervention,
    InterventionKind,
    InterventionNotPossible,
)

from .sql import load

_SQL: Final = load("annul.store", "interventions.sql")
_DUAL: Final = [kind.value for kind, about in INTERVENTIONS.items() if about.dual]


async def in_force(connection: Any, at: datetime) -> list[Intervention]:
    """Read all that is in force at a moment or will be."""
    rows = await connection.fetch(*_SQL["in_force"](at=at, dual=_DUAL))
    return [Intervention(**{**row, "kind": InterventionKind(row["kind"])}) for row in rows]


async def begin(connection: Any, new: Intervention, at: datetime) -> bool:
    """Put one in force; False when this id stands already.

    Raises `InterventionNotPossible` for what it names that is not there.
    """
    named = {"issuer": new.issuer_id, "merchant": new.merchant_id, "terminal": new.terminal_id}
    found = await connection.fetchrow(*_SQL["known"](**named))
    if not found["there"]:
        message = f"there is no {new.kind.about.whom} {new.subject}"
        raise InterventionNotPossible(message)
    if new.kind is InterventionKind.ROUTE_AROUND and not found["another"]:
        message = f"no card range of issuer {new.issuer_id} has a backup"
        raise InterventionNotPossible(message)
    adding = _SQL["begin"](
        **named,
        id=new.id,
        kind=new.kind.value,
        amount=new.amount,
        valid_from=new.valid_from,
        valid_until=new.valid_until,
        set_by=new.set_by,
        reason=new.reason,
        confirmed_by=new.confirmed_by,
        at=at,
    )
    begun = await connection.fetchval(*adding) is not None
    if begun:
        await connection.execute(*_SQL["changed"]())
    return begun


async def confirm(connection: Any, key: tuple[str, UUID], who: str, at: datetime) -> bool:
    """Confirm one that waits for a second person, by its merchant ('' for none) and id.

    False when it does not wait, or this is the person who proposed it.
    """
    confirming = _SQL["confirm"](merchant=key[0], id=key[1], who=who, at=at)
    done = await connection.fetchval(*confirming) is not None
    if done:
        await connection.execute(*_SQL["changed"]())
    return done


async def end(connection: Any, key: tuple[str, UUID], who: str, at: datetime) -> bool:
    """End one earlier than planned, also one that waits; what waited for it is looked at anew."""
    row = await connection.fetchrow(*_SQL["end"](merchant=key[0], id=key[1], who=who, at=at))
    if row is None:
        return False
    if row["issuer_id"]:
        await connection.execute(*_SQL["release"](issuer=row["issuer_id"], at=at))
    await connection.execute(*_SQL["changed"]())
    return True
