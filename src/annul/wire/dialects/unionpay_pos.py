"""UnionPay-style POS messages: packed digits, lengths as packed digits, a MAC in field 64.

Source: UnionPay POS field table. Fields 43, 46, 47, 56 and 57 are left to acquirers; the rows here
are the layout seen most often, and `vendor` has others. What the table leaves out is laid out as in
ISO 8583:1987, so that a terminal that sends it all the same is understood.
"""

from typing import Final

from annul.wire.dialect import Dialect, table
from annul.wire.field import LL, LLL, Coding, Content, Field, Pad

from .iso87 import packed_rows

N, Z, AN, B = Content.DIGITS, Content.TRACK, Content.TEXT, Content.BINARY
GBK = Coding.GBK

_ROWS: Final = table(
    Field(2, N, 19, LL),
    Field(3, N, 6),
    Field(4, N, 12),
    Field(11, N, 6),
    Field(12, N, 6),
    Field(13, N, 4),
    Field(14, N, 4),
    Field(15, N, 4),
    Field(22, N, 3),
    Field(23, N, 3, pad=Pad.LEFT_0),
    Field(25, N, 2),
    Field(26, N, 2),
    Field(32, N, 11, LL),
    Field(35, Z, 37, LL),
    Field(36, Z, 104, LLL),
    Field(37, AN, 12),
    Field(38, AN, 6),
    Field(39, AN, 2),
    Field(41, AN, 8),
    Field(42, AN, 15),
    Field(43, AN, 40, coding=GBK),
    Field(44, AN, 25, LL),
    Field(46, AN, 999, LLL),
    Field(47, AN, 999, LLL),
    Field(48, N, 322, LLL),
    Field(49, AN, 3),
    Field(52, B, 8),
    Field(53, N, 16),
    Field(54, AN, 20, LLL),
    Field(55, B, 255, LLL),
    Field(56, B, 999, LLL),
    Field(57, AN, 999, LLL),
    Field(58, AN, 100, LLL),
    Field(59, B, 999, LLL),
    Field(60, N, 17, LLL),
    Field(61, N, 29, LLL),
    Field(62, B, 512, LLL),
    Field(63, AN, 163, LLL, GBK),
    Field(64, B, 8),
)
UNIONPAY_POS: Final = Dialect(
    name="unionpay_pos", fields={**table(*packed_rows()), **_ROWS}, secondary=True, mac_field=64
)
