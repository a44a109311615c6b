"""PIN blocks of every format: published values, what opens and what does not, translations."""

import re
from itertools import product
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annul.security import pin
from annul.security.ciphers import AES, DES, SIZES, SM, TDES, BlockCipher
from annul.security.errors import PinBlockError
from annul.security.keys import KeyKind
from annul.security.pin import PinFormat, fits, seal, translate, unseal
from annul.security.software import SoftwareModule

_PAN: Final = "6200010000000007"
_BOUND: Final = (PinFormat.ISO_0, PinFormat.ISO_3, PinFormat.ISO_4)
_ISO: Final = (PinFormat.ISO_0, PinFormat.ISO_1, PinFormat.ISO_3, PinFormat.ISO_4)
_CIPHERS: Final = (DES, TDES, SM, AES)
_WAYS: Final = [
    (form, algorithm) for form, algorithm in product(PinFormat, _CIPHERS) if fits(form, algorithm)
]

pins = st.text("0123456789", min_size=4, max_size=12)
pans = st.text("0123456789", min_size=13, max_size=19)


def _key(algorithm: str, first: int = 0) -> BlockCipher:
    return BlockCipher(algorithm, bytes(range(first, first + SIZES[algorithm])))


def _usual(form: PinFormat) -> str:
    return AES if form is PinFormat.ISO_4 else TDES


# Published values ------------------------------------------------------------------------------


# Format 0: EFTlab, list of PIN blocks; psec's tests. Format 3: IBM, CCA guide, ISO format 3 (its
# example leaves the check digit out). Clear blocks.
@pytest.mark.parametrize(
    ("form", "digits", "pan", "clear"),
    [
        (PinFormat.ISO_0, "1234", "43219876543210987", "0412AC89ABCDEF67"),
        (PinFormat.ISO_0, "123456789012", "5555555551234567", "0C1261032D8226A9"),
        (PinFormat.ISO_3, "123456", "1112223334445550", "361216759CFA8889"),
        (PinFormat.ISO_3, "123456789012", "5555555551234567", "3C1261032D8226A9"),
    ],
)
def test_published_clear_blocks(form: PinFormat, digits: str, pan: str, clear: str) -> None:
    key = _key(TDES)
    assert unseal(key.encrypt(bytes.fromhex(clear)), pan, key, form) == digits
    said = key.decrypt(seal(digits, pan, key, form)).hex().upper()
    assert said[: 2 + len(digits)] == clear[: 2 + len(digits)]
    assert said == clear or form is PinFormat.ISO_3


# ep2 specification 8.0.0, 8.4, and psec's tests: enciphered blocks of format 4.
@pytest.mark.parametrize(
    ("key", "block", "pan", "digits"),
    [
        (
            "C1D0F8FB4958670DBA40AB1F3752EF0D",
            "CC17F65586BFD0953010226C4FC5B3CA",
            "432198765432109870",
            "1234",
        ),
        (
            "00112233445566778899AABBCCDDEEFF",
            "28B41FDDD29B743E93124BD8E32D921E",
            "1234567890123456789",
            "1234",
        ),
        ("00112233445566778899AABBCCDDEEFF", "39B69B1B91FE05D48F7EF0D68EB2CBD6", "1", "123456"),
    ],
)
def test_published_blocks_of_format_4(key: str, block: str, pan: str, digits: str) -> None:
    cipher = BlockCipher(AES, bytes.fromhex(key))
    assert unseal(bytes.fromhex(block), pan, cipher, PinFormat.ISO_4) == digits


def test_format_4_is_built_as_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pin.secrets, "token_hex", lambda size: "FF" * size)
    cipher = BlockCipher(AES, bytes.fromhex("00112233445566778899AABBCCDDEEFF"))
    block = seal("1234", "1234567890123456789", cipher, PinFormat.ISO_4)
    assert block.hex().upper() == "28B41FDDD29B743E93124BD8E32D921E"


# psec's tests: what of format 4 must not open.
@pytest.mark.parametrize(
    ("key", "block", "pan"),
    [
        (
            "E60B15B90ABDF14CEE337C97440F0D6E",
            "7D5AF4C33667A2098626027FB7A9A1B7",
            "4266229809609384667",
        ),
        (
            "C7BBEBA16C5AD97D5866450718C03750",
            "2F9C910447F17293EC95DEDE1E3CA201",
            "8220499325458689523",
        ),
        (
            "820F6C7C12355BDFF1AB6CE12E8EED89",
            "CCF310A8300B46C925A86B1098089301",
            "939589847393485609",
        ),
    ],
)
def test_format_4_with_another_digit_pin_or_fill_is_refused(key: str, block: str, pan: str) -> None:
    with pytest.raises(PinBlockError):
        unseal(bytes.fromhex(block), pan, BlockCipher(AES, bytes.fromhex(key)), PinFormat.ISO_4)


# What opens ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "algorithm"), _WAYS)
@given(digits=pins, pan=pans)
def test_every_format_opens_what_it_has_built(
    form: PinFormat, algorithm: str, digits: str, pan: str
) -> None:
    key = _key(algorithm)
    block = seal(digits, pan, key, form)
    assert len(block) == key.block
    assert unseal(block, pan, key, form) == digits


@pytest.mark.parametrize("form", _BOUND)
@given(digits=pins, pan=pans, place=st.integers(2, 13), step=st.integers(1, 9))
def test_with_another_card_the_pin_does_not_come_out(
    form: PinFormat, digits: str, pan: str, place: int, step: int
) -> None:
    """Any of the twelve digits before the check digit."""
    at = len(pan) - place
    other = pan[:at] + str((int(pan[at]) + step) % 10) + pan[at + 1 :]
    key = _key(_usual(form))
    try:
        said = unseal(seal(digits, pan, key, form), other, key, form)
    except PinBlockError:
        return
    # Format 3 may turn one letter of the fill into another, behind the PIN.
    in_the_fill = 17 - place >= 2 + len(digits)
    assert said != digits or (form is PinFormat.ISO_3 and in_the_fill)


@pytest.mark.parametrize(("form", "other"), list(product(_ISO, _ISO)))
def test_a_format_does_not_open_as_another(form: PinFormat, other: PinFormat) -> None:
    key = _key(_usual(form))
    block = seal("1234", _PAN, key, form)
    if form is other:
        assert unseal(block, _PAN, key, other) == "1234"
    else:
        with pytest.raises(PinBlockError):
            unseal(block, _PAN, key, other)


def test_fill_is_random_where_the_standard_says_so() -> None:
    key = _key(TDES)
    for form in (PinFormat.ISO_1, PinFormat.ISO_3):
        assert len({seal("1234", _PAN, key, form) for _ in range(20)}) > 1
    clear = _key(TDES).decrypt(seal("1234", _PAN, key, PinFormat.ISO_1)).hex().upper()
    assert re.fullmatch(r"141234[0-9A-F]{10}", clear)
    aes = _key(AES)
    assert len({seal("1234", _PAN, aes, PinFormat.ISO_4) for _ in range(20)}) == 20


@pytest.mark.parametrize("form", PinFormat)
@pytest.mark.parametrize("size", [0, 7, 9, 15, 17, 24])
def test_a_block_of_another_length_is_refused(form: PinFormat, size: int) -> None:
    with pytest.raises(PinBlockError):
        unseal(bytes(size), _PAN, _key(_usual(form)), form)


@pytest.mark.parametrize(
    ("form", "algorithm"), sorted(set(product(PinFormat, _CIPHERS)) - set(_WAYS))
)
def test_a_format_goes_with_its_ciphers_only(form: PinFormat, algorithm: str) -> None:
    with pytest.raises(PinBlockError):
        seal("1234", _PAN, _key(algorithm), form)
    with pytest.raises(PinBlockError):
        unseal(bytes(16), _PAN, _key(algorithm), form)


# What tells nothing ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", PinFormat)
@pytest.mark.parametrize("digits", ["", "123", "1234567890123", "12a4", "１２３４", "²345"])
def test_an_impossible_pin_is_refused_without_showing_it(form: PinFormat, digits: str) -> None:
    with pytest.raises(PinBlockError) as caught:
        seal(digits, _PAN, _key(_usual(form)), form)
    assert not digits or digits not in repr(caught.value)


@pytest.mark.parametrize("form", _BOUND)
@pytest.mark.parametrize("pan", ["", "62000100000000x7", "６２０００１０００"])
def test_what_is_bound_needs_a_card_number(form: PinFormat, pan: str) -> None:
    with pytest.raises(PinBlockError) as caught:
        seal("9876", pan, _key(_usual(form)), form)
    assert "9876" not in repr(caught.value)


@pytest.mark.parametrize("form", PinFormat)
@given(block=st.binary(min_size=16, max_size=16))
def test_random_blocks_open_or_are_refused_and_nothing_else(form: PinFormat, block: bytes) -> None:
    key = _key(_usual(form))
    try:
        assert 4 <= len(unseal(block[: key.block], _PAN, key, form)) <= 12
    except PinBlockError as error:
        assert error.__cause__ is None
        assert _PAN not in repr(error)


# Translations ----------------------------------------------------------------------------------

_FORBIDDEN: Final = {
    (source, target)
    for source, target in product(PinFormat, PinFormat)
    if target is PinFormat.BARE or (source in _BOUND and target is PinFormat.ISO_1)
}


@pytest.mark.parametrize(("source", "target"), list(product(PinFormat, PinFormat)))
def test_translations_that_the_standard_allows(source: PinFormat, target: PinFormat) -> None:
    ours, theirs = _key(_usual(source)), _key(_usual(target), 40)
    block = seal("123456", _PAN, ours, source)
    formats: dict[str, Any] = {"source_format": source, "target_format": target}
    if (source, target) in _FORBIDDEN:
        with pytest.raises(PinBlockError):
            translate(block, _PAN, ours, theirs, **formats)
    else:
        moved = translate(block, _PAN, ours, theirs, **formats)
        assert unseal(moved, _PAN, theirs, target) == "123456"


@pytest.mark.parametrize("source", [PinFormat.ISO_0, PinFormat.BARE])
@pytest.mark.parametrize("target", _BOUND)
def test_a_pin_goes_from_terminal_to_issuer(source: PinFormat, target: PinFormat) -> None:
    module = SoftwareModule(bytes(range(32)))
    cipher = _usual(target)
    theirs = module.import_key(KeyKind.PIN, cipher, bytes(range(16, 32)))
    ours = module.import_key(KeyKind.PIN, TDES, bytes(range(16)))
    block = seal("123456", _PAN, _key(TDES), source)
    moved = module.translate_pin(
        block, _PAN, ours, theirs, source_format=source, target_format=target
    )
    assert unseal(moved, _PAN, _key(cipher, 16), target) == "123456"
