"""What a terminal is said to be by its first bytes; no card number is ever shown."""

from dataclasses import replace
from random import Random
from string import Formatter
from typing import Any, Final

import pytest

from annul.host.first_message import SAYS, FirstMessage, describe
from annul.security.ciphers import SIZES, BlockCipher
from annul.security.mac import MacAlgorithm, mac
from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS, UNIONPAY_POS
from annul.wire.field import Pad
from annul.wire.framing import framing_of

_CARD: Final = "6200010000000007"
_HEAD: Final = bytes.fromhex("6000030000603100311000")
_SALE: Final[dict[int, str | bytes]] = {
    2: f"{_CARD}000", 3: "000000", 4: "000000010000", 11: "000002", 22: "051", 25: "00",
    35: f"{_CARD}D30122010000", 41: "10000001", 42: "8" * 15, 49: "156", 60: "22000001",
}  # fmt: skip


def _english(told: FirstMessage) -> str:
    return "\n".join(text.en for text in told.said)


def _sent(name: str = "tpdu_2", dialect: Any = UNIONPAY_POS, **fields: Any) -> bytes:
    framing = framing_of(name)
    body = Codec(dialect).encode("0200", _SALE | {int(n[1:]): v for n, v in fields.items()})
    return framing.pack(body, _HEAD[: framing.head])


@pytest.mark.parametrize("name", ["tpdu_2", "tpdu_only", "length_2", "length_4", "length_2_etx"])
def test_framing_and_dialect(name: str) -> None:
    told = describe(_sent(name), DIALECTS)
    assert (told.framing, told.dialect) == (name, "unionpay_pos")
    assert told.command.startswith(f"annul terminal enrol {'8' * 15} 10000001 --out FOLDER")
    shown = _english(told) + "".join(text.zh for text in told.said)
    assert _CARD not in shown
    assert "620001" in shown
    if name == "tpdu_2":
        assert "software of the terminal: 31311000" in shown


@pytest.mark.parametrize("pad", Pad)
def test_what_fills_odd_digits(pad: Pad) -> None:
    row = replace(UNIONPAY_POS.fields[22], pad=pad)
    told = describe(_sent(dialect=UNIONPAY_POS.override([row])), DIALECTS)
    side, fill = pad.value
    if side == "right":
        assert f"{fill.upper()} on the {side}" in _english(told)
        assert told.dialect == "unionpay_pos"
    else:  # digits at the right of their bytes are another row of another dialect
        assert told.command == ""
        assert "field 22" in _english(told)


@pytest.mark.parametrize(
    ("algorithm", "cipher"),
    [(MacAlgorithm.X9_19, "3des"), (MacAlgorithm.AES_CMAC, "aes"), (MacAlgorithm.SM4, "sm4")],
)
def test_the_mac_that_fits_the_key(algorithm: MacAlgorithm, cipher: str) -> None:
    key = bytes(range(SIZES[cipher]))
    codec, framing = Codec(UNIONPAY_POS), framing_of("tpdu_2")
    unsigned = codec.encode_unsigned("0200", _SALE)
    body = codec.sign(unsigned, mac(algorithm, BlockCipher(cipher, key), unsigned))
    raw = framing.pack(body, _HEAD)
    told = describe(raw, DIALECTS, key)
    assert told.mac == algorithm
    assert f"--mac {algorithm.value}" in told.command
    assert "no MAC" in _english(describe(raw, DIALECTS, bytes(len(key) - 1) + b"\1"))
    assert "bears no MAC" in _english(describe(_sent(), DIALECTS, key))
    assert key.hex() not in _english(told)


def test_a_field_that_nobody_uses() -> None:
    assert "does not use" not in _english(describe(_sent(), DIALECTS))
    assert "does not use: 44" in _english(describe(_sent(f44="ABC"), DIALECTS))


def test_what_no_dialect_reads_names_the_field_and_shows_no_card() -> None:
    codec = Codec(UNIONPAY_POS)
    body = bytearray(codec.encode("0200", _SALE))
    body[codec.decode(bytes(body)).raw.index(b"156")] = 0xFF
    raw = framing_of("length_2").pack(bytes(body))
    told = describe(raw, {"unionpay_pos": UNIONPAY_POS})
    assert told.command == ""
    assert "field 49" in _english(told)
    assert _CARD not in _english(told)


def test_rubbish_is_said_to_be_rubbish() -> None:
    for raw in (b"", b"\0" * 50, b"GET / HTTP/1.1\r\n\r\n", _CARD.encode() * 4):
        told = describe(raw, DIALECTS)
        assert told.command == ""
        assert "not recognised" in _english(told)
        assert _CARD not in _english(told)
    random = Random(3)
    for _ in range(200):
        describe(_sent()[: random.randrange(90)] + random.randbytes(9), DIALECTS)


def test_a_number_is_no_part_of_a_command_unless_it_is_one() -> None:
    told = describe(_sent(f41="$(ls)   "), DIALECTS)
    assert "TERMINAL" in told.command
    assert "$" not in told.command


def test_both_languages_have_the_same_places() -> None:
    for what, words in SAYS.items():
        places = [{n for _, n, _, _ in Formatter().parse(text) if n} for text in words]
        assert {n for n in places[0] if n not in {"zh", "en"}} == {
            n for n in places[1] if n not in {"zh", "en"}
        }, what
