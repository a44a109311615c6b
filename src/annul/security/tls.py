"""TLS as annul speaks it on its ports and links: contexts from PEM files, who a client is.

A context is made anew when its files change (`Watched`), so a certificate is renewed without a
restart. Source of the identity: SHA-256 over the SubjectPublicKeyInfo, as RFC 7469 pins a key; it
stays the same when a certificate is renewed for the same key.
"""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import (
    Certificate,
    load_der_x509_certificate,
    load_pem_x509_certificate,
)

from .errors import TlsError

Version = Literal["1.2", "1.3"]
_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class Clients(StrEnum):
    """What a port asks of those who connect."""

    NONE = "none"
    WANTED = "wanted"  # one without a certificate may come, one with a wrong one may not
    REQUIRED = "required"


_VERIFY: Final = {
    Clients.NONE: ssl.CERT_NONE,
    Clients.WANTED: ssl.CERT_OPTIONAL,
    Clients.REQUIRED: ssl.CERT_REQUIRED,
}


@dataclass(frozen=True, slots=True)
class ServerTls:
    """A port: its certificate (with its chain) and key, and which clients it trusts."""

    certificate: Path
    key: Path
    clients: Clients = Clients.NONE
    client_ca: Path | None = None
    minimum: Version = "1.2"
    ciphers: str = ""  # OpenSSL's list for TLS 1.2; empty: OpenSSL's own choice

    @property
    def files(self) -> tuple[Path, ...]:
        """What the context is made of."""
        return tuple(file for file in (self.certificate, self.key, self.client_ca) if file)


@dataclass(frozen=True, slots=True)
class ClientTls:
    """A link: whom it trusts, the name the peer must prove, its own certificate if one is asked."""

    ca: Path
    name: str = ""  # empty: the address that is connected to
    certificate: Path | None = None
    key: Path | None = None
    minimum: Version = "1.2"
    ciphers: str = ""

    @property
    def files(self) -> tuple[Path, ...]:
        """What the context is made of."""
        return tuple(file for file in (self.ca, self.certificate, self.key) if file)


def server_context(tls: ServerTls) -> ssl.SSLContext:
    """Build the context of a port; raises `TlsError` that names the file at fault."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _set(context, tls.minimum, tls.ciphers)
    _load_own(context, tls.certificate, tls.key)
    if tls.clients is not Clients.NONE:
        if tls.client_ca is None:
            message = f"client certificates are {tls.clients}, but no client_ca says whose"
            raise TlsError(message)
        _trust(context, tls.client_ca)
    context.verify_mode = _VERIFY[tls.clients]
    return context


def client_context(tls: ClientTls) -> ssl.SSLContext:
    """Build the context of a link; raises `TlsError` that names the file at fault."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _set(context, tls.minimum, tls.ciphers)
    _trust(context, tls.ca)
    if tls.certificate is not None:
        _load_own(context, tls.certificate, tls.key or tls.certificate)
    return context


def identity_of(certificate: bytes) -> str:
    """Give the identity of a certificate (DER): 64 hexadecimal digits."""
    return _pin(load_der_x509_certificate(certificate))


def identity_in(file: Path) -> str:
    """Give the identity of the first certificate in a PEM file; raises `TlsError`."""
    try:
        return _pin(load_pem_x509_certificate(file.read_bytes()))
    except (OSError, ValueError) as error:
        message = f"{file} holds no certificate"
        raise TlsError(message) from error


class Watched:
    """Files of which one may be replaced at any time."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._files = tuple(files)
        self._seen = self._look()

    def changed(self) -> bool:
        """Say whether a file was replaced since this was last asked."""
        before, self._seen = self._seen, self._look()
        return before != self._seen

    def _look(self) -> tuple[tuple[int, int, int] | None, ...]:
        found: list[tuple[int, int, int] | None] = []
        for file in self._files:
            try:
                stat = file.stat()
            except OSError:
                found.append(None)
            else:
                found.append((stat.st_mtime_ns, stat.st_size, stat.st_ino))
        return tuple(found)


def _set(context: ssl.SSLContext, minimum: Version, ciphers: str) -> None:
    context.minimum_version = _VERSIONS[minimum]
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    if ciphers:
        try:
            context.set_ciphers(ciphers)
        except ssl.SSLError as error:
            message = f"no cipher of {ciphers!r} is known"
            raise TlsError(message) from error


def _load_own(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        # An empty password: a key that needs one is an error, never a question on the console.
        context.load_cert_chain(certificate, key, password=bytes)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        message = f"{certificate} and {key} are no certificate and its key: {error}"
        raise TlsError(message) from error


def _trust(context: ssl.SSLContext, authority: Path) -> None:
    try:
        context.load_verify_locations(authority)
    except OSError as error:
        message = f"{authority} holds no certificate to trust: {error}"
        raise TlsError(message) from error


def _pin(certificate: Certificate) -> str:
    key = certificate.public_key()
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
