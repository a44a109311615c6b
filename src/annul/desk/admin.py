"""Users, keys and what was done by whom. Every change is allowed, has a reason, and is audited."""

import re
import secrets
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from annul.domain.errors import AnnulError
from annul.domain.text import Text
from annul.resolve.conclusion import CARRIED_OUT, OVERTAKEN
from annul.resolve.people import ACTIONS
from annul.store.sql import load
from annul.wire.masking import scan

from .access import NameTaken
from .cursor import Cursor, Listing, listing
from .desk import Desk, NothingThere
from .roles import Scope, Visitor

_SQL: Final = load("annul.desk", "admin.sql")
_NAME: Final = re.compile(r"[\w.@-]{2,40}")
# What a key of one merchant can not be given: it concerns everybody.
OF_ALL: Final = frozenset({Scope.ADMIN, Scope.AUDIT, Scope.ISSUERS_WRITE})

# What stands in the audit log, in both languages.
ACTS: Final[Mapping[str, Text]] = {
    "add-user": Text("添加用户", "add a user"),
    "stop-user": Text("停用用户", "let a user in no more"),
    "start-user": Text("启用用户", "let a user in again"),
    "new-key": Text("创建密钥", "make a key"),
    "end-key": Text("终止密钥", "end a key"),
    "set-policy": Text("新增发卡行规则", "set an issuer's rule"),
    "end-policy": Text("终止发卡行规则", "end an issuer's rule"),
    "set-meaning": Text("登记应答码含义", "set what a code means"),
    "end-meaning": Text("删除应答码含义", "remove what a code means"),
    "set-contact": Text("登记联系人", "enter a contact"),
    "end-contact": Text("删除联系人", "remove a contact"),
    "set-allowed": Text("修改商户设置", "change a merchant's settings"),
    "ask-terminal": Text("向终端提出要求", "ask something of a terminal"),
    "add-webhook": Text("添加回调地址", "add a webhook"),
    "end-webhook": Text("停用回调地址", "switch a webhook off"),
    "replay-webhook": Text("重发通知", "send a notification again"),
    "undo-lesson": Text("收回经验", "take back a lesson"),
    "propose-conclusion": Text("提议人工结论", "propose a conclusion by hand"),
    "confirm-conclusion": Text("复核人工结论", "confirm a conclusion by hand"),
    "withdraw-conclusion": Text("收回人工结论", "withdraw a conclusion by hand"),
    CARRIED_OUT: Text("执行人工结论", "carry a conclusion by hand out"),
    OVERTAKEN: Text("人工结论未执行", "leave a conclusion that was overtaken"),
    "proposed": Text("提议动账操作", "propose what moves money"),
    **{action.name: action.said for action in ACTIONS.values()},
}


class NotAllowed(AnnulError):
    """Your role does not allow this. Nothing was changed."""

    code = "desk.not_allowed"
    next_step = "Ask somebody whose role allows it."


class ReasonNeeded(AnnulError):
    """What is changed needs a reason. Nothing was changed."""

    code = "access.reason_needed"
    next_step = "Say why; it is kept in the audit log."


class NotValid(AnnulError):
    """This can not be set like that. Nothing was changed."""

    code = "access.not_valid"
    next_step = "Correct what is named and try again."


# Changing anything ------------------------------------------------------------------------------


async def audit(
    connection: Any,
    visitor: Visitor,
    at: datetime,
    action: str,
    thing: str,
    reason: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Keep who did what to which thing, and why, in the transaction that does it."""
    await connection.execute(
        *_SQL["audit"](
            id=uuid7(),
            at=at,
            who=visitor.name,
            role=visitor.role,
            action=action,
            object=thing,
            reason=scan(reason.strip()),
            detail=dict(detail or {}),
        )
    )


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


@asynccontextmanager
async def changing(
    desk: Desk, visitor: Visitor, scope: Scope, reason: str, merchant_id: str = ""
) -> AsyncIterator[Any]:
    """Give a connection in a transaction to somebody whom `permit` lets change this."""
    async with desk.pool.acquire() as connection, connection.transaction():
        await permit(connection, visitor, scope, reason, merchant_id)
        yield connection


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


# What was done, and what was learned ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """What to look for in the audit log; empty means any. `until` is not included."""

    who: str = ""
    action: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def query(self) -> dict[str, str]:
        """Give what stands in an address."""
        return {name: str(value) for name, value in asdict(self).items() if value}


async def log(
    desk: Desk, visitor: Visitor, wanted: AuditSearch, limit: int, cursor: str = ""
) -> Listing:
    """Give what was done, the latest first; raises `NotAllowed`."""
    if visitor.merchant_id or not visitor.may(Scope.AUDIT):
        raise NotAllowed
    rows = await desk.pool.fetch(
        *_SQL["log"](
            **asdict(wanted) | {"text": wanted.text.strip()},
            **Cursor.after(cursor),
            limit=limit + 1,
        )
    )
    return listing(rows, limit, "at")


async def undo_lesson(desk: Desk, visitor: Visitor, case_id: UUID, reason: str) -> int:
    """Take back what a case has taught, and keep who did and why; gives how many steps."""
    await permit(desk.pool, visitor, Scope.ADMIN, reason)
    return await desk.lessons.undo(
        case_id, desk.clock.now(), visitor.name, visitor.role, reason.strip()
    )
