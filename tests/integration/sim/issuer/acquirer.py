"""An acquirer for these tests: one connection to the simulator, and its control over HTTP."""

import asyncio
import json
import urllib.error
import urllib.request
from contextlib import suppress
from typing import Any

from annul.sim.issuer.simulator import Simulator
from annul.wire.codec import Codec, Message
from annul.wire.dialects import CUPS
from annul.wire.framing import LENGTH_4, Frame, Framer

PAN = "6200010000000007"
ACQUIRER = "48020000"
CODEC = Codec(CUPS)
Fields = dict[int, str | bytes]

# MTI, processing code and condition of what is asked.
_KINDS = {
    "sale": ("0200", "000000", "00"),
    "void": ("0200", "200000", "00"),
    "refund": ("0220", "200000", "00"),
    "preauth": ("0100", "030000", "06"),
    "completion_advice": ("0220", "000000", "06"),
    "balance": ("0200", "300000", "00"),
}
_opened: list[asyncio.StreamWriter] = []


class Acquirer:
    """One connection to the simulator."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer, self._framer = reader, writer, Framer(LENGTH_4)
        self._frames: list[Frame] = []
        self.trace = 0

    def sale(self, amount: int = 1_000) -> str:
        """Send a sale; give its trace."""
        return str(self.ask("sale", amount)[11])

    def ask(self, kind: str, amount: int = 1_000, original: Fields | None = None) -> Fields:
        """Send a request; give its fields."""
        self.trace += 1
        mti, processing, condition = _KINDS[kind]
        fields: Fields = {
            2: PAN,
            3: processing,
            4: f"{amount:012d}",
            7: "1123120000",
            11: f"{self.trace:06d}",
            12: "120000",
            13: "1123",
            22: "012",
            25: condition,
            32: ACQUIRER,
            33: ACQUIRER,
            37: f"30000000{self.trace:04d}",
            41: "10000001",
            42: "898000058120000",
            49: "156",
        }
        if original is not None:
            fields[90] = _named(original)
        self.send(mti, fields)
        return fields

    def again(self, fields: Fields, mti: str = "0200") -> None:
        """Send a request once more."""
        self.send(mti, fields)

    def reverse(self, fields: Fields) -> None:
        """Send the reversal of a request."""
        self.send("0420", fields | {60: "4354", 90: _named(fields)})

    def send(self, mti: str, fields: Fields) -> None:
        self._writer.write(LENGTH_4.pack(CODEC.encode(mti, fields)))

    def write(self, raw: bytes) -> None:
        self._writer.write(raw)

    async def answer(self, within_s: float = 5.0) -> Message:
        """Give the next answer; raises `EOFError` when the connection ends."""
        async with asyncio.timeout(within_s):
            return CODEC.decode(await self.frame())

    async def code(self) -> str:
        """Give the code of the next answer."""
        return str((await self.answer())[39])

    async def frame(self) -> bytes:
        while not self._frames:
            data = await self._reader.read(4_096)
            if not data:
                raise EOFError
            self._frames += self._framer.feed(data)
        return self._frames.pop(0).body

    async def silent(self) -> bool:
        """Say whether nothing has come before the answer to an echo that is sent now."""
        self.send("0820", {7: "1123120002", 11: "000099", 70: "301"})
        return (await self.answer()).mti == "0830"

    def hang_up(self) -> None:
        """Close the connection."""
        self._writer.close()


def _named(fields: Fields) -> str:
    """Give field 90 of a request."""
    acquirer, forwarder = str(fields.get(32, "")), str(fields.get(33, ""))
    return f"0200{fields[11]}{fields[7]}{acquirer:0>11}{forwarder:0>11}"


async def connect(simulator: Simulator) -> Acquirer:
    """Connect; `hang_up_all` ends it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
    _opened.append(writer)
    return Acquirer(reader, writer)


async def hang_up_all() -> None:
    """End what was connected."""
    while _opened:
        writer = _opened.pop()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def control(simulator: Simulator, method: str, path: str, body: object = None) -> Any:
    """Call the simulator's control: its answer, or the status when it refuses."""

    def call() -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{simulator.control_port}{path}",
            None if body is None else json.dumps(body).encode(),
            {"content-type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                raw = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        return json.loads(raw) if raw else None

    return await asyncio.to_thread(call)
