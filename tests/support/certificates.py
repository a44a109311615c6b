"""Certificates for tests: an authority that issues, and what a port or a link is given of it."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)
NAMES = ("localhost", "127.0.0.1")


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Authority:
    """Issues certificates into a folder. What it issued before may be issued anew in its place."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self.folder = folder
        self.file = folder / f"{name}.pem"
        self._name = _name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        made = self._builder(self._name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self._write(self.file, made)

    def issue(
        self, stem: str, names: tuple[str, ...] = NAMES, *, expired: bool = False
    ) -> tuple[Path, Path]:
        """Write `stem`.pem and `stem`.key; give both."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(_name(stem), key, expired=expired).add_extension(
            x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False
        )
        certificate, secret = self.folder / f"{stem}.pem", self.folder / f"{stem}.key"
        self._write(certificate, builder)
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, secret

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, expired: bool = False
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 3 * _DAY)
            .not_valid_after(now - _DAY if expired else now + _DAY)
        )

    def _write(self, file: Path, builder: x509.CertificateBuilder) -> None:
        made = builder.sign(self._key, hashes.SHA256())
        file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
