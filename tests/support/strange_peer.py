"""An issuer that speaks in its own way: any dialect and framing, its own codes, time and types.

It knows nothing of annul's link, reads and writes what stands on the wire, and keeps books.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from annul.app import ground, serve
from annul.desk import dialects, issuer_links
from annul.desk.issuer_keys import Keeper
from annul.desk.roles import ADMINISTRATOR, ROLES, Visitor
from annul.security.ciphers import TDES, BlockCipher
from annul.security.mac import MacAlgorithm, mac, verify
from annul.settings import Settings
from annul.sim.demo import DemoPlan, seed
from annul.wire.codec import Codec, Message
from annul.wire.dialect import Dialect
from annul.wire.dialects import CUPS
from annul.wire.errors import DecodeError, FrameError
from annul.wire.framing import LENGTH_4, Framer, Framing
from annul.wire.mac_block import MacBlock
from tests.support.site import Acquirer

_REPEATED = (2, 3, 4, 7, 11, 12, 13, 24, 32, 33, 37, 41, 42, 49, 70)
ISSUER = "00000101"  # behind the card of the soft terminals
_TIME = "0101000000"
_CODES_93 = {"00": "000", "25": "914", "51": "116", "network": "800", "reversal": "400"}


@dataclass(eq=False)
class StrangePeer:
    """`network` are the types of network requests that it answers; `codes` are its own codes.

    `own_time` puts its own time into field 7; `without` are fields that it never repeats; `echoes`
    makes it ask for an echo as soon as it is connected to.
    """

    dialect: Dialect = CUPS
    framing: Framing = LENGTH_4
    network: frozenset[str] = frozenset({"0800", "0820"})
    codes: Mapping[str, str] = field(default_factory=dict)
    own_time: bool = False
    lower: bool = False
    echoes: bool = False
    refuses: str = ""  # code with which it refuses every sign-on
    without: frozenset[int] = frozenset()
    mac_key: bytes | None = None
    port: int = 0
    connections: int = 0
    books: dict[str, int] = field(default_factory=dict)
    seen: list[Message] = field(default_factory=list)
    garbled: int = 0
    _server: asyncio.Server | None = None
    _lines: set[Any] = field(default_factory=set)

    @property
    def codec(self) -> Codec:
        return Codec(self.dialect)

    @property
    def net(self) -> int:
        """What it has taken from its cardholders in all."""
        return sum(self.books.values())

    def of(self, mti: str) -> list[Message]:
        """Give the messages of a type that have come."""
        return [one for one in self.seen if one.mti == mti]

    def code(self, plain: str, what: str = "") -> str:
        """Give its own code for what most say as `plain`."""
        if self.dialect.version == "1":
            known = _CODES_93.get(what) if plain == "00" and what else None
            return self.codes.get(plain, known or _CODES_93[plain])
        return self.codes.get(plain, plain)

    def answers(self, request: Message) -> dict[int, Any] | None:
        """Give what it answers, None for nothing."""
        mti, said = request.mti, request.readable()
        fields: dict[int, Any] = {
            n: said[n] for n in _REPEATED if n in said and n not in self.without
        }
        if self.own_time and 7 in fields:
            fields[7] = _TIME
        if mti[1] == "8":
            if mti not in self.network:
                return None
            return fields | {39: self.refuses or self.code("00", "network")}
        trace = str(said[11])
        if mti[1] == "4":
            original = str(said.get(56) if self.dialect.version == "1" else said.get(90))[4:10]
            self.books.pop(original, None)
            return fields | {39: self.code("00", "reversal")}
        sign = -1 if str(said[3]).startswith("20") else 1
        self.books.setdefault(trace, sign * int(str(said[4])))
        return fields | {39: self.code("00"), 38: trace}

    def packed(self, mti: str, fields: Mapping[int, Any]) -> bytes:
        """Encode and frame, with a MAC when it has a key and the message is none of the line."""
        codec = self.codec
        if self.mac_key is None or mti[1] == "8":
            body = codec.encode(mti, fields)
        else:
            unsigned = codec.encode_unsigned(mti, fields)
            block = MacBlock(self.dialect).of(mti, fields, unsigned)
            body = codec.sign(unsigned, mac(MacAlgorithm.X9_19, self._cipher(), block))
        if self.lower:
            body = body[:4] + body[4:20].lower() + body[20:]
        return self.framing.pack(body, self.framing.opening)

    def genuine(self, message: Message) -> bool:
        code = message.readable().get(self.dialect.mac_field)
        if self.mac_key is None or message.mti[1] == "8":
            return True
        block = MacBlock(self.dialect).of(message.mti, message.readable(), message.unsigned)
        return isinstance(code, bytes) and verify(MacAlgorithm.X9_19, self._cipher(), block, code)

    def _cipher(self) -> BlockCipher:
        assert self.mac_key is not None
        return BlockCipher(TDES, self.mac_key)

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Line(self), "127.0.0.1", self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for line in tuple(self._lines):
            line.abort()
        await asyncio.sleep(0)


class _Line(asyncio.Protocol):
    """One connection; bytes that are no frame end it, a message that is none is not answered."""

    def __init__(self, peer: StrangePeer) -> None:
        self._peer = peer
        self._framer = Framer(peer.framing)
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._peer._lines.add(self)
        self._peer.connections += 1
        if self._peer.echoes:
            function = {24: "831"} if self._peer.dialect.version == "1" else {70: "301"}
            mti = min(self._peer.network)
            self._transport.write(self._peer.packed(mti, {7: _TIME, 11: "000001", **function}))

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._peer._lines.discard(self)

    def data_received(self, data: bytes) -> None:
        peer = self._peer
        try:
            frames = self._framer.feed(data)
        except FrameError:
            peer.garbled += 1
            self.abort()
            return
        for frame in frames:
            try:
                message = peer.codec.decode(frame.body)
                message.check()
            except DecodeError:
                peer.garbled += 1
                continue
            if not peer.genuine(message):
                peer.garbled += 1
                continue
            peer.seen.append(message)
            if message.mti[2] in "13":
                continue
            said = peer.answers(message)
            if said is not None:
                mti = f"{message.mti[:2]}{int(message.mti[2]) + 1}{message.mti[3]}"
                self._transport.write(peer.packed(mti, said))

    def abort(self) -> None:
        self._transport.abort()


@dataclass(frozen=True, slots=True)
class StrangeSite(Acquirer):
    """A host whose only issuer is strange."""

    peer: StrangePeer

    async def issuer_net(self) -> int:
        return self.peer.net


@asynccontextmanager
async def strange(**how: Any) -> AsyncIterator[StrangePeer]:
    """Serve until the block ends."""
    peer = StrangePeer(**how)
    await peer.open()
    try:
        yield peer
    finally:
        await peer.close()


async def configure(keeper: Keeper, given: Mapping[str, str], unset: Collection[str] = ()) -> None:
    """Set the link of the issuer behind the tests' card, as an operator does."""
    operator = Visitor("admin", "", ROLES[ADMINISTRATOR])
    await issuer_links.set_link(keeper, operator, ISSUER, "connected", given, unset)


@asynccontextmanager
async def open_strange_site(
    database: str,
    folder: Path,
    peer: StrangePeer,
    given: Mapping[str, str],
    documents: Collection[str] = (),
) -> AsyncIterator[StrangeSite]:
    """Start a host before a peer, once an operator has brought dialects and set the link."""
    settings: dict[str, Any] = {"terminals_port": 0, "status_port": 0, "resolver": False}
    chosen = Settings.load(None, data=folder, database=database, **settings)
    async with ground(chosen) as base:
        plan = DemoPlan((peer.port,), timeout_ms=3_000, mac_key=peer.mac_key)
        terminals = await seed(base.pool, base.security, plan)
        await base.pool.execute("UPDATE issuers SET active = issuer_id = $1", ISSUER)
        operator = Visitor("admin", "", ROLES[ADMINISTRATOR])
        for document in documents:
            await dialects.put(base, operator, document, "theirs")
        await configure(base, given)
        async with serve(base) as running:
            assert running.host.issuers.up() == [ISSUER]
            yield StrangeSite(running, terminals, peer)
