"""The second factor of people: codes of a device (TOTP), and ten on paper for its loss."""

import base64
import secrets
from binascii import Error as NotBase64
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pyotp import random_base32
from pyotp.exceptions import OTPVerificationError
from pyotp.totp import TOTP

from annul.domain.errors import AnnulError
from annul.security.errors import UnusableKey
from annul.security.vault import Vault
from annul.store.sql import load

from .access import Access, hash_of
from .audit import audit
from .roles import Visitor
from .tries import REFUSED

_SQL: Final = load("annul.desk", "second_factor.sql")
_ISSUER: Final = "annul"
_AROUND: Final = 1  # steps of 30 s by which the clock of a device may differ
_RECOVERY: Final = 10  # codes on paper
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_LENGTH: Final = 16  # of a recovery code: 80 bits, so that a plain hash keeps it


class NoMasterKey(AnnulError):
    """This process has no master key, so it cannot judge a code. Nothing was changed."""

    code = "access.no_master_key"
    next_step = "Give the host's master key with --data, master_key_file or master_key."


class WrongCode(AnnulError):
    """The code is wrong. Nothing was changed."""

    code = "access.wrong_code"
    next_step = "Give the code that the device shows now; see that its clock is right."


class SetUpAnew(AnnulError):
    """This page is of another session. Nothing was changed."""

    code = "access.set_up_anew"
    next_step = "Begin anew, with the picture that is shown now."


class FactorNeeded(AnnulError):
    """Your role takes a second factor. Nothing was changed."""

    code = "access.factor_needed"
    next_step = "Set up another device in place of this one."


class CodeVerdict(StrEnum):
    """What a code is good for. `recovered`: it was one on paper."""

    REFUSED = "refused"
    ACCEPTED = "accepted"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A secret that a device is to take; it counts once a code of it has come.

    `sealed` is the same for a form that brings it back: only annul opens it, for this session.
    """

    secret: str
    address: str
    sealed: str


def propose(access: Access, visitor: Visitor) -> Proposal:
    """Make a secret for somebody's device; raises `NoMasterKey`."""
    secret = random_base32()
    sealed = _vault(access).seal_file(secret.encode(), _proposed_to(visitor))
    return _proposal(visitor, secret, base64.b64encode(sealed).decode())


def proposed(access: Access, visitor: Visitor, sealed: str) -> Proposal:
    """Read what was proposed in this session; raises `SetUpAnew` and `NoMasterKey`."""
    try:
        content = base64.b64decode(sealed, validate=True)
        secret = _vault(access).open_file(content, _proposed_to(visitor)).decode()
    except (UnusableKey, NotBase64):
        raise SetUpAnew from None
    return _proposal(visitor, secret, sealed)


def shown(access: Access, proposal: Proposal, code: str) -> int:
    """Give the step of the device's clock that a code of the proposal is of; raises `WrongCode`."""
    step = _step_of(proposal.secret, code, access.clock.now())
    if step is None:
        raise WrongCode
    return step


async def enrol(
    access: Access, visitor: Visitor, proposal: Proposal, code: str, token: str
) -> tuple[str, ...]:
    """Let a second factor count, since its device says a right code; gives the recovery codes.

    They are known nowhere else. Sessions but the one of `token` end: whoever opened them has not
    shown this factor. Raises `WrongCode`.
    """
    now, step = access.clock.now(), shown(access, proposal, code)
    codes = tuple(_on_paper() for _ in range(_RECOVERY))
    sealed = _vault(access).seal_file(proposal.secret.encode(), _kept_for(visitor.name))
    kept = _SQL["enrol"](
        name=visitor.name,
        secret=sealed,
        now=now,
        step=step,
        recovery=[hash_of(_plain(one)) for one in codes],
    )
    async with access.pool.acquire() as connection, connection.transaction():
        await connection.execute(*kept)
        ended = await access.end_sessions(visitor.name, connection, token)
        detail = {"sessions_ended": ended}
        await audit(connection, visitor, now, "enrol-factor", f"user {visitor.name}", "", detail)
    access.forget()
    return codes


async def remove(access: Access, visitor: Visitor) -> None:
    """Remove one's own second factor; raises `FactorNeeded` where the role takes one."""
    if visitor.role in access.factor_roles:
        raise FactorNeeded
    now, about = access.clock.now(), f"user {visitor.name}"
    async with access.pool.acquire() as connection, connection.transaction():
        if await removed(connection, visitor.name):
            await audit(connection, visitor, now, "remove-factor", about, "")
    access.forget()


async def removed(connection: Any, name: str) -> bool:
    """Remove somebody's second factor within a transaction; False when there is none."""
    return bool(await connection.fetchval(*_SQL["remove"](name=name)))


async def standing(access: Access, name: str) -> tuple[datetime | None, int]:
    """Say since when somebody has a second factor, and how many recovery codes are left."""
    row = await access.pool.fetchrow(*_SQL["standing"](name=name))
    return (row["factor_since"], row["recovery"]) if row else (None, 0)


async def check(access: Access, name: str, code: str, address: str) -> CodeVerdict:
    """Judge a code of somebody whose password was right, and use it up; raises `NoMasterKey`.

    It counts as a wrong try before it is looked at, in the lock-out of passwords. Of two uses of
    one code at once, one is accepted.
    """
    verdict = await _checked(access, name, code, address)
    access.tries.came[f"code_{verdict}"] += 1
    return verdict


async def _checked(access: Access, name: str, code: str, address: str) -> CodeVerdict:
    vault = _vault(access)
    if access.tries.too_many(address):
        return CodeVerdict.REFUSED
    tried = await access.tries.begin(name, address)
    if tried is None or tried["factor_secret"] is None:
        return CodeVerdict.REFUSED
    sealed = tried["factor_secret"]
    secret = vault.open_file(sealed, _kept_for(name)).decode()
    step = _step_of(secret, code, access.clock.now())
    if step is not None:
        use = _SQL["use_step"](name=name, step=step, secret=sealed)
        verdict = CodeVerdict.ACCEPTED
        good = bool(await access.pool.fetchval(*use))
    else:
        verdict = CodeVerdict.RECOVERED
        good = await _recovered(access, name, code)
    if not good:
        await access.tries.audit(REFUSED, name, address)
        return CodeVerdict.REFUSED
    await access.tries.let_in(name, address)
    return verdict


async def _recovered(access: Access, name: str, code: str) -> bool:
    visitor, now = await access.person(name), access.clock.now()
    async with access.pool.acquire() as connection, connection.transaction():
        use = _SQL["use_recovery"](name=name, hash=hash_of(_plain(code)))
        left = await connection.fetchval(*use)
        if left is None:
            return False
        about, detail = f"user {name}", {"left": left}
        await audit(connection, visitor, now, "use-recovery-code", about, "", detail)
    return True


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """Give the step of the device's clock that a code is of; None when it is of none near."""
    try:
        return TOTP(secret).verify_and_get_timecode(
            _plain(code), for_time=now, valid_window=_AROUND
        )
    except OTPVerificationError:
        return None


def _on_paper() -> str:
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    return "-".join(letters[place : place + 4] for place in range(0, _LENGTH, 4))


def _plain(code: str) -> str:
    """Read a code as it is compared, however it is grouped."""
    return "".join(code.split()).replace("-", "").upper()


def _proposal(visitor: Visitor, secret: str, sealed: str) -> Proposal:
    address = TOTP(secret).provisioning_uri(name=visitor.name, issuer_name=_ISSUER)
    return Proposal(secret, address, sealed)


def _vault(access: Access) -> Vault:
    if access.vault is None:
        raise NoMasterKey
    return access.vault


def _kept_for(name: str) -> bytes:
    return f"second factor of {name}".encode()


def _proposed_to(visitor: Visitor) -> bytes:
    return f"second factor for {visitor.name} in {visitor.csrf}".encode()
