"""What a peer does once it is understood: sign-on, echo and sign-off of each type, one by one."""

import asyncio
from dataclasses import dataclass, replace
from typing import Final

from annul.domain.kinds import answer_mti
from annul.domain.link_profile import USUAL
from annul.domain.records import Issuer
from annul.domain.response_codes import RESPONSE_CODES
from annul.issuers.errors import NotSent
from annul.issuers.key_ring import KeyRing
from annul.issuers.message import ECHO, SIGN_OFF, SIGN_ON, network_answer, network_fields
from annul.issuers.seal import Seal
from annul.issuers.speech import Speech, is_answer, is_network
from annul.store.clock import Clock
from annul.wire.codec import Codec, Message
from annul.wire.dialect import Dialect
from annul.wire.errors import DecodeError, FrameError
from annul.wire.field import Coding
from annul.wire.framing import Framer, Framing

from .findings import Report
from .line import RawLine

_MTIS: Final = ("0800", "0820")
_LATER_MTIS: Final = ("0804", "0800", "0820")  # of later editions
_HEX: Final = frozenset({Coding.HEX, Coding.HEX_EBCDIC})
_OWN: Final = 3  # characters of a code of its own, at most
_REFUSES: Final = "129"  # first digits of action codes by which something is refused


@dataclass(frozen=True, slots=True)
class TrialLimits:
    """Bounds of a trial, in seconds but for `tries`.

    `answer_s` is the time for the first byte of an answer, `rest_s` for each further one,
    `pause_s` lies between connections, `within_s` bounds the search, and so long `listen_s` is
    waited for what the peer sends by itself.
    """

    tries: int = 80
    connect_s: float = 5.0
    answer_s: float = 2.0
    rest_s: float = 0.2
    pause_s: float = 0.5
    within_s: float = 180.0
    listen_s: float = 5.0


class Talk:
    """One conversation over one connection; what is seen goes into the report."""

    def __init__(
        self,
        issuer: Issuer,
        speech: Speech,
        framer: Framer,
        opened: RawLine,
        clock: Clock,
        limits: TrialLimits,
        report: Report,
    ) -> None:
        self._issuer = issuer
        self._speech = speech
        self._framer = framer
        self._line = opened
        self._clock = clock
        self._limits = limits
        self._report = report
        self._trace = 0
        self._times: dict[str, object] = {}  # field 7 of what was asked, by trace
        self._asked: set[str] = set()  # types of the peer's own requests

    async def settle(self, dialect: Dialect) -> None:
        """Ask one thing after the other, and say what is otherwise than it is set."""
        profile, report = self._issuer.profile, self._report
        mtis = tuple(dict.fromkeys((profile.network_mti, *mtis_of(dialect))))
        signed = {mti: answer for mti in mtis if (answer := await self._ask(mti, SIGN_ON))}
        echoed = {mti: answer for mti in signed or mtis if (answer := await self._ask(mti, ECHO))}
        self._types(mtis, tuple(signed or echoed))
        code = next((self._code(one) for one in signed.values()), "")
        echo_code = next((self._code(one) for one in echoed.values()), "")
        if not signed and echoed:
            settings = {"sign_on": "false"} if profile.sign_on else {}
            report.note("no_sign_on", settings=settings)
        if not echoed:
            report.note("no_echo", settings={"echo": "false"} if profile.echo else {})
        else:
            report.note("echo")
        self._judge(code, echo_code)
        await self._listen()
        said = [*signed.values(), *echoed.values()]
        if any(one.readable().get(7) != self._times.get(self._trace_of(one)) for one in said):
            report.note("own_time")
        if any(_lower(one, dialect) for one in said):
            report.note("lower_hex")
        if signed:
            off = await self._ask(next(iter(signed)), SIGN_OFF)
            report.note("sign_off" if off else "no_sign_off")

    def _types(self, mtis: tuple[str, ...], answered: tuple[str, ...]) -> None:
        """Say which types of network requests are answered."""
        if not answered:
            return
        was = self._issuer.profile.network_mti
        if was in answered:
            self._report.note("network_both", is_=", ".join(answered))
        else:
            first = next(mti for mti in mtis if mti in answered)
            settings = {"network_mti": first}
            self._report.note("network_mti", settings=settings, is_=first, was=was)

    def _judge(self, code: str, echo_code: str) -> None:
        """Say what its code for the sign-on means; one that nobody knows may be its success.

        Only if the echo has it too: a host that refuses says why, and its word is no approval.
        """
        if not code or code == "00":
            return
        refuses = code in RESPONSE_CODES or (len(code) == _OWN and code[0] in _REFUSES)
        if not refuses and code == echo_code and code.isascii() and code.isalnum():
            self._report.note("own_code", settings={f"codes.{code}": "00"}, code=code)
        else:
            self._report.note("sign_on_refused", good=False, code=code)

    async def _listen(self) -> None:
        """Wait for what it sends by itself, and answer that."""
        if not self._asked:
            await self._heard(self._limits.listen_s)
        if self._asked:
            self._report.note("asks", mtis=", ".join(sorted(self._asked)))
        else:
            self._report.note("asks_nothing", seconds=f"{self._limits.listen_s:g}")

    async def _ask(self, mti: str, code: str) -> Message | None:
        """Ask; give its answer, None for silence."""
        self._trace += 1
        trace = f"{self._trace:06d}"
        fields = network_fields(trace, self._clock.now()) | {70: code}
        self._times[trace] = fields[7]
        try:
            self._line.send(self._speech.frame(mti, fields, self._speech.plain))
        except NotSent:
            return None
        for message in await self._heard(self._limits.answer_s, trace):
            if message.mti == answer_mti(mti) and self._trace_of(message) == trace:
                return message
        return None

    async def _heard(self, within_s: float, trace: str = "") -> list[Message]:
        """Give the answers that come, until that to a trace; requests are answered at once."""
        loop, found = asyncio.get_running_loop(), list[Message]()
        until = loop.time() + within_s
        while (left := until - loop.time()) > 0 and not self._line.closed.is_set():
            raw = await self._line.hear(left, self._limits.rest_s)
            try:
                frames = self._framer.feed(raw)
            except FrameError:
                break
            found += [one for frame in frames if (one := self._taken(frame.body)) is not None]
            if trace and any(self._trace_of(one) == trace for one in found):
                break
            if not trace and self._asked:
                break
        return found

    def _taken(self, body: bytes) -> Message | None:
        """Read a message; one that asks is answered, when it is about the line."""
        try:
            message = self._speech.read(body)
        except DecodeError:
            return None
        if is_answer(message.mti):
            return message
        if self._times.get(self._trace_of(message)) == message.readable().get(7):
            return None  # our own, sent back; answered, its answer would come back as one to us
        self._asked.add(message.mti)
        if is_network(message.mti):
            mti, fields = network_answer(message)
            try:
                self._line.send(self._speech.frame(mti, fields, self._speech.plain))
            except NotSent:
                return None
        return None

    def _code(self, message: Message) -> str:
        code = str(message.readable().get(39, ""))
        return self._issuer.profile.codes.get(code, code)

    @staticmethod
    def _trace_of(message: Message) -> str:
        return str(message.readable().get(11, ""))


def speech_of(issuer: Issuer, dialect: Dialect, framing: Framing, clock: Clock) -> Speech:
    """Give what builds and reads messages without MAC; of its profile, what never goes counts."""
    codec = Codec(dialect)
    seal = Seal(issuer, codec, KeyRing(), None, clock.now)
    profile = replace(USUAL, left_out=issuer.profile.left_out)
    return Speech(replace(issuer, profile=profile), codec, framing, seal)


def mtis_of(dialect: Dialect) -> tuple[str, ...]:
    """Give the types of network requests that are usual in a dialect's edition."""
    return _MTIS if dialect.version == "0" else _LATER_MTIS


def _lower(message: Message, dialect: Dialect) -> bool:
    """Say whether the bitmap is written in small letters."""
    if dialect.bitmap not in _HEX:
        return False
    start = 2 if dialect.mti is Coding.PACKED else 4
    text = message.raw[start : start + 16].decode(dialect.bitmap.charset, "replace")
    return text != text.upper()
