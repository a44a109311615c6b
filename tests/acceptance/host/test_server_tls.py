"""The terminals' TLS port: openssl, Python, and those who mean no good.

Sites are in a process of their own, under uvloop as a host is; the peers are here.
"""

import asyncio
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from annul.security.certificates import Authority, Pair, authority
from annul.security.tls import Clients, ClientTls, ServerTls
from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS
from annul.wire.framing import TPDU_2, Framer
from tests.support.apart import Apart, started
from tests.support.site import open_site
from tests.support.soft import cashier
from tests.support.wire import Credentials

_ROOT: Final = Path(__file__).parents[3]
_HOST: Final = "127.0.0.1"
_CODEC: Final = Codec(DIALECTS["unionpay_pos"])
_HEAD: Final = bytes.fromhex("6000030000603100311000")
_WITHIN_S: Final = 20.0  # longer fails a test
_EACH: Final = 20  # connections of an address, where a crowd comes
_CROWD: Final = 200
_BELOW: Final = "58"  # a line of less than the terminal's profile


@dataclass(frozen=True, slots=True)
class Ground:
    """A port for terminals with TLS. `known` is registered with `pair`; `plain` with none."""

    own: Authority
    port: int
    known: Credentials
    plain: Credentials

    @property
    def pair(self) -> Pair:
        return self.own.client(self.known[1], self.known[0], datetime.now(UTC))

    @property
    def tls(self) -> ClientTls:
        """How the soft terminal `known` speaks."""
        return ClientTls(
            self.own.pair.certificate, certificate=self.pair.certificate, key=self.pair.key
        )

    def context(self, pair: Pair | None = None) -> ssl.SSLContext:
        """Trust the host, and show a certificate if there is one."""
        context = ssl.create_default_context(cafile=str(self.own.pair.certificate))
        if pair is not None:
            context.load_cert_chain(pair.certificate, pair.key)
        return context

    def echoes(
        self, context: ssl.SSLContext, session: ssl.SSLSession | None = None
    ) -> tuple[str, bool | None, ssl.SSLSession | None]:
        """Ask `known`'s echo test on a new line; give code, whether it was resumed, the session."""
        with closing(Line(self.port, context, session)) as line:
            code = line.echo(self.known)
            return code, line.socket.session_reused, line.socket.session


class Line:
    """A line with blocking sockets, which owe nothing to the host's loop."""

    def __init__(
        self, port: int, context: ssl.SSLContext, session: ssl.SSLSession | None = None
    ) -> None:
        plain = socket.create_connection((_HOST, port), timeout=_WITHIN_S)
        try:
            self.socket = context.wrap_socket(plain, server_hostname=_HOST, session=session)
        except OSError:
            plain.close()
            raise

    def echo(self, who: Credentials) -> str:
        """Ask and give the response code; raises `OSError` when the host hangs up."""
        self.socket.sendall(_echo(who))
        framer = Framer(TPDU_2)
        while data := self.socket.recv(65_536):
            for frame in framer.feed(data):
                return str(_CODEC.decode(frame.body)[39])
        message = "the host hung up"
        raise ConnectionResetError(message)

    def close(self) -> None:
        self.socket.close()


def _echo(who: Credentials) -> bytes:
    fields: dict[int, str | bytes] = {11: "000001", 41: who[1], 42: who[0], 60: "00000001301"}
    return TPDU_2.pack(_CODEC.encode("0820", fields), _HEAD)


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    """Give the process in which sites of this file serve, one after the other."""
    with started() as process:
        yield process


Open = Callable[..., AbstractAsyncContextManager[Ground]]


@pytest.fixture
def opened(apart: Apart, database: str, tmp_path: Path) -> Open:
    """Give what opens a site; `trusted.pem` is whose terminals it trusts."""

    @asynccontextmanager
    async def opens(
        clients: Clients = Clients.WANTED,
        minimum: str = "1.2",
        handshake_s: float = 10.0,
        **settings: Any,
    ) -> AsyncIterator[Ground]:
        own = authority(tmp_path / "tls", "test", datetime.now(UTC))
        shutil.copy(own.pair.certificate, tmp_path / "tls" / "trusted.pem")
        async with apart.serving(
            database=database,
            folder=str(tmp_path),
            clients=str(clients),
            minimum=minimum,
            handshake_s=handshake_s,
            settings=settings,
        ) as (port, (known, plain)):
            yield Ground(own, port, known, plain)

    return opens


# openssl -------------------------------------------------------------------------------------


async def _openssl(ground: Ground, *more: str) -> tuple[int, str]:
    """Shake hands and leave; give the exit status and what it says."""
    program = shutil.which("openssl")
    assert program, "openssl is there"
    process = await asyncio.create_subprocess_exec(
        program,
        "s_client",
        "-connect",
        f"{_HOST}:{ground.port}",
        "-brief",
        "-CAfile",
        str(ground.own.pair.certificate),
        "-verify_return_error",
        "-verify_ip",
        _HOST,
        *more,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), _WITHIN_S)
    assert process.returncode is not None
    return process.returncode, said.decode()


async def _openssl_echo(ground: Ground, pair: Pair | None) -> bytes:
    """Let openssl carry an echo test of `known`; give the answer's body, empty when hung up."""
    program = shutil.which("openssl")
    assert program, "openssl is there"
    shown = ["-cert", str(pair.certificate), "-key", str(pair.key)] if pair else []
    process = await asyncio.create_subprocess_exec(
        program,
        "s_client",
        "-connect",
        f"{_HOST}:{ground.port}",
        "-quiet",
        "-no_ign_eof",
        "-CAfile",
        str(ground.own.pair.certificate),
        "-verify_return_error",
        *shown,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(_echo(ground.known))
        framer, frames = Framer(TPDU_2), []
        async with asyncio.timeout(_WITHIN_S):
            while not frames and (data := await process.stdout.read(65_536)):
                frames += framer.feed(data)
    finally:
        process.stdin.close()
        if process.returncode is None:
            process.kill()
        await process.wait()
    return frames[0].body if frames else b""


# Lets openssl speak what is old. Where it would not, it says so, and that the host has hung up when
# it was the host that would not: neither loop sends the alert that openssl has made for it.
_WILLING: Final = ("-cipher", "ALL:@SECLEVEL=0")
_REFUSES: Final = ("alert protocol version", "unexpected eof while reading")


async def _refused(ground: Ground, *old: str) -> None:
    status, said = await _openssl(ground, *old, *_WILLING)
    assert status == 1, said
    assert "CONNECTION ESTABLISHED" not in said
    assert any(words in said for words in _REFUSES), said


async def test_openssl_sees_tls_1_3_and_no_older_one_where_that_is_the_least(opened: Open) -> None:
    async with opened(minimum="1.3") as ground:
        status, said = await _openssl(ground)
        assert status == 0, said
        assert "Protocol version: TLSv1.3" in said
        assert "Verification: OK" in said
        for old in ("-tls1_2", "-tls1_1", "-tls1"):
            await _refused(ground, old)


async def test_openssl_sees_tls_1_2_and_no_older_one_by_default(opened: Open) -> None:
    async with opened() as ground:
        status, said = await _openssl(ground)
        assert (status, "Protocol version: TLSv1.3" in said) == (0, True), said
        status, said = await _openssl(ground, "-tls1_2")
        assert (status, "Protocol version: TLSv1.2" in said) == (0, True), said
        for old in ("-tls1_1", "-tls1"):
            await _refused(ground, old)


async def test_openssl_is_served_with_a_certificate_where_one_is_required(opened: Open) -> None:
    async with opened(Clients.REQUIRED) as ground:
        answer = _CODEC.decode(await _openssl_echo(ground, ground.pair))
        assert answer[39] == "00"
        assert await _openssl_echo(ground, None) == b""
        other = ground.own.client(ground.plain[1], ground.plain[0], datetime.now(UTC))
        answer = _CODEC.decode(await _openssl_echo(ground, other))
        assert answer[39] == _BELOW  # a terminal, but not this one


@pytest.mark.parametrize("maximum", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_without_a_certificate_there_is_no_service_where_one_is_required(
    opened: Open, maximum: ssl.TLSVersion, tmp_path: Path
) -> None:
    foreign = authority(tmp_path / "foreign", "foreign", datetime.now(UTC))
    async with opened(Clients.REQUIRED) as ground:
        stranger = foreign.client(ground.known[1], ground.known[0], datetime.now(UTC))
        for pair in (None, stranger):
            context = ground.context(pair)
            context.maximum_version = maximum
            with pytest.raises(OSError):
                await asyncio.to_thread(ground.echoes, context)
        context = ground.context(ground.pair)
        context.maximum_version = maximum
        assert (await asyncio.to_thread(ground.echoes, context))[0] == "00"


# Crowds --------------------------------------------------------------------------------------


@contextmanager
def _knocking(
    port: int, many: int, said: Sequence[bytes] = (b"",)
) -> Iterator[list[socket.socket]]:
    """Connect so often and say a little of a handshake, or nothing."""
    crowd: list[socket.socket] = []
    try:
        for number in range(many):
            crowd.append(socket.create_connection((_HOST, port), timeout=_WITHIN_S))
            crowd[-1].sendall(said[number % len(said)])
        yield crowd
    finally:
        for one in crowd:
            one.close()


def _is_closed(one: socket.socket) -> bool:
    """Say whether the other side has closed a connection, whatever it said before."""
    one.setblocking(False)
    try:
        while one.recv(65_536):
            pass
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        pass
    return True


async def _closed(crowd: Sequence[socket.socket], at_least: int, within_s: float) -> None:
    """Wait until the host has closed so many."""
    async with asyncio.timeout(within_s):
        while sum(_is_closed(one) for one in crowd) < at_least:
            await asyncio.sleep(0.05)


# The beginning of a ClientHello, a whole record that is none, and nothing at all.
_HALVES: Final = (b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x16")


async def test_handshakes_that_never_end_stop_no_terminal(opened: Open) -> None:
    async with opened(connections_per_address=_EACH, handshake_s=60.0) as ground:
        line = await asyncio.to_thread(Line, ground.port, ground.context(ground.pair))
        with closing(line):
            assert await asyncio.to_thread(line.echo, ground.known) == "00"
            with _knocking(ground.port, _CROWD, _HALVES) as crowd:
                # Those that came first give way long before their time is over.
                await _closed(crowd, _CROWD - _EACH, 10)
                assert await asyncio.to_thread(line.echo, ground.known) == "00"
                with cashier(ground.port, ground.known, tls=ground.tls) as till:
                    assert (await till.take("sale", 1_000)).state == "approved"
                assert await asyncio.to_thread(line.echo, ground.known) == "00"


async def test_handshakes_that_never_end_are_closed_in_time(opened: Open) -> None:
    async with opened(handshake_s=1.0) as ground:
        with _knocking(ground.port, _CROWD, _HALVES) as crowd:
            line = await asyncio.to_thread(Line, ground.port, ground.context(ground.pair))
            with closing(line):
                await _closed(crowd, _CROWD, 10)
                assert await asyncio.to_thread(line.echo, ground.known) == "00"


async def test_the_time_of_a_handshake_is_ten_seconds(opened: Open) -> None:
    async with opened(first_message_s=60) as ground:
        with _knocking(ground.port, _EACH, _HALVES) as crowd:
            began = asyncio.get_running_loop().time()
            await _closed(crowd, _EACH, 14)
            assert asyncio.get_running_loop().time() - began > 8


async def test_the_time_for_a_first_message_ends_a_handshake_too(opened: Open) -> None:
    """And what it ends leaves its place: many times as many as there is room for come and go."""
    async with opened(connections_per_address=_EACH, first_message_s=0.5) as ground:
        for _ in range(3):
            with _knocking(ground.port, _EACH, _HALVES) as crowd:
                await _closed(crowd, _EACH, 5)
        assert (await asyncio.to_thread(ground.echoes, ground.context(ground.pair)))[0] == "00"


async def test_what_was_aborted_in_its_handshake_is_counted_no_more(
    database: str, tmp_path: Path
) -> None:
    own = authority(tmp_path / "tls", "test", datetime.now(UTC))
    server = own.server([_HOST], datetime.now(UTC))
    tls = ServerTls(server.certificate, server.key)
    async with open_site(
        database,
        tmp_path,
        terminals_tls=tls,
        terminals_tls_port=0,
        first_message_s=0.5,
        connections_per_address=_EACH,
    ) as site:
        assert site.running.tls_port is not None
        with _knocking(site.running.tls_port, 3 * _EACH, _HALVES) as crowd:
            await _closed(crowd, 3 * _EACH, 10)
        async with asyncio.timeout(5):
            while site.running.figures()["connections"]:
                await asyncio.sleep(0.02)
        turned_away = site.running.figures()["turned_away"]
        assert turned_away["no_message"] <= 2 * _EACH  # each was told once, not at every look


def _handshakes(context: ssl.SSLContext, crowd: Sequence[socket.socket]) -> list[ssl.SSLSocket]:
    """Shake hands on those that the host has not closed yet."""
    through: list[ssl.SSLSocket] = []
    for one in crowd:
        one.settimeout(_WITHIN_S)
        try:
            through.append(context.wrap_socket(one, server_hostname=_HOST))
        except OSError:
            one.close()
    return through


async def test_a_crowd_that_shakes_hands_and_is_silent_has_no_more_room_than_another(
    opened: Open,
) -> None:
    """All connect before the host has a chance to accept one, so that it meets them at once."""
    async with opened(connections_per_address=_EACH, first_message_s=60) as ground:
        context = ground.context()
        with _knocking(ground.port, 3 * _EACH) as crowd:
            through = await asyncio.to_thread(_handshakes, context, crowd)
            try:
                await _closed(through, len(through) - _EACH, 10)
                assert len(through) >= _EACH // 2
                assert (await asyncio.to_thread(ground.echoes, ground.context(ground.pair)))[
                    0
                ] == "00"
                assert sum(not _is_closed(one) for one in through) <= _EACH
            finally:
                for one in through:
                    one.close()


async def test_garbage_in_place_of_a_handshake_is_hung_up_on(opened: Open) -> None:
    async with opened(handshake_s=60.0) as ground:
        for said in (b"GET / HTTP/1.0\r\n\r\n", bytes(512), _echo(ground.known)):
            with _knocking(ground.port, 5, (said,)) as crowd:
                await _closed(crowd, 5, 5)
        assert (await asyncio.to_thread(ground.echoes, ground.context(ground.pair)))[0] == "00"


# New files while it serves -------------------------------------------------------------------


def _served(ground: Ground) -> bytes | None:
    with closing(Line(ground.port, ground.context())) as line:
        return line.socket.getpeercert(binary_form=True)


async def test_a_certificate_replaced_on_disk_is_served_to_the_next_connection(
    opened: Open,
) -> None:
    async with opened() as ground:
        line = await asyncio.to_thread(Line, ground.port, ground.context(ground.pair))
        with closing(line):
            assert await asyncio.to_thread(line.echo, ground.known) == "00"
            before = line.socket.getpeercert(binary_form=True)
            renewed = ground.own.server([_HOST], datetime.now(UTC), renew=True)
            fresh = ssl.PEM_cert_to_DER_cert(renewed.certificate.read_text())
            assert fresh != before
            async with asyncio.timeout(_WITHIN_S):  # it looks every two seconds
                while (seen := await asyncio.to_thread(_served, ground)) != fresh:
                    assert seen == before
                    await asyncio.sleep(0.1)
            assert await asyncio.to_thread(line.echo, ground.known) == "00"
        assert (await asyncio.to_thread(ground.echoes, ground.context(ground.pair)))[0] == "00"


# Sessions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("maximum", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_resumed_session_keeps_its_identity(opened: Open, maximum: ssl.TLSVersion) -> None:
    async with opened() as ground:
        context = ground.context(ground.pair)
        context.maximum_version = maximum
        code, resumed, session = await asyncio.to_thread(ground.echoes, context)
        assert (code, resumed) == ("00", False)
        for _ in range(3):
            code, resumed, session = await asyncio.to_thread(ground.echoes, context, session)
            assert (code, resumed) == ("00", True)


async def test_a_session_that_began_without_a_certificate_has_no_identity(opened: Open) -> None:
    async with opened() as ground:
        context = ground.context()
        code, _, session = await asyncio.to_thread(ground.echoes, context)
        assert code == _BELOW
        context.load_cert_chain(ground.pair.certificate, ground.pair.key)  # too late for this one
        code, resumed, _ = await asyncio.to_thread(ground.echoes, context, session)
        assert (code, resumed) == (_BELOW, True)


async def test_a_session_can_not_be_resumed_once_its_authority_is_not_trusted_any_more(
    opened: Open, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    after = authority(tmp_path / "after", "after", now)
    async with opened() as ground:
        context = ground.context(ground.pair)
        code, _, session = await asyncio.to_thread(ground.echoes, context)
        assert code == "00"
        newer = ground.context(after.client(ground.known[1], ground.known[0], now))
        with pytest.raises(OSError):
            await asyncio.to_thread(ground.echoes, newer)
        shutil.copy(after.pair.certificate, tmp_path / "tls" / "trusted.pem")
        async with asyncio.timeout(_WITHIN_S):
            while True:
                try:
                    code, *_ = await asyncio.to_thread(ground.echoes, newer)
                except OSError:
                    await asyncio.sleep(0.1)
                else:
                    break
        assert code == _BELOW  # of an authority that is trusted, but not this terminal's
        for given in (session, None):
            with pytest.raises(OSError):
                await asyncio.to_thread(ground.echoes, context, given)
