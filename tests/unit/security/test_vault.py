"""The vault: what is sealed opens under its own key, and as what it is, or not at all."""

import pytest

from annul.security.errors import UnusableKey
from annul.security.vault import Vault

_KEY, _OTHER = bytes(32), bytes([1]) * 32
_FILE = bytes(range(256)) * 400


def test_a_file_opens_as_what_it_was_sealed() -> None:
    vault = Vault(_KEY)
    for content in (b"", b"x", _FILE):
        sealed = vault.seal_file(content, b"conclusion 1")
        assert vault.open_file(sealed, b"conclusion 1") == content
        assert len(content) < 16 or content[:16] not in sealed
        assert sealed != vault.seal_file(content, b"conclusion 1"), "each time another ciphertext"


def test_a_file_takes_nobody_elses_place() -> None:
    sealed = Vault(_KEY).seal_file(_FILE, b"conclusion 1")
    for vault, about in ((Vault(_OTHER), b"conclusion 1"), (Vault(_KEY), b"conclusion 2")):
        with pytest.raises(UnusableKey):
            vault.open_file(sealed, about)


@pytest.mark.parametrize("at", [0, 1, 12, 13, 5000, -1])
def test_a_file_that_was_changed_does_not_open(at: int) -> None:
    vault = Vault(_KEY)
    sealed = bytearray(vault.seal_file(_FILE, b"1"))
    sealed[at] ^= 1
    with pytest.raises(UnusableKey):
        vault.open_file(bytes(sealed), b"1")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + bytes(12), bytes(40)])
def test_what_is_no_sealed_file_does_not_open(sealed: bytes) -> None:
    with pytest.raises(UnusableKey):
        Vault(_KEY).open_file(sealed, b"1")


def test_a_file_is_not_sealed_under_the_key_of_cards() -> None:
    vault = Vault(_KEY)
    with pytest.raises(UnusableKey):
        vault.open(vault.seal_file(b"6200010000000007", b""))
