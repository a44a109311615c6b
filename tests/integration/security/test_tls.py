"""Real handshakes on the loopback: who is let in, who is refused, and who a client is."""

import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from annul.security.certificates import Authority, Pair, authority
from annul.security.tls import (
    Clients,
    ClientTls,
    ServerTls,
    client_context,
    identity_in,
    identity_of,
    server_context,
)

_HOST: Final = "127.0.0.1"
_MERCHANT: Final = "898000058120000"
_OLDER: Final = ssl.TLSVersion.TLSv1_2


class Ground:
    """An authority, a server of its own, a client of its own, and the same of a stranger."""

    def __init__(self, folder: Path) -> None:
        self.now = datetime.now(UTC)
        self.ours = authority(folder / "ours", "ours", self.now)
        self.theirs = authority(folder / "theirs", "theirs", self.now)
        self.port = self.server(self.ours)
        self.link = ClientTls(self.ours.pair.certificate)

    def server(self, by: Authority, **changes: Any) -> ServerTls:
        pair = by.server([_HOST, "pos.example"], self.now)
        return ServerTls(pair.certificate, pair.key, **changes)

    def client(self, by: Authority) -> Pair:
        return by.client("10000001", _MERCHANT, self.now)

    def asking(self, clients: Clients) -> ServerTls:
        return replace(self.port, clients=clients, client_ca=self.ours.pair.certificate)

    def showing(self, pair: Pair, **changes: Any) -> ClientTls:
        return replace(self.link, certificate=pair.certificate, key=pair.key, **changes)


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


def shake(
    port: ServerTls, link: ClientTls, maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> tuple[str | None, bytes | None]:
    """Say a byte each way; give the version and the certificate (DER) that the server saw.

    Raises what the one who refused says; `maximum` makes a client of an older kind. Sockets that
    block, because those of asyncio drop the server's reason.
    """
    shown, trusted = server_context(port), client_context(link)
    trusted.maximum_version = maximum
    with socket.create_server((_HOST, 0)) as listener, ThreadPoolExecutor(1) as others:
        listener.settimeout(10)
        served = others.submit(_serve, listener, shown)
        try:
            with (
                socket.create_connection(listener.getsockname(), 10) as plain,
                trusted.wrap_socket(plain, server_hostname=link.name or _HOST) as tls,
            ):
                tls.sendall(b"x")
                assert tls.recv(1) == b"x"
        except ssl.SSLCertVerificationError:
            raise
        except OSError as error:
            raise (served.exception(10) or error) from error
        return served.result(10)


def _serve(listener: socket.socket, context: ssl.SSLContext) -> tuple[str | None, bytes | None]:
    plain, _ = listener.accept()
    plain.settimeout(10)
    with plain, context.wrap_socket(plain, server_side=True) as tls:
        tls.sendall(tls.recv(1))
        return tls.version(), tls.getpeercert(binary_form=True)


def test_a_client_without_a_certificate_may_come_where_none_is_needed(ground: Ground) -> None:
    assert shake(ground.port, ground.link) == ("TLSv1.3", None)
    assert shake(ground.asking(Clients.WANTED), ground.link) == ("TLSv1.3", None)


@pytest.mark.parametrize("maximum", [_OLDER, ssl.TLSVersion.TLSv1_3])
def test_a_client_without_a_certificate_is_refused_where_one_is(
    ground: Ground, maximum: ssl.TLSVersion
) -> None:
    with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
        shake(ground.asking(Clients.REQUIRED), ground.link, maximum)


@pytest.mark.parametrize("clients", [Clients.WANTED, Clients.REQUIRED])
def test_a_terminal_is_known_by_its_key(ground: Ground, clients: Clients) -> None:
    pair = ground.client(ground.ours)
    _, seen = shake(ground.asking(clients), ground.showing(pair))
    assert seen is not None
    assert identity_of(seen) == pair.identity == identity_in(pair.certificate)
    renewed = ground.ours.client("10000001", _MERCHANT, ground.now, renew=True)
    _, again = shake(ground.asking(clients), ground.showing(renewed))
    assert again is not None
    assert again != seen
    assert identity_of(again) == pair.identity


def test_a_port_that_asks_for_none_sees_none(ground: Ground) -> None:
    shown = ground.showing(ground.client(ground.ours))
    assert (shake(ground.port, shown))[1] is None


@pytest.mark.parametrize("clients", [Clients.WANTED, Clients.REQUIRED])
def test_a_strangers_certificate_is_refused(ground: Ground, clients: Clients) -> None:
    with pytest.raises(ssl.SSLError, match="unable to get local issuer"):
        shake(ground.asking(clients), ground.showing(ground.client(ground.theirs)))


def test_a_servers_certificate_is_no_terminals(ground: Ground) -> None:
    pair = ground.ours.server([_HOST], ground.now, name="other")
    with pytest.raises(ssl.SSLError, match="unsuitable certificate purpose"):
        shake(ground.asking(Clients.REQUIRED), ground.showing(pair))


def test_an_expired_certificate_is_refused(ground: Ground) -> None:
    before = ground.now - timedelta(days=2)
    ours = authority(ground.ours.folder.parent / "old", "old", before)
    old = ours.client("10000001", _MERCHANT, before, days=1)
    port = replace(ground.asking(Clients.REQUIRED), client_ca=ours.pair.certificate)
    with pytest.raises(ssl.SSLError, match="has expired"):
        shake(port, ground.showing(old))


def test_a_strangers_host_is_refused(ground: Ground) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        shake(ground.server(ground.theirs), ground.link)


def test_a_host_of_another_name_is_refused(ground: Ground) -> None:
    assert (shake(ground.port, replace(ground.link, name="pos.example")))[0]
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake(ground.port, replace(ground.link, name="bank.example"))


def test_an_old_version_is_refused(ground: Ground) -> None:
    port = replace(ground.port, minimum="1.3")
    assert shake(port, ground.link)[0] == "TLSv1.3"
    assert shake(ground.port, ground.link, _OLDER)[0] == "TLSv1.2"
    with pytest.raises(ssl.SSLError, match="UNSUPPORTED_PROTOCOL"):
        shake(port, ground.link, _OLDER)
