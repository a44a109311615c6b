"""Certificates of one's own: an authority, the host's certificate, and one for each terminal.

For a demonstration, and for an acquirer without a PKI; the files serve as well as any that an
operator brings. What exists is loaded and never overwritten. A renewed certificate keeps its key,
and so its identity (`annul.security.tls.identity_of`).
Sources: RFC 5280 (certificates), RFC 9525 (names stand in subjectAltName, not in the subject).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from os import O_CREAT, O_EXCL, O_WRONLY, fdopen, fsync, getpid
from os import open as os_open
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .errors import TlsError
from .tls import identity_in

AUTHORITY_DAYS: Final = 3650
LEAF_DAYS: Final = 825  # what clients of the web took at most; a longer one is refused by some
_EARLY: Final = timedelta(hours=1)  # for a terminal whose clock is late
_WORD: Final = re.compile(r"[A-Za-z0-9_]+")  # fields 41 and 42, and nothing that leaves the folder
_STEM: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_SECRET, _OPEN = 0o600, 0o644

_USES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, as PEM files."""

    certificate: Path
    key: Path

    @property
    def identity(self) -> str:
        """64 hexadecimal digits that stay when the certificate is renewed; raises `TlsError`."""
        return identity_in(self.certificate)


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs certificates into its folder. `pair.certificate` is what the others trust."""

    folder: Path
    pair: Pair
    _own: x509.Certificate = field(repr=False)
    _key: ec.EllipticCurvePrivateKey = field(repr=False)

    def server(
        self,
        hosts: Sequence[str],
        now: datetime,
        days: int = LEAF_DAYS,
        *,
        name: str = "server",
        renew: bool = False,
    ) -> Pair:
        """Give the pair of a host that is reached by `hosts`: DNS names and IP addresses.

        `name` is the stem of its files. `renew` makes a new certificate for the key that is there;
        without it a certificate that exists is given as it is, whatever its names and end.
        Raises `TlsError`.
        """
        names = x509.SubjectAlternativeName([_general(host) for host in hosts])
        return self._leaf(name, name, ExtendedKeyUsageOID.SERVER_AUTH, names, now, days, renew)

    def client(
        self,
        terminal: str,
        merchant: str,
        now: datetime,
        days: int = LEAF_DAYS,
        *,
        renew: bool = False,
    ) -> Pair:
        """Give the pair of a terminal, common name `terminal@merchant`; raises `TlsError`."""
        if not (_WORD.fullmatch(terminal) and _WORD.fullmatch(merchant)):
            message = "a terminal or merchant number has letters and digits only"
            raise TlsError(message)
        name = f"{terminal}@{merchant}"
        return self._leaf(
            f"{merchant}-{terminal}", name, ExtendedKeyUsageOID.CLIENT_AUTH, None, now, days, renew
        )

    def _leaf(
        self,
        stem: str,
        name: str,
        usage: x509.ObjectIdentifier,
        names: x509.SubjectAlternativeName | None,
        now: datetime,
        days: int,
        renew: bool,
    ) -> Pair:
        pair = _pair(self.folder, stem)
        if pair.certificate.exists() and not renew:
            _loaded(pair)
            return pair
        end = min(now + timedelta(days=days), self._own.not_valid_after_utc)
        if end <= now:
            message = f"the authority {self.pair.certificate} has expired"
            raise TlsError(message)
        public = _key_of(pair.key).public_key()
        of_authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            _begun(name, public, now, end)
            .issuer_name(self._own.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage("digital_signature"), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(of_authority, critical=False)
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        signed = builder.sign(self._key, SHA256())
        _write(pair.certificate, signed.public_bytes(Encoding.PEM), _OPEN)
        return pair


def authority(folder: Path, name: str, now: datetime, days: int = AUTHORITY_DAYS) -> Authority:
    """Load the authority of a folder (`ca.pem`, `ca.key`), or make it, valid from `now`.

    `name` is its common name when it is made. Raises `TlsError` for files that are none.
    """
    pair = _pair(folder, "ca")
    if pair.certificate.exists():
        return Authority(folder, pair, *_loaded(pair))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = _key_of(pair.key)
    builder = (
        _begun(name, key.public_key(), now, now + timedelta(days=days))
        .issuer_name(_named(name))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
    )
    own = builder.sign(key, SHA256())
    _write(pair.certificate, own.public_bytes(Encoding.PEM), _OPEN)
    return Authority(folder, pair, own, key)


# Parts of a certificate ---------------------------------------------------------------------


def _begun(
    name: str, public: ec.EllipticCurvePublicKey, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    """Begin with what every certificate has; `now` knows its zone."""
    assert now.tzinfo is not None, "a moment, not a wall clock's reading"
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLY)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*allowed: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{use: use in allowed for use in _USES})


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError as error:  # not in ASCII
        message = f"{host!r} is neither a DNS name nor an IP address"
        raise TlsError(message) from error


# Files --------------------------------------------------------------------------------------


def _pair(folder: Path, stem: str) -> Pair:
    if not _STEM.fullmatch(stem):
        message = f"{stem!r} is no name of a file"
        raise TlsError(message)
    return Pair(folder / f"{stem}.pem", folder / f"{stem}.key")


def _loaded(pair: Pair) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    try:
        certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    except (OSError, ValueError) as error:
        message = f"{pair.certificate} holds no certificate"
        raise TlsError(message) from error
    key = _key_in(pair.key)
    if certificate.public_key() != key.public_key():
        message = f"{pair.key} is not the key of {pair.certificate}"
        raise TlsError(message)
    return certificate, key


def _key_in(file: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        message = f"{file} holds no EC key without a password"
        raise TlsError(message)
    return key


def _key_of(file: Path) -> ec.EllipticCurvePrivateKey:
    """Load a key or make it. It is written before its certificate: a crash leaves no orphan."""
    if file.exists():
        return _key_in(file)
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(file, pem, _SECRET)
    return key


def _write(file: Path, content: bytes, mode: int) -> None:
    """Write beside and rename, so that a reader never sees half a file."""
    beside = file.with_name(f".{file.name}.{getpid()}")
    try:
        beside.unlink(missing_ok=True)  # left by a process of the same number that died
        with fdopen(os_open(beside, O_CREAT | O_EXCL | O_WRONLY, mode), "wb") as opened:
            opened.write(content)
            opened.flush()
            fsync(opened.fileno())
        beside.rename(file)
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}"
        raise TlsError(message) from error
