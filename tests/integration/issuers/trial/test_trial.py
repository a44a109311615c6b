"""A trial against peers that refuse, lie, flood or say nothing: bounded, and never with money."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest

from annul.domain.link_profile import LinkProfile
from annul.domain.records import Issuer
from annul.issuers.trial.findings import Report
from annul.issuers.trial.talk import TrialLimits
from annul.issuers.trial.trial import Trial
from annul.store.clock import SystemClock
from annul.wire.dialects import DIALECTS
from tests.support.strange_peer import StrangePeer, strange

_LIMITS: Final = TrialLimits(
    tries=6, answer_s=0.05, rest_s=0.01, pause_s=0.001, listen_s=0.05, within_s=20, connect_s=1
)


async def _tried(port: int, limits: TrialLimits = _LIMITS, **row: Any) -> Report:
    issuer = Issuer("62000000", "测试行", "Test bank", "127.0.0.1", port, **row)
    async with asyncio.timeout(20):
        return await Trial(issuer, DIALECTS, SystemClock(), None, limits).run()


class _Sayer(asyncio.Protocol):
    """Answers bytes with bytes; `drips` makes it go on, one byte after the other."""

    def __init__(self, say: Callable[[bytes], bytes], drips: bool, opened: list[Any]) -> None:
        self._say = say
        self._drips = drips
        self._opened = opened
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._opened.append(transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(self._say(data))
        if self._drips:
            self._drip()

    def _drip(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(b"x")
            asyncio.get_running_loop().call_later(0.002, self._drip)


@asynccontextmanager
async def _saying(say: Callable[[bytes], bytes], *, drips: bool = False) -> AsyncIterator[int]:
    """Serve whoever connects with bytes."""
    opened: list[Any] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Sayer(say, drips, opened), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for transport in opened:
            transport.abort()
        await asyncio.sleep(0)


async def test_nobody_listens() -> None:
    async with strange() as peer:
        port = peer.port
    report = await _tried(port)
    assert report.has("unreachable")
    assert report.settings == {}
    assert not report.works


async def test_a_peer_that_says_nothing_is_not_tried_without_end() -> None:
    async with _saying(lambda _: b"") as port:
        report = await _tried(port)
    assert (report.tries, report.has("silent"), report.settings) == (6, True, {})


@pytest.mark.parametrize(
    "rubbish",
    [b"\0" * 9_000, b"HTTP/1.1 400 Bad Request\r\n\r\n", b"0810", b"\xff", b"00040810" * 50],
)
async def test_rubbish_proposes_nothing(rubbish: bytes) -> None:
    async with _saying(lambda _: rubbish) as port:
        report = await _tried(port)
    assert report.settings == {}
    assert report.has("senseless")


async def test_what_comes_back_as_it_was_sent_is_no_answer() -> None:
    async with _saying(lambda data: data) as port:
        report = await _tried(port)
    assert report.has("mirrors")
    assert not report.has("echo")
    assert report.settings == {}


async def test_a_flood_is_bounded() -> None:
    async with _saying(lambda _: b"x" * 1_000_000) as port:
        report = await _tried(port)
    assert not report.works


async def test_drops_without_end_are_bounded() -> None:
    async with _saying(lambda _: b"0", drips=True) as port:
        report = await _tried(port)
    assert report.has("senseless")


async def test_it_speaks_tls() -> None:
    async with _saying(lambda _: bytes.fromhex("15030100020232")) as port:
        report = await _tried(port)
    assert report.has("speaks_tls")
    assert report.tries == 1


@pytest.mark.parametrize("code", ["05", "91", "12"])
async def test_a_refusal_is_never_taken_for_a_success(code: str) -> None:
    async with strange(refuses=code) as peer:
        report = await _tried(peer.port)
    assert report.has("sign_on_refused")
    assert report.settings == {}


async def test_it_asks_by_itself_and_is_answered() -> None:
    async with strange(echoes=True) as peer:
        report = await _tried(peer.port)
        assert report.has("asks")
        assert {one.mti for one in peer.seen} >= {"0810", "0800", "0820"}
    assert report.works


async def test_no_sign_on_but_echoes() -> None:
    class NoSignOn(StrangePeer):
        def answers(self, request: Any) -> Any:
            return None if request.get(70) == "001" else super().answers(request)

    peer = NoSignOn()
    await peer.open()
    report = await _tried(peer.port)
    await peer.close()
    assert report.has("silent")  # the search asks for a sign-on


async def test_a_part_that_is_set_and_not_there_is_taken_back() -> None:
    async with strange() as peer:
        profile = LinkProfile(framing={"trailer": "03"})
        report = await _tried(peer.port, profile=profile)
    assert report.unset == ["framing.trailer"]
    assert "--unset framing.trailer" in report.command("62000000")


async def test_no_message_of_a_trial_names_money() -> None:
    async with strange(own_time=True) as peer:
        await _tried(peer.port)
        assert {one.mti[1] for one in peer.seen} == {"8"}
        assert all(not {2, 4, 35} & set(one.numbers) for one in peer.seen)
