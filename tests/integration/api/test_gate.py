"""A socket lasts as long as the session that opened it; each of its events is asked about anew."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest
from fastapi import FastAPI, Request, WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from annul.api import watched
from annul.api.gate import Gate
from annul.desk.access import Access
from annul.desk.roles import Scope
from annul.serving import serve_http
from tests.support.clock import HeldClock

_PASSWORD = "correct horse battery staple"
_EVENT = '42["event",{}]'
_PING = "3"  # the client's answer to a ping: nobody's act
_RELOAD = '42["try_reconnect"]'


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
async def access(pool: asyncpg.Pool, clock: HeldClock) -> Access:
    made = Access(pool, clock)
    for role in ("operator", "auditor"):
        assert await made.add(role, _PASSWORD, role)
    return made


@pytest.fixture
def elsewhere(pool: asyncpg.Pool, clock: HeldClock) -> Access:
    """Another process of the same desk: what it knows, the first has to be told by the database."""
    return Access(pool, clock)


class Line:
    """A socket that is open, and what its application has read."""

    def __init__(self, socket: ClientConnection, read: list[str]) -> None:
        self._socket = socket
        self.read = read

    async def says(self, text: str) -> bool:
        """Say something; whether it was read."""
        await self._socket.send(text)
        return await self._socket.recv() == text

    async def is_closed(self) -> bool:
        """Wait until the page is told to load itself anew, and the socket closes."""
        try:
            while True:
                assert await self._socket.recv() == _RELOAD
        except ConnectionClosed as closed:
            return closed.rcvd is not None and closed.rcvd.code == 4401


@asynccontextmanager
async def _line(access: Access, role: str, owner: str | None = None) -> AsyncIterator[Line]:
    read: list[str] = []
    application = FastAPI()

    @application.websocket("/line")
    async def line(socket: WebSocket) -> None:
        await socket.accept()
        async for text in socket.iter_text():
            read.append(text)
            await socket.send_text(text)

    application.add_middleware(Gate, access=access, owner_of=lambda _: owner)
    session = await access.open(role)
    cookie = {"cookie": f"annul_session={session.token}"}
    async with (
        serve_http(application, "127.0.0.1", 0) as port,
        connect(f"ws://127.0.0.1:{port}/line", additional_headers=cookie) as socket,
    ):
        yield Line(socket, read)


async def test_an_event_after_its_user_was_stopped_elsewhere_is_not_read(
    access: Access, elsewhere: Access
) -> None:
    async with _line(access, "operator") as line:
        assert await line.says(_EVENT)
        await elsewhere.set_active("operator", active=False)
        assert not await line.says(_EVENT)
        assert await line.is_closed()
    assert line.read == [_EVENT]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE users SET role = 'support' WHERE name = 'operator'",
        "UPDATE users SET one_time = true WHERE name = 'operator'",
        "DELETE FROM sessions WHERE name = 'operator'",
    ],
)
async def test_an_event_with_other_rights_is_not_read(
    access: Access, pool: asyncpg.Pool, change: str
) -> None:
    async with _line(access, "operator") as line:
        assert await line.says(_EVENT)
        await pool.execute(change)
        assert not await line.says(_EVENT)
    assert line.read == [_EVENT]


async def test_who_only_changes_the_language_goes_on(access: Access, elsewhere: Access) -> None:
    async with _line(access, "operator") as line:
        await elsewhere.speak("operator", "zh")
        assert await line.says(_EVENT)


async def test_a_socket_on_which_nothing_comes_is_closed_with_its_session(
    access: Access, elsewhere: Access, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "_LOOK_S", 0.01)
    async with _line(access, "operator") as line:
        assert await line.says(_EVENT)
        await elsewhere.set_active("operator", active=False)
        clock.forward(seconds=6)  # what was looked up before is not taken as it was any more
        assert await line.is_closed()


@pytest.mark.parametrize(("role", "stays"), [("operator", False), ("auditor", True)])
async def test_who_moves_money_is_signed_out_when_idle(
    access: Access, clock: HeldClock, role: str, stays: bool
) -> None:
    async with _line(access, role) as line:
        for _ in range(6):
            clock.forward(minutes=10)
            assert await line.says(_EVENT)
        for _ in range(14):  # a page that keeps itself up to date is nobody's act
            clock.forward(minutes=1)
            assert await line.says(_PING)
        clock.forward(minutes=2)
        assert await line.says(_PING) == stays


async def test_nobody_takes_over_the_page_of_another(access: Access) -> None:
    with pytest.raises(InvalidStatus):
        async with _line(access, "operator", owner="the token of another session"):
            pass


async def test_a_key_that_is_bound_is_unknown_from_another_address(access: Access) -> None:
    """By the browser's address behind a proxy of this machine, as everywhere."""
    _, key = await access.new_key("erp", [Scope.OVERVIEW], "", "boss", addresses=["192.0.2.0/24"])
    application = FastAPI()

    @application.get("/api/v1/who")
    async def who(request: Request) -> str:
        return request.state.visitor.name

    application.add_middleware(Gate, access=access)
    async with (
        serve_http(application, "127.0.0.1", 0) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
    ):
        for address, status in (("192.0.2.9", 200), ("198.51.100.9", 401), ("192.0.2.8", 200)):
            headers = {"authorization": f"Bearer {key}", "x-forwarded-for": address}
            assert (await http.get("/api/v1/who", headers=headers)).status_code == status
        direct = await http.get("/api/v1/who", headers={"authorization": f"Bearer {key}"})
        unknown = await http.get("/api/v1/who", headers={"authorization": "Bearer annul_none"})
        assert (direct.status_code, direct.json()) == (401, unknown.json())
