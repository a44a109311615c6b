"""Keys of issuers, and how issuers make MACs and take PINs: shown, loaded, asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final, Protocol

import asyncpg

from annul.domain.records import Issuer
from annul.issuers.key_forms import KEY_FORMS
from annul.issuers.key_rows import put
from annul.issuers.profile import IssuerProfileError, check_profile
from annul.security.errors import UnusableKey
from annul.security.keys import Component, KeyKind, WrappedKey
from annul.security.mac import MacAlgorithm
from annul.security.module import SecurityModule
from annul.security.pin import PinFormat
from annul.store.clock import Clock
from annul.store.sql import load

from .audit import audit
from .desk import NothingThere
from .permission import NotValid, permit
from .roles import Scope, Visitor

_COLUMNS: Final = ", ".join(f"i.{column.name}" for column in fields(Issuer))
_SQL: Final = load("annul.desk", "issuer_keys.sql", columns=_COLUMNS)
_PROFILE: Final = (
    "mac_algorithm",
    "mac_key_algorithm",
    "pin_format",
    "pin_key_algorithm",
    "key_exchange",
    "keys_at_sign_on",
)


class Keeper(Protocol):
    """What these acts stand on: a desk, or a command's reach."""

    @property
    def pool(self) -> asyncpg.Pool:
        """The database."""
        ...

    @property
    def clock(self) -> Clock:
        """The time that rows bear."""
        ...


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it is loaded: what for, of which cipher, in how many parts.

    With a key of another cipher goes what is done with it: `uses` is the MAC algorithm or the PIN
    format, None to leave it.
    """

    kind: KeyKind
    algorithm: str
    components: Sequence[Component]
    uses: MacAlgorithm | PinFormat | None = None


async def keys(keeper: Keeper, issuer_id: str) -> list[dict[str, Any]]:
    """Give the keys that count: `kind`, `check` (six digits), `since`, whether it is `proved`.

    `since` None: it waits, or (`agreed`) it was put in with the issuer, and its check value is not
    known.
    """
    found = [
        {
            "kind": row["kind"],
            "algorithm": row["algorithm"],
            "check": row["check_value"][:3].hex().upper(),
            "since": row["in_force_since"],
            "proved": row["proved_at"] is not None,
            "agreed": False,
        }
        for row in await keeper.pool.fetch(*_SQL["keys"](issuer=issuer_id))
    ]
    agreed = dict(await keeper.pool.fetchrow(*_SQL["agreed"](issuer=issuer_id)) or {})
    in_force = {row["kind"] for row in found if row["since"]}
    return found + [
        {"kind": kind, "algorithm": "", "check": "", "since": None, "proved": True, "agreed": True}
        for kind, there in agreed.items()
        if there and kind not in in_force
    ]


async def ask_for_keys(keeper: Keeper, visitor: Visitor, issuer_id: str, reason: str) -> None:
    """Let a host ask an issuer for new keys, once. Raises `NotValid` when none could be taken."""
    async with keeper.pool.acquire() as connection, connection.transaction():
        await permit(connection, visitor, Scope.ISSUERS_WRITE, reason)
        issuer, wanted = await _held(connection, issuer_id)
        if issuer.key_exchange not in KEY_FORMS:
            raise NotValid("this issuer sends no key messages")
        known = await connection.fetch(*_SQL["keys"](issuer=issuer_id))
        if all(row["kind"] != KeyKind.ZONE for row in known):
            raise NotValid("there is no zone key under which new ones could come")
        if wanted:
            raise NotValid("new keys are asked for already")
        await connection.execute(*_SQL["want"](issuer=issuer_id))
        detail = {"key_exchange": issuer.key_exchange}
        now = keeper.clock.now()
        await audit(connection, visitor, now, "ask-keys", f"issuer {issuer_id}", reason, detail)


async def set_profile(
    keeper: Keeper, visitor: Visitor, issuer_id: str, reason: str, **changes: Any
) -> None:
    """Say how an issuer makes MACs, takes PINs and changes keys; hosts take it up at once.

    Raises `NotValid` for what does not go together, also with the keys that are there.
    """
    async with keeper.pool.acquire() as connection, connection.transaction():
        await permit(connection, visitor, Scope.ADMIN, reason)
        before, _ = await _held(connection, issuer_id)
        await _changed(connection, before, replace(before, **changes))
        detail = {"before": _profile(before), **changes}
        now = keeper.clock.now()
        await audit(connection, visitor, now, "set-issuer", f"issuer {issuer_id}", reason, detail)


async def load_key(
    keeper: Keeper,
    visitor: Visitor,
    security: SecurityModule,
    issuer_id: str,
    new: NewKey,
    reason: str,
) -> WrappedKey:
    """Put a key in force that people have brought in parts. Raises `NotValid`.

    The one before is taken for as long as answers may be on their way.
    """
    now = keeper.clock.now()
    try:
        key = security.import_components(new.kind, new.algorithm, new.components)
    except UnusableKey as error:
        raise NotValid(str(error)) from error
    async with keeper.pool.acquire() as connection, connection.transaction():
        await permit(connection, visitor, Scope.ADMIN, reason)
        before, _ = await _held(connection, issuer_id)
        await _changed(connection, before, _with(before, new))
        await _put(connection, issuer_id, key, now)
        detail = {
            "kind": key.kind.value,
            "algorithm": key.algorithm,
            "check_value": key.check_value[:3].hex().upper(),
            "components": len(new.components),
        }
        await audit(connection, visitor, now, "load-key", f"issuer {issuer_id}", reason, detail)
    return key


async def _put(connection: Any, issuer_id: str, key: WrappedKey, now: datetime) -> None:
    try:
        await put(connection, issuer_id, key, now, since=now)
    except asyncpg.UniqueViolationError as error:
        raise NotValid("this key was used before") from error


async def _held(connection: Any, issuer_id: str) -> tuple[Issuer, bool]:
    row = await connection.fetchrow(*_SQL["hold"](issuer=issuer_id))
    if row is None:
        message = f"there is no issuer {issuer_id}"
        raise NothingThere(message)
    *columns, wanted = row
    return Issuer(*columns), wanted


async def _changed(connection: Any, before: Issuer, after: Issuer) -> None:
    if after == before:
        return
    try:
        check_profile(after)
    except IssuerProfileError as error:
        raise NotValid(str(error)) from error
    if after.key_exchange and after.key_exchange not in KEY_FORMS:
        message = f"key messages look like one of {', '.join(KEY_FORMS)}"
        raise NotValid(message)
    values = _profile(after)
    await connection.execute(*_SQL["profile"](issuer=after.issuer_id, **values))
    await connection.execute(*_SQL["changed"]())


def _profile(issuer: Issuer) -> dict[str, Any]:
    return {name: getattr(issuer, name) for name in _PROFILE}


def _with(issuer: Issuer, new: NewKey) -> Issuer:
    """Give an issuer's row as it is with a new key."""
    if new.kind is KeyKind.MAC:
        uses = new.uses.value if new.uses else issuer.mac_algorithm
        return replace(issuer, mac_key_algorithm=new.algorithm, mac_algorithm=uses)
    if new.kind is KeyKind.PIN:
        uses = new.uses.value if new.uses else issuer.pin_format
        return replace(issuer, pin_key_algorithm=new.algorithm, pin_format=uses)
    return issuer
