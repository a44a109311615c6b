"""Published vectors, from the samples and written out."""

from typing import Any

import pytest

from annul.security import pin
from annul.security.ciphers import DES, TDES, BlockCipher
from annul.security.mac import MacAlgorithm, mac, verify
from tests import samples


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
            block = pin.block(digits, pan if pan.isdigit() else "")
            assert block.hex().upper() == expected
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


def test_zeros_are_the_filling() -> None:
    key = BlockCipher(TDES, bytes(range(16)))
    for algorithm in MacAlgorithm:
        if algorithm is not MacAlgorithm.SM4:
            assert mac(algorithm, key, b"abc") == mac(algorithm, key, b"abc" + bytes(5))


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
    sm4 = algorithm is MacAlgorithm.SM4
    key = BlockCipher("sm4" if sm4 else TDES, bytes(range(16)))
    data = bytes(range(100))
    code = mac(algorithm, key, data)
    assert len(code) == 8
    assert verify(algorithm, key, data, code)
    assert not verify(algorithm, key, data[:-1] + b"\xff", code)
