"""Contexts from files: what can not be used is named, what was replaced is seen.

Handshakes are in tests/integration/security.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from annul.security.certificates import Authority, authority
from annul.security.errors import TlsError
from annul.security.tls import (
    Clients,
    ClientTls,
    ServerTls,
    Watched,
    client_context,
    identity_in,
    server_context,
)

_NOW: Final = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    return authority(tmp_path, "ours", _NOW)


@pytest.fixture
def port(ours: Authority) -> ServerTls:
    pair = ours.server(["127.0.0.1"], _NOW)
    return ServerTls(pair.certificate, pair.key, Clients.REQUIRED, ours.pair.certificate)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (lambda tls: replace(tls, key=tls.certificate), r"server\.pem"),
        (lambda tls: replace(tls, certificate=Path("none.pem")), r"none\.pem"),
        (lambda tls: replace(tls, client_ca=None), "no client_ca"),
        (lambda tls: replace(tls, clients=Clients.WANTED, client_ca=tls.key), r"server\.key"),
        (lambda tls: replace(tls, ciphers="NONSENSE"), "NONSENSE"),
    ],
)
def test_what_can_not_be_used_is_named(
    port: ServerTls, wrong: Callable[[ServerTls], ServerTls], named: str
) -> None:
    assert server_context(port).minimum_version
    with pytest.raises(TlsError, match=named):
        server_context(wrong(port))


def test_a_link_that_can_not_be_used_is_named(ours: Authority, port: ServerTls) -> None:
    link = ClientTls(ours.pair.certificate)
    assert client_context(link).check_hostname
    with pytest.raises(TlsError, match=r"none\.pem"):
        client_context(replace(link, ca=Path("none.pem")))
    with pytest.raises(TlsError, match=r"server\.key"):
        client_context(replace(link, certificate=port.key))
    with pytest.raises(TlsError, match=r"server\.key holds no certificate"):
        identity_in(port.key)


def test_a_replaced_file_is_seen_once(ours: Authority, port: ServerTls) -> None:
    watched = Watched(port.files)
    assert not watched.changed()
    ours.server(["127.0.0.1"], _NOW, renew=True)
    assert watched.changed()
    assert not watched.changed()
    port.key.unlink()
    assert watched.changed()
    os.utime(port.certificate, ns=(1, 1))
    assert watched.changed()
