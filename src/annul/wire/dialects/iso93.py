"""ISO 8583:1993 in the two usual forms, as `iso87` has them: characters, and packed.

Source: ISO 8583:1993 data elements. Of the private ones 59 and 60 to 63 stand as in 1987.
"""

from typing import Final

from annul.wire.dialect import Dialect, table
from annul.wire.field import Coding

from .iso87 import AN, B, Elements, N, X, Z, character_rows, in_hex, packed_rows

# number: (content, size, length digits)
_ELEMENTS: Final[Elements] = {
    2: (N, 19, 2), 3: (N, 6, 0), 4: (N, 12, 0), 5: (N, 12, 0), 6: (N, 12, 0), 7: (N, 10, 0),
    8: (N, 8, 0), 9: (N, 8, 0), 10: (N, 8, 0), 11: (N, 6, 0), 12: (N, 12, 0), 13: (N, 4, 0),
    14: (N, 4, 0), 15: (N, 6, 0), 16: (N, 4, 0), 17: (N, 4, 0), 18: (N, 4, 0), 19: (N, 3, 0),
    20: (N, 3, 0), 21: (N, 3, 0), 22: (AN, 12, 0), 23: (N, 3, 0), 24: (N, 3, 0), 25: (N, 4, 0),
    26: (N, 4, 0), 27: (N, 1, 0), 28: (N, 6, 0), 29: (N, 3, 0), 30: (N, 24, 0), 31: (AN, 99, 2),
    32: (N, 11, 2), 33: (N, 11, 2), 34: (AN, 28, 2), 35: (Z, 37, 2), 36: (Z, 104, 3),
    37: (AN, 12, 0), 38: (AN, 6, 0), 39: (N, 3, 0), 40: (N, 3, 0), 41: (AN, 8, 0),
    42: (AN, 15, 0), 43: (AN, 99, 2), 44: (AN, 99, 2), 45: (AN, 76, 2), 46: (AN, 204, 3),
    47: (AN, 999, 3), 48: (AN, 999, 3), 49: (AN, 3, 0), 50: (AN, 3, 0), 51: (AN, 3, 0),
    52: (B, 8, 0), 53: (B, 48, 2), 54: (AN, 120, 3), 55: (B, 255, 3), 56: (N, 35, 2),
    57: (N, 3, 0), 58: (N, 11, 2), 59: (B, 999, 3), 60: (AN, 999, 3), 61: (AN, 999, 3),
    62: (AN, 999, 3), 63: (AN, 999, 3), 64: (B, 8, 0), 66: (AN, 204, 3), 67: (N, 2, 0),
    68: (N, 3, 0), 69: (N, 3, 0), 70: (N, 3, 0), 71: (N, 8, 0), 72: (AN, 999, 3), 73: (N, 6, 0),
    **dict.fromkeys(range(74, 86), (N, 10, 0)), **dict.fromkeys(range(86, 90), (N, 16, 0)),
    90: (N, 10, 0), 91: (N, 3, 0), 92: (N, 3, 0), 93: (N, 11, 2), 94: (N, 11, 2),
    95: (AN, 99, 2), 96: (AN, 999, 3), 97: (X, 17, 0), 98: (AN, 25, 0), 99: (AN, 11, 2),
    100: (N, 11, 2), 101: (AN, 17, 2), 102: (AN, 28, 2), 103: (AN, 28, 2), 104: (AN, 100, 3),
    105: (N, 16, 0), 106: (N, 16, 0), 107: (N, 10, 0), 108: (N, 10, 0), 109: (AN, 84, 2),
    110: (AN, 84, 2), **dict.fromkeys(range(111, 128), (AN, 999, 3)), 128: (B, 8, 0),
}  # fmt: skip

ISO93_ASCII: Final = Dialect(
    name="iso93_ascii",
    fields=table(*(in_hex(row) for row in character_rows(_ELEMENTS))),
    mti=Coding.ASCII,
    bitmap=Coding.HEX,
    secondary=True,
    mac_field=128,
    version="1",
)
ISO93_BINARY: Final = Dialect(
    name="iso93_binary",
    fields=table(*packed_rows(_ELEMENTS)),
    secondary=True,
    mac_field=128,
    version="1",
)
