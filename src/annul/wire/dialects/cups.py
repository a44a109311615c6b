"""Interbank UnionPay-style messages: characters, two bitmaps of 64 bits in binary.

Source: UnionPay interbank field table; MAC in field 128, over the fields that the rules name.
"""

from typing import Final

from annul.wire.dialect import Dialect, table
from annul.wire.field import Content, Field, FieldForm, Prefix

from .iso87 import character_rows

CUPS: Final = Dialect(
    name="cups",
    fields=table(
        *(
            row
            for row in character_rows()
            if row.number not in {43, 48, 57, 60, 61, 62, 63, 64, 120, 121, 122, 123}
        ),
        Field(43, Content.CHINESE, 40),
        Field(48, Content.CHINESE, 512, Prefix.LLL, FieldForm.CHARACTER),
        Field(57, Content.CHINESE, 100, Prefix.LLL, FieldForm.CHARACTER),
        Field(60, Content.TEXT, 30, Prefix.LLL, FieldForm.CHARACTER),
        Field(61, Content.CHINESE, 200, Prefix.LLL, FieldForm.CHARACTER),
        Field(62, Content.CHINESE, 200, Prefix.LLL, FieldForm.CHARACTER),
        Field(63, Content.CHINESE, 512, Prefix.LLL, FieldForm.CHARACTER),
        Field(120, Content.CHINESE, 999, Prefix.LLL, FieldForm.CHARACTER),
        Field(121, Content.CHINESE, 100, Prefix.LLL, FieldForm.CHARACTER),
        Field(122, Content.CHINESE, 100, Prefix.LLL, FieldForm.CHARACTER),
        Field(123, Content.CHINESE, 100, Prefix.LLL, FieldForm.CHARACTER),
    ),
    form=FieldForm.CHARACTER,
    secondary=True,
    mac_field=128,
    mac_fields=(2, 3, 4, 7, 11, 18, 25, 28, 32, 33, 38, 39, 41, 42, 90),
)
