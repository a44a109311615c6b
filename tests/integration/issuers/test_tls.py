"""Links over TLS: up with a peer that both trust, down with a reason otherwise, never in plain."""

import asyncio
import contextlib
import random
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvloop
from structlog.testing import capture_logs
from structlog.typing import EventDict

from annul.domain.records import Bin, Issuer
from annul.issuers.lines import Issuers
from annul.issuers.link import Link
from annul.security.software import SoftwareModule
from annul.security.tls import Clients, ClientTls, ServerTls, server_context
from annul.sim.issuer.simulator import Options, simulate
from annul.store.clock import SystemClock
from tests.support.certificates import Authority
from tests.support.peer import CODEC, FRAMING, Peer, sale

from .conftest import LIMITS

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    return request.param


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@asynccontextmanager
async def _link(
    port: int, tls: ClientTls | None, host: str = "127.0.0.1", **limits: Any
) -> AsyncIterator[Link]:
    link = Link(
        Issuer("62000000", "测试行", "Test bank", host, port),
        CODEC,
        FRAMING,
        SystemClock(),
        random=random.Random(1).random,
        on_late=lambda _: None,
        tls=tls,
        limits=replace(LIMITS, **limits),
    )
    link.start()
    try:
        yield link
    finally:
        await link.stop()


async def _until(what: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not what():
            await asyncio.sleep(0.005)


async def _up(link: Link) -> None:
    async with asyncio.timeout(10):
        await link.wait_up()


def _failures(logs: list[EventDict]) -> list[EventDict]:
    return [one for one in logs if one["event"] == "link_tls_failed"]


async def _distrusted(link: Link, times: int = 3) -> list[EventDict]:
    """Wait for some tries that fail by TLS; give what they logged: a reason once, no traceback."""
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
    before, answered = link.counts.connect_failures, link.counts.answered
    with capture_logs() as logs:
        await _until(lambda: link.counts.connect_failures >= before + times)
    assert link.trouble == "tls"
    assert not link.up
    assert link.counts.answered == answered
    assert not faults
    said = _failures(logs)
    assert len(said) == len({one["reason"] for one in said})
    return said


# Trusted -------------------------------------------------------------------------------------


def test_a_request_is_answered_over_tls(run: Run, authority: Authority):
    own, key = authority.issue("acquirer")
    port = ServerTls(*authority.issue("issuer"), Clients.REQUIRED, authority.file)

    async def scenario() -> None:
        tls = ClientTls(authority.file, "localhost", own, key)
        async with simulate(Options(tls=port)) as issuer, _link(issuer.port, tls) as link:
            await _up(link)
            answers = await asyncio.gather(*(link.ask(*sale(trace)) for trace in range(1, 50)))
            assert {answer[39] for answer in answers} == {"00"}
            assert link.counts.connect_failures == 0

    run(scenario())


def test_all_that_touches_the_transport_works_over_tls(run: Run, authority: Authority):
    tls = ServerTls(*authority.issue("issuer"))

    async def scenario() -> None:
        trust = ClientTls(authority.file)
        async with Peer(tls=server_context(tls)) as peer, _link(peer.port, trust) as link:
            await _up(link)
            asked = asyncio.ensure_future(link.ask(*sale()))
            link.hold_reading(hold=True)
            peer.answer(await peer.requests.get())
            link.hold_reading(hold=False)
            assert (await asked)[39] == "00"
            peer.drop()
            await _until(lambda: link.counts.connects == 2)
            await _up(link)
            await link.stop()
            assert [(await peer.network.get())[70] for _ in range(3)] == ["001", "001", "002"]

    run(scenario())


def test_a_renewed_certificate_is_used_at_the_next_connect(
    run: Run, authority: Authority, tmp_path: Path
):
    after = Authority(tmp_path, "after")
    own, key = authority.issue("acquirer")
    tls = ClientTls(tmp_path / "trusted.pem", "", own, key)
    tls.ca.write_bytes(authority.file.read_bytes())
    certificate, secret = authority.issue("issuer")

    async def scenario() -> None:
        before = ServerTls(certificate, secret, Clients.REQUIRED, authority.file)
        async with Peer(tls=server_context(before)) as peer, _link(peer.port, tls) as link:
            await _up(link)
            # The issuer moves to another authority for both sides, and so do we, later.
            after.issue("issuer")
            await peer.close()
            peer.tls = server_context(replace(before, client_ca=after.file))
            await peer.open()
            await _distrusted(link)
            after.issue("acquirer")
            tls.ca.write_bytes(after.file.read_bytes())
            await _up(link)
            assert link.counts.connects >= 2

    run(scenario())


# Not trusted ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "wanted", "expired", "why"),
    [
        (("localhost",), "bank.example", False, "Hostname mismatch"),
        (("localhost",), "", False, "IP address mismatch"),
        (("localhost",), "localhost", True, "expired"),
        (("localhost",), "..", False, "'..' is no name"),
    ],
)
def test_a_wrong_certificate_leaves_the_link_down(
    run: Run, authority: Authority, names: tuple[str], wanted: str, expired: bool, why: str
):
    port = ServerTls(*authority.issue("issuer", names, expired=expired))

    async def scenario() -> None:
        async with simulate(Options(tls=port)) as issuer:
            tls = ClientTls(authority.file, wanted)
            async with _link(issuer.port, tls, connect_s=0.5) as link:
                (said,) = await _distrusted(link)
                assert why in said["reason"]
                assert issuer.server.served == 0

    run(scenario())


def test_another_authority_leaves_the_link_down(run: Run, authority: Authority, tmp_path: Path):
    other = Authority(tmp_path, "other")

    async def scenario() -> None:
        port = ServerTls(*authority.issue("issuer"))
        trust = ClientTls(other.file)
        async with simulate(Options(tls=port)) as issuer, _link(issuer.port, trust) as link:
            (said,) = await _distrusted(link)
            assert "CERTIFICATE_VERIFY_FAILED" in said["reason"]
            # What goes on as it was is not said again.
            assert await _distrusted(link) == []

    run(scenario())


@pytest.mark.parametrize("most", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("own", ["none", "wrong"])
def test_a_missing_or_wrong_client_certificate_leaves_the_link_down(
    run: Run, authority: Authority, tmp_path: Path, most: ssl.TLSVersion, own: str
):
    other = Authority(tmp_path, "other")
    theirs = other.issue("theirs") if own == "wrong" else (None, None)
    port = ServerTls(*authority.issue("issuer"), Clients.REQUIRED, authority.file)
    context = server_context(port)
    context.maximum_version = most  # 1.3: the client learns it only after its handshake

    async def scenario() -> None:
        async with Peer(tls=context) as peer:
            tls = ClientTls(authority.file, "", *theirs)
            async with _link(peer.port, tls) as link:
                assert await _distrusted(link)
                assert peer.network.empty()

    run(scenario())


def test_the_reason_that_an_issuer_gives_is_told(run: Run, authority: Authority):
    """asyncio's server says no word when it turns a client away; others do, as this one."""
    port = ServerTls(*authority.issue("issuer"), Clients.REQUIRED, authority.file)

    def serve(listening: socket.socket) -> None:
        context = server_context(port)
        with contextlib.suppress(OSError):  # when it is shut down
            while True:
                connection, _ = listening.accept()
                with connection, contextlib.suppress(OSError):
                    context.wrap_socket(connection, server_side=True).close()

    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            serving = asyncio.create_task(asyncio.to_thread(serve, listening))
            try:
                trust = ClientTls(authority.file)
                async with _link(listening.getsockname()[1], trust) as link:
                    async with asyncio.timeout(30):
                        # A reset may overtake what was said, so not at each try.
                        while not any(
                            "certificate required" in one["reason"]
                            for one in await _distrusted(link)
                        ):
                            pass
            finally:
                listening.shutdown(socket.SHUT_RDWR)
                await serving

    run(scenario())


def test_a_peer_without_tls_is_never_asked_in_plain(run: Run, authority: Authority):
    async def scenario() -> None:
        async with Peer() as peer, _link(peer.port, ClientTls(authority.file)) as link:
            await _distrusted(link)
            assert peer.network.empty()
            assert peer.requests.empty()

    run(scenario())


def test_a_handshake_has_an_end(run: Run, authority: Authority):
    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            async with _link(port, ClientTls(authority.file), connect_s=0.05) as link:
                (said,) = await _distrusted(link)
                assert said["reason"] == "no end of the handshake within 0.05 s"

    run(scenario())


def test_a_missing_file_is_named_and_nobody_is_called(run: Run, tmp_path: Path):
    async def scenario() -> None:
        async with Peer() as peer, _link(peer.port, ClientTls(tmp_path / "no.pem")) as link:
            (said,) = await _distrusted(link)
            assert "no.pem" in said["reason"]
            assert peer.connections == 0

    run(scenario())


def test_refused_is_not_tls(run: Run, authority: Authority):
    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        async with _link(port, ClientTls(authority.file)) as link:
            await _until(lambda: link.counts.connect_failures >= 2)
            assert link.trouble == "refused"

    run(scenario())


def test_a_host_that_is_none_is_unreachable(run: Run):
    async def scenario() -> None:
        async with _link(1, None, host="a..b") as link:
            await _until(lambda: link.counts.connect_failures >= 2)
            assert link.trouble == "unreachable"

    run(scenario())


# At the desk ---------------------------------------------------------------------------------


async def test_each_issuer_speaks_as_it_is_set(authority: Authority):
    tls = ServerTls(*authority.issue("issuer"))
    ids = ("62000000", "62000001", "62000002")
    async with simulate(Options(tls=tls)) as secure, simulate(Options()) as plain:
        ports = (secure.port, plain.port, plain.port)
        rows = [
            Issuer(key, "测试行", "Test bank", "127.0.0.1", port)
            for key, port in zip(ids, ports, strict=True)
        ]
        with capture_logs() as logs:
            issuers = Issuers(
                rows,
                [Bin("620000", ids[0], None, "debit")],
                SystemClock(),
                SoftwareModule(bytes(range(32))),
                random=random.Random(1).random,
                limits=LIMITS,
                tls={key: ClientTls(authority.file) for key in (ids[0], ids[2], "99999999")},
            )
        assert [one["issuer"] for one in logs if one["event"] == "tls_for_no_issuer"] == [
            "99999999"
        ]

        async def late(*_: object) -> None:
            pytest.fail("nothing is late")

        issuers.start(late)
        try:
            await _until(lambda: issuers.up() == list(ids[:2]))
            route = issuers.route("6200000000000005")
            assert route is not None
            assert (await issuers.ask(route, *sale())).response_code == "00"
            third = issuers.route_to(ids[2])
            await _until(lambda: issuers.trouble(third) == "link_tls")
            codecs = {id(line.link._speech._codec) for line in issuers.lines.values()}
            assert len(codecs) == len(ids)  # what one issuer sends crowds out no other's shapes
        finally:
            await issuers.stop()


async def test_the_simulator_speaks_tls_when_it_is_told_to(authority: Authority):
    certificate, key = authority.issue("issuer")
    own, secret = authority.issue("acquirer")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from annul.cli.sim import application; application()",
        "issuer",
        "--port",
        "0",
        "--control-port",
        "0",
        "--tls-certificate",
        str(certificate),
        "--tls-key",
        str(key),
        "--tls-client-ca",
        str(authority.file),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        said = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        port = int(said.rpartition(":")[2])
        async with _link(port, ClientTls(authority.file, "", own, secret)) as link:
            await _up(link)
        async with _link(port, ClientTls(authority.file)) as link:
            await _distrusted(link)
    finally:
        process.kill()
        await process.communicate()
