"""What stands before the fields of a message: its type, and the bitmap or two that name them."""

from collections.abc import Sequence
from typing import Final

from .dialect import Dialect
from .errors import DecodeError, EncodeError
from .field import Coding

_MTI: Final = 4  # digits
_FIRST: Final = "0"  # version of the standard that message types have inside annul
_BITS: Final = 8  # bytes of one bitmap


class Head:
    """Reads and writes the heads of one dialect."""

    __slots__ = ("_dialect", "_in_bytes", "bitmap_bytes", "mti_bytes", "start")

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._in_bytes = dialect.bitmap is Coding.BYTES
        self.mti_bytes = _MTI // 2 if dialect.mti is Coding.PACKED else _MTI
        self.bitmap_bytes = _BITS if self._in_bytes else 2 * _BITS
        self.start = self.mti_bytes + self.bitmap_bytes  # of what follows one bitmap

    def size(self, bitmap: bytes) -> int:
        """Give the bytes of a head with this bitmap, or both."""
        return self.mti_bytes + self.bitmap_bytes * (len(bitmap) // _BITS)

    def read(self, data: bytes) -> tuple[str, bytes, int]:
        """Give the message type, the bitmap as 8 or 16 bytes, and where the fields begin.

        A second bitmap may name no field: there are peers who always send it. Raises `DecodeError`.
        """
        start = self.start
        if len(data) < start:
            raise DecodeError(None, 0, f"at least {start} bytes")
        raw = data[: self.mti_bytes]
        packed = self._dialect.mti is Coding.PACKED
        mti = raw.hex() if packed else raw.decode(self._dialect.mti.charset, "replace")
        if not (mti.isdigit() and mti.isascii()):
            raise DecodeError(None, 0, "a message type of four digits")
        version = self._dialect.version
        if version != _FIRST:
            if mti[0] != version:
                raise DecodeError(None, 0, f"a message type that begins with {version}")
            mti = _FIRST + mti[1:]
        bitmap = self._read_bitmap(data, self.mti_bytes, start)
        if bitmap[0] & 0x80 and self._dialect.secondary:
            end = start + self.bitmap_bytes
            if len(data) < end:
                raise DecodeError(None, start, "a secondary bitmap")
            return mti, bitmap + self._read_bitmap(data, start, end), end
        return mti, bitmap, start

    def numbers(self, bitmap: bytes) -> list[int]:
        """Name the fields of a bitmap, or both, as they follow."""
        bits = int.from_bytes(bitmap, "big")
        size = 8 * len(bitmap)
        numbers = [n for n in range(1, size + 1) if bits >> (size - n) & 1]
        return numbers[1:] if self._dialect.secondary and numbers[:1] == [1] else numbers

    def write_mti(self, mti: str) -> bytes:
        """Write a message type; raises `EncodeError`."""
        if not (len(mti) == _MTI and mti.isdigit() and mti.isascii()):
            raise EncodeError(None, "a message type of four digits")
        mti = self.wire_mti(mti)
        packed = self._dialect.mti is Coding.PACKED
        return bytes.fromhex(mti) if packed else mti.encode(self._dialect.mti.charset)

    def wire_mti(self, mti: str) -> str:
        """Give a message type as it stands on the wire: it begins with the dialect's version.

        Raises `EncodeError`.
        """
        version = self._dialect.version
        if version == _FIRST:
            return mti
        if mti[:1] != _FIRST:
            raise EncodeError(None, "a message type that begins with 0")
        return version + mti[1:]

    def write_bitmap(self, bitmap: bytes) -> bytes:
        """Write a bitmap, or both."""
        if self._in_bytes:
            return bitmap
        return bitmap.hex().upper().encode(self._dialect.bitmap.charset)

    @staticmethod
    def bitmap_of(numbers: Sequence[int]) -> bytes:
        """Give the bitmap, or both, that name these fields."""
        bits = 0
        secondary = any(number > 64 for number in numbers)
        for number in [1, *numbers] if secondary else numbers:
            bits |= 1 << (128 - number)
        return bits.to_bytes(2 * _BITS, "big")[: 2 * _BITS if secondary else _BITS]

    def _read_bitmap(self, data: bytes, start: int, end: int) -> bytes:
        if self._in_bytes:
            return data[start:end]
        try:
            bitmap = bytes.fromhex(data[start:end].decode(self._dialect.bitmap.charset))
        except ValueError:
            bitmap = b""
        if len(bitmap) != _BITS:  # blanks between are none either
            raise DecodeError(None, start, "a bitmap in hexadecimal")
        return bitmap
