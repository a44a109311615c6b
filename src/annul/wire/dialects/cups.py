"""Interbank UnionPay-style messages: characters, two bitmaps of 64 bits in binary.

Source: UnionPay interbank field table; MAC in field 128, over the fields that the rules name.
"""

from typing import Final

from annul.wire.dialect import Dialect, table
from annul.wire.field import ASCII_LLL, Coding, Content, Field

from .iso87 import character_rows

CUPS: Final = Dialect(
    name="cups",
    fields=table(
        *(
            row
            for row in character_rows()
            if row.number not in {43, 48, 57, 60, 61, 62, 63, 64, 96, 120, 121, 122, 123}
        ),
        Field(43, Content.TEXT, 40, coding=Coding.GBK),
        Field(48, Content.TEXT, 512, ASCII_LLL, Coding.GBK),
        Field(57, Content.TEXT, 100, ASCII_LLL, Coding.GBK),
        Field(60, Content.TEXT, 30, ASCII_LLL),
        Field(61, Content.TEXT, 200, ASCII_LLL, Coding.GBK),
        Field(62, Content.TEXT, 200, ASCII_LLL, Coding.GBK),
        Field(63, Content.TEXT, 512, ASCII_LLL, Coding.GBK),
        Field(96, Content.BINARY, 8),
        Field(120, Content.TEXT, 999, ASCII_LLL, Coding.GBK),
        Field(121, Content.TEXT, 100, ASCII_LLL, Coding.GBK),
        Field(122, Content.TEXT, 100, ASCII_LLL, Coding.GBK),
        Field(123, Content.TEXT, 100, ASCII_LLL, Coding.GBK),
    ),
    mti=Coding.ASCII,
    secondary=True,
    mac_field=128,
    mac_fields=(2, 3, 4, 7, 11, 18, 25, 28, 32, 33, 38, 39, 41, 42, 90),
)
