"""A link to one issuer: many requests at once over one connection that is always renewed.

An answer belongs to the request with the same response MTI, time (7), trace (11), acquirer (32) and
forwarder (33). What fits none is a late answer and goes to `on_late`.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from annul.domain.records import Issuer
from annul.security.keys import WrappedKey
from annul.security.mac import MacAlgorithm
from annul.security.module import SecurityModule
from annul.security.tls import ClientTls
from annul.store.clock import Clock
from annul.store.loop import Loop, Loops
from annul.wire.codec import Codec, Message
from annul.wire.errors import DecodeError, EncodeError, FrameError
from annul.wire.framing import Framing
from annul.wire.mac_block import MacBlock

from .connection import IssuerConnection, connect
from .errors import HandshakeFailed, NoAnswer, NotSent, Silence
from .limits import LinkCounts, LinkLimits, LinkState
from .message import (
    ECHO,
    NETWORK_ANSWER,
    NETWORK_REQUEST,
    SIGN_OFF,
    SIGN_ON,
    network_answer,
    network_fields,
)
from .pending import Exchange, Key, PendingExchanges, answer_key, request_key

log = structlog.get_logger(__name__)

# Under TLS 1.3 an issuer turns our certificate away after the handshake, and many say no word.
_TURNED_AWAY: Final = "closed before the first answer, as when a certificate is not accepted"


class Link:
    """Ask an issuer. `on_late` and `on_up` are called from the event loop and must not block.

    `mac_key` makes the MAC mandatory on both ways, network messages excepted. With `tls` nothing is
    ever sent in plain. `random` (0 up to 1) spreads the reconnects of many links.
    """

    def __init__(
        self,
        issuer: Issuer,
        codec: Codec,
        framing: Framing,
        clock: Clock,
        *,
        random: Callable[[], float],
        on_late: Callable[[Message], None],
        on_up: Callable[[], None] = lambda: None,
        on_trouble: Callable[[], None] = lambda: None,
        on_garbled: Callable[[], None] = lambda: None,
        security: SecurityModule | None = None,
        mac_key: WrappedKey | None = None,
        mac_algorithm: MacAlgorithm = MacAlgorithm.X9_19,
        tls: ClientTls | None = None,
        limits: LinkLimits | None = None,
        loops: Loops | None = None,
    ) -> None:
        assert mac_key is None or security is not None, "a MAC key needs a module that holds it"
        self.issuer = issuer
        self.counts = LinkCounts()
        self.state = LinkState.STOPPED
        self.trouble = "not_connected"  # why it is not up, or was not the last time
        self._codec = codec
        self._framing = framing
        self._clock = clock
        self._monotonic = clock.monotonic
        self._random = random
        self._on_late = on_late
        self._on_up = on_up
        self._on_trouble = on_trouble
        self._on_garbled = on_garbled
        self._security = security
        self._mac_key = mac_key
        self._mac_algorithm = mac_algorithm
        self._mac_block = MacBlock(codec.dialect)
        self._tls = tls
        self._distrust: set[str] = set()  # why TLS failed, since the link was up
        self._head = b"" if framing.interbank else bytes(framing.head)
        self._limits = limits or LinkLimits()
        self._timeout_s = issuer.timeout_ms / 1000
        # So long nothing can be due that was not known of at the tick before.
        self._rest_s = min(1.0, self._timeout_s, self._limits.idle_s)
        self._pending = PendingExchanges()
        self._connection: IssuerConnection | None = None
        self._trace = 0
        self._hold = False
        self._up = asyncio.Event()
        self._loops = loops or Loops(clock)
        self._runner: Loop | None = None
        self._failures = 0
        self._echo: asyncio.Task[None] | None = None
        self._ticker: asyncio.TimerHandle | None = None

    @property
    def up(self) -> bool:
        """Say whether a request can be sent now: connected and signed on."""
        return self.state is LinkState.UP

    @property
    def in_flight(self) -> int:
        """How many requests await their answer."""
        return len(self._pending)

    async def wait_up(self) -> None:
        """Wait until the link is up."""
        await self._up.wait()

    def start(self) -> None:
        """Begin to connect, and from then on keep connected."""
        assert self._runner is None, "a link is started once"
        # Its state says whether it is up: a connection that lasts is one turn.
        self._runner = self._loops.start(
            f"link {self.issuer.issuer_id}", self._turn, within_s=math.inf
        )
        self._tick()

    def ask(self, mti: str, fields: Mapping[int, str | bytes]) -> Awaitable[Message]:
        """Send a request; await the result for its answer, whose MAC is checked.

        Raises `NotSent` at once when the link is not up, a limit is reached or the same key is
        under way; the awaitable raises `NoAnswer` when the issuer is silent, or `NotSent` when
        the connection ended before the frame was written.
        """
        if self.state is not LinkState.UP:
            raise NotSent
        return self._send(mti, fields, request_key(mti, fields), self._mac_key)

    def hold_reading(self, *, hold: bool) -> None:
        """Stop taking answers from the issuer, or go on; also for connections to come."""
        self._hold = hold
        if self._connection is not None:
            self._connection.hold_reading(hold=hold)

    async def drain(self) -> None:
        """Wait until what is under way has ended: every request by its time-out at the latest."""
        awaited = self._pending.awaited()
        if self._ticker is not None and awaited:
            await asyncio.wait(awaited)

    async def stop(self) -> None:
        """Sign off when the link is up, close the connection and end what is under way."""
        if self._runner is None:
            return
        if self.up:
            self._fall(LinkState.STOPPED)
            try:
                async with asyncio.timeout(self._limits.sign_off_s):
                    await self._network(SIGN_OFF)
            except (NotSent, NoAnswer, TimeoutError):
                log.info("sign_off_unanswered", issuer=self.issuer.issuer_id)
        await self._runner.stop()
        self._runner = None
        self._fall(LinkState.STOPPED)
        if self._connection is not None:
            await self._connection.closed.wait()
        if self._ticker is not None:
            self._ticker.cancel()

    # The connection reports here ------------------------------------------------------------

    def received(self, body: bytes) -> None:
        """Take one message: an answer that is awaited, a late one, or a request of the issuer."""
        try:
            message = self._codec.decode(body)
            mti = message.mti
            fields = message.fields()
            key = answer_key(mti, fields)
        except DecodeError:
            self.counts.garbled += 1
            self._on_garbled()
            return
        if mti == NETWORK_REQUEST:
            self._answer_network(message)
            return
        network = mti == NETWORK_ANSWER
        exchange = self._pending.take(key)
        if self._mac_key is not None and not network and not self._genuine(message, fields):
            self.counts.bad_mac += 1
            if exchange is not None:
                exchange.fail(Silence.BAD_MAC)
        elif exchange is not None and exchange.answer(message):
            self.counts.answered += 1
        elif not network:
            self.counts.late += 1
            self._on_late(message)

    def refused(self, error: FrameError) -> None:
        """Count bytes that are no frame. The connection closes itself and is renewed."""
        self.counts.bad_frames += 1
        log.warning("frame_refused", issuer=self.issuer.issuer_id, reason=str(error))

    def lost(self, connection: IssuerConnection) -> None:
        """End everything under way; runs before the back-off begins."""
        if self._connection is not connection:
            return
        self._connection = None
        self.counts.losses += 1
        self.trouble = "lost"
        self._on_trouble()
        if self.up:
            self._fall(LinkState.WAITING)
        self._pending.fail_all(Silence.BROKEN)

    # Sending --------------------------------------------------------------------------------

    def _send(
        self,
        mti: str,
        fields: Mapping[int, str | bytes],
        key: Key,
        mac_key: WrappedKey | None,
    ) -> Awaitable[Message]:
        connection, limits, pending = self._connection, self._limits, self._pending
        if (
            connection is None
            or connection.queued >= limits.queued
            or len(pending) >= limits.in_flight
            or key in pending
        ):
            self.counts.refused += 1
            raise NotSent
        frame = self._frame(mti, fields, mac_key)
        future: asyncio.Future[Message] = connection.loop.create_future()
        exchange = Exchange(key, frame, future, self._monotonic() + self._timeout_s)
        pending.add(exchange)
        connection.send(exchange)
        self.counts.sent += 1
        return future

    def _frame(
        self, mti: str, fields: Mapping[int, str | bytes], mac_key: WrappedKey | None
    ) -> bytes:
        try:
            if mac_key is None or self._security is None:
                body = self._codec.encode(mti, fields)
            else:
                unsigned = self._codec.encode_unsigned(mti, fields)
                signed = self._mac_block.of(mti, fields, unsigned)
                mac = self._security.mac(mac_key, self._mac_algorithm, signed)
                body = self._codec.sign(unsigned, mac)
            return self._framing.pack(body, self._head)
        except (EncodeError, FrameError) as error:
            log.warning("request_not_encodable", issuer=self.issuer.issuer_id, reason=str(error))
            raise NotSent from error

    def _genuine(self, message: Message, fields: Mapping[int, str | bytes]) -> bool:
        """Check the MAC. Source: ANSI X9.19, ISO 8583 field 128."""
        assert self._mac_key is not None
        assert self._security is not None
        mac = fields.get(self._codec.dialect.mac_field)
        if not isinstance(mac, bytes):
            return False
        signed = self._mac_block.of(message.mti, fields, message.unsigned)
        return self._security.verify_mac(self._mac_key, self._mac_algorithm, signed, mac)

    def _network(self, code: str) -> Awaitable[Message]:
        self._trace = self._trace % 999_999 + 1
        fields = network_fields(code, f"{self._trace:06d}", self._clock.now())
        return self._send(NETWORK_REQUEST, fields, request_key(NETWORK_REQUEST, fields), None)

    def _answer_network(self, message: Message) -> None:
        if self._connection is None:
            return
        try:
            frame = self._frame(*network_answer(message), None)
        except (DecodeError, NotSent):
            self.counts.garbled += 1
        else:
            self._connection.answer(frame)

    # The life of the connection -------------------------------------------------------------

    async def _turn(self) -> None:
        began, answered = self._monotonic(), self.counts.answered
        signed_on = False
        try:
            signed_on = await self._live()
        finally:
            stable = self._monotonic() - began >= self._limits.stable_s
            # A connection that has served comes back at once; one that only signs on does not.
            served = self.counts.answered > answered + 1
            self._failures = 1 if signed_on and (stable or served) else self._failures + 1
            self._fall(LinkState.WAITING)
        await asyncio.sleep(self._limits.backoff.delay(self._failures, self._random))

    async def _live(self) -> bool:
        """Connect, sign on and stay until the connection ends; False when it never came up."""
        self.state = LinkState.CONNECTING
        limits = self._limits
        try:
            connection = await connect(
                lambda: IssuerConnection(self, self._framing, limits.frame, self._monotonic),
                self.issuer.host,
                self.issuer.port,
                self._tls,
                limits.connect_s,
            )
        except HandshakeFailed as error:
            self._distrusted(str(error))
            self._on_trouble()
            return False
        except OSError as error:  # TimeoutError among them
            self.trouble = "refused" if isinstance(error, ConnectionRefusedError) else "unreachable"
            self.counts.connect_failures += 1
            self._on_trouble()
            return False
        self.counts.connects += 1
        self._connection = connection
        try:
            return await self._serve(connection)
        finally:
            connection.abort()

    async def _serve(self, connection: IssuerConnection) -> bool:
        self.state = LinkState.SIGNING_ON
        try:
            answer = await self._network(SIGN_ON)
            accepted = answer.get(39) == "00"
        except (NotSent, NoAnswer, DecodeError):
            accepted = False
            if self._tls is not None and connection.closed.is_set():
                self._distrusted(connection.distrusted or _TURNED_AWAY)
                return False
        if not accepted:
            self.trouble = "sign_on"
            self.counts.sign_on_refusals += 1
            log.warning("sign_on_refused", issuer=self.issuer.issuer_id)
            return False
        if connection.closed.is_set():
            return False
        self.state = LinkState.UP
        self._distrust.clear()
        connection.hold_reading(hold=self._hold)
        self._up.set()
        log.info("link_up", issuer=self.issuer.issuer_id)
        self._on_up()
        await connection.closed.wait()
        return True

    def _distrusted(self, why: str) -> None:
        """Take note that TLS failed; a reason is logged once until the link is up, not each try."""
        self.trouble = "tls"
        self.counts.connect_failures += 1
        if why not in self._distrust:
            log.warning("link_tls_failed", issuer=self.issuer.issuer_id, reason=why)
        self._distrust.add(why)

    def _fall(self, state: LinkState) -> None:
        if self.up:
            log.info("link_down", issuer=self.issuer.issuer_id, state=state)
        self.state = state
        self._up.clear()

    def _tick(self) -> None:
        """End what is over time and keep an idle connection honest."""
        now = self._monotonic()
        try:
            self.counts.timed_out += self._pending.expire(now)
        finally:  # whatever is wrong with this one, the next one comes
            due = self._pending.due_in(now, self._rest_s)
            delay = max(due, self._limits.tick_s)
            self._ticker = asyncio.get_running_loop().call_later(delay, self._tick)
        connection = self._connection
        if (
            self.up
            and not self._hold
            and self._echo is None
            and connection is not None
            and now - connection.heard_at >= self._limits.idle_s
        ):
            self._echo = asyncio.create_task(self._check(connection))

    async def _check(self, connection: IssuerConnection) -> None:
        """Send an echo; without an answer the connection is given up and renewed."""
        try:
            await self._network(ECHO)
        except (NotSent, NoAnswer):
            log.warning("echo_unanswered", issuer=self.issuer.issuer_id)
            connection.abort()
        finally:
            self._echo = None
