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
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog

from annul.domain.incident import Incident
from annul.domain.records import Issuer
from annul.domain.response_codes import FAULT
from annul.security.errors import UnusableKey
from annul.security.keys import KeyKind, WrappedKey
from annul.security.mac import MacAlgorithm
from annul.security.module import SecurityModule
from annul.store.batcher import LOST, StoreUnavailable
from annul.store.clock import Clock
from annul.store.incidents import Ended, closing, opening
from annul.wire.codec import Codec, Message
from annul.wire.errors import DecodeError

from . import key_rows
from .errors import NotSent
from .key_forms import KEY_FORMS, KeyFormError, Values
from .key_ring import IssuerKey, KeyRing
from .message import Fields, network_answer
from .profile import IssuerProfileError

log = structlog.get_logger(__name__)

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

    @property
    def refused(self) -> dict[str, int]:
        """Give how many key messages of each issuer were refused in a row, for metrics."""
        return {issuer_id: ring.refused for issuer_id, ring in self._rings.items()}

    def ring(self, issuer: Issuer) -> KeyRing:
        """Give the ring of an issuer, the same one for as long as this process runs.

        Raises `IssuerProfileError` for a row that does not go with the keys in force.
        """
        issuer_id = issuer.issuer_id
        if not self._go_together(issuer):
            message = f"issuer {issuer_id}: its keys in force are of another cipher than its row"
            raise IssuerProfileError(message)
        ring = self._rings.setdefault(issuer_id, KeyRing())
        self._issuers[issuer_id] = issuer
        ring.on_proved = lambda one: self._in_background(one, issuer_id)
        ring.renew = self._renew
        self._adopt(issuer_id)
        return ring

    def key(self, issuer_id: str, kind: KeyKind) -> WrappedKey | None:
        """Give the key in force of an issuer that has a ring."""
        ring = self._rings.get(issuer_id)
        return ring.key(kind) if ring else None

    async def load(self) -> None:
        """Read every key anew; raises what a lost database raises."""
        async with self._reading:
            self._read_at = asyncio.get_running_loop().time()
            self._rows = await key_rows.read(self._pool)
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
        """Let a ring hold what was read, unless that goes with a row which is not here yet.

        A ring never comes to hold less than before: without a key there would be no MAC.
        """
        issuer = self._issuers[issuer_id]
        if not self._go_together(issuer):
            log.info("keys_of_another_row", issuer=issuer_id)
            return
        keys = (*self._rows.get(issuer_id, ()), *key_rows.agreed(issuer))
        self._rings[issuer_id].adopt(tuple(one for one in keys if key_rows.serves(issuer, one)))

    def _go_together(self, issuer: Issuer) -> bool:
        rows = self._rows.get(issuer.issuer_id, ())
        return all(key_rows.serves(issuer, one) for one in rows if one.ended_at is None)

    # Key messages ---------------------------------------------------------------------------

    async def serve(
        self, issuer: Issuer, codec: Codec, message: Message, answer: Callable[[bytes], bool]
    ) -> None:
        """Take the key of a message: store it, answer, and put it in force.

        `answer` sends what it is given and says whether it has left. Raises nothing for what a
        message holds, nor when the database is lost.
        """
        mti, fields = network_answer(message)
        issuer_id = issuer.issuer_id
        try:
            held, stored = await self._taken(issuer, codec, message)
        except KeyRefused as refused:
            await self._refuse(issuer_id, refused)
            answer(codec.encode(mti, fields | {39: refused.code}))
            return
        except StoreUnavailable:
            log.warning("key_not_stored", issuer=issuer_id)
            answer(codec.encode(mti, fields | {39: FAULT}))
            return
        if answer(self.sealed(issuer, codec, mti, fields | {39: _DONE}, held)):
            try:
                await self._left(issuer_id, stored)
            except StoreUnavailable:  # it waits for the first message that holds under it
                log.warning("key_waits", issuer=issuer_id)

    async def _left(self, issuer_id: str, key: UUID | None) -> None:
        """Put a key in force, as the answer to its message has left. Raises `StoreUnavailable`."""
        now = self._clock.now()
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await key_rows.take_up(connection, issuer_id, key, now)
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
        return await key_rows.wanted(self._pool, reachable)

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
            algorithm = key_rows.algorithm_of(issuer, kind)
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
        ring = self._rings[issuer.issuer_id]
        if held is not None and held == ring.waiting(KeyKind.MAC):
            await self._left(issuer.issuer_id, held.id)  # the issuer uses it
        stored = await self._store(issuer.issuer_id, key)
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
                stored = await key_rows.keep(connection, issuer_id, key, now)
            await self.load()
        except LOST as error:
            raise StoreUnavailable from error
        if stored is None:
            raise KeyRefused(_INSECURE, "the key was used before")
        return stored

    async def _refuse(self, issuer_id: str, refused: KeyRefused) -> None:
        """Count a refused key message; from the second on in a row somebody is told."""
        ring = self._rings[issuer_id]
        ring.refused += 1
        if ring.refused & (
            ring.refused - 1
        ):  # told at 1, 2, 4, 8, ...: whoever floods tells no more
            return
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
                await key_rows.prove(connection, issuer_id, key, now)
            await self.load()
        except LOST:
            log.warning("key_not_proved", issuer=issuer_id)  # the next message says it again
