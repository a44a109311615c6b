"""Users, and the keys of programs: let in, let out, by administrators and with a reason."""

import ipaddress
import re
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from annul.domain.errors import AnnulError
from annul.store.sql import load

from . import over_cells
from .access import KEY_LASTS, KEY_LASTS_AT_MOST, NameTaken
from .audit import audit
from .desk import Desk, NothingThere
from .permission import NotAllowed, NotValid, changing
from .roles import ADMINISTRATOR, Scope, Visitor

_SQL: Final = load("annul.desk", "people.sql")
_NAME: Final = re.compile(r"[\w.@-]{2,40}")
# What a key of one merchant can not be given: it concerns everybody.
OF_ALL: Final = frozenset({Scope.ADMIN, Scope.AUDIT, Scope.ISSUERS_WRITE})


_ADDRESSES: Final = 20  # that a key may be bound to


class LastAdministrator(AnnulError):
    """There would be no administrator left who can sign in. Nothing was changed."""

    code = "access.last_administrator"
    next_step = "Make somebody else an administrator first."


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
    await _must_be(desk, visitor, merchant_id)
    async with changing(desk, visitor, Scope.ADMIN, reason) as connection:
        if not await desk.access.add(
            name,
            password,
            role,
            merchant_id,
            by=visitor.name,
            one_time=True,
            within=connection,
        ):
            raise NameTaken
        detail = {"role": role, "merchant_id": merchant_id}
        await audit(
            connection, visitor, desk.clock.now(), "add-user", f"user {name}", reason, detail
        )
    return password


async def set_active(desk: Desk, visitor: Visitor, name: str, reason: str, *, active: bool) -> None:
    """Let a user in again, or no longer. Nobody shuts themselves out.

    Raises `LastAdministrator` and `NothingThere`.
    """
    if name == visitor.name:
        raise NotValid("you cannot deactivate yourself")
    async with changing(desk, visitor, Scope.ADMIN, reason) as connection:
        if not active:
            await _another_administrator(connection, visitor, name)
        if not await desk.access.set_active(name, active=active, within=connection):
            message = f"there is no user {name}"
            raise NothingThere(message)
        action = "start-user" if active else "stop-user"
        await audit(connection, visitor, desk.clock.now(), action, f"user {name}", reason)
    desk.access.forget()


async def change_role(
    desk: Desk, visitor: Visitor, name: str, role: str, merchant_id: str, reason: str
) -> None:
    """Give somebody else another role and merchant; what they have open goes on with it.

    Raises `LastAdministrator`, `NothingThere`, `NotValid` and `UserNotPossible`.
    """
    if name == visitor.name:
        raise NotValid("you cannot change your own role")
    await _must_be(desk, visitor, merchant_id)
    async with changing(desk, visitor, Scope.ADMIN, reason) as connection:
        if role != ADMINISTRATOR:
            await _another_administrator(connection, visitor, name)
        before = await connection.fetchrow(*_SQL["role"](name=name))
        if before is None:
            message = f"there is no user {name}"
            raise NothingThere(message)
        await desk.access.set_role(name, role, merchant_id, connection)
        after = {"role": role, "merchant_id": merchant_id}
        detail = {one: {"before": before[one], "after": value} for one, value in after.items()}
        await audit(
            connection, visitor, desk.clock.now(), "change-role", f"user {name}", reason, detail
        )
    desk.access.forget()


async def _another_administrator(connection: Any, visitor: Visitor, name: str) -> None:
    """See to it that an administrator is left beside somebody; two who do so take turns."""
    rows = await connection.fetch(*_SQL["administrators"](role=ADMINISTRATOR))
    left = {row["name"] for row in rows}
    if visitor.role and visitor.name not in left:
        raise NotAllowed
    if left <= {name}:
        raise LastAdministrator


# Keys -------------------------------------------------------------------------------------------


async def new_key(
    desk: Desk,
    visitor: Visitor,
    name: str,
    scopes: Collection[Scope],
    merchant_id: str,
    reason: str,
    *,
    ends_at: datetime | None = None,
    addresses: Sequence[str] = (),
) -> str:
    """Make a key for a program, with scopes that its maker has too; it is shown only now.

    It ends after a year, after two at most. With `addresses` (CIDR) it is good from there only.
    """
    now = desk.clock.now()
    ends_at = ends_at or now + KEY_LASTS
    if not now < ends_at <= now + KEY_LASTS_AT_MOST:
        raise NotValid("a key must expire in the future, within two years")
    networks = _networks(addresses)
    if not name.strip() or not scopes:
        raise NotValid("a key needs a name and at least one scope")
    if merchant_id and OF_ALL & set(scopes):
        raise NotValid("a key of one merchant cannot have admin, audit:read or issuers:write")
    if not set(scopes) <= visitor.scopes:
        raise NotAllowed
    await _must_be(desk, visitor, merchant_id)
    async with changing(desk, visitor, Scope.ADMIN, reason) as connection:
        identity, key = await desk.access.new_key(
            name.strip()[:60],
            scopes,
            merchant_id,
            visitor.name,
            connection,
            ends_at=ends_at,
            addresses=networks,
        )
        called = await connection.fetchval(*_SQL["key_name"](id=identity))
        detail = {
            "scopes": sorted(scopes),
            "merchant_id": merchant_id,
            "ends_at": ends_at.isoformat(),
            "addresses": networks,
        }
        await audit(connection, visitor, now, "new-key", f"key {called}", reason, detail)
    return key


def _networks(addresses: Sequence[str]) -> list[str]:
    """Read addresses and networks as the database keeps them; raises `NotValid`."""
    if len(addresses) > _ADDRESSES:
        raise NotValid("a key is bound to 20 networks at most")
    try:
        return [str(ipaddress.ip_network(one.strip())) for one in addresses]
    except ValueError:
        raise NotValid("a network is written like 192.0.2.0/24 or 2001:db8::/32") from None


async def end_key(desk: Desk, visitor: Visitor, identity: UUID, reason: str) -> None:
    """End a key at once."""
    async with changing(desk, visitor, Scope.ADMIN, reason) as connection:
        called = await connection.fetchval(*_SQL["key_name"](id=identity))
        if not await desk.access.end_key(identity, within=connection):
            raise NothingThere("there is no such key in force")
        await audit(connection, visitor, desk.clock.now(), "end-key", f"key {called}", reason)
    desk.access.forget()


async def _must_be(desk: Desk, visitor: Visitor, merchant_id: str) -> None:
    if not merchant_id or not visitor.may(Scope.ADMIN):
        return  # who may not is told so, and nothing of merchants
    if not any(await over_cells.each(desk, partial(_is_there, merchant_id))):
        raise NotValid("there is no such merchant")


async def _is_there(merchant_id: str, desk: Desk) -> bool:
    return bool(await desk.pool.fetchval(*_SQL["merchant"](merchant=merchant_id)))
