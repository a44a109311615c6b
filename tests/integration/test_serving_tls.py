"""HTTP over TLS: who is let in, and new certificates and CAs while it serves, on both loops."""

import asyncio
import shutil
import socket
import ssl
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from typing import Any

import pytest
import uvloop
from fastapi import FastAPI
from structlog.testing import capture_logs
from structlog.typing import EventDict

from annul.renewal import Renewal
from annul.security.errors import TlsError
from annul.security.tls import Clients, ServerTls
from annul.serving import serve_http
from annul.store.loop import Loops
from tests.support.certificates import Authority

LOOK_S = 0.02
REQUEST = b"GET /here HTTP/1.1\r\nhost: localhost\r\n\r\n"

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    return request.param


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def _application() -> FastAPI:
    app = FastAPI()

    @app.get("/here")
    async def here() -> str:
        return "served"

    return app


def _serve(tls: ServerTls) -> AbstractAsyncContextManager[int]:
    return serve_http(_application(), "127.0.0.1", 0, tls=tls, look_s=LOOK_S)


def _trusting(authority: Authority, own: tuple[Path, Path] | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority.file)
    if own is not None:
        context.load_cert_chain(*own)
    return context


class Client:
    """One connection with blocking sockets, so that it owes nothing to the server's loop."""

    def __init__(self, port: int, context: ssl.SSLContext, session: ssl.SSLSession | None = None):
        plain = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket = context.wrap_socket(plain, server_hostname="localhost", session=session)

    def get(self, request: bytes = REQUEST) -> bytes:
        """Ask and give the answer; raises `OSError` when it is not served."""
        self.socket.sendall(request)
        answer = self.socket.recv(65_536)
        if not answer:
            raise ConnectionResetError
        while b'"' not in answer:
            answer += self.socket.recv(65_536)
        return answer

    def close(self) -> None:
        self.socket.close()


def _get(port: int, context: ssl.SSLContext, session: ssl.SSLSession | None = None) -> bytes:
    with closing(Client(port, context, session)) as client:
        return client.get()


def _resumes(port: int, context: ssl.SSLContext, session: ssl.SSLSession | None) -> bool | None:
    with closing(Client(port, context, session)) as client:
        return client.socket.session_reused


def _served(port: int, context: ssl.SSLContext) -> bytes | None:
    with closing(Client(port, context)) as client:
        return client.socket.getpeercert(binary_form=True)


def _der(certificate: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(certificate.read_text())


async def _logged(logs: list[EventDict], event: str, times: int = 1) -> EventDict:
    """Wait until an event was logged so many times; give the last."""
    async with asyncio.timeout(10):
        while len(found := [one for one in logs if one["event"] == event]) < times:
            await asyncio.sleep(0.005)
    return found[-1]


# Who is let in -------------------------------------------------------------------------------


def test_a_client_certificate_can_be_required(run: Run, authority: Authority, tmp_path: Path):
    stranger = Authority(tmp_path, "stranger")
    mine, theirs = authority.issue("client"), stranger.issue("other")
    gone = authority.issue("expired", expired=True)
    tls = ServerTls(*authority.issue("port"), Clients.REQUIRED, authority.file)

    async def scenario() -> None:
        async with _serve(tls) as port:
            answer = await asyncio.to_thread(_get, port, _trusting(authority, mine))
            assert answer.startswith(b"HTTP/1.1 200")
            for own in (None, theirs, gone):
                with pytest.raises(OSError):
                    await asyncio.to_thread(_get, port, _trusting(authority, own))

    run(scenario())


def test_wanted_lets_in_who_has_none_and_not_who_has_a_wrong_one(
    run: Run, authority: Authority, tmp_path: Path
):
    theirs = Authority(tmp_path, "stranger").issue("other")
    tls = ServerTls(*authority.issue("port"), Clients.WANTED, authority.file)

    async def scenario() -> None:
        async with _serve(tls) as port:
            assert b"200 OK" in await asyncio.to_thread(_get, port, _trusting(authority))
            with pytest.raises(OSError):
                await asyncio.to_thread(_get, port, _trusting(authority, theirs))

    run(scenario())


def test_the_minimum_version_holds(run: Run, authority: Authority):
    old = _trusting(authority)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    tls = ServerTls(*authority.issue("port"), minimum="1.3")

    async def scenario() -> None:
        async with _serve(tls) as port:
            assert b"200 OK" in await asyncio.to_thread(_get, port, _trusting(authority))
            with pytest.raises(ssl.SSLError):
                await asyncio.to_thread(_get, port, old)

    run(scenario())


def test_who_speaks_plainly_is_not_served(run: Run, authority: Authority):
    def plain(port: int) -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(REQUEST)
            return connection.recv(100)

    async def scenario() -> None:
        async with _serve(ServerTls(*authority.issue("port"))) as port:
            try:
                heard = await asyncio.to_thread(plain, port)
            except ConnectionResetError:
                heard = b""
            assert not heard.startswith(b"HTTP")

    run(scenario())


def test_a_port_does_not_open_with_files_that_can_not_be_used(run: Run, authority: Authority):
    certificate, _ = authority.issue("port")
    _, key = authority.issue("other")

    async def scenario() -> None:
        with pytest.raises(TlsError, match=r"port\.pem"):
            async with _serve(ServerTls(certificate, key)):
                pytest.fail("it opened")

    run(scenario())


# New files while it serves -------------------------------------------------------------------


def test_a_new_certificate_is_served_and_no_connection_is_dropped(run: Run, authority: Authority):
    tls = ServerTls(*authority.issue("port"))
    first, context = _der(tls.certificate), _trusting(authority)

    async def scenario() -> None:
        with capture_logs() as logs:
            async with _serve(tls) as port:
                live = await asyncio.to_thread(Client, port, context)
                assert live.socket.getpeercert(binary_form=True) == first
                assert b"200 OK" in await asyncio.to_thread(live.get)
                authority.issue("port")
                await _logged(logs, "tls_reloaded")
                second = await asyncio.to_thread(_served, port, context)
                assert second == _der(tls.certificate) != first
                assert b"200 OK" in await asyncio.to_thread(live.get)
                live.close()

    run(scenario())


def test_a_new_client_ca_is_trusted_and_the_old_one_no_longer(
    run: Run, authority: Authority, tmp_path: Path
):
    before, after = Authority(tmp_path, "before"), Authority(tmp_path, "after")
    trusted = tmp_path / "trusted.pem"
    shutil.copy(before.file, trusted)
    old = _trusting(authority, before.issue("old"))
    new = _trusting(authority, after.issue("new"))
    tls = ServerTls(*authority.issue("port"), Clients.REQUIRED, trusted)

    async def scenario() -> None:
        with capture_logs() as logs:
            async with _serve(tls) as port:
                live = await asyncio.to_thread(Client, port, old)
                assert b"200 OK" in await asyncio.to_thread(live.get)
                session = live.socket.session
                assert await asyncio.to_thread(_resumes, port, old, session)
                with pytest.raises(OSError):
                    await asyncio.to_thread(_get, port, new)
                shutil.copy(after.file, trusted)
                await _logged(logs, "tls_reloaded")
                assert b"200 OK" in await asyncio.to_thread(_get, port, new)
                with pytest.raises(OSError):
                    await asyncio.to_thread(_get, port, old)
                with pytest.raises(OSError):  # nor by a session of better days
                    await asyncio.to_thread(_get, port, old, session)
                assert b"200 OK" in await asyncio.to_thread(live.get)
                live.close()

    run(scenario())


def test_a_broken_file_leaves_all_as_it_was_until_it_is_whole(run: Run, authority: Authority):
    tls = ServerTls(*authority.issue("port"))
    first, context = _der(tls.certificate), _trusting(authority)

    async def scenario() -> None:
        with capture_logs() as logs:
            async with _serve(tls) as port:
                tls.certificate.write_text("half a certif")
                wrong = await _logged(logs, "tls_not_reloaded")
                assert str(tls.certificate) in wrong["error"]
                assert await asyncio.to_thread(_served, port, context) == first
                await asyncio.sleep(5 * LOOK_S)  # the same reason is said once, however often met
                assert [one["event"] for one in logs].count("tls_not_reloaded") == 1
                authority.issue("port")
                await _logged(logs, "tls_reloaded")
                assert await asyncio.to_thread(_served, port, context) == _der(tls.certificate)

    run(scenario())


def test_nobody_who_connects_meanwhile_is_lost(run: Run, authority: Authority):
    tls = ServerTls(*authority.issue("port"))
    context = _trusting(authority)

    async def scenario() -> None:
        with capture_logs() as logs:
            async with _serve(tls) as port:
                asked = [asyncio.create_task(asyncio.to_thread(_get, port, context))]
                for times in range(1, 11):
                    authority.issue("port")
                    asked += [
                        asyncio.create_task(asyncio.to_thread(_get, port, context))
                        for _ in range(5)
                    ]
                    await _logged(logs, "tls_reloaded", times)
                assert all(b"200 OK" in one for one in await asyncio.gather(*asked))

    run(scenario())


def test_renewing_survives_every_error_and_tries_again(run: Run, authority: Authority):
    tls = ServerTls(*authority.issue("port"))
    tried = 0
    used = asyncio.Event()

    async def apply(context: ssl.SSLContext) -> None:
        nonlocal tried
        del context
        tried += 1
        if tried < 5:
            message = "no socket left"
            raise OSError(message)
        used.set()

    async def scenario() -> None:
        with capture_logs() as logs:
            renewal = Renewal(tls, apply)
            loop = Loops().start("tls", renewal.look, every_s=LOOK_S)
            authority.issue("port")
            await asyncio.wait_for(used.wait(), 10)
            await _logged(logs, "tls_reloaded")
            said = [one["error"] for one in logs if one["event"] == "tls_not_reloaded"]
            assert said == ["OSError: no socket left"]
            assert loop.failures == 0
            await loop.stop()

    run(scenario())
