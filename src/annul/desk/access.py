"""Who is let in: users and passwords, sessions of browsers, keys of programs."""

import hashlib
import ipaddress
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from annul.domain.errors import AnnulError
from annul.operate.training.required import NOTHING, Required, for_role
from annul.security.vault import Vault
from annul.store.clock import Clock, SystemClock
from annul.store.sql import load

from .hashing import Hasher
from .passwords import PAST, PasswordRefused, Why, fits
from .roles import MOVES_MONEY, OF_A_SHOP, ROLES, Scope, Step, Visitor
from .tries import REFUSED, Tries

FIRST_USER: Final = "admin"
KEY_MARK: Final = "annul_"

_SQL: Final = load("annul.desk", "access.sql")
_SESSION: Final = timedelta(hours=12)
_CODE: Final = timedelta(minutes=5)  # how long the second step of a sign-in may take
_IDLE: Final = timedelta(minutes=15)  # without an act, for roles that move money
_IDLING: Final = sorted(role for role, scopes in ROLES.items() if scopes & MOVES_MONEY)
_SEEN_S: Final = 60.0  # between two notes of when somebody acted
LOCAL: Final = "local"  # the address of who sits at the machine
_REMEMBERED: Final = 10_000  # sessions and keys
_KEPT_S: Final = 5.0  # how long a session or key that was looked up is taken as it was
KEY_LASTS: Final = timedelta(days=365)
KEY_LASTS_AT_MOST: Final = timedelta(days=2 * 365)

Within = Any  # a connection whose transaction a change belongs to; None: a transaction of its own


class SignInVerdict(StrEnum):
    """What a name and a password are good for. `busy`: too many are asking to be looked at."""

    REFUSED = "refused"
    BUSY = "busy"
    NEEDS_CODE = "needs_code"
    MUST_CHANGE = "must_change"
    ACCEPTED = "accepted"


class NameTaken(AnnulError):
    """There is a user with this name already. Nothing was changed."""

    code = "access.name_taken"
    next_step = "Choose another name."


class UserNotPossible(AnnulError):
    """This user is not valid. Nothing was changed."""

    code = "access.not_possible"
    next_step = "Cashiers and merchants belong to a merchant; the others belong to none."


@dataclass(frozen=True, slots=True)
class Session:
    """What a browser is given: `token` goes into its cookie and is known nowhere else."""

    token: str
    csrf: str
    ends_at: datetime


class Access:
    """Users, sessions and keys in the database; hashing runs beside the event loop.

    `vault` opens the secrets of second factors; without one nobody who has a second factor comes
    in. Who has one of `factor_roles` must have a second factor; `required` are the courses without
    whose certificates nobody gets a role.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        clock: Clock | None = None,
        vault: Vault | None = None,
        factor_roles: Collection[str] = (),
        required: Required = NOTHING,
    ) -> None:
        self.pool = pool
        self.clock = clock or SystemClock()
        self.vault = vault
        self.factor_roles = frozenset(factor_roles)
        self.required = required
        self.tries = Tries(pool, self.clock)
        self.hasher = Hasher()
        # Compared against for unknown names, so that the time does not tell which names exist.
        self._nobody = self.hasher.hash_now(secrets.token_urlsafe())
        self._kept: dict[bytes, tuple[float, Visitor | None]] = {}
        self._seen: dict[bytes, float] = {}

    # Users ----------------------------------------------------------------------------------

    async def first_password(self) -> str | None:
        """Make the first user and give its one-time password; None when there are users already."""
        if await self.pool.fetchval(*_SQL["count"]()):
            return None
        password = secrets.token_urlsafe(12)
        hashed = await self.hasher.hash(password)
        added = await self.pool.fetchval(*_SQL["add_first"](name=FIRST_USER, password_hash=hashed))
        return password if added else None

    async def check(self, name: str, password: str, address: str = LOCAL) -> SignInVerdict:
        """Say what a name and a password are good for, given from an address.

        A try counts as wrong before its password is looked at, under the row's lock: of however
        many that come at once, no more are looked at than may be. Unknown, wrong and locked are
        answered alike, after the same work.
        """
        verdict = await self._checked(name, password, address)
        self.tries.came[verdict] += 1
        return verdict

    async def _checked(self, name: str, password: str, address: str) -> SignInVerdict:
        if self.tries.too_many(address):
            return SignInVerdict.REFUSED
        if self.hasher.busy:
            return SignInVerdict.BUSY
        row = await self.tries.begin(name, address)
        hashed = row["password_hash"] if row else self._nobody
        right = await self.hasher.matches(hashed, password)
        if row is None:
            return SignInVerdict.REFUSED
        if not right:
            await self.tries.audit(REFUSED, name, address)
            return SignInVerdict.REFUSED
        if row["factor_secret"] is not None:
            await self.tries.take_back(name, address, row["lock"])
            return SignInVerdict.NEEDS_CODE
        await self.tries.let_in(name, address)
        return SignInVerdict.MUST_CHANGE if row["one_time"] else SignInVerdict.ACCEPTED

    async def change(self, name: str, password: str, within: Within = None) -> None:
        """Replace the password of a user and end their sessions; raises `PasswordRefused`.

        Within a transaction, call `forget` once it is through.
        """
        fits(name, password)
        database = within or self.pool
        for hashed in await database.fetchval(*_SQL["hashes"](name=name)) or ():
            if await self.hasher.matches(hashed, password):
                raise PasswordRefused(Why.USED)
        hashed = await self.hasher.hash(password)
        await database.execute(*_SQL["change"](name=name, password_hash=hashed, past=PAST))
        self._kept.clear()

    async def person(self, name: str) -> Visitor:
        """Give a user who has come in, for whoever acts without a session."""
        row = await self.pool.fetchrow(*_SQL["person"](name=name))
        assert row is not None, "somebody of this name has come in"
        return self._visitor(row)

    async def add(
        self,
        name: str,
        password: str,
        role: str,
        merchant_id: str = "",
        *,
        by: str = "",
        one_time: bool = False,
        within: Within = None,
    ) -> bool:
        """Add a user for somebody; False when the name is taken.

        Raises `UserNotPossible`, and `NotCertified` where a course is required for the role.
        """
        _possible(role, merchant_id)
        await for_role(within or self.pool, self.required, name, role, self.clock.now())
        hashed = await self.hasher.hash(password)
        add = _SQL["add"](
            name=name,
            password_hash=hashed,
            role=role,
            one_time=one_time,
            merchant=merchant_id,
            by=by,
        )
        return bool(await (within or self.pool).fetchval(*add))

    async def set_active(self, name: str, *, active: bool, within: Within = None) -> bool:
        """Let a user in again, or no longer: what is open ends at once. False: nobody is called so.

        Within a transaction, call `forget` once it is through.
        """
        change = _SQL["set_active"](name=name, active=active, now=self.clock.now())
        changed = await (within or self.pool).fetchval(*change)
        self._kept.clear()
        return bool(changed)

    async def set_role(self, name: str, role: str, merchant_id: str, within: Within) -> None:
        """Give a user another role and merchant; raises `UserNotPossible` and `NotCertified`.

        What is open goes on with the new role. Call `forget` once the transaction is through.
        """
        _possible(role, merchant_id)
        await for_role(within, self.required, name, role, self.clock.now())
        await within.execute(*_SQL["set_role"](name=name, role=role, merchant=merchant_id))

    async def speak(self, name: str, language: str) -> None:
        """Keep the language that a user has chosen."""
        await self.pool.execute(*_SQL["speak"](name=name, language=language))
        self._kept.clear()

    async def users(self) -> list[dict[str, Any]]:
        """Give everybody, without what lets them in."""
        return [dict(row) for row in await self.pool.fetch(*_SQL["users"]())]

    # Sessions -------------------------------------------------------------------------------

    async def open(
        self, name: str, address: str = "", browser: str = "", *, awaits_code: bool = False
    ) -> Session:
        """Open a session for somebody whose password was right.

        One that awaits a code is the first step of a sign-in: it ends within minutes and leads to
        nothing but the second step.
        """
        token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        now = self.clock.now()
        ends_at = now + (_CODE if awaits_code else _SESSION)
        begin = _SQL["open"](
            hash=hash_of(token),
            name=name,
            csrf=csrf,
            now=now,
            ends_at=ends_at,
            address=address,
            browser=browser,
            awaits_code=awaits_code,
        )
        await self.pool.execute(*begin)
        return Session(token, csrf, ends_at)

    async def sessions(self, name: str) -> list[dict[str, Any]]:
        """Give the open sessions of a user, the one that acted last first; `id` names each."""
        asked = _SQL["sessions"](name=name, now=self.clock.now(), idle=_IDLE, idling=_IDLING)
        return [dict(row) for row in await self.pool.fetch(*asked)]

    async def end_session(self, name: str, identity: str, within: Within) -> bool:
        """End one session of a user; False when they have none of this id."""
        end = _SQL["end_session"](name=name, id=identity)
        ended = await within.fetchval(*end)
        self._kept.clear()
        return bool(ended)

    async def end_sessions(self, name: str, within: Within, spared: str = "") -> int:
        """End the sessions of a user, except the one of a token; gives how many there were."""
        end = _SQL["end_sessions"](name=name, spared=hash_of(spared))
        ended = len(await within.fetch(*end))
        self._kept.clear()
        return ended

    async def close(self, token: str) -> None:
        """End a session."""
        await self.pool.execute(*_SQL["close"](hash=hash_of(token)))
        self._kept.pop(hash_of(token), None)

    async def of_session(
        self, token: str, *, acts: bool = True, fresh: bool = False
    ) -> Visitor | None:
        """Say who shows this cookie; nobody when they have not acted for long.

        `acts`: this is somebody's act, not a page that keeps itself up to date. `fresh`: as it
        stands in the database now, not some seconds ago.
        """
        hashed = hash_of(token)
        asked = _SQL["session"](hash=hashed, now=self.clock.now(), idle=_IDLE, idling=_IDLING)
        visitor = await self._known(hashed, asked, self._of_session, fresh=fresh)
        if visitor is not None and acts:
            await self._act(hashed)
        return visitor

    async def _of_session(self, row: asyncpg.Record) -> Visitor:
        return replace(self._visitor(row), csrf=row["csrf"])

    async def _act(self, hashed: bytes) -> None:
        now = self.clock.monotonic()
        if now - self._seen.get(hashed, -_SEEN_S) >= _SEEN_S:
            if len(self._seen) > _REMEMBERED:
                self._seen.clear()
            self._seen[hashed] = now
            await self.pool.execute(*_SQL["seen"](hash=hashed, now=self.clock.now()))

    # Keys -----------------------------------------------------------------------------------

    async def new_key(
        self,
        name: str,
        scopes: Iterable[Scope],
        merchant_id: str,
        by: str,
        within: Within = None,
        *,
        ends_at: datetime | None = None,
        addresses: Sequence[str] = (),
    ) -> tuple[UUID, str]:
        """Make a key for a program; gives its id and the key, which is shown only here.

        It ends after a year unless `ends_at` says otherwise. With `addresses` (CIDR) it lets nobody
        in from elsewhere.
        """
        key = KEY_MARK + secrets.token_urlsafe(32)
        identity = uuid7()
        now = self.clock.now()
        await (within or self.pool).execute(
            *_SQL["new_key"](
                id=identity,
                hash=hash_of(key),
                prefix=key[: len(KEY_MARK) + 6],
                name=name,
                scopes=sorted(scopes),
                merchant=merchant_id,
                by=by,
                now=now,
                ends_at=ends_at or now + KEY_LASTS,
                addresses=list(addresses),
            )
        )
        return identity, key

    async def end_key(self, identity: UUID, within: Within = None) -> bool:
        """End a key at once; False when there is none that is in force."""
        self._kept.clear()
        end = _SQL["end_key"](id=identity, now=self.clock.now())
        return bool(await (within or self.pool).fetchval(*end))

    async def keys(self) -> list[dict[str, Any]]:
        """Give all keys, without what lets a program in."""
        return [dict(row) for row in await self.pool.fetch(*_SQL["keys"]())]

    async def of_key(
        self, key: str, address: str = LOCAL, *, fresh: bool = False
    ) -> Visitor | None:
        """Say which program shows this key, from an address that it may come from."""
        hashed, whence = hash_of(key), _network_address(address)
        asked = _SQL["key"](hash=hashed, now=self.clock.now(), address=whence)
        kept_as = hashed + (whence or "").encode()
        visitor = await self._known(kept_as, asked, self._of_key, fresh=fresh)
        self.tries.came["key_refused"] += visitor is None
        return visitor

    async def _of_key(self, row: asyncpg.Record) -> Visitor:
        scopes = frozenset(Scope(scope) for scope in row["scopes"])
        return Visitor(f"key {row['prefix']}", "", scopes, row["merchant_id"])

    # Inside ---------------------------------------------------------------------------------

    def _visitor(self, row: asyncpg.Record) -> Visitor:
        role = row["role"]
        if row["awaits_code"]:
            step = Step.CODE
        elif row["one_time"]:
            step = Step.PASSWORD
        elif role in self.factor_roles and not row["has_factor"]:
            step = Step.FACTOR
        else:
            step = Step.NOTHING
        return Visitor(
            name=row["name"],
            role=role,
            scopes=ROLES[role],
            merchant_id=row["merchant_id"],
            step=step,
            language=row["language"],
        )

    def forget(self) -> None:
        """Look everybody up anew, since somebody was changed."""
        self._kept.clear()

    async def _known(
        self, hashed: bytes, asked: tuple[Any, ...], read: Any, *, fresh: bool
    ) -> Visitor | None:
        now = self.clock.monotonic()
        kept = self._kept.get(hashed)
        if kept is not None and now < kept[0] and not fresh:
            return kept[1]
        row = await self.pool.fetchrow(*asked)
        visitor = None if row is None else await read(row)
        if len(self._kept) > _REMEMBERED:
            self._kept.clear()
        self._kept[hashed] = (now + _KEPT_S, visitor)
        return visitor


def _possible(role: str, merchant_id: str) -> None:
    if role not in ROLES or (role in OF_A_SHOP) != bool(merchant_id):
        raise UserNotPossible


def hash_of(shown: str) -> bytes:
    """Hash what lets somebody in: it is long and random, so that a plain hash keeps it."""
    return hashlib.sha256(shown.encode()).digest()


def _network_address(address: str) -> str | None:
    """Give an address as the database compares it; None for what is none."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return str(getattr(known, "ipv4_mapped", None) or known)
