"""ISO 8583:1987 in two usual forms: all characters with a hexadecimal bitmap, and packed.

Source: ISO 8583:1987 data elements, 36, 93 and 96 as they are usually laid out. Track data is sent
with D as separator in both, and read with = as well.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from annul.wire.dialect import Dialect, table
from annul.wire.field import FIXED, Coding, Content, Field, Pad, Prefix

N, Z, AN, B = Content.DIGITS, Content.TRACK, Content.TEXT, Content.BINARY
X = Content.SIGNED

# number: (content, size, length digits)
_ELEMENTS: Final[dict[int, tuple[Content, int, int]]] = {
    2: (N, 19, 2), 3: (N, 6, 0), 4: (N, 12, 0), 5: (N, 12, 0), 6: (N, 12, 0), 7: (N, 10, 0),
    8: (N, 8, 0), 9: (N, 8, 0), 10: (N, 8, 0), 11: (N, 6, 0), 12: (N, 6, 0), 13: (N, 4, 0),
    14: (N, 4, 0), 15: (N, 4, 0), 16: (N, 4, 0), 17: (N, 4, 0), 18: (N, 4, 0), 19: (N, 3, 0),
    20: (N, 3, 0), 21: (N, 3, 0), 22: (N, 3, 0), 23: (N, 3, 0), 24: (N, 3, 0), 25: (N, 2, 0),
    26: (N, 2, 0), 27: (N, 1, 0), 28: (X, 9, 0), 29: (X, 9, 0), 30: (X, 9, 0),
    31: (X, 9, 0), 32: (N, 11, 2), 33: (N, 11, 2), 34: (AN, 28, 2), 35: (Z, 37, 2),
    36: (Z, 104, 3), 37: (AN, 12, 0), 38: (AN, 6, 0), 39: (AN, 2, 0), 40: (AN, 3, 0),
    41: (AN, 8, 0), 42: (AN, 15, 0), 43: (AN, 40, 0), 44: (AN, 25, 2), 45: (AN, 76, 2),
    46: (AN, 999, 3), 47: (AN, 999, 3), 48: (AN, 999, 3), 49: (AN, 3, 0), 50: (AN, 3, 0),
    51: (AN, 3, 0), 52: (B, 8, 0), 53: (N, 16, 0), 54: (AN, 120, 3), 55: (B, 255, 3),
    56: (AN, 999, 3), 57: (AN, 999, 3), 58: (AN, 999, 3), 59: (B, 999, 3), 60: (AN, 999, 3),
    61: (AN, 999, 3), 62: (AN, 999, 3), 63: (AN, 999, 3), 64: (B, 8, 0), 66: (N, 1, 0),
    67: (N, 2, 0), 68: (N, 3, 0), 69: (N, 3, 0), 70: (N, 3, 0), 71: (N, 4, 0), 72: (N, 4, 0),
    73: (N, 6, 0), 74: (N, 10, 0), 75: (N, 10, 0), 76: (N, 10, 0), 77: (N, 10, 0),
    78: (N, 10, 0), 79: (N, 10, 0), 80: (N, 10, 0), 81: (N, 10, 0), 82: (N, 12, 0),
    83: (N, 12, 0), 84: (N, 12, 0), 85: (N, 12, 0), 86: (N, 16, 0), 87: (N, 16, 0),
    88: (N, 16, 0), 89: (N, 16, 0), 90: (N, 42, 0), 91: (AN, 1, 0), 92: (AN, 2, 0),
    93: (AN, 6, 0), 94: (AN, 7, 0), 95: (AN, 42, 0), 96: (B, 16, 0), 97: (X, 17, 0),
    98: (AN, 25, 0), 99: (N, 11, 2), 100: (N, 11, 2), 101: (AN, 17, 2), 102: (AN, 28, 2),
    103: (AN, 28, 2), 104: (AN, 100, 3), **dict.fromkeys(range(105, 128), (AN, 999, 3)),
    128: (B, 8, 0),
}  # fmt: skip
Elements = Mapping[int, tuple[Content, int, int]]
_TRACK_3: Final = 36


def character_rows(elements: Elements = _ELEMENTS) -> tuple[Field, ...]:
    """Give every element with its digits, and the digits of its length, as characters."""
    return tuple(
        Field(
            number,
            content,
            size,
            Prefix(digits, Coding.ASCII) if digits else FIXED,
            Coding.BYTES if content is B else Coding.ASCII,
        )
        for number, (content, size, digits) in elements.items()
    )


def packed_rows(elements: Elements = _ELEMENTS) -> tuple[Field, ...]:
    """Give every element with two digits in a byte, those of its length as well.

    A fixed number of odd length stands at the right of its bytes; track 3 is in characters.
    """
    return tuple(_packed(row) for row in character_rows(elements))


def _packed(row: Field) -> Field:
    right = row.fixed and row.content is N and row.size % 2
    digits = row.content in {N, Z, X} and row.number != _TRACK_3
    return replace(
        row,
        coding=Coding.PACKED if digits else row.coding,
        prefix=FIXED if row.fixed else Prefix(row.prefix.width),
        pad=Pad.LEFT_0 if right else Pad.RIGHT_0,
    )


def in_hex(row: Field) -> Field:
    """Write what is binary and fixed (PIN, MAC) as hexadecimal characters."""
    return replace(row, coding=Coding.HEX) if row.content is B and row.fixed else row


ISO87_ASCII: Final = Dialect(
    name="iso87_ascii",
    fields=table(*(in_hex(row) for row in character_rows())),
    mti=Coding.ASCII,
    bitmap=Coding.HEX,
    secondary=True,
    mac_field=128,
)
ISO87_BINARY: Final = Dialect(
    name="iso87_binary", fields=table(*packed_rows()), secondary=True, mac_field=128
)
