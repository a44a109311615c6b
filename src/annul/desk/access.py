"""Who is let in: users and passwords, sessions of browsers, keys of programs."""

import hashlib
import ipaddress
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from annul.domain.errors import AnnulError
from annul.host.strangers import Throttle
from annul.store.clock import Clock, SystemClock
from annul.store.sql import load

from .hashing import Hasher
from .roles import MOVES_MONEY, OF_A_SHOP, ROLES, Scope, Visitor

FIRST_USER: Final = "admin"
SHORTEST: Final = 12  # characters of a password that a person chooses
KEY_MARK: Final = "annul_"

_SQL: Final = load("annul.desk", "access.sql")
_SESSION: Final = timedelta(hours=12)
_IDLE: Final = timedelta(minutes=15)  # without an act, for roles that move money
_IDLING: Final = sorted(role for role, scopes in ROLES.items() if scopes & MOVES_MONEY)
_SEEN_S: Final = 60.0  # between two notes of when somebody acted
# Wrong passwords in a row from which on a name is locked for the address that they come from, and
# for how long: doubling each time. From so many on, wherever they come from, it is locked for every
# address from which nobody of this name has come in.
_TRIES: Final = 5
_LOCK: Final = timedelta(seconds=30)
_LONGEST_LOCK: Final = timedelta(hours=1)
_TRIES_IN_ALL: Final = 50
_KNOWN: Final = timedelta(days=90)  # so long an address is one from which a name came in
_PER_ADDRESS: Final = 30  # tries in a minute, of any names
LOCAL: Final = "local"  # the address of who sits at the machine
_REMEMBERED: Final = 10_000  # sessions and keys
_KEPT_S: Final = 5.0  # how long a session or key that was looked up is taken as it was

Within = Any  # a connection whose transaction a change belongs to; None: a transaction of its own


class SignInVerdict(StrEnum):
    """What a name and a password are good for. `busy`: too many are asking to be looked at."""

    REFUSED = "refused"
    BUSY = "busy"
    MUST_CHANGE = "must_change"
    ACCEPTED = "accepted"


class NameTaken(AnnulError):
    """There is a user with this name already. Nothing was changed."""

    code = "access.name_taken"
    next_step = "Choose another name."


class UserNotPossible(AnnulError):
    """A user can not be like that. Nothing was changed."""

    code = "access.not_possible"
    next_step = "Cashiers and merchants belong to a merchant; the others belong to none."


@dataclass(frozen=True, slots=True)
class Session:
    """What a browser is given: `token` goes into its cookie and is known nowhere else."""

    token: str
    csrf: str
    ends_at: datetime


class Access:
    """Users, sessions and keys in the database; hashing runs beside the event loop."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock | None = None) -> None:
        self._pool = pool
        self._clock = clock or SystemClock()
        self._hasher = Hasher()
        # Compared against for unknown names, so that the time does not tell which names exist.
        self._nobody = self._hasher.hash_now(secrets.token_urlsafe())
        self._tries = Throttle(_PER_ADDRESS, 60.0, self._clock.monotonic)
        self._kept: dict[bytes, tuple[float, Visitor | None]] = {}
        self._seen: dict[bytes, float] = {}

    # Users ----------------------------------------------------------------------------------

    async def first_password(self) -> str | None:
        """Make the first user and give its one-time password; None when there are users already."""
        if await self._pool.fetchval(*_SQL["count"]()):
            return None
        password = secrets.token_urlsafe(12)
        hashed = await self._hasher.hash(password)
        added = await self._pool.fetchval(*_SQL["add_first"](name=FIRST_USER, password_hash=hashed))
        return password if added else None

    async def check(self, name: str, password: str, address: str = LOCAL) -> SignInVerdict:
        """Say what a name and a password are good for, given from an address.

        A try counts as wrong before its password is looked at, under the row's lock: of however
        many that come at once, no more are looked at than may be. Unknown, wrong and locked are
        answered alike, after the same work.
        """
        place = _place(address)
        if self._tries.hit(place) > _PER_ADDRESS:
            return SignInVerdict.REFUSED
        if self._hasher.busy:
            return SignInVerdict.BUSY
        row = await self._pool.fetchrow(
            *_SQL["try"](
                name=name,
                address=place,
                now=self._clock.now(),
                tries=_TRIES,
                lock=_LOCK,
                longest=_LONGEST_LOCK,
                in_all=_TRIES_IN_ALL,
                known=_KNOWN,
            )
        )
        hashed = row["password_hash"] if row else self._nobody
        right = await self._hasher.matches(hashed, password)
        if row is None or not right:
            return SignInVerdict.REFUSED
        await self._pool.execute(*_SQL["let_in"](name=name, address=place, now=self._clock.now()))
        return SignInVerdict.MUST_CHANGE if row["one_time"] else SignInVerdict.ACCEPTED

    async def change(self, name: str, password: str) -> None:
        """Replace the password of a user and end their sessions; `ValueError` when too short."""
        if len(password) < SHORTEST:
            message = f"a password has at least {SHORTEST} characters"
            raise ValueError(message)
        hashed = await self._hasher.hash(password)
        await self._pool.execute(*_SQL["change"](name=name, password_hash=hashed))
        self._kept.clear()

    async def person(self, name: str) -> Visitor:
        """Give a user whose password was right, for whoever acts without a session."""
        row = await self._pool.fetchrow(*_SQL["person"](name=name))
        assert row is not None, "somebody of this name has come in"
        return _visitor(row)

    async def add(
        self,
        name: str,
        password: str,
        role: str,
        merchant_id: str = "",
        *,
        one_time: bool = False,
        within: Within = None,
    ) -> bool:
        """Add a user; False when the name is taken. Raises `UserNotPossible`."""
        if role not in ROLES or (role in OF_A_SHOP) != bool(merchant_id):
            raise UserNotPossible
        hashed = await self._hasher.hash(password)
        add = _SQL["add"](
            name=name, password_hash=hashed, role=role, one_time=one_time, merchant=merchant_id
        )
        return bool(await (within or self._pool).fetchval(*add))

    async def set_active(self, name: str, *, active: bool, within: Within = None) -> bool:
        """Let a user in again, or no longer: what is open ends at once. False: nobody is called so.

        Within a transaction, call `forget` once it is through.
        """
        change = _SQL["set_active"](name=name, active=active, now=self._clock.now())
        changed = await (within or self._pool).fetchval(*change)
        self._kept.clear()
        return bool(changed)

    async def speak(self, name: str, language: str) -> None:
        """Keep the language that a user has chosen."""
        await self._pool.execute(*_SQL["speak"](name=name, language=language))
        self._kept.clear()

    async def users(self) -> list[dict[str, Any]]:
        """Give everybody, without what lets them in."""
        return [dict(row) for row in await self._pool.fetch(*_SQL["users"]())]

    # Sessions -------------------------------------------------------------------------------

    async def open(self, name: str) -> Session:
        """Open a session for somebody whose password was right."""
        token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        now = self._clock.now()
        ends_at = now + _SESSION
        begin = _SQL["open"](hash=_hash(token), name=name, csrf=csrf, now=now, ends_at=ends_at)
        await self._pool.execute(*begin)
        return Session(token, csrf, ends_at)

    async def close(self, token: str) -> None:
        """End a session."""
        await self._pool.execute(*_SQL["close"](hash=_hash(token)))
        self._kept.pop(_hash(token), None)

    async def of_session(
        self, token: str, *, acts: bool = True, fresh: bool = False
    ) -> Visitor | None:
        """Say who shows this cookie; nobody when they have not acted for long.

        `acts`: this is somebody's act, not a page that keeps itself up to date. `fresh`: as it
        stands in the database now, not some seconds ago.
        """
        hashed = _hash(token)
        asked = _SQL["session"](hash=hashed, now=self._clock.now(), idle=_IDLE, idling=_IDLING)
        visitor = await self._known(hashed, asked, self._of_session, fresh=fresh)
        if visitor is not None and acts:
            await self._act(hashed)
        return visitor

    async def _of_session(self, row: asyncpg.Record) -> Visitor:
        return replace(_visitor(row), csrf=row["csrf"])

    async def _act(self, hashed: bytes) -> None:
        now = self._clock.monotonic()
        if now - self._seen.get(hashed, -_SEEN_S) >= _SEEN_S:
            if len(self._seen) > _REMEMBERED:
                self._seen.clear()
            self._seen[hashed] = now
            await self._pool.execute(*_SQL["seen"](hash=hashed, now=self._clock.now()))

    # Keys -----------------------------------------------------------------------------------

    async def new_key(
        self, name: str, scopes: Iterable[Scope], merchant_id: str, by: str, within: Within = None
    ) -> tuple[UUID, str]:
        """Make a key for a program; gives its id and the key, which is shown only here."""
        key = KEY_MARK + secrets.token_urlsafe(32)
        identity = uuid7()
        await (within or self._pool).execute(
            *_SQL["new_key"](
                id=identity,
                hash=_hash(key),
                prefix=key[: len(KEY_MARK) + 6],
                name=name,
                scopes=sorted(scopes),
                merchant=merchant_id,
                by=by,
                now=self._clock.now(),
            )
        )
        return identity, key

    async def end_key(self, identity: UUID, within: Within = None) -> bool:
        """End a key at once; False when there is none that is in force."""
        self._kept.clear()
        end = _SQL["end_key"](id=identity, now=self._clock.now())
        return bool(await (within or self._pool).fetchval(*end))

    async def keys(self) -> list[dict[str, Any]]:
        """Give all keys, without what lets a program in."""
        return [dict(row) for row in await self._pool.fetch(*_SQL["keys"]())]

    async def of_key(self, key: str, *, fresh: bool = False) -> Visitor | None:
        """Say which program shows this key."""
        hashed = _hash(key)
        asked = _SQL["key"](hash=hashed, now=self._clock.now())
        return await self._known(hashed, asked, self._of_key, fresh=fresh)

    async def _of_key(self, row: asyncpg.Record) -> Visitor:
        scopes = frozenset(Scope(scope) for scope in row["scopes"])
        return Visitor(f"key {row['prefix']}", "", scopes, row["merchant_id"])

    # Inside ---------------------------------------------------------------------------------

    def forget(self) -> None:
        """Look everybody up anew, since somebody was changed."""
        self._kept.clear()

    async def _known(
        self, hashed: bytes, asked: tuple[Any, ...], read: Any, *, fresh: bool
    ) -> Visitor | None:
        now = self._clock.monotonic()
        kept = self._kept.get(hashed)
        if kept is not None and now < kept[0] and not fresh:
            return kept[1]
        row = await self._pool.fetchrow(*asked)
        visitor = None if row is None else await read(row)
        if len(self._kept) > _REMEMBERED:
            self._kept.clear()
        self._kept[hashed] = (now + _KEPT_S, visitor)
        return visitor


def _visitor(row: asyncpg.Record) -> Visitor:
    return Visitor(
        name=row["name"],
        role=row["role"],
        scopes=ROLES[row["role"]],
        merchant_id=row["merchant_id"],
        must_change=row["one_time"],
        language=row["language"],
    )


def _hash(shown: str) -> bytes:
    """Hash what lets somebody in: it is long and random, so that a plain hash keeps it."""
    return hashlib.sha256(shown.encode()).digest()


def _place(address: str) -> str:
    """Give what wrong passwords are counted by: of IPv6 the part that one subscriber is given."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if known.version == 4 else str(ipaddress.ip_network((known, 64), strict=False))
