"""The simulator's control over HTTP, and its faults on a real socket."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from annul.sim.issuer.simulator import Options, Simulator, simulate
from annul.wire.codec import Codec, Message
from annul.wire.dialects import CUPS
from annul.wire.framing import LENGTH_4, Frame, Framer

PAN = "6200010000000007"
_CODEC = Codec(CUPS)
_opened: list[asyncio.StreamWriter] = []


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with simulate(Options(control_port=0)) as opened:
        yield opened


@pytest.fixture(autouse=True)
async def hang_up() -> AsyncIterator[None]:
    """End what a test connected."""
    yield
    while _opened:
        writer = _opened.pop()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


class Acquirer:
    """One connection to the simulator."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer, self._framer = reader, writer, Framer(LENGTH_4)
        self._frames: list[Frame] = []
        self._trace = 0

    def sale(self, amount: int = 1_000) -> str:
        """Send a sale; give its trace."""
        self._trace += 1
        self.send("0200", {
            2: PAN, 3: "000000", 4: f"{amount:012d}", 7: "1123120000", 11: f"{self._trace:06d}",
            12: "120000", 13: "1123", 22: "012", 25: "00", 37: f"30000000{self._trace:04d}",
            41: "10000001", 42: "898000058120000", 49: "156",
        })  # fmt: skip
        return f"{self._trace:06d}"

    def send(self, mti: str, fields: dict[int, str | bytes]) -> None:
        self._writer.write(LENGTH_4.pack(_CODEC.encode(mti, fields)))

    def write(self, raw: bytes) -> None:
        self._writer.write(raw)

    async def answer(self, within_s: float = 5.0) -> Message:
        """Give the next answer; raises `EOFError` when the connection ends."""
        async with asyncio.timeout(within_s):
            return _CODEC.decode(await self.frame())

    async def frame(self) -> bytes:
        while not self._frames:
            data = await self._reader.read(4_096)
            if not data:
                raise EOFError
            self._frames += self._framer.feed(data)
        return self._frames.pop(0).body


async def _connect(simulator: Simulator) -> Acquirer:
    reader, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
    _opened.append(writer)
    return Acquirer(reader, writer)


async def _http(simulator: Simulator, method: str, path: str, body: object = None) -> Any:
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


async def test_books_can_be_read_and_show_no_card(simulator: Simulator) -> None:
    acquirer = await _connect(simulator)
    acquirer.sale()
    assert (await acquirer.answer())[39] == "00"
    assert (await _http(simulator, "GET", "/books"))["net"] == 1_000
    entries = await _http(simulator, "GET", "/books/entries")
    assert entries[0]["card"] == "620001******0007"
    assert PAN not in json.dumps(entries)
    assert (await _http(simulator, "GET", "/health"))["served"] == 1


async def test_faults_are_set_and_cleared(simulator: Simulator) -> None:
    acquirer = await _connect(simulator)
    await _http(simulator, "PUT", "/faults", [{"kind": "code", "code": "05"}])
    acquirer.sale()
    assert (await acquirer.answer())[39] == "05"
    assert len(await _http(simulator, "GET", "/faults")) == 1
    await _http(simulator, "DELETE", "/faults")
    acquirer.sale()
    assert (await acquirer.answer())[39] == "00"


@pytest.mark.parametrize(
    "nonsense", [[{"kind": "nothing"}], [{"kind": "code", "rate": 2}], [{"kind": "code", "x": 1}]]
)
async def test_senseless_faults_are_refused(simulator: Simulator, nonsense: object) -> None:
    assert await _http(simulator, "PUT", "/faults", nonsense) == 422


async def test_rules_windows_and_cards(simulator: Simulator) -> None:
    acquirer = await _connect(simulator)
    assert await _http(simulator, "PUT", "/policy", {"no_such": 1}) == 422
    policy = await _http(simulator, "PUT", "/policy", {"amount_limit": 999})
    assert policy["amount_limit"] == 999
    assert await _http(simulator, "PUT", "/policy", {"amount_limit": "much"}) == 422
    policy = await _http(simulator, "PUT", "/policy", {"codes": {"unsupported": "57"}})
    assert (policy["codes"], policy["amount_limit"]) == ({"unsupported": "57"}, 999)
    acquirer.sale()
    assert (await acquirer.answer())[39] == "61"
    await _http(simulator, "PUT", "/windows?maintenance=true")
    acquirer.sale(10)
    assert (await acquirer.answer())[39] == "91"
    await _http(simulator, "PUT", "/windows")
    card = await _http(simulator, "PUT", "/cards", {"pan": PAN, "balance": 5, "state": "active"})
    assert (card["card"], card["balance"]) == ("620001******0007", 5)
    acquirer.sale(10)
    assert (await acquirer.answer())[39] == "51"
    assert await _http(simulator, "PUT", "/cards", {"pan": PAN, "state": "purple"}) == 422


async def test_lost_answer_moves_money_lost_request_does_not(simulator: Simulator) -> None:
    acquirer = await _connect(simulator)
    for kind, net in (("lost_request", 0), ("lost_answer", 1_000)):
        await _http(simulator, "PUT", "/faults", [{"kind": kind}])
        acquirer.sale()
        with pytest.raises(TimeoutError):
            await acquirer.answer(0.2)
        assert (await _http(simulator, "GET", "/books"))["net"] == net


async def test_duplicate_garbled_and_closed(simulator: Simulator) -> None:
    acquirer = await _connect(simulator)
    await _http(
        simulator,
        "PUT",
        "/faults",
        [{"kind": "duplicate"}, {"kind": "delay", "low_ms": 20, "high_ms": 20}],
    )
    trace = acquirer.sale()
    assert [(await acquirer.answer())[11] for _ in range(2)] == [trace, trace]
    await _http(simulator, "PUT", "/faults", [{"kind": "garbled"}])
    acquirer.sale()
    with pytest.raises(Exception, match="expected"):
        (await acquirer.answer()).check()
    for kind in ("close_before", "close_after"):
        acquirer = await _connect(simulator)
        await _http(simulator, "PUT", "/faults", [{"kind": kind}])
        acquirer.sale()
        with pytest.raises((EOFError, ConnectionError)):
            await acquirer.answer()


async def test_reversal_and_echo(simulator: Simulator) -> None:
    acquirer = await _connect(simulator)
    trace = acquirer.sale()
    await acquirer.answer()
    acquirer.send("0420", {
        2: PAN, 3: "000000", 4: "000000001000", 7: "1123120001", 11: trace, 13: "1123",
        41: "10000001", 42: "898000058120000", 60: "4021",
        90: f"0200{trace}1123120000{'00010000':0>11}{'':0>11}",
    })  # fmt: skip
    assert (await acquirer.answer())[39] == "00"
    assert (await _http(simulator, "GET", "/books"))["net"] == 0
    acquirer.send("0820", {7: "1123120002", 11: "000099", 70: "301"})
    echo = await acquirer.answer()
    assert (echo.mti, echo[39], echo[70]) == ("0830", "00", "301")


async def test_garbage_ends_its_own_connection_only(simulator: Simulator) -> None:
    acquirer, vandal = await _connect(simulator), await _connect(simulator)
    vandal.write(b"no frame at all")
    with pytest.raises((EOFError, ConnectionError)):
        await vandal.answer()
    acquirer.sale()
    assert (await acquirer.answer())[39] == "00"


async def test_books_outlive_the_simulator(tmp_path: Path) -> None:
    file = tmp_path / "books.jsonl"
    for expected in (1_000, 2_000):
        async with simulate(Options(control_port=0, books=file)) as opened:
            acquirer = await _connect(opened)
            acquirer._trace = expected
            acquirer.sale()
            await acquirer.answer()
            assert (await _http(opened, "GET", "/books"))["net"] == expected
