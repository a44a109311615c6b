"""Users, and the keys of programs: let in, let out, by administrators and with a reason."""

import re
import secrets
from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from annul.store.sql import load

from .access import NameTaken
from .audit import audit
from .desk import Desk, NothingThere
from .permission import NotAllowed, NotValid, changing
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "people.sql")
_NAME: Final = re.compile(r"[\w.@-]{2,40}")
# What a key of one merchant can not be given: it concerns everybody.
OF_ALL: Final = frozenset({Scope.ADMIN, Scope.AUDIT, Scope.ISSUERS_WRITE})


# Users ------------------------------------------------------------------------------------------


async def add_user(
    desk: Desk, visitor: Visitor, name: str, role: str, merchant_id: str, reason: str
) -> str:
    """Add a user; gives the one-time password, which is known nowhere else.

    Raises `NameTaken`, `NotPossible` and `NotValid`.
    """
    if not _NAME.fullmatch(name):
        raise NotValid("a name has 2 to 40 letters, digits, or . _ @ -")
    password = secrets.token_urlsafe(12)
    async with changing(desk, visitor, Scope.ADMIN, reason) as connection:
        await _must_be(connection, merchant_id)
        if not await desk.access.add(
            name, password, role, merchant_id, one_time=True, within=connection
        ):
            raise NameTaken
        detail = {"role": role, "merchant_id": merchant_id}
        await audit(
            connection, visitor, desk.clock.now(), "add-user", f"user {name}", reason, detail
        )
    return password


async def set_active(desk: Desk, visitor: Visitor, name: str, reason: str, *, active: bool) -> None:
    """Let a user in again, or no longer. Nobody shuts themselves out."""
    if name == visitor.name:
        raise NotValid("nobody can shut themselves out")
    async with changing(desk, visitor, Scope.ADMIN, reason) as connection:
        if not await desk.access.set_active(name, active=active, within=connection):
            message = f"there is no user {name}"
            raise NothingThere(message)
        action = "start-user" if active else "stop-user"
        await audit(connection, visitor, desk.clock.now(), action, f"user {name}", reason)
    desk.access.forget()


# Keys -------------------------------------------------------------------------------------------


async def new_key(
    desk: Desk,
    visitor: Visitor,
    name: str,
    scopes: Collection[Scope],
    merchant_id: str,
    reason: str,
) -> str:
    """Make a key for a program, with scopes that its maker has too; it is shown only now."""
    if not name.strip() or not scopes:
        raise NotValid("a key needs a name and at least one scope")
    if merchant_id and OF_ALL & set(scopes):
        raise NotValid("a key of one merchant can not have admin, audit:read or issuers:write")
    if not set(scopes) <= visitor.scopes:
        raise NotAllowed
    async with changing(desk, visitor, Scope.ADMIN, reason) as connection:
        await _must_be(connection, merchant_id)
        identity, key = await desk.access.new_key(
            name.strip()[:60], scopes, merchant_id, visitor.name, within=connection
        )
        called = await connection.fetchval(*_SQL["key_name"](id=identity))
        detail = {"scopes": sorted(scopes), "merchant_id": merchant_id}
        await audit(
            connection, visitor, desk.clock.now(), "new-key", f"key {called}", reason, detail
        )
    return key


async def end_key(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> None:
    """End a key at once."""
    async with changing(desk, visitor, Scope.ADMIN, reason) as connection:
        called = await connection.fetchval(*_SQL["key_name"](id=identity))
        if not await desk.access.end_key(identity, within=connection):
            raise NothingThere("there is no such key in force")
        await audit(connection, visitor, desk.clock.now(), "end-key", f"key {called}", reason)
    desk.access.forget()


async def _must_be(connection: Any, merchant_id: str) -> None:
    if merchant_id and not await connection.fetchval(*_SQL["merchant"](merchant=merchant_id)):
        raise NotValid("there is no such merchant")
