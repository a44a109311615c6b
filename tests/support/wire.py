"""What is said to a host byte by byte, what can be seen of it, and by whom who has the keys."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from struct import unpack
from typing import Any, Final, Protocol

from annul.domain.kinds import KINDS
from annul.security.ciphers import TDES, BlockCipher
from annul.security.keys import KeyKind, open_working_keys
from annul.security.mac import MacAlgorithm, mac
from annul.sim.terminal.journal import Record
from annul.wire.codec import Codec, Message
from annul.wire.dialects import DIALECTS
from annul.wire.framing import TPDU_2, Frame, Framer, requirement_of
from tests.support.soft import CARD

CODEC: Final = Codec(DIALECTS["unionpay_pos"])
HEAD: Final = bytes.fromhex("6000030000603100311000")
WITHIN_S: Final = 20.0  # silence for so long fails a test
MAC: Final = 64
WRONG_MAC: Final = b"0BADC0DE"
Fields = dict[int, str | bytes]
Credentials = tuple[str, str, str]  # merchant, terminal, master key


# Speaking ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the host."""

    frame: Frame
    message: Message

    @property
    def code(self) -> str:
        return str(self.message.get(39, ""))

    @property
    def has_mac(self) -> bool:
        return MAC in self.message

    @property
    def requirement(self) -> int:
        """What the header asks of the terminal."""
        return requirement_of(self.frame.head)

    @property
    def text(self) -> str:
        return str(self.message.get(63, ""))


class Speaks(Protocol):
    """What may be told a message, and answers."""

    async def told(self, body: bytes) -> Answer: ...


class Wire:
    """One connection to the host, on which anything may be said."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, *bodies: bytes, head: bytes = HEAD) -> None:
        """Send messages, one frame each, without waiting for answers."""
        self.writer.write(b"".join(TPDU_2.pack(body, head) for body in bodies))
        with suppress(ConnectionError):  # the next answer tells
            await self.writer.drain()

    async def answer(self) -> Answer | None:
        """Give the next answer, None when the host hung up; raises `TimeoutError` for silence."""
        try:
            async with asyncio.timeout(WITHIN_S):
                (size,) = unpack(">H", await self.reader.readexactly(2))
                whole = await self.reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        message = CODEC.decode(whole[11:])
        message.check()
        return Answer(Frame(whole[:11], whole[11:]), message)

    async def ask(self, body: bytes, head: bytes = HEAD) -> Answer | None:
        await self.send(body, head=head)
        return await self.answer()

    async def told(self, body: bytes) -> Answer:
        """Ask what the host has to answer."""
        answer = await self.ask(body)
        assert answer is not None, "the host hung up"
        return answer


@asynccontextmanager
async def dial(
    port: int, *, source: str = "127.0.0.1", window: int | None = None
) -> AsyncIterator[Wire]:
    """Connect from `source`; with `window` bytes of room for what the host answers."""
    raw = socket.socket()
    if window is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    raw.setblocking(False)
    raw.bind((source, 0))
    try:
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
        streams = await asyncio.open_connection(sock=raw)
    except OSError:
        raw.close()
        raise
    try:
        yield Wire(*streams)
    finally:
        streams[1].transport.abort()


async def burst(port: int, bodies: Sequence[bytes], head: bytes = HEAD) -> list[Answer]:
    """Send all at once on a connection of their own; give what is answered before it is closed."""
    answers: list[Answer] = []
    async with dial(port) as wire:
        await wire.send(*bodies, head=head)
        while len(answers) < len(bodies) and (answer := await wire.answer()):
            answers.append(answer)
    return answers


# Seeing --------------------------------------------------------------------------------------


@dataclass(slots=True)
class Tap:
    """A wire-tap between a terminal and the host: what went each way, in order."""

    port: int = 0
    connections: int = 0
    requests: list[Frame] = field(default_factory=list)
    answers: list[Frame] = field(default_factory=list)

    def bodies(self) -> list[bytes]:
        return [frame.body for frame in self.requests]


@asynccontextmanager
async def tap(port: int, *, source: str = "127.0.0.1") -> AsyncIterator[Tap]:
    """Pass on what a terminal and the host say, and keep it."""
    seen = Tap()
    open_ends: set[asyncio.WriteTransport] = set()
    under_way: set[asyncio.Task[Any]] = set()

    async def carry(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: list[Frame]
    ) -> None:
        framer = Framer(TPDU_2)
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                kept += framer.feed(data)
                writer.write(data)
                await writer.drain()

    async def serve(near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        seen.connections += 1
        task = asyncio.current_task()
        assert task is not None
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        async with dial(port, source=source) as far:
            ends = {back.transport, far.writer.transport}
            open_ends.update(ends)
            ways = (
                asyncio.create_task(carry(near, far.writer, seen.requests)),
                asyncio.create_task(carry(far.reader, back, seen.answers)),
            )
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for end in ends:
                end.abort()
            await asyncio.wait(ways)
            open_ends.difference_update(ends)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    seen.port = int(server.sockets[0].getsockname()[1])
    try:
        yield seen
    finally:
        server.close()
        for end in open_ends:
            end.abort()
        if under_way:
            await asyncio.wait(under_way)


# Building ------------------------------------------------------------------------------------


def sale(who: Credentials, trace: str, amount: int = 10_000, batch: str = "000001") -> Fields:
    """Give the fields of a sale, but for the MAC."""
    return {
        2: CARD,
        3: "000000",
        4: f"{amount:012d}",
        11: trace,
        14: "3012",
        22: "012",
        25: "00",
        41: who[1],
        42: who[0],
        49: "156",
        60: f"22{batch}000",
    }


def undoing(
    kind: str, who: Credentials, trace: str, of: Record, *, batch: str = "", card: str = CARD
) -> Fields:
    """Give the fields of a void or refund that names `of` as its slip does."""
    fields = sale(who, trace, of.amount, batch or of.batch)
    fields[60] = KINDS[kind].function + (batch or of.batch) + "000"
    fields |= {3: "200000", 37: f"{of.rrn:<12}", 61: of.batch + of.trace}
    if of.auth_code:
        fields[38] = f"{of.auth_code:<6}"
    if not card:
        del fields[2], fields[14]
    return fields


def managing(
    kind: str, who: Credentials, network: str, *, batch: str = "000001", **more: str | bytes
) -> bytes:
    """Build a message of management without a MAC; `more` are fields as f48, f62, f63."""
    fields: Fields = {11: "900001", 41: who[1], 42: who[0], 60: f"00{batch}{network}"}
    if 49 in KINDS[kind].required:
        fields[49] = "156"
    fields |= {int(name[1:]): value for name, value in more.items()}
    return CODEC.encode(KINDS[kind].mti, fields)


def sign_in(who: Credentials, form: str = "003") -> bytes:
    """Build a sign-in, which anybody can."""
    return managing("sign_in", who, form, f62=b"Sequence No12345678901234567890", f63="001")


_STAND_IN: Final = "~"


def _encoded(encode: Callable[[str, Fields], bytes], mti: str, fields: Fields) -> bytes:
    """Encode also what an honest terminal can not say: NULs in text."""
    told: Fields = {
        number: value.replace("\0", _STAND_IN) if isinstance(value, str) else value
        for number, value in fields.items()
    }
    body = encode(mti, told)
    return body if told == fields else body.replace(_STAND_IN.encode(), b"\0")


def unsigned(mti: str, fields: Fields) -> bytes:
    return _encoded(CODEC.encode, mti, fields)


def badly_signed(mti: str, fields: Fields, code: bytes = WRONG_MAC) -> bytes:
    return _encoded(CODEC.encode_unsigned, mti, fields) + code


@dataclass(slots=True)
class Keyed:
    """Somebody who has the master key of one terminal, and speaks without its software."""

    who: Credentials
    keys: dict[KeyKind, BlockCipher] = field(default_factory=dict)
    batch: str = "000001"

    async def sign_in(self, wire: Speaks, form: str = "003") -> bytes:
        """Take fresh keys; give field 62 as it came."""
        answer = await wire.told(sign_in(self.who, form))
        assert answer.code == "00"
        handed_out = answer.message[62]
        assert isinstance(handed_out, bytes)
        master = BlockCipher(TDES, bytes.fromhex(self.who[2]))
        self.keys = open_working_keys(handed_out, master, form)
        self.batch = str(answer.message[60])[2:8]
        return handed_out

    def signed(self, mti: str, fields: Fields) -> bytes:
        body = _encoded(CODEC.encode_unsigned, mti, fields)
        return body + mac(MacAlgorithm.UNIONPAY_ECB, self.keys[KeyKind.MAC], body)

    async def sell(self, wire: Speaks, trace: str, amount: int = 10_000) -> Answer:
        return await wire.told(self.signed("0200", sale(self.who, trace, amount, self.batch)))
