"""All issuers at one desk: who a card belongs to, whether they can be asked, and the asking."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from annul.domain.interventions import NOTHING, InForce
from annul.domain.link_profile import USUAL, LinkProfile
from annul.domain.records import Bin, Issuer, Transaction
from annul.domain.response_codes import NO_ANSWER
from annul.security.keys import KeyKind, WrappedKey
from annul.security.module import SecurityModule
from annul.security.tls import ClientTls
from annul.store.clock import Clock
from annul.store.loop import Loops
from annul.wire.codec import Codec, Message
from annul.wire.dialect import Dialect
from annul.wire.dialects import DIALECTS
from annul.wire.errors import DecodeError
from annul.wire.framing import framing_of

from .errors import NoAnswer, NotSent, Silence
from .health import Asked, Condition, HealthLimits, IssuerHealth
from .key_exchange import KeyExchange
from .key_ring import KeyRing
from .key_rows import agreed
from .late import LateAnswers, OnLate
from .link import Link, LinkLimits
from .message import Answer, parse_answer
from .odd import OddFields
from .profile import IssuerProfileError, check_profile
from .routing import Route, Router
from .tally import Tally, asked_by, asked_in

log = structlog.get_logger(__name__)

HELD: Final = "link_held"  # why nothing is sent: people have stopped it


@dataclass(frozen=True, slots=True)
class IssuerLine:
    """One issuer's link, how it has been doing, and what of its answers makes no sense."""

    link: Link
    health: IssuerHealth
    odd: OddFields


class Issuers:
    """What the host and the forwarder ask. `owed` is set when there is something to forward.

    Every issuer that is active has a link, also one without a row in the BIN table. `tls` says by
    issuer which links are secure, and how; `keys`, which has been read, changes keys meanwhile.
    """

    def __init__(
        self,
        issuers: Iterable[Issuer],
        bins: Iterable[Bin],
        clock: Clock,
        security: SecurityModule,
        *,
        random: Callable[[], float],
        tls: Mapping[str, ClientTls] | None = None,
        keys: KeyExchange | None = None,
        dialects: Mapping[str, Dialect] = DIALECTS,
        limits: LinkLimits | None = None,
        health: HealthLimits | None = None,
        late_limit: int = 1_000,
        loops: Loops | None = None,
        tally: Tally | None = None,
        in_force: Callable[[], InForce] = lambda: NOTHING,
    ) -> None:
        self.owed = asyncio.Event()
        self.dialects = dialects  # all that can be spoken, with issuers and terminals
        self._clock = clock
        self._monotonic = clock.monotonic
        self._security = security
        self._random = random
        self._limits = limits
        self._health = health
        self._loops = loops or Loops(clock)
        self._in_force = in_force  # interventions
        self.tally = tally  # of all traffic, for the alarms; None: nobody counts
        self._late = LateAnswers(self._hold_reading, random, limit=late_limit, loops=self._loops)
        self._tls = dict(tls or {})
        self._keys = keys
        self._issuers = {issuer.issuer_id: issuer for issuer in issuers}
        self._bins = tuple(bins)
        self._running = False
        self._lines: dict[str, IssuerLine] = {}
        for issuer in self._issuers.values():
            if issuer.active and (line := self._taken_up(issuer, None)) is not None:
                self._lines[issuer.issuer_id] = line
        self._router = self._new_router()
        if keys is not None:
            keys.on_changed = self._changed_keys
        for issuer_id in self._tls.keys() - self._issuers.keys():
            log.warning("tls_for_no_issuer", issuer=issuer_id)

    # Running --------------------------------------------------------------------------------

    def start(self, on_late: OnLate) -> None:
        """Begin to connect. `on_late` is awaited for each late answer, one after the other.

        It runs again for the same answer when it raised.
        """
        self._running = True
        self._late.start(on_late)
        for line in self._lines.values():
            line.link.start()

    async def ready(self, timeout_s: float) -> bool:
        """Wait until every link is up; False when one is not within `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                for line in tuple(self._lines.values()):
                    await line.link.wait_up()
        except TimeoutError:
            return False
        return True

    async def drain(self) -> None:
        """Wait until no request is under way; the callers have stopped to ask."""
        await asyncio.gather(*(line.link.drain() for line in self._lines.values()))

    async def stop(self, grace_s: float = 5.0) -> None:
        """Sign off and close every link, then deliver the late answers that wait."""
        self._running = False
        await asyncio.gather(*(line.link.stop() for line in self._lines.values()))
        await self._late.stop(grace_s)
        if self._keys is not None:
            await self._keys.stop()

    async def apply(
        self,
        issuers: Iterable[Issuer],
        bins: Iterable[Bin],
        dialects: Mapping[str, Dialect] | None = None,
    ) -> None:
        """Take changed tables: only the links of changed issuers and dialects are renewed."""
        self.dialects = dialects or self.dialects
        if self._keys is not None:
            await self._keys.load()
        self._issuers = {issuer.issuer_id: issuer for issuer in issuers}
        self._bins = tuple(bins)
        active = {key: issuer for key, issuer in self._issuers.items() if issuer.active}
        old, self._lines = self._lines, {}
        for key, issuer in active.items():
            line = old.get(key)
            if line is None or not _as_before(line.link, issuer, self.dialects):
                line = self._taken_up(issuer, line)
            if line is not None:
                self._lines[key] = line
        self._router = self._new_router()
        gone = [line.link for key, line in old.items() if self._lines.get(key) is not line]
        await asyncio.gather(*(_end(link) for link in gone))

    # Asking ---------------------------------------------------------------------------------

    def route(self, pan: str) -> Route | None:
        """Give the way of a card, None when no prefix fits."""
        return self._router.route(pan)

    def route_to(self, issuer_id: str) -> Route:
        """Give the way to one issuer, for what must go where its original went."""
        return self._router.route_to(issuer_id)

    def is_up(self, route: Route) -> bool:
        """Say whether the link of a route is up and people have not stopped what is new."""
        line = self._lines.get(route.issuer_id)
        return line is not None and line.link.up and not self._held(route.issuer_id)

    def trouble(self, route: Route) -> str:
        """Say why the link of a route is not up."""
        line = self._lines.get(route.issuer_id)
        if line is not None and self._held(route.issuer_id):
            return HELD
        return f"link_{line.link.trouble}" if line else "no_route"

    def not_reached(self, transaction: Transaction) -> None:
        """Note what was not even written for its issuer, as the link is not up."""
        if self.tally is not None:
            asked = asked_in(transaction)
            self.tally.not_reached(transaction.issuer_id, transaction.kind, asked)

    def same_bank(self, issuer_id: str) -> Route | None:
        """Give another usable way to the books of an issuer, None when there is none."""
        bank = issuer.bank if (issuer := self._issuers.get(issuer_id)) else ""
        for other in self._issuers.values():
            mine = bank and other.bank == bank and other.issuer_id != issuer_id
            if mine and self._usable(other.issuer_id):
                return self._router.route_to(other.issuer_id)
        return None

    def usable(self, issuer_id: str) -> bool:
        """Say whether an issuer's link is up and it is not known to be down."""
        return self._usable(issuer_id)

    def up(self) -> list[str]:
        """Name the issuers whose link is up."""
        return [key for key, line in self._lines.items() if line.link.up]

    def silent_code(self, issuer_id: str) -> str:
        """Give what a terminal is told when this issuer is silent (98 or 68)."""
        issuer = self._issuers.get(issuer_id)
        return issuer.silent_code if issuer else NO_ANSWER

    def timeout(self, issuer_id: str) -> timedelta:
        """Give how long an issuer has to answer; one that is not in the table has no time left."""
        issuer = self._issuers.get(issuer_id)
        return timedelta(milliseconds=issuer.timeout_ms if issuer else 0)

    def profile(self, issuer_id: str) -> LinkProfile:
        """Give how an issuer speaks otherwise than most."""
        issuer = self._issuers.get(issuer_id)
        return issuer.profile if issuer else USUAL

    @property
    def longest_timeout_s(self) -> float:
        """The longest time that any issuer may take, in seconds."""
        return max((issuer.timeout_ms for issuer in self._issuers.values()), default=0) / 1000

    @property
    def lines(self) -> Mapping[str, IssuerLine]:
        """Links and health by issuer, for metrics, console and diagnosis."""
        return self._lines

    @property
    def keys(self) -> KeyExchange | None:
        """What changes keys, None where they never change."""
        return self._keys

    @property
    def late(self) -> LateAnswers:
        """The queue of late answers, for metrics."""
        return self._late

    async def probe(self, issuer_id: str) -> bool | None:
        """Send an issuer an echo that counts as a probe; None when none was sent."""
        line = self._lines.get(issuer_id)
        answered = await line.link.probe(noted=False) if line else None
        if line is not None and answered is not None:
            answer = "00" if answered else ""
            line.health.echoed(answer)
            if self.tally is not None:
                self.tally.probed(issuer_id, answer)
        return answered

    async def ask(
        self, route: Route, mti: str, fields: Mapping[int, str | bytes], *, probe: bool = False
    ) -> Answer:
        """Ask the issuer of a route. Raises `NotSent` or `NoAnswer`, and nothing else.

        What is tried as a `probe` is no evidence of what customers are answered.
        """
        line = self._lines.get(route.issuer_id)
        if line is None:
            raise NotSent
        began = self._monotonic()
        asked = asked_by(mti, fields)
        try:
            said = await line.link.ask(mti, fields)
            answer = parse_answer(said, fields, line.link.issuer.profile)
            if answer.odd or said.broken or said.leftover:
                line.odd.note(said, answer.odd, self._clock.now())
        except NotSent:
            line.health.not_sent()
            if not probe:
                self._unanswered(route, mti, fields, asked, probe=False)
            raise
        except NoAnswer:
            line.health.silence(asked)
            self._unanswered(route, mti, fields, asked, probe=probe)
            raise
        except DecodeError as error:
            line.link.counts.garbled += 1
            line.health.silence(asked)
            self._unanswered(route, mti, fields, asked, probe=probe)
            raise NoAnswer(Silence.GARBLED) from error
        now = self._monotonic()
        took, code = now - began, answer.response_code
        line.health.answered(code, took, now, asked)
        if self.tally is not None:
            code3, who = fields.get(3), route.issuer_id
            self.tally.answered(who, mti, code3, asked, took, code, probe=probe)
        return answer

    def wake(self) -> None:
        """Say that there is something new to forward."""
        self.owed.set()

    # Inside ---------------------------------------------------------------------------------

    def _taken_up(self, issuer: Issuer, before: IssuerLine | None) -> IssuerLine | None:
        """Give an issuer a line; what makes no sense stops no other, and a good line goes on."""
        try:
            line = self._line(issuer, before.health if before else None)
        except IssuerProfileError as error:
            log.error("issuer_not_taken_up", issuer=issuer.issuer_id, why=str(error))  # noqa: TRY400
            return before
        if self._running:
            line.link.start()
        return line

    def _line(self, issuer: Issuer, health: IssuerHealth | None = None) -> IssuerLine:
        check_profile(issuer, self.dialects)
        health = health or IssuerHealth(self._monotonic, self._health)
        link = Link(
            issuer,
            # Of its own: it keeps the shapes it has seen, and odd ones crowd out nobody else's.
            Codec(self.dialects[issuer.dialect]),
            framing_of(issuer.framing, issuer.profile.framing),
            self._clock,
            random=self._random,
            on_late=self._late_from(issuer.issuer_id, health),
            on_up=self.wake,
            on_trouble=health.dropped,
            on_garbled=health.garbled,
            on_echo=self._echoed(issuer.issuer_id, health),
            security=self._security,
            keys=self._ring(issuer),
            on_keys=self._keys.serve if self._keys else None,
            tls=self._tls.get(issuer.issuer_id),
            limits=self._limits,
            loops=self._loops,
        )
        link.hold_reading(hold=self._late.holding)
        return IssuerLine(link, health, OddFields())

    def _late_from(self, issuer_id: str, health: IssuerHealth) -> Callable[[Message], None]:
        def take(message: Message) -> None:
            health.late()
            self._late.put(issuer_id, message)

        return take

    def _unanswered(
        self,
        route: Route,
        mti: str,
        fields: Mapping[int, str | bytes],
        asked: Asked,
        *,
        probe: bool,
    ) -> None:
        if self.tally is not None:
            self.tally.silence(route.issuer_id, mti, fields.get(3), asked, probe=probe)

    def _echoed(self, issuer_id: str, health: IssuerHealth) -> Callable[[str], None]:
        def note(answer: str) -> None:
            health.echoed(answer)
            if self.tally is not None:
                self.tally.echoed(issuer_id, answer)

        return note

    def _new_router(self) -> Router:
        return Router(
            self._bins,
            self._issuers.values(),
            self._usable,
            self._pin_key,
        )

    def _ring(self, issuer: Issuer) -> KeyRing:
        return self._keys.ring(issuer) if self._keys else KeyRing(*agreed(issuer))

    def _pin_key(self, issuer: Issuer) -> WrappedKey | None:
        if self._keys is not None:
            return self._keys.key(issuer.issuer_id, KeyKind.PIN)
        return KeyRing(*agreed(issuer)).key(KeyKind.PIN)

    def _changed_keys(self) -> None:
        self._router = self._new_router()

    def _usable(self, issuer_id: str) -> bool:
        line = self._lines.get(issuer_id)
        if line is None or not line.link.up or line.health.state is Condition.DOWN:
            return False
        in_force = self._in_force()
        return not in_force or not in_force.avoids(issuer_id, self._clock.now())

    def _held(self, issuer_id: str) -> bool:
        in_force = self._in_force()
        return bool(in_force) and in_force.holds(issuer_id, self._clock.now())

    def _hold_reading(self, *, hold: bool) -> None:
        for line in self._lines.values():
            line.link.hold_reading(hold=hold)


def _as_before(link: Link, issuer: Issuer, dialects: Mapping[str, Dialect]) -> bool:
    return link.issuer == issuer and link.codec.dialect == dialects.get(issuer.dialect)


async def _end(link: Link) -> None:
    await link.drain()
    await link.stop()
