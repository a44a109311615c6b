"""UnionPay-style POS messages: packed digits, one bitmap of 64 bits, lengths as packed digits.

Source: UnionPay POS field table. Fields 43, 46, 47, 56 and 57 are left to acquirers; the rows here
are the layout seen most often, and `vendor` has others.
"""

from typing import Final

from annul.wire.dialect import Dialect, table
from annul.wire.field import Content, Field, Pad, Prefix

N, Z, AN, ZH, B = Content.DIGITS, Content.TRACK, Content.TEXT, Content.CHINESE, Content.BINARY
LL, LLL = Prefix.LL, Prefix.LLL

UNIONPAY_POS: Final = Dialect(
    name="unionpay_pos",
    fields=table(
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
        Field(43, ZH, 40),
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
        Field(63, ZH, 163, LLL),
        Field(64, B, 8),
    ),
)
