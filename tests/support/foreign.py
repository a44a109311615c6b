"""A terminal that shares no code with annul: pyiso8583 for the messages, its own MAC and keys."""

import asyncio
import struct
from typing import Any

import iso8583
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

CARD = "6200010000000007"
_TPDU_AND_HEADER = bytes.fromhex("6000030000603100311000")


def _bcd(length: int, *, prefix: int = 0, pad: str = "right_pad") -> dict[str, Any]:
    """A field of digits, two in a byte; `prefix` bytes of BCD length when it varies."""
    return {
        "data_enc": "b",
        "len_enc": "bcd",
        "len_type": prefix,
        "max_len": length,
        "len_count": "nibbles",
        pad: "0",
        "desc": "",
    }


def _text(length: int, *, prefix: int = 0) -> dict[str, Any]:
    return {
        "data_enc": "latin-1",
        "len_enc": "bcd",
        "len_type": prefix,
        "max_len": length,
        "desc": "",
    }


def _binary(length: int, *, prefix: int = 0) -> dict[str, Any]:
    return {
        "data_enc": "b",
        "len_enc": "bcd",
        "len_type": prefix,
        "max_len": length,
        "len_count": "bytes",
        "desc": "",
    }


# pyiso8583 counts the bytes of a length: two digits are one byte, three digits are two.
SPEC: dict[str, dict[str, Any]] = {
    "h": {"data_enc": "b", "len_enc": "b", "len_type": 0, "max_len": 11, "desc": ""},
    "t": {"data_enc": "b", "len_enc": "b", "len_type": 0, "max_len": 2, "desc": ""},
    "p": {"data_enc": "b", "len_enc": "b", "len_type": 0, "max_len": 8, "desc": ""},
    "1": _binary(8),
    "2": _bcd(19, prefix=1), "3": _bcd(6), "4": _bcd(12), "11": _bcd(6), "12": _bcd(6),
    "13": _bcd(4), "14": _bcd(4), "15": _bcd(4), "22": _bcd(4), "23": _bcd(4), "25": _bcd(2),
    "26": _bcd(2), "32": _bcd(11, prefix=1), "35": _bcd(37, prefix=1), "37": _text(12),
    "38": _text(6), "39": _text(2), "41": _text(8), "42": _text(15), "44": _text(25, prefix=1),
    "49": _text(3), "52": _binary(8), "53": _bcd(16), "55": _binary(255, prefix=2),
    "59": _text(600, prefix=2), "60": _bcd(17, prefix=2), "61": _bcd(29, prefix=2),
    "62": _binary(512, prefix=2), "63": _text(163, prefix=2), "64": _binary(8),
}  # fmt: skip
for _number in range(2, 65):
    SPEC.setdefault(str(_number), _text(999, prefix=2))


def _des(key: bytes, data: bytes, *, encrypt: bool) -> bytes:
    cipher = Cipher(TripleDES((key * 3)[:24]), modes.ECB())
    side = cipher.encryptor() if encrypt else cipher.decryptor()
    return side.update(data) + side.finalize()


def mac(key: bytes, data: bytes) -> bytes:
    """MAC of UnionPay's ECB kind, written from the published description."""
    data += bytes(-len(data) % 8)
    block = bytes(8)
    for start in range(0, len(data), 8):
        block = bytes(a ^ b for a, b in zip(block, data[start : start + 8], strict=True))
    digits = block.hex().upper().encode()
    first = _des(key, digits[:8], encrypt=True)
    second = bytes(a ^ b for a, b in zip(first, digits[8:], strict=True))
    return _des(key, second, encrypt=True).hex().upper().encode()[:8]


def x9_9(key: bytes, data: bytes) -> bytes:
    """MAC of ANSI X9.9: CBC with single DES, filled with zeros."""
    block = bytes(8)
    for start in range(0, len(data), 8):
        part = data[start : start + 8].ljust(8, b"\0")
        block = _des(key[:8], bytes(a ^ b for a, b in zip(block, part, strict=True)), encrypt=True)
    return block


def x9_19(key: bytes, data: bytes) -> bytes:
    """MAC of ANSI X9.19: the same with the left half, its end with the right one and the left."""
    block = _des(key[8:], x9_9(key, data), encrypt=False)
    return _des(key[:8], block, encrypt=True)


# The algorithm by its name; the bytes of its key and of what is left empty behind it.
CODES: dict[str, Any] = {"unionpay_ecb": (mac, 8, 8), "x9_9": (x9_9, 8, 8), "x9_19": (x9_19, 16, 0)}


def sale(trace: str, amount: str, batch: str) -> dict[str, str]:
    """Give the fields of a sale, but for who asks."""
    return {
        "2": CARD,
        "3": "000000",
        "4": amount,
        "11": trace,
        "14": "3012",
        "22": "0120",
        "25": "00",
        "49": "156",
        "60": f"22{batch}000",
    }


class ForeignTerminal:
    """Speaks with the host over one raw socket, one request at a time."""

    def __init__(
        self,
        host: str,
        port: int,
        merchant: str,
        terminal: str,
        master: bytes,
        algorithm: str = "unionpay_ecb",
        form: str = "003",
    ) -> None:
        self.spec = SPEC
        self._code, self._key_size, self._empty = CODES[algorithm]
        self._form = form
        self._address = (host, port)
        self._merchant = merchant
        self._terminal = terminal
        self._master = master
        self._mac_key = b""
        self.batch = "000001"

    async def exchange(self, mti: str, fields: dict[str, str]) -> dict[str, str]:
        """Send one message, MAC included when a key is there, and give the decoded answer."""
        answer = await self.say(self.build(mti, fields))
        decoded, _ = iso8583.decode(answer, SPEC)
        if "64" in decoded and decoded["39"] == "00":
            sealed = self._code(self._mac_key, bytes(answer[11:-8]))
            assert bytes.fromhex(decoded["64"]) == sealed
        return decoded

    def build(self, mti: str, fields: dict[str, str]) -> bytes:
        """Build one message behind its header, with its MAC where it has one."""
        document = {"h": _TPDU_AND_HEADER.hex(), "t": mti, **fields}
        document |= {"41": self._terminal, "42": self._merchant}
        secured = bool(self._mac_key) and mti in {"0100", "0200", "0220", "0400"}
        if secured:
            document["64"] = "00" * 8
        raw, _ = iso8583.encode(document, self.spec)
        if secured:
            raw = raw[:-8] + self._code(self._mac_key, bytes(raw[11:-8]))
        return bytes(raw)

    async def say(self, raw: bytes) -> bytes:
        """Send bytes in a frame and give the answer's; raises when the host hangs up."""
        reader, writer = await asyncio.open_connection(*self._address)
        writer.write(struct.pack(">H", len(raw)) + raw)
        try:
            (length,) = struct.unpack(">H", await reader.readexactly(2))
            return await reader.readexactly(length)
        finally:
            writer.close()

    async def sign_in(self) -> dict[str, str]:
        """Sign in and take the MAC key out of field 62, behind a PIN key of double length."""
        answer = await self.exchange(
            "0800",
            {
                "11": "000001",
                "60": f"00{self.batch}{self._form}",
                "62": b"Sequence No12345678901234567890".hex(),
                "63": "001",
            },
        )
        keys = bytes.fromhex(answer["62"])
        end = 20 + self._key_size + self._empty
        encrypted, check_value = keys[20 : 20 + self._key_size], keys[end : end + 4]
        self._mac_key = _des(self._master, encrypted, encrypt=False)
        assert _des(self._mac_key, bytes(8), encrypt=True)[:4] == check_value
        self.batch = answer["60"][2:8]
        return answer
