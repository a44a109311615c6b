"""Published vectors, from the samples and written out; what a code is worth."""

from functools import reduce
from typing import Any, Final

import pytest

from annul.security.ciphers import AES, DES, SM, TDES, BlockCipher
from annul.security.errors import UnusableKey
from annul.security.mac import EQUALISABLE, MacAlgorithm, mac, verify
from annul.security.pin import PinFormat, seal
from tests.support import samples

_CIPHERS: Final = {
    MacAlgorithm.UNIONPAY_ECB: TDES,
    MacAlgorithm.X9_9: TDES,
    MacAlgorithm.X9_19: TDES,
    MacAlgorithm.SM4: SM,
    MacAlgorithm.SM4_CMAC: SM,
    MacAlgorithm.AES_CMAC: AES,
}


def _key(text: str) -> BlockCipher:
    key = bytes.fromhex(text.split(maxsplit=1)[0])
    return BlockCipher(DES if len(key) == 8 else TDES, key)


@pytest.mark.parametrize("row", samples.parameters("crypto_vectors.jsonl"))
def test_sample(row: dict[str, Any]) -> None:
    match row["values"]:
        case {"mak": key, "data": data, "field64": field64}:
            code = mac(MacAlgorithm.UNIONPAY_ECB, _key(key), bytes.fromhex(data))
            assert code.hex() == field64
        case {"key": key, "data": data, "mac": expected}:
            code = mac(MacAlgorithm.X9_19, _key(key), bytes.fromhex(data))
            assert code.hex().upper() == expected
        case {"tmk": key, "tak_cipher": cipher, "tak_plain": plain}:
            assert _key(key).decrypt(bytes.fromhex(cipher)).hex().upper() == plain
        case {"pin": digits, "pan": pan, "pin_block": expected}:
            form = PinFormat.ISO_0 if pan.isdigit() else PinFormat.BARE
            key = _key("31" * 16)
            assert key.decrypt(seal(digits, pan, key, form)).hex().upper() == expected
        case {"kcv_31x16": double, "kcv_32": a, "kcv_34": b, "E_31_of_34": under} as values:
            master = _key("31" * 16)
            assert master.encrypt(bytes(8)).hex().upper() == double
            assert _key("32" * 8).encrypt(bytes(8)).hex().upper() == a
            assert _key("34" * 8).encrypt(bytes(8)).hex().upper() == b
            assert master.encrypt(bytes.fromhex("34" * 8)).hex().upper() == under
            single = _key("11" * 8)
            assert single.encrypt(bytes.fromhex("33" * 8)).hex().upper() == values["E_11_of_33"]
        case values:
            pytest.fail(f"a vector that nothing checks: {sorted(values)}")


# NIST SP 800-38B, examples of CMAC-AES128: bytes of the message, the whole code.
@pytest.mark.parametrize(
    ("size", "code"),
    [
        (0, "bb1d6929e95937287fa37d129b756746"),
        (16, "070a16b46b4d4144f79bdd9dd04a287c"),
        (40, "dfa66747de9ae63030ca32611497c827"),
        (64, "51f0bebf7e3b9d92fc49741779363cfe"),
    ],
)
def test_aes_cmac_known_answers(size: int, code: str) -> None:
    key = BlockCipher(AES, bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"))
    data = bytes.fromhex(
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
    )[:size]
    assert key.cmac(data).hex() == code
    assert mac(MacAlgorithm.AES_CMAC, key, data).hex() == code[:16]


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 32, 100])
@pytest.mark.parametrize("cipher", [SM, AES])
def test_cmac_is_the_standards_over_any_cipher(cipher: str, size: int) -> None:
    key, data = BlockCipher(cipher, bytes(range(16))), bytes(range(size))
    assert key.cmac(data) == _written_out(key, data)


def _written_out(key: BlockCipher, data: bytes) -> bytes:
    """CMAC step by step, SP 800-38B 6.1 and 6.2, for blocks of sixteen bytes."""

    def doubled(number: int) -> int:
        return (number << 1) % (1 << 128) ^ (0x87 if number >> 127 else 0)

    first = doubled(int.from_bytes(key.encrypt(bytes(16)), "big"))
    whole = bool(data) and len(data) % 16 == 0
    if not whole:
        data += b"\x80" + bytes(-(len(data) + 1) % 16)
    mask = first if whole else doubled(first)
    *blocks, last = (int.from_bytes(data[at : at + 16], "big") for at in range(0, len(data), 16))
    state = 0
    for block in [*blocks, last ^ mask]:
        state = int.from_bytes(key.encrypt((state ^ block).to_bytes(16, "big")), "big")
    return state.to_bytes(16, "big")


@pytest.mark.parametrize("algorithm", list(MacAlgorithm))
def test_who_has_seen_one_code_can_equalise_another_message(algorithm: MacAlgorithm) -> None:
    key = BlockCipher(_CIPHERS[algorithm], bytes(range(16)))
    seen = b"pay 1 yuan to the merchant, says the terminal..."
    wanted = b"pay 9 yuan to somebody else, says nobody at all."
    forged = wanted + _folded(seen + wanted, key.block)  # without the key
    assert (mac(algorithm, key, forged) == mac(algorithm, key, seen)) is (algorithm in EQUALISABLE)


def _folded(data: bytes, size: int) -> bytes:
    blocks = (int.from_bytes(data[at : at + size], "big") for at in range(0, len(data), size))
    return reduce(int.__xor__, blocks).to_bytes(size, "big")


@pytest.mark.parametrize("algorithm", list(MacAlgorithm))
@pytest.mark.parametrize("cipher", [DES, TDES, SM, AES])
def test_a_key_of_another_cipher_is_refused(algorithm: MacAlgorithm, cipher: str) -> None:
    key = BlockCipher(cipher, bytes(range(8 if cipher == DES else 16)))
    if {cipher, _CIPHERS[algorithm]} <= {DES, TDES} or cipher == _CIPHERS[algorithm]:
        assert len(mac(algorithm, key, b"data")) == 8
    else:
        with pytest.raises(UnusableKey, match=f"a {cipher} key makes no {algorithm} code"):
            verify(algorithm, key, b"data", bytes(8))


@pytest.mark.parametrize(
    "algorithm", [one for one in MacAlgorithm if not one.value.endswith("cmac")]
)
def test_zeros_are_the_filling(algorithm: MacAlgorithm) -> None:
    key = BlockCipher(_CIPHERS[algorithm], bytes(range(16)))
    filled = b"abc" + bytes(key.block - 3)
    assert mac(algorithm, key, b"abc") == mac(algorithm, key, filled)


def test_a_chain_does_not_remember_the_message_before() -> None:
    key = BlockCipher(TDES, bytes(range(16)))
    first = mac(MacAlgorithm.X9_19, key, b"one message that is longer than a block")
    mac(MacAlgorithm.X9_19, key, b"another")
    assert mac(MacAlgorithm.X9_19, key, b"one message that is longer than a block") == first


def test_sm4_known_answer() -> None:
    # GB/T 32907-2016, annex A.1: one block under itself.
    block = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    expected = "681edf34d206965e86b3e94f536e4246"
    assert BlockCipher("sm4", block).encrypt(block).hex() == expected


@pytest.mark.parametrize("algorithm", list(MacAlgorithm))
def test_a_changed_bit_is_seen(algorithm: MacAlgorithm) -> None:
    key = BlockCipher(_CIPHERS[algorithm], bytes(range(16)))
    data = bytes(range(100))
    code = mac(algorithm, key, data)
    assert len(code) == 8
    assert verify(algorithm, key, data, code)
    assert not verify(algorithm, key, data[:-1] + b"\xff", code)
