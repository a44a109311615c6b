"""Seals and signatures: each key makes its own, and what is public checks them."""

import pytest

from annul.security.notary import Notary, signed

_ONE, _OTHER = Notary(bytes(range(32))), Notary(bytes(32))


def test_a_seal_is_of_one_content_under_one_key() -> None:
    seal = _ONE.seal(b"row")
    assert seal == Notary(bytes(range(32))).seal(b"row")
    assert len({seal, _ONE.seal(b"Row"), _OTHER.seal(b"row")}) == 3
    assert len(seal) == 32


def test_a_signature_is_checked_with_what_is_public() -> None:
    signature = _ONE.sign(b"head")
    assert signed(_ONE.public_key, b"head", signature)
    assert not signed(_ONE.public_key, b"Head", signature)
    assert not signed(_OTHER.public_key, b"head", signature)


@pytest.mark.parametrize(
    "key", ["", "no key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"]
)
def test_what_is_no_key_checks_nothing(key: str) -> None:
    assert not signed(key, b"head", _ONE.sign(b"head"))


def test_it_shows_nothing_of_its_keys() -> None:
    assert repr(_ONE) == "<Notary>"
    assert "PRIVATE" not in _ONE.public_key
