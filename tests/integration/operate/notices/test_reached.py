"""Whether a message may have arrived, over real sockets that refuse, cut and hold back."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from annul.domain.notices import Written
from annul.operate.notices.robots import DingTalkRobot
from annul.operate.notices.sending import Phase, Sender, SendPace
from tests.support.certificates import Authority
from tests.support.clock import HeldClock
from tests.support.notices import Robot, Watch
from tests.support.processes import free_port

_MESSAGE = Written("title", "body")
_Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def _listening(talk: _Talk, secured: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Listen, and close each connection once it was talked over."""

    async def talked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(talked, "127.0.0.1", ssl=secured)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _phase(address: str, each_s: float = 5.0) -> Phase:
    sender = Sender(SendPace(within_s=5.0, each_s=each_s))
    try:
        return (await sender.send(address, _MESSAGE)).phase
    finally:
        sender.close()


def _mail(port: int, host: str = "127.0.0.1") -> str:
    return f"mailto://{host}:{port}/?from=annul@bank.cn&to=duty@bank.cn"


async def _request(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def _nothing(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    pass


async def _until(last: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speak as a mail server up to the command that begins so, and hang up."""
    writer.write(b"220 here\r\n")
    mail = False
    while (line := (await reader.readline()).lower()) and not line.startswith(last):
        if not mail:
            mail = line == b"data\r\n"
            writer.write(b"354 go on\r\n" if mail else b"250 ok\r\n")


@pytest.mark.parametrize("scheme", ["json", "jsons", "ntfy"])
async def test_where_nobody_listens_nothing_arrived(scheme: str):
    sender, address = Sender(), f"{scheme}://127.0.0.1:{free_port()}/topic"
    outcome = await sender.send(address, _MESSAGE)
    sender.close()
    assert outcome.phase is Phase.UNREACHED
    assert outcome.error == "[Errno 111] Connection refused", "and nothing of what wraps it"


@pytest.mark.parametrize("address", ["json://nobody.invalid/path", _mail(25, "nobody.invalid")])
async def test_under_a_name_that_nobody_has_nothing_arrived(address: str):
    assert await _phase(address) is Phase.UNREACHED


async def test_a_robot_that_is_not_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(DingTalkRobot, "notify_url", f"http://127.0.0.1:{free_port()}/{{token}}")
    assert await _phase("dingtalk://5ec2e7@70c3a9/") is Phase.UNREACHED


async def test_a_service_whose_certificate_nobody_trusts_is_sent_nothing(tmp_path: Path):
    certificate, key = Authority(tmp_path).issue("127.0.0.1")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    async with _listening(_request, context) as port:
        assert await _phase(f"jsons://127.0.0.1:{port}/tell") is Phase.UNREACHED


async def test_what_is_cut_once_the_request_was_read_may_have_arrived():
    async with _listening(_request) as port:
        assert await _phase(f"json://127.0.0.1:{port}/tell") is Phase.UNANSWERED


async def test_what_gets_no_answer_may_have_arrived():
    robot = Robot(held=asyncio.Event())
    async with robot.listening():
        assert await _phase(robot.program(), each_s=0.3) is Phase.UNANSWERED
        assert robot.held is not None
        robot.held.set()


async def test_a_mail_server_that_is_not_there_or_hangs_up_before_the_mail():
    assert await _phase(_mail(free_port())) is Phase.UNREACHED
    async with _listening(_nothing) as port:
        assert await _phase(_mail(port)) is Phase.UNREACHED
    for last in (b"mail", b"rcpt"):
        async with _listening(lambda *both, last=last: _until(last, *both)) as port:
            assert await _phase(_mail(port)) is Phase.UNREACHED, last


async def test_a_mail_server_that_never_greets_has_taken_nothing():
    held = asyncio.Event()

    async def silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await held.wait()

    async with _listening(silent) as port:
        assert await _phase(_mail(port), each_s=0.3) is Phase.UNREACHED
        held.set()


async def test_a_mail_that_is_cut_at_its_end_may_have_arrived():
    async with _listening(lambda *both: _until(b".\r\n", *both)) as port:
        assert await _phase(_mail(port)) is Phase.UNANSWERED


async def test_that_the_first_may_have_arrived_is_said_though_the_second_reached_nobody(
    pool: asyncpg.Pool,
):
    clock = HeldClock()
    watch = Watch(pool, clock)
    robot = Robot()
    async with _listening(_request) as port:
        await watch.add(f"json://127.0.0.1:{port}/tell")
        await watch.outages()
        watch.start()
        await watch.logged(1, "unanswered")
        robot.port = port
    clock.forward(seconds=10)
    await watch.logged(1, "unreached")
    async with robot.listening():
        clock.forward(seconds=20)
        await watch.drained()
    await watch.close()
    assert [row["phase"] for row in await watch.log()][1::2] == ["unanswered", "unreached", "told"]
    assert "you may have this already" in robot.texts[0]
