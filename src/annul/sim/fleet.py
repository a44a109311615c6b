"""Many light terminals for load: sale and void in turn, one request at a time each.

They keep no journal and send no reversals: with a host and an issuer that answer, none is owed.
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final

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

Fields = dict[int, str | bytes]


@dataclass(slots=True)
class Load:
    """What a load came to; latencies in seconds, one for each answer."""

    latencies: list[float] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)


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

    def go(self) -> None:
        """Begin with the first sale."""
        self._next()

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
    loop = asyncio.get_running_loop()
    load = Load()
    terminals: list[_Terminal] = []
    for index, one in enumerate(credentials):
        terminal = _Terminal(one, f"62000{1 + index % 2}{index:09d}0", load)
        tls = context(index) if callable(context) else context
        await loop.create_connection(lambda made=terminal: made, "127.0.0.1", port, ssl=tls)
        terminals.append(terminal)
    await asyncio.gather(*(terminal.signed_in for terminal in terminals))
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
    await asyncio.gather(*(terminal.ended for terminal in terminals))
    for terminal in terminals:
        terminal.close()
    return counted, took
