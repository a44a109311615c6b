"""An issuer without manners: for each message a test says what it answers, when, and what it books.

Kinds that a test `hold`s wait for it; all others are served as an honest issuer would. What the
issuer has booked stands in `books`, whatever it has answered: its answers prove nothing.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS
from annul.wire.errors import FrameError
from annul.wire.framing import FRAMINGS, Framer

Fields = dict[int, str | bytes]
Key = tuple[str, str, str, str]  # merchant, terminal, trace (11), time (7): as they came


class Heard(Protocol):
    """A message as it came."""

    mti: str

    def check(self) -> None: ...
    def get(self, number: int, default: Any = None) -> Any: ...
    def __getitem__(self, number: int) -> str | bytes: ...
    def __contains__(self, number: object) -> bool: ...


class Language(Protocol):
    """How an issuer writes and reads: a codec of annul's, or somebody else's library."""

    def encode(self, mti: str, fields: Fields) -> bytes: ...
    def decode(self, data: bytes) -> Heard: ...


_CODEC: Final = Codec(DIALECTS["cups"])
_ECHOED: Final = (2, 3, 4, 7, 11, 12, 13, 18, 25, 32, 33, 37, 41, 42, 49)
_NETWORK_REPEATED: Final = (7, 11, 33, 70)
_WITHIN_S: Final = 10.0  # a message that a test awaits comes within so long, or the test fails
_STAND_IN: Final = "~"

# MTI, field 3, "06" or "00" of field 25 -> the kind, and the sign of its money.
_KINDS: Final = {
    ("0200", "00", "00"): ("sale", 1),
    ("0200", "20", "00"): ("void", -1),
    ("0220", "20", "00"): ("refund", -1),
    ("0200", "30", "00"): ("balance", 0),
    ("0100", "03", "06"): ("preauth", 0),
    ("0100", "20", "06"): ("preauth_void", 0),
    ("0200", "00", "06"): ("completion", 1),
    ("0220", "00", "06"): ("completion_advice", 1),
    ("0200", "20", "06"): ("completion_void", -1),
}


@dataclass(eq=False, slots=True)
class Asked:
    """One message of the acquirer; it may be answered once, twice, later or never."""

    issuer: "RogueIssuer"
    message: Heard
    kind: str  # "reversal" for 0420, whatever it reverses; "network"
    sign: int | None  # of its money; none of what is about the line
    line: "Line"

    def __getitem__(self, number: int) -> str:
        """Give a field as it came, empty when it did not."""
        return str(self.message.get(number, ""))

    @property
    def amount(self) -> int:
        return int(self[4] or 0)

    @property
    def key(self) -> Key:
        """Tell the message from all others; a reversal has the key of what it reverses."""
        at = (self[42], self[41])
        if self.kind == "reversal":
            return (*at, self[90][4:10], self[90][10:20])
        return (*at, self[11], self[7])

    @property
    def issuer_id(self) -> str:
        """Which of the issuers that stand behind this address is asked."""
        return self[100]

    # What it does with its books ---------------------------------------------------------------

    @property
    def booked(self) -> bool:
        """Whether it, or what it reverses, stands in the books."""
        return self.key in self.issuer.books

    def book(self, amount: int | None = None) -> None:
        """Move its money, or as much of it."""
        assert self.sign is not None, "what is about the line is not booked"
        self.issuer.books[self.key] = self.sign * (self.amount if amount is None else amount)
        self.issuer.undone.discard(self.key)

    def unbook(self) -> None:
        """Undo what it names in field 90."""
        if self.issuer.books.pop(self.key, None) is not None:
            self.issuer.undone.add(self.key)

    # What it says ------------------------------------------------------------------------------

    def frame(self, code: str = "00", *, without: Collection[int] = (), **changed: Any) -> bytes:
        """Build an answer: what came, the code, an approval's fields; `changed` are as f4, f49."""
        return self.issuer.pack(self.body(code, without=without, **changed))

    def body(
        self, code: str = "00", *, without: Collection[int] = (), mti: str = "", **changed: Any
    ) -> bytes:
        """Build the same without its frame."""
        fields = self.said(code) | {int(name[1:]): value for name, value in changed.items()}
        for number in without:
            fields.pop(number, None)
        return self.issuer.encoded(mti or self.answers_as, fields)

    def said(self, code: str = "00") -> Fields:
        """Give the fields of an answer."""
        repeated = _NETWORK_REPEATED if self.kind == "network" else _ECHOED
        fields: Fields = {n: self.message[n] for n in repeated if n in self.message}
        fields[39] = code
        if code == "00" and self.sign is not None and self.kind != "reversal":
            fields |= {38: self.issuer.auth_code(), 15: self[13] or "0101"}
        return fields

    @property
    def answers_as(self) -> str:
        """The message type of its answer."""
        return f"{self.message.mti[:2]}{int(self.message.mti[2]) + 1}0"

    def answer(self, code: str = "00", **how: Any) -> None:
        """Say it now."""
        self.say(self.frame(code, **how))

    def say(self, *frames: bytes) -> None:
        """Say all of it in one write."""
        self.line.write(b"".join(frames))

    def approve(self, **how: Any) -> None:
        """Book it and say so."""
        self.book()
        self.answer(**how)

    def politely(self) -> None:
        """Do what an honest issuer does."""
        if self.kind == "network":
            self.answer()
        elif self.kind != "reversal":
            self.approve(**({"f54": "1002156C000000100000"} if self.kind == "balance" else {}))
        elif self.booked:
            self.unbook()
            self.answer()
        else:
            self.answer("00" if self.key in self.issuer.undone else "25")


Rule = Callable[[Asked], None]


@dataclass(eq=False, slots=True)
class RogueIssuer:
    """Serves acquirers on `port`; a rule of a kind takes the place of its manners."""

    port: int = 0
    language: Language = _CODEC
    framing: str = "length_4"
    seal: Callable[[str, Fields], bytes] | None = None  # encodes with a MAC what is no signal
    rules: dict[str, Rule] = field(default_factory=dict)
    seen: list[Asked] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)  # what answers something that it asked
    signals: list[Asked] = field(default_factory=list)  # sign-on, echo, sign-off
    books: dict[Key, int] = field(default_factory=dict)
    undone: set[Key] = field(default_factory=set)
    faults: list[Exception] = field(default_factory=list)  # of a test's rules, or of the codec
    lines: set["Line"] = field(default_factory=set)
    dialled: list[float] = field(default_factory=list)  # when, by the event loop's clock
    _waiting: dict[str, asyncio.Queue[Asked]] = field(
        default_factory=lambda: defaultdict(asyncio.Queue)
    )
    _approvals: int = 0
    _server: asyncio.Server | None = None

    @property
    def net(self) -> int:
        """What it has taken from its cardholders in all, in minor units."""
        return sum(self.books.values())

    def auth_code(self) -> str:
        self._approvals += 1
        return f"{self._approvals:06d}"

    def of(self, *kinds: str) -> list[Asked]:
        """Give the messages of some kinds that have come, in order."""
        return [asked for asked in self.seen if asked.kind in kinds]

    # What a test says --------------------------------------------------------------------------

    def hold(self, *kinds: str) -> None:
        """Let these kinds wait for the test, which takes them with `next`."""
        for kind in kinds:
            self.rules[kind] = self._waiting[kind].put_nowait

    def let(self, *kinds: str) -> None:
        """Serve these kinds politely again, also those that wait."""
        for kind in kinds:
            self.rules.pop(kind, None)
            waiting = self._waiting[kind]
            while not waiting.empty():
                waiting.get_nowait().politely()

    def always(self, kind: str, code: str, *, book: bool = False, **how: Any) -> None:
        """Answer each message of a kind with a code, booked or not."""

        def rule(asked: Asked) -> None:
            if book:
                asked.book()
            asked.answer(code, **how)

        self.rules[kind] = rule

    def silent(self, *kinds: str, book: bool = False) -> None:
        """Answer nothing to these kinds, booked or not."""

        def rule(asked: Asked) -> None:
            if book:
                asked.book()

        for kind in kinds:
            self.rules[kind] = rule

    async def next(self, kind: str, within_s: float = _WITHIN_S) -> Asked:
        """Await the next message of a kind that is held."""
        async with asyncio.timeout(within_s):
            return await self._waiting[kind].get()

    # Its port ----------------------------------------------------------------------------------

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Line(self), "127.0.0.1", self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Be gone; `open` comes back on the same port."""
        if self._server is not None:
            self._server.close()
        for line in tuple(self.lines):
            line.abort()
        await asyncio.sleep(0)

    def pack(self, body: bytes) -> bytes:
        """Put a message into its frame."""
        framing = FRAMINGS[self.framing]
        return framing.pack(body, framing.opening)

    def encoded(self, mti: str, fields: Fields) -> bytes:
        """Encode also NULs in text, which no honest issuer says."""
        told: Fields = {
            number: value.replace("\0", _STAND_IN) if isinstance(value, str) else value
            for number, value in fields.items()
        }
        encode = self.language.encode if self.seal is None or mti[1] == "8" else self.seal
        body = encode(mti, told)
        return body if told == fields else body.replace(_STAND_IN.encode(), b"\0")

    def receive(self, line: "Line", body: bytes) -> None:
        try:
            message = self.language.decode(body)
            message.check()
            if message.mti[2] in "137":
                self.heard.append(message)
                return
            asked = Asked(self, message, *_kind_of(message), line)
            (self.signals if asked.kind == "network" else self.seen).append(asked)
            self.rules.get(asked.kind, Asked.politely)(asked)
        except Exception as error:  # noqa: BLE001 - shown at the end of the test
            self.faults.append(error)


def _kind_of(message: Heard) -> tuple[str, int | None]:
    mti = f"{message.mti[:3]}0"
    if mti[1] == "8":
        return "network", None
    if mti[1] == "4":
        return "reversal", 0
    condition = "06" if message.get(25, "") == "06" else "00"
    return _KINDS[mti, str(message[3])[:2], condition]


class Line(asyncio.Protocol):
    """One connection of the acquirer."""

    def __init__(self, issuer: RogueIssuer) -> None:
        self._issuer = issuer
        self._framer = Framer(FRAMINGS[issuer.framing])
        self._transport: Any = None
        self.tap: Callable[[bytes], None] | None = None  # takes what comes, in place of the issuer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._issuer.lines.add(self)
        self._issuer.dialled.append(asyncio.get_running_loop().time())

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = None
        self._issuer.lines.discard(self)

    def data_received(self, data: bytes) -> None:
        try:
            frames = self._framer.feed(data)
        except FrameError as error:
            self._issuer.faults.append(error)
            self.abort()
            return
        for frame in frames:
            if self.tap is not None:
                self.tap(frame.body)
            else:
                self._issuer.receive(self, frame.body)

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


@asynccontextmanager
async def rogue(**how: Any) -> AsyncIterator[RogueIssuer]:
    """Serve until the block ends; then no rule has failed and no message was senseless."""
    issuer = RogueIssuer(**how)
    await issuer.open()
    try:
        yield issuer
    finally:
        await issuer.close()
    assert issuer.faults == [], issuer.faults
