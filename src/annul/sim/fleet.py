"""Many light terminals for load: sale and void in turn, one request at a time each.

They keep no journal and send no reversals: with a host and an issuer that answer, none is owed.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from time import perf_counter
from typing import Any, Final, NamedTuple

from annul.security.ciphers import TDES, BlockCipher
from annul.security.keys import KeyKind, open_working_keys
from annul.security.mac import MacAlgorithm, mac
from annul.wire.codec import Codec, Message
from annul.wire.dialects import DIALECTS
from annul.wire.framing import TPDU_2, Framer

_CODEC: Final = Codec(DIALECTS["unionpay_pos"])
_HEAD: Final = bytes.fromhex("6000030000603100311000")
_FORM: Final = "003"
_TRACES: Final = 999_999
_LOOK_S: Final = 0.01

Fields = dict[int, str | bytes]


@dataclass(slots=True)
class Load:
    """What a load came to; latencies in seconds, one for each answer."""

    latencies: list[float] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)


class Step(NamedTuple):
    """So many messages a second, for so many seconds, always some `together`."""

    rate: float
    seconds: float
    together: int = 1


class _Terminal(asyncio.Protocol):
    """One connection that goes on until it is told to stop."""

    def __init__(self, credentials: tuple[str, str, str], card: str, load: Load) -> None:
        merchant, terminal, key = credentials
        self._master = BlockCipher(TDES, bytes.fromhex(key))
        self._key: BlockCipher | None = None
        self._load = load
        self._framer = Framer(TPDU_2)
        self._ids: Fields = {41: terminal, 42: merchant}
        self._card = card
        self._batch = "000001"
        self._trace = 0
        self._sale: Message | None = None
        self._began = 0.0
        self._transport: Any = None
        self.stopping = False
        self.on_idle: Callable[[_Terminal], None] | None = None  # in place of going on by itself
        self.signed_in = asyncio.get_running_loop().create_future()
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        fields: Fields = {
            11: "000001",
            **self._ids,
            60: f"00{self._batch}{_FORM}",
            62: b"Sequence No1",
            63: "001",
        }
        self._send(_CODEC.encode("0800", fields))

    def connection_lost(self, exc: Exception | None) -> None:
        for future in (self.signed_in, self.ended):
            if not future.done():
                future.set_exception(exc or ConnectionResetError("the host hung up"))

    def data_received(self, data: bytes) -> None:
        for frame in self._framer.feed(data):
            self._take(_CODEC.decode(frame.body))

    def go(self, since: float | None = None) -> None:
        """Begin with the next message; `since` is when somebody has asked for it."""
        self._next()
        if since is not None:
            self._began = since

    @property
    def owes(self) -> bool:
        """Say whether its next message is the void of a sale."""
        return self._sale is not None

    def _take(self, answer: Message) -> None:
        if self._key is None:
            field62, field60 = answer[62], answer[60]
            assert isinstance(field62, bytes)
            self._key = open_working_keys(field62, self._master, _FORM)[KeyKind.MAC]
            self._batch = str(field60)[2:8]
            self.signed_in.set_result(None)
            return
        self._load.latencies.append(perf_counter() - self._began)
        code = answer[39]
        if code != "00":
            self._load.refused[str(code)] = self._load.refused.get(str(code), 0) + 1
        self._sale = answer if code == "00" and self._sale is None else None
        if self.stopping and self._sale is None:
            self.ended.set_result(None)
        elif self.on_idle is not None and not self.stopping:
            self.on_idle(self)
        else:
            self._next()

    def _next(self) -> None:
        """Send a sale, or the void of the sale just approved."""
        self._trace = self._trace % _TRACES + 1
        sale = self._sale
        fields: Fields = {
            2: self._card,
            3: "000000" if sale is None else "200000",
            4: "000000010000",
            11: f"{self._trace:06d}",
            14: "3012",
            22: "012",
            25: "00",
        }
        if sale is not None:
            fields[37], fields[38] = sale[37], sale[38]
        fields |= self._ids
        fields[49] = "156"
        function = "22" if sale is None else "23"
        fields[60] = f"{function}{self._batch}000"
        if sale is not None:
            fields[61] = f"{self._batch}{sale[11]}"
        assert self._key is not None, "a terminal that signed in"
        body = _CODEC.encode_unsigned("0200", fields)
        self._began = perf_counter()
        self._send(body + mac(MacAlgorithm.UNIONPAY_ECB, self._key, body))

    def _send(self, body: bytes) -> None:
        self._transport.write(TPDU_2.pack(body, _HEAD))

    def close(self) -> None:
        """Hang up."""
        self._transport.close()


async def drive(
    port: int,
    credentials: Sequence[tuple[str, str, str]],
    seconds: float,
    warm_s: float = 2.0,
    edge: Callable[[], None] = lambda: None,
    context: ssl.SSLContext | Callable[[int], ssl.SSLContext] | None = None,
) -> tuple[Load, float]:
    """Load a host with all terminals at once; gives what came of it and the seconds it took.

    The first `warm_s` seconds are not counted. `edge` is called where the counting begins and
    where it ends. Each terminal ends with a void. With a `context` the lines are TLS and the host
    proves to be 127.0.0.1; it may be given for each index of `credentials`, since a terminal's own
    certificate stands in it.
    """
    load = Load()
    terminals = await _signed_in(port, credentials, load, context)
    for terminal in terminals:
        terminal.go()
    await asyncio.sleep(warm_s)
    load.latencies.clear()
    edge()
    began = perf_counter()
    await asyncio.sleep(seconds)
    took = perf_counter() - began
    edge()
    counted = Load(load.latencies.copy(), load.refused)
    for terminal in terminals:
        terminal.stopping = True
    await _hung_up(terminals)
    return counted, took


async def offer(
    port: int,
    credentials: Sequence[tuple[str, str, str]],
    steps: Sequence[Step],
    edge: Callable[[int], None],
    random: Random,
) -> list[Load]:
    """Let messages come by chance (Poisson), step after step; gives what came of each.

    Who comes while all terminals are busy waits for one, and that counts. `edge` is called with
    the place of the step that begins, and once more at the end.
    """
    load, found = Load(), list[Load]()
    terminals = await _signed_in(port, credentials, load, None)
    crowd = _Crowd(terminals, random)
    for place, step in enumerate(steps):
        edge(place)
        load.latencies.clear()
        await crowd.come(step)
        found.append(Load(load.latencies.copy(), load.refused))
    edge(len(steps))
    for terminal in terminals:
        terminal.stopping = True
        if terminal in crowd.idle and terminal.owes:
            terminal.go()
        elif terminal in crowd.idle:
            terminal.ended.set_result(None)
    await _hung_up(terminals)
    return found


class _Crowd:
    """Who comes by chance, and the terminals that wait for them."""

    def __init__(self, terminals: Sequence[_Terminal], random: Random) -> None:
        self.idle = deque(terminals)
        self._all = len(terminals)
        self._waiting: deque[float] = deque()
        self._random = random
        for terminal in terminals:
            terminal.on_idle = self._free

    async def come(self, step: Step) -> None:
        """Let them come; then wait until each has an answer."""
        due = perf_counter()
        ends = due + step.seconds
        while (due := due + self._random.expovariate(step.rate / step.together)) < ends:
            wait = due - perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            for _ in range(step.together):
                if self.idle:
                    self.idle.popleft().go(due)
                else:
                    self._waiting.append(due)
        count = len(self.idle)
        while self._waiting or count < self._all:
            await asyncio.sleep(_LOOK_S)
            count = len(self.idle)

    def _free(self, terminal: _Terminal) -> None:
        if self._waiting:
            terminal.go(self._waiting.popleft())
        else:
            self.idle.append(terminal)


async def _signed_in(
    port: int,
    credentials: Sequence[tuple[str, str, str]],
    load: Load,
    context: ssl.SSLContext | Callable[[int], ssl.SSLContext] | None,
) -> list[_Terminal]:
    loop = asyncio.get_running_loop()
    terminals: list[_Terminal] = []
    for index, one in enumerate(credentials):
        terminal = _Terminal(one, f"62000{1 + index % 2}{index:09d}0", load)
        tls = context(index) if callable(context) else context
        await loop.create_connection(lambda made=terminal: made, "127.0.0.1", port, ssl=tls)
        terminals.append(terminal)
    await asyncio.gather(*(terminal.signed_in for terminal in terminals))
    return terminals


async def _hung_up(terminals: Sequence[_Terminal]) -> None:
    """Wait until each has ended, and hang up."""
    await asyncio.gather(*(terminal.ended for terminal in terminals))
    for terminal in terminals:
        terminal.close()
