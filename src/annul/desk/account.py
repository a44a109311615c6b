"""What people do about themselves: their password, their sessions, the proof that it is them."""

from typing import Any

from annul.domain.errors import AnnulError

from . import second_factor
from .access import Access, SignInVerdict
from .audit import audit
from .roles import Step, Visitor
from .second_factor import CodeVerdict


class NotProved(AnnulError):
    """The password or the code is wrong. Nothing was changed."""

    code = "access.not_proved"
    next_step = "Try again; after several wrong ones, wait first."


async def prove(
    access: Access, visitor: Visitor, password: str, address: str, code: str | None = None
) -> None:
    """Let pass who says their password again, and a code if they have a second factor.

    `code` None asks for no code. Wrong ones count as at the sign-in. Raises `NotProved`.
    """
    verdict = await access.check(visitor.name, password, address)
    if verdict not in {SignInVerdict.ACCEPTED, SignInVerdict.NEEDS_CODE}:
        raise NotProved
    if code is None or verdict is SignInVerdict.ACCEPTED:
        return
    if await second_factor.check(access, visitor.name, code, address) is CodeVerdict.REFUSED:
        raise NotProved


async def change_password(
    access: Access, visitor: Visitor, present: str, new: str, address: str
) -> None:
    """Choose a password; all sessions end.

    Who has come in with a one-time password need not say it again. Raises `NotProved` and
    `PasswordRefused`.
    """
    if visitor.step is not Step.PASSWORD:
        await prove(access, visitor, present, address)
    await choose(access, visitor, new)


async def choose(access: Access, visitor: Visitor, new: str) -> None:
    """Give somebody who has just proved who they are the password that they choose.

    All their sessions end. Raises `PasswordRefused`.
    """
    now, about = access.clock.now(), f"user {visitor.name}"
    async with access.pool.acquire() as connection, connection.transaction():
        await access.change(visitor.name, new, within=connection)
        await audit(connection, visitor, now, "change-password", about, "")
    access.forget()


async def sessions(access: Access, visitor: Visitor) -> list[dict[str, Any]]:
    """Give one's own open sessions, the one that acted last first."""
    return await access.sessions(visitor.name)


async def end_session(access: Access, visitor: Visitor, identity: str) -> None:
    """End one of one's own sessions; one that is over already is no matter."""
    now, about = access.clock.now(), f"user {visitor.name}"
    async with access.pool.acquire() as connection, connection.transaction():
        if await access.end_session(visitor.name, identity, connection):
            await audit(connection, visitor, now, "end-session", about, "")
    access.forget()


async def sign_out_everywhere(access: Access, visitor: Visitor) -> None:
    """End all of one's own sessions, this one too."""
    now, about = access.clock.now(), f"user {visitor.name}"
    async with access.pool.acquire() as connection, connection.transaction():
        ended = await access.end_sessions(visitor.name, connection)
        await audit(connection, visitor, now, "end-sessions", about, "", {"sessions": ended})
    access.forget()
