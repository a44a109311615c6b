"""What an issuer's row may say of MACs and PINs, in the code and in the database alike."""

import re
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Final

import pytest

import annul.store
from annul.domain.records import Issuer
from annul.issuers.profile import MAC_PAIRS, PIN_PAIRS, IssuerProfileError, check_profile
from annul.security.ciphers import BLOCKS
from annul.security.mac import EQUALISABLE, MacAlgorithm
from annul.security.pin import PinFormat
from annul.wire.dialects import DIALECTS

_PLAIN: Final = Issuer("62000000", "测试行", "Test bank", "127.0.0.1", 1)
_SCHEMA: Final = Path(annul.store.__file__).parent / "migrations/versions/0022_issuer_keys.up.sql"


def test_what_an_older_version_has_put_in_goes_together() -> None:
    check_profile(_PLAIN)
    check_profile(replace(_PLAIN, mac_key=bytes(44), pin_key=bytes(44)))


@pytest.mark.parametrize(("algorithm", "cipher"), list(product(MacAlgorithm, BLOCKS)))
def test_macs_and_keys(algorithm: MacAlgorithm, cipher: str) -> None:
    issuer = replace(_PLAIN, mac_algorithm=algorithm.value, mac_key_algorithm=cipher)
    if (algorithm.value, cipher) in MAC_PAIRS:
        check_profile(issuer)
        assert algorithm not in EQUALISABLE
    else:
        with pytest.raises(IssuerProfileError, match="62000000: a"):
            check_profile(issuer)


@pytest.mark.parametrize(("form", "cipher"), list(product(PinFormat, BLOCKS)))
def test_pin_formats_and_keys(form: PinFormat, cipher: str, monkeypatch) -> None:
    if BLOCKS[cipher] == 16:
        monkeypatch.setitem(DIALECTS, "cups", _wide())
    issuer = replace(_PLAIN, pin_format=form.value, pin_key_algorithm=cipher)
    if (form.value, cipher) in PIN_PAIRS:
        check_profile(issuer)
    else:
        with pytest.raises(IssuerProfileError, match="enciphers no block"):
            check_profile(issuer)


def test_a_block_must_fit_into_field_52() -> None:
    issuer = replace(_PLAIN, pin_format="4", pin_key_algorithm="aes")
    with pytest.raises(IssuerProfileError, match="field 52 of cups holds no block of 16 bytes"):
        check_profile(issuer)


def test_the_database_allows_the_same_pairs() -> None:
    said = _SCHEMA.read_text(encoding="utf-8")
    checks = re.findall(r"CHECK \(\(\w+, \w+\) IN \((.*?)\)\);", said, re.DOTALL)
    pairs = [frozenset(re.findall(r"\('(\w+)', '(\w+)'\)", check)) for check in checks]
    assert pairs == [MAC_PAIRS, PIN_PAIRS]


def _wide():
    cups = DIALECTS["cups"]
    fields = {**cups.fields, 52: replace(cups.fields[52], size=16)}
    return replace(cups, fields=fields)
