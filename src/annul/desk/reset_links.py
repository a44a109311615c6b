"""A link with which somebody chooses a new password: made by an administrator, good once."""

import secrets
from datetime import timedelta
from typing import Final

from annul.domain.errors import AnnulError
from annul.store.sql import load

from . import second_factor
from .access import Access, hash_of
from .audit import audit
from .desk import Desk, NothingThere
from .permission import NotValid, changing
from .roles import Scope, Visitor

LASTS: Final = timedelta(minutes=30)
_SQL: Final = load("annul.desk", "reset_links.sql")


class LinkOver(AnnulError):
    """This link was used, is too old, or another one has taken its place. Nothing was changed."""

    code = "access.link_over"
    next_step = "Ask an administrator for another one."


async def make(
    desk: Desk, visitor: Visitor, name: str, reason: str, *, factor_too: bool = False
) -> str:
    """Make a link for somebody else; gives its token, which is known nowhere else.

    `factor_too` ends the second factor as well. Raises `NothingThere` for who is not let in.
    """
    if name == visitor.name:
        raise NotValid("change your own password under My account")
    token, now = secrets.token_urlsafe(32), desk.clock.now()
    make = _SQL["make"](
        name=name,
        hash=hash_of(token),
        factor_too=factor_too,
        by=visitor.name,
        ends_at=now + LASTS,
    )
    async with changing(desk, visitor, Scope.ADMIN, reason) as connection:
        if not await connection.fetchval(*make):
            message = f"nobody called {name} is let in"
            raise NothingThere(message)
        detail = {"second_factor_too": factor_too}
        await audit(connection, visitor, now, "new-reset-link", f"user {name}", reason, detail)
    return token


async def owner(access: Access, token: str) -> str:
    """Say whose link this is; raises `LinkOver`."""
    name = await access.pool.fetchval(*_SQL["owner"](hash=hash_of(token), now=access.clock.now()))
    if name is None:
        raise LinkOver
    return str(name)


async def use(access: Access, token: str, password: str) -> None:
    """Use a link up: a new password, and all sessions end. Of two uses at once one is taken.

    Raises `LinkOver`, and `PasswordRefused`, after which the link is still good.
    """
    visitor, now = await access.person(await owner(access, token)), access.clock.now()
    async with access.pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(*_SQL["take"](hash=hash_of(token)))
        if row is None:
            raise LinkOver
        await access.change(visitor.name, password, within=connection)
        factor = row["factor_too"] and await second_factor.removed(connection, visitor.name)
        about, detail = f"user {visitor.name}", {"made_by": row["made_by"]}
        await audit(connection, visitor, now, "use-reset-link", about, "", detail)
        if factor:
            await audit(connection, visitor, now, "remove-factor", about, "", detail)
    access.forget()
