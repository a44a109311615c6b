"""A link to one issuer: many requests at once over one connection that is always renewed.

An answer belongs to the request with its message type and trace (11) and one at least of the fields
that the profile names; institutions that it names must fit. What fits none is a late answer and
goes to `on_late`.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

import structlog

from annul.domain.kinds import answer_mti
from annul.domain.records import Issuer
from annul.domain.unexpected import FORMAT_ERROR, Act, unexpected
from annul.security.module import SecurityModule
from annul.security.tls import ClientTls
from annul.store.clock import Clock
from annul.store.loop import Loop, Loops
from annul.wire.codec import Codec, Message
from annul.wire.errors import DecodeError, FrameError
from annul.wire.framing import Framing

from .aside import Doubts, KeyMessages
from .connection import IssuerConnection, connect
from .errors import HandshakeFailed, NoAnswer, NotSent, Silence
from .key_exchange import Encode, OnKeys
from .key_forms import BRINGS
from .key_ring import KeyRing
from .limits import LinkCounts, LinkLimits, LinkState
from .message import ECHO, SIGN_OFF, SIGN_ON, Fields, network_answer, network_fields, parse_answer
from .pending import Exchange, PendingExchanges, answer_key
from .seal import Seal
from .speech import Speech, is_answer, is_network

log = structlog.get_logger(__name__)

# Under TLS 1.3 an issuer turns our certificate away after the handshake, and many say no word.
_TURNED_AWAY: Final = "closed before the first answer, as when a certificate is not accepted"


class Link:
    """Ask an issuer. `on_late` and `on_up` are called from the event loop and must not block.

    A MAC key in `keys` makes the MAC mandatory on both ways, network messages excepted: of these
    only those about keys bear one, which `on_keys` takes. With `tls` nothing is ever sent in plain.
    `random` (0 up to 1) spreads the reconnects of many links.
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
        on_echo: Callable[[str], None] = lambda _: None,
        security: SecurityModule | None = None,
        keys: KeyRing | None = None,
        on_keys: OnKeys | None = None,
        tls: ClientTls | None = None,
        limits: LinkLimits | None = None,
        loops: Loops | None = None,
    ) -> None:
        assert keys is None or security is not None, "keys need a module that holds them"
        self.issuer = issuer
        self.codec: Final = codec
        self.counts = LinkCounts()
        self.state = LinkState.STOPPED
        self.trouble = "not_connected"  # why it is not up, or was not the last time
        self._framing = framing
        self._clock = clock
        self._monotonic = clock.monotonic
        self._random = random
        self._on_late = on_late
        self._on_up = on_up
        self._on_trouble = on_trouble
        self._on_garbled = on_garbled
        self._on_echo = on_echo
        seal = Seal(issuer, codec, keys or KeyRing(), security, clock.now)
        self._speech = Speech(issuer, codec, framing, seal)
        self._doubts = Doubts(seal.keys, self.received)
        self._keys = on_keys and KeyMessages(
            issuer, codec, on_keys, lambda body: self._write(self._speech.framed(body))
        )
        self._tls = tls
        self._distrust: set[str] = set()  # why TLS failed, since the link was up
        self._limits = limits or LinkLimits()
        self._timeout_s = issuer.timeout_ms / 1000
        # So long nothing can be due that was not known of at the tick before.
        self._rest_s = min(self._limits.rest_s, self._timeout_s, self._limits.idle_s)
        self._pending = PendingExchanges(issuer.profile.identified_by)
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
        return self._send(mti, fields, self._speech.encode)

    def ask_network(self, fields: Fields, encode: Encode) -> Awaitable[Message]:
        """Send a network request that says `fields`, as `encode` makes it. Raises as `ask` does."""
        if self.state is not LinkState.UP:
            raise NotSent
        return self._network(fields, encode)

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
            if self.issuer.profile.sign_on:
                await self._sign_off()
        await self._runner.stop()
        self._runner = None
        self._fall(LinkState.STOPPED)
        if self._connection is not None:
            await self._connection.closed.wait()
        if self._ticker is not None:
            self._ticker.cancel()
        self._doubts.stop()
        if self._keys is not None:
            await self._keys.drain()

    async def _sign_off(self) -> None:
        try:
            async with asyncio.timeout(self._limits.sign_off_s):
                await self._signal(SIGN_OFF)
        except (NotSent, NoAnswer, TimeoutError):
            log.info("sign_off_unanswered", issuer=self.issuer.issuer_id)

    # The connection reports here ------------------------------------------------------------

    def received(self, body: bytes) -> None:
        """Take one message: an answer that is awaited, a late one, or a request of the issuer."""
        try:
            message = self._speech.read(body)
        except DecodeError:
            self.counts.garbled += 1
            self._on_garbled()
            return
        if not is_answer(message.mti):
            self._requested(message)
            return
        network = is_network(message.mti)
        genuine = network or self._speech.genuine(message)
        if not genuine and self._doubts.keep(body):
            return
        exchange = self._pending.take(message.mti, message.readable())
        if not genuine:
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
        self._on_trouble()
        if self.up:
            self.trouble = "lost"
            self._fall(LinkState.WAITING)
        self._pending.fail_all(Silence.BROKEN)

    # Sending --------------------------------------------------------------------------------

    def _send(
        self, mti: str, fields: Mapping[int, str | bytes], encode: Encode
    ) -> Awaitable[Message]:
        connection, limits, pending = self._connection, self._limits, self._pending
        expected = answer_mti(mti)
        if (
            connection is None
            or connection.queued >= limits.queued
            or len(pending) >= limits.in_flight
            or pending.has(answer_key(expected, fields), fields)
        ):
            self.counts.refused += 1
            raise NotSent
        frame = self._speech.frame(mti, fields, encode)
        future: asyncio.Future[Message] = connection.loop.create_future()
        exchange = Exchange(expected, fields, frame, future, self._monotonic() + self._timeout_s)
        pending.add(exchange)
        connection.send(exchange)
        self.counts.sent += 1
        return future

    def _network(self, fields: Fields, encode: Encode) -> Awaitable[Message]:
        self._trace = self._trace % 999_999 + 1
        named = network_fields(f"{self._trace:06d}", self._clock.now()) | fields
        return self._send(self.issuer.profile.network_mti, named, encode)

    def _signal(self, code: str) -> Awaitable[Message]:
        return self._network({70: code}, self._speech.plain)

    def _requested(self, message: Message) -> None:
        """Answer a request of the issuer: about the line with 00, any other as the table says."""
        network = is_network(message.mti)
        if network and self._keys is not None and message.readable().get(70) == BRINGS:
            self._keys.take(message)
            return
        self.counts.unexpected += not network
        if not network and unexpected(message.mti).act is not Act.ANSWER:
            return
        mti, fields = network_answer(message)
        if self._pending.has(answer_key(mti, fields), fields):
            return  # our own, sent back: its answer would come back as one to us
        fields |= {} if network else {39: FORMAT_ERROR}
        try:  # never with a MAC, or whoever sends our own back late has a refusal that holds
            self._write(self._speech.frame(mti, fields, self._speech.plain))
        except NotSent:
            self.counts.garbled += 1

    def _write(self, frame: bytes) -> bool:
        """Answer the issuer; False when the answer does not leave."""
        return self._connection is not None and self._connection.answer(frame)

    # The life of the connection -------------------------------------------------------------

    async def _turn(self) -> None:
        began, before, signed_on = self._monotonic(), replace(self.counts), False
        try:
            signed_on = await self._live()
        finally:
            stable = self._monotonic() - began >= self._limits.stable_s
            # A connection that has served comes back at once; one that only signs on does not.
            served = self.counts.answered > before.answered + 1
            self._failures = 1 if signed_on and (stable or served) else self._failures + 1
            self._fall(LinkState.WAITING)
        rest = self._limits.backoff.delay(self._failures, self._random)
        if self.counts.bad_frames > before.bad_frames:  # however well it serves besides
            rest = max(rest, self._limits.rubbish_s)
        await asyncio.sleep(rest)

    async def _live(self) -> bool:
        """Connect, sign on and stay until the connection ends; False when it never came up."""
        self.state = LinkState.CONNECTING
        limits = self._limits
        try:
            connection = await connect(
                lambda: IssuerConnection(self, self._framing, limits, self._monotonic),
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
        accepted = True
        try:
            if self.issuer.profile.sign_on:
                answer = parse_answer(await self._signal(SIGN_ON), None, self.issuer.profile)
                accepted = answer.response_code == "00"
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
            and self.issuer.profile.echo
            and self._echo is None
            and connection is not None
            and now - connection.heard_at >= self._limits.idle_s
        ):
            self._echo = asyncio.create_task(self._check(connection))

    async def _check(self, connection: IssuerConnection) -> None:
        """Send an echo; without an answer the connection is given up and renewed."""
        try:
            if not await self.probe():
                log.warning("echo_unanswered", issuer=self.issuer.issuer_id)
                connection.abort()
        finally:
            self._echo = None

    async def probe(self, *, noted: bool = True) -> bool | None:
        """Send an echo, which costs nobody anything, and say whether it was answered.

        None when none was sent: there is no line, or this issuer knows no echo. One that is not
        `noted` counts elsewhere.
        """
        if not (self.up and self.issuer.profile.echo):
            return None
        try:
            await self._signal(ECHO)
        except NotSent:
            return None
        except NoAnswer:
            if noted:
                self._on_echo("")
            return False
        if noted:
            self._on_echo("00")
        return True
