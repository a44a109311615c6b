"""Who may change something: by role, looked up anew, and with a reason."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

import asyncpg

from annul.domain.errors import AnnulError
from annul.store.sql import load

from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "permission.sql")


class Pooled(Protocol):
    """What a change is made through: the desk, or what reaches the database from outside."""

    @property
    def pool(self) -> asyncpg.Pool:
        """The database."""
        ...


class NotAllowed(AnnulError):
    """Your role does not allow this. Nothing was changed."""

    code = "desk.not_allowed"
    next_step = "Ask somebody whose role allows it."


class ReasonNeeded(AnnulError):
    """A change needs a reason. Nothing was changed."""

    code = "access.reason_needed"
    next_step = "Give the reason; it is recorded in the audit log."


class NotValid(AnnulError):
    """This value is not valid. Nothing was changed."""

    code = "access.not_valid"
    next_step = "Correct what is named and try again."


async def permit(
    connection: Any, visitor: Visitor, scope: Scope, reason: str, merchant_id: str = ""
) -> None:
    """Let nobody change something whose role does not allow it, or who does not say why.

    A page may have been open for long, so the role is looked up anew. Who is bound to a merchant
    changes only what is this one's. Raises `NotAllowed` and `ReasonNeeded`.
    """
    bound = visitor.merchant_id and visitor.merchant_id != merchant_id
    if bound or not visitor.may(scope):
        raise NotAllowed
    if not reason.strip():
        raise ReasonNeeded
    if visitor.role and not await connection.fetchval(
        *_SQL["still"](name=visitor.name, role=visitor.role)
    ):
        raise NotAllowed


def staff(visitor: Visitor) -> None:
    """Let nobody pass who belongs to a merchant, whose own money it would be; `NotAllowed`."""
    if visitor.merchant_id:
        raise NotAllowed


@asynccontextmanager
async def changing(
    desk: Pooled, visitor: Visitor, scope: Scope, reason: str, merchant_id: str = ""
) -> AsyncIterator[Any]:
    """Give a connection in a transaction to somebody whom `permit` lets change this."""
    async with desk.pool.acquire() as connection, connection.transaction():
        await permit(connection, visitor, scope, reason, merchant_id)
        yield connection
