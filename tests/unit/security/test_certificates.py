"""An authority of one's own: files for their owner, loaded and not overwritten, renewed by key."""

import stat
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store

from annul.security.certificates import authority
from annul.security.errors import TlsError

_NOW: Final = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
_MERCHANT: Final = "898000058120000"


def _read(file: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(file.read_bytes())


def test_the_files_are_for_their_owner(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "tls"
    made = authority(folder, "annul demo", _NOW)
    made.server(["localhost"], _NOW)
    made.client("10000001", _MERCHANT, _NOW)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {
        "ca.pem": 0o644,
        "ca.key": 0o600,
        "server.pem": 0o644,
        "server.key": 0o600,
        f"{_MERCHANT}-10000001.pem": 0o644,
        f"{_MERCHANT}-10000001.key": 0o600,
    }
    for key in folder.glob("*.key"):
        assert key.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----"), "PKCS#8"
        assert load_pem_private_key(key.read_bytes(), None).key_size == 256  # type: ignore[union-attr]


def test_a_server_proves_its_names_to_a_strict_verifier(tmp_path: Path) -> None:
    made = authority(tmp_path, "annul demo", _NOW)
    pair = made.server(["localhost", "127.0.0.1", "::1", "pos.example"], _NOW)
    policy = PolicyBuilder().store(Store([_read(made.pair.certificate)])).time(_NOW)
    for name in (x509.DNSName("pos.example"), x509.IPAddress(ip_address("::1"))):
        policy.build_server_verifier(name).verify(_read(pair.certificate), [])
    with pytest.raises(x509.verification.VerificationError):
        policy.build_server_verifier(x509.DNSName("x.example")).verify(_read(pair.certificate), [])


def test_a_terminal_is_named_and_is_a_client_only(tmp_path: Path) -> None:
    made = authority(tmp_path, "annul demo", _NOW)
    certificate = _read(made.client("10000001", _MERCHANT, _NOW, days=30).certificate)
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == f"10000001@{_MERCHANT}"
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate.verify_directly_issued_by(_read(made.pair.certificate))
    assert certificate.not_valid_after_utc == _NOW + timedelta(days=30)
    assert certificate.not_valid_before_utc <= _NOW - timedelta(minutes=10), "clocks differ"


def test_what_exists_is_loaded_and_not_overwritten(tmp_path: Path) -> None:
    made = authority(tmp_path, "annul demo", _NOW)
    made.server(["localhost"], _NOW)
    made.client("10000001", _MERCHANT, _NOW)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    again = authority(tmp_path, "another name", _NOW + timedelta(days=1))
    again.server(["elsewhere"], _NOW)
    again.client("10000001", _MERCHANT, _NOW)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_renewed_certificate_keeps_its_identity(tmp_path: Path) -> None:
    made = authority(tmp_path, "annul demo", _NOW)
    pair = made.client("10000001", _MERCHANT, _NOW, days=30)
    identity, before = pair.identity, _read(pair.certificate)
    later = _NOW + timedelta(days=29)
    renewed = authority(tmp_path, "", later).client("10000001", _MERCHANT, later, renew=True)
    after = _read(renewed.certificate)
    assert renewed.identity == identity
    assert after.serial_number != before.serial_number
    assert after.not_valid_after_utc > before.not_valid_after_utc
    assert made.client("10000002", _MERCHANT, _NOW).identity != identity


def test_a_key_without_its_certificate_is_used(tmp_path: Path) -> None:
    # What a crash between the two files leaves.
    made = authority(tmp_path, "annul demo", _NOW)
    pair = made.server(["localhost"], _NOW)
    identity = pair.identity
    pair.certificate.unlink()
    (tmp_path / f".{pair.certificate.name}.1").write_text("half a certifi")
    assert made.server(["localhost"], _NOW).identity == identity


def test_nothing_outlives_its_authority(tmp_path: Path) -> None:
    made = authority(tmp_path, "annul demo", _NOW, days=100)
    pair = made.server(["localhost"], _NOW, days=825)
    assert _read(pair.certificate).not_valid_after_utc == _NOW + timedelta(days=100)
    with pytest.raises(TlsError, match="has expired"):
        made.client("10000001", _MERCHANT, _NOW + timedelta(days=100))
    assert not list(tmp_path.glob(f"{_MERCHANT}*")), "nothing half made"


@pytest.mark.parametrize(
    ("terminal", "merchant"), [("../../etc", _MERCHANT), ("10000001", "a/b"), ("", _MERCHANT)]
)
def test_a_number_does_not_leave_the_folder(tmp_path: Path, terminal: str, merchant: str) -> None:
    made = authority(tmp_path / "tls", "annul demo", _NOW)
    with pytest.raises(TlsError):
        made.client(terminal, merchant, _NOW)
    with pytest.raises(TlsError):
        made.server(["localhost"], _NOW, name="../server")
    with pytest.raises(TlsError, match="neither a DNS name"):
        made.server(["收单.example"], _NOW)
    assert {file.name for file in tmp_path.rglob("*")} == {"tls", "ca.pem", "ca.key"}


def test_files_that_are_none_are_named_and_kept(tmp_path: Path) -> None:
    made = authority(tmp_path, "annul demo", _NOW)
    pair = made.server(["localhost"], _NOW)
    other = made.server(["localhost"], _NOW, name="other")
    pair.key.write_bytes(other.key.read_bytes())
    with pytest.raises(TlsError, match=r"server\.key is not the key of .*server\.pem"):
        made.server(["localhost"], _NOW)
    pair.key.write_text("no key at all")
    with pytest.raises(TlsError, match=r"server\.key holds no EC key") as caught:
        made.server(["localhost"], _NOW)
    assert "no key at all" not in str(caught.value)
    made.pair.certificate.write_text("nothing")
    with pytest.raises(TlsError, match=r"ca\.pem holds no certificate"):
        authority(tmp_path, "annul demo", _NOW)
    assert pair.key.read_text() == "no key at all"


def test_a_folder_that_takes_no_file_is_told(tmp_path: Path) -> None:
    (tmp_path / ".server.key.0").mkdir()
    made = authority(tmp_path / "tls", "annul demo", _NOW)
    (tmp_path / "tls" / "server.key").symlink_to(tmp_path / "nowhere" / "server.key")
    (tmp_path / "tls" / "server.pem").mkdir()
    with pytest.raises(TlsError, match=r"server\.pem holds no certificate"):
        made.server(["localhost"], _NOW)
