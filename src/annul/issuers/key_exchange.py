"""Keys that change while an issuer serves: they come in its messages, or are asked for.

A key message has no effect unless it holds under the MAC key of the link (where there is one) and
its key has the right check value. The key is stored, then the answer leaves, then it is in force;
the key before is taken until the first message under the new one. Sent again it changes nothing; a
key that was in force once does not come back. A crash leaves a row that waits: it is in force with
the next message of the issuer that holds under it, or that brings it again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog
from uuid_utils.compat import uuid7

from annul.domain.incident import Incident
from annul.domain.records import Issuer
from annul.domain.response_codes import FAULT
from annul.security.ciphers import TDES
from annul.security.errors import UnusableKey
from annul.security.keys import KeyKind, WrappedKey
from annul.security.mac import MacAlgorithm
from annul.security.module import SecurityModule
from annul.store.batcher import LOST, StoreUnavailable
from annul.store.clock import Clock
from annul.store.incidents import Ended, closing, opening
from annul.store.sql import load
from annul.wire.codec import Codec, Message
from annul.wire.errors import DecodeError

from .errors import NotSent
from .key_forms import KEY_FORMS, KeyFormError, Values
from .key_ring import IssuerKey, KeyRing
from .message import Fields, network_answer

log = structlog.get_logger(__name__)

_SQL: Final = load("annul.issuers", "key_exchange.sql")
_KIND: Final = "issuer_key_refused"
_RENEWED_S: Final = 1.0
_TOLD_FROM: Final = 2  # key messages in a row that were refused
Encode = Callable[[str, Mapping[int, str | bytes]], bytes]
# Issuer, codec and message, and what sends an answer and says whether it has left.
OnKeys = Callable[[Issuer, Codec, Message, Callable[[bytes], bool]], Coroutine[Any, Any, None]]
_DONE, _FORMAT, _UNSUPPORTED, _BAD_MAC, _INSECURE = "00", "30", "40", "A0", "A7"


class KeyRefused(Exception):
    """A key message changes nothing; `code` is what the issuer is told."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


class KeyExchange:
    """The rings of all issuers, each made of what the database says."""

    def __init__(self, pool: asyncpg.Pool, security: SecurityModule, clock: Clock) -> None:
        self._pool = pool
        self._security = security
        self._clock = clock
        self._issuers: dict[str, Issuer] = {}
        self._rings: dict[str, KeyRing] = {}
        self._rows: dict[str, tuple[IssuerKey, ...]] = {}
        self._read_at = 0.0
        self._reading = asyncio.Lock()  # what is read last is what counts
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self.on_changed: Callable[[], None] = lambda: None  # the rings hold other keys

    # The rings ------------------------------------------------------------------------------

    def ring(self, issuer: Issuer) -> KeyRing:
        """Give the ring of an issuer, the same one for as long as this process runs."""
        ring = self._rings.setdefault(issuer.issuer_id, KeyRing())
        self._issuers[issuer.issuer_id] = issuer
        ring.on_proved = lambda one: self._in_background(one, issuer.issuer_id)
        ring.renew = self._renew
        self._adopt(issuer.issuer_id)
        return ring

    async def load(self) -> None:
        """Read every key anew; raises what a lost database raises."""
        async with self._reading:
            found: dict[str, list[IssuerKey]] = {}
            for row in await self._pool.fetch(*_SQL["keys"]()):
                found.setdefault(row["issuer_id"], []).append(_key(row))
            self._read_at = asyncio.get_running_loop().time()
            self._rows = {issuer_id: tuple(keys) for issuer_id, keys in found.items()}
            for issuer_id in self._rings:
                self._adopt(issuer_id)
            self.on_changed()

    async def _renew(self) -> None:
        """Read keys that another process may have taken; once a second, however many ask."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._read_at + _RENEWED_S - loop.time()))
        with suppress(*LOST):
            await self.load()

    def _adopt(self, issuer_id: str) -> None:
        stored = sorted(self._rows.get(issuer_id, ()), key=lambda one: one.ended_at is not None)
        issuer = self._issuers[issuer_id]
        self._rings[issuer_id].adopt(
            tuple(one for one in (*stored, *agreed(issuer)) if _serves(issuer, one.key))
        )

    # Key messages ---------------------------------------------------------------------------

    async def serve(
        self, issuer: Issuer, codec: Codec, message: Message, answer: Callable[[bytes], bool]
    ) -> None:
        """Take the key of a message: store it, answer, and put it in force.

        `answer` sends what it is given and says whether it has left. Raises nothing for what a
        message holds, nor when the database is lost.
        """
        mti, fields = network_answer(message)
        try:
            held, stored = await self._taken(issuer, codec, message)
            said = self.sealed(issuer, codec, mti, fields | {39: _DONE}, held)
            if answer(said):
                await self._left(issuer.issuer_id, stored)
        except KeyRefused as refused:
            await self._refuse(issuer.issuer_id, refused)
            answer(codec.encode(mti, fields | {39: refused.code}))
        except StoreUnavailable:  # after the answer it waits for the first message under it
            log.warning("key_not_stored", issuer=issuer.issuer_id)
            answer(codec.encode(mti, fields | {39: FAULT}))

    async def _left(self, issuer_id: str, key: UUID) -> None:
        """Put a key in force, as the answer to its message has left. Raises `StoreUnavailable`."""
        now = self._clock.now()
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await self._take_up(connection, issuer_id, key, now)
                await connection.execute(*closing([Ended(_KIND, "", issuer_id)], now))
            await self.load()
        except LOST as error:
            raise StoreUnavailable from error

    async def ask(
        self,
        issuer: Issuer,
        codec: Codec,
        kind: KeyKind,
        network: Callable[[Fields, Encode], Awaitable[Message]],
    ) -> str:
        """Ask for a new key, and take it when the answer brings it; else it comes in a message.

        `network` sends a network request of these fields, encoded in this way. Gives the issuer's
        code, or what we would tell it. Raises `NotSent`, `NoAnswer`, `StoreUnavailable`.
        """
        form = KEY_FORMS.get(issuer.key_exchange)
        if form is None or kind not in form.asks:
            raise NotSent
        held = next(iter(self._rings[issuer.issuer_id].taken(self._clock.now())), None)
        answer = await network(
            form.asking(kind), lambda mti, fields: self.sealed(issuer, codec, mti, fields, held)
        )
        try:
            code = str(answer.get(39, ""))
            if code != _DONE or not form.carries(answer.fields()):
                return code
            _, stored = await self._taken(issuer, codec, answer)
        except DecodeError:
            return _FORMAT
        except KeyRefused as refused:
            await self._refuse(issuer.issuer_id, refused)
            return refused.code
        await self._left(issuer.issuer_id, stored)
        return code

    async def wanted(self, reachable: Iterable[str]) -> list[str]:
        """Take from the database whose keys somebody has asked for, of those we can reach."""
        rows = await self._pool.fetch(*_SQL["wanted"](issuers=list(reachable)))
        return [row["issuer_id"] for row in rows]

    def sealed(
        self, issuer: Issuer, codec: Codec, mti: str, fields: Values, held: IssuerKey | None
    ) -> bytes:
        """Encode a key message or its answer, with a MAC over all of it where there is a key."""
        if held is None:
            return codec.encode(mti, fields)
        unsigned = codec.encode_unsigned(mti, fields)
        algorithm = MacAlgorithm(issuer.mac_algorithm)
        return codec.sign(unsigned, self._security.mac(held.key, algorithm, unsigned))

    async def stop(self) -> None:
        """Wait for what is being written."""
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    # Inside ---------------------------------------------------------------------------------

    async def _taken(
        self, issuer: Issuer, codec: Codec, message: Message
    ) -> tuple[IssuerKey | None, UUID]:
        """Authenticate, open, store; give the MAC key that it held under, and the stored key."""
        form = KEY_FORMS.get(issuer.key_exchange)
        if form is None:
            raise KeyRefused(_UNSUPPORTED, "no key messages are agreed")
        try:
            values = message.fields()
            held = self._held(issuer, codec, message, values)
            kind = form.kind_of(values)
            algorithm = _algorithm(issuer, kind)
            sent = form.read(values, algorithm)
        except (DecodeError, KeyFormError) as error:
            raise KeyRefused(_FORMAT, str(error)) from error
        zone = self._rings[issuer.issuer_id].key(KeyKind.ZONE)
        if zone is None:
            raise KeyRefused(_INSECURE, "there is no zone key")
        try:
            key = self._security.import_under(kind, algorithm, sent.encrypted, zone, sent.check)
        except UnusableKey as error:
            raise KeyRefused(_INSECURE, str(error)) from error
        stored = await self._store(issuer.issuer_id, key)
        ring = self._rings[issuer.issuer_id]
        if held is not None:
            ring.heard(held)
        ring.refused = 0
        return held, stored

    def _held(
        self, issuer: Issuer, codec: Codec, message: Message, values: Values
    ) -> IssuerKey | None:
        """Give the key that a message holds under, None when the link has none."""
        keys = self._rings[issuer.issuer_id].of_key_messages()
        code = values.get(codec.dialect.mac_field)
        if not keys:
            return None
        if isinstance(code, bytes):
            algorithm, signed = MacAlgorithm(issuer.mac_algorithm), message.unsigned
            for one in keys:
                if self._security.verify_mac(one.key, algorithm, signed, code):
                    return one
        raise KeyRefused(_BAD_MAC, "the MAC does not hold")

    async def _store(self, issuer_id: str, key: WrappedKey) -> UUID:
        """Keep a key that waits, in place of one that waited; give the one that is there already.

        Raises `KeyRefused` for one that was in force before or serves another purpose, and
        `StoreUnavailable`.
        """
        now = self._clock.now()
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(*_SQL["hold"](issuer=issuer_id))
                named = {"issuer": issuer_id, "check_value": key.check_value}
                known = await connection.fetchrow(*_SQL["known"](**named))
                if known is not None and not _same(known, key):
                    raise KeyRefused(_INSECURE, "the key was used before")
                stored = (
                    known["id"]
                    if known is not None
                    else await put(connection, issuer_id, key, now, since=None)
                )
            await self.load()
        except LOST as error:
            raise StoreUnavailable from error
        return stored

    async def _take_up(self, connection: Any, issuer_id: str, key: UUID, now: datetime) -> None:
        await connection.execute(*_SQL["hold"](issuer=issuer_id))
        kind = await connection.fetchval(*_SQL["waits"](id=key))
        if kind is not None:
            await connection.execute(*_SQL["forget"](issuer=issuer_id, kind=kind, now=now))
            await connection.execute(*_SQL["end_in_force"](issuer=issuer_id, kind=kind, now=now))
            await connection.execute(*_SQL["take_up"](id=key, now=now))
            await connection.execute(*_SQL["changed"]())

    async def _refuse(self, issuer_id: str, refused: KeyRefused) -> None:
        """Count a refused key message; from the second on in a row somebody is told."""
        ring = self._rings[issuer_id]
        ring.refused += 1
        log.warning("key_refused", issuer=issuer_id, code=refused.code, why=refused.why)
        if ring.refused >= _TOLD_FROM:
            told = Incident.of(
                _KIND, "", issuer_id, issuer=issuer_id, code=refused.code, tries=ring.refused
            )
            try:
                await self._pool.execute(*opening([told], self._clock.now()))
            except LOST:
                log.warning("incident_not_kept", kind=_KIND, issuer=issuer_id)

    def _in_background(self, one: IssuerKey, issuer_id: str) -> None:
        """Write that a key is proved, once at a time."""
        if one.id is None or one.id in self._tasks:
            return
        key = one.id
        task = asyncio.get_running_loop().create_task(self._prove(issuer_id, key))
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key, None))

    async def _prove(self, issuer_id: str, key: UUID) -> None:
        now = self._clock.now()
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await self._take_up(connection, issuer_id, key, now)
                await connection.execute(*_SQL["prove"](id=key, now=now))
            await self.load()
        except LOST:
            log.warning("key_not_proved", issuer=issuer_id)  # the next message says it again


async def put(
    connection: Any, issuer_id: str, key: WrappedKey, now: datetime, *, since: datetime | None
) -> UUID:
    """Keep a key of an issuer that is held: it waits, or is in force `since`."""
    named = {"issuer": issuer_id, "kind": key.kind.value}
    identity = uuid7()
    await connection.execute(*_SQL["drop_waiting"](**named, now=now))
    if since is not None:
        await connection.execute(*_SQL["forget"](**named, now=now))
        await connection.execute(*_SQL["end_in_force"](**named, now=now))
    await connection.execute(
        *_SQL["put"](
            **named,
            id=identity,
            algorithm=key.algorithm,
            wrapped=key.wrapped,
            check_value=key.check_value,
            now=now,
            since=since,
        )
    )
    await connection.execute(*_SQL["changed"]())
    return identity


def agreed(issuer: Issuer) -> tuple[IssuerKey, ...]:
    """Give the keys that were agreed before there were messages, of the issuer's own row."""
    found = ((KeyKind.MAC, issuer.mac_key), (KeyKind.PIN, issuer.pin_key))
    return tuple(
        IssuerKey(None, WrappedKey(kind, _algorithm(issuer, kind), wrapped))
        for kind, wrapped in found
        if wrapped is not None
    )


def _same(known: Any, key: WrappedKey) -> bool:
    """Whether a key that came before is this one, for the same purpose, and not over."""
    return known["kind"] == key.kind and known["ended_at"] is None


def _serves(issuer: Issuer, key: WrappedKey) -> bool:
    """Whether a key is of the cipher that its kind has here; one before may be of another."""
    return key.kind is KeyKind.ZONE or key.algorithm == _algorithm(issuer, key.kind)


def _algorithm(issuer: Issuer, kind: KeyKind) -> str:
    return {
        KeyKind.MAC: issuer.mac_key_algorithm,
        KeyKind.PIN: issuer.pin_key_algorithm,
    }.get(kind, TDES)


def _key(row: Any) -> IssuerKey:
    kind = KeyKind(row["kind"])
    return IssuerKey(
        row["id"],
        WrappedKey(kind, row["algorithm"], row["wrapped"], row["check_value"]),
        row["in_force_since"],
        row["proved_at"],
        row["ended_at"],
    )
