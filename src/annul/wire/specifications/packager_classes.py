"""What each class of a Java packager file writes, as parts of a row: one table.

Source: the public behaviour of the classes of jPOS (`org.jpos.iso`), in our own terms. They put
characters as ISO 8859-1, fill text with blanks on the right and numbers with zeros on the left.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from annul.wire.field import FIXED, Coding, Content, Counts, Pad, Prefix

N, AN, B, X = Content.DIGITS, Content.TEXT, Content.BINARY, Content.SIGNED
PACKED, ASCII, LATIN, EBCDIC = Coding.PACKED, Coding.ASCII, Coding.LATIN_1, Coding.EBCDIC
BYTES, HEX, HEX_EBCDIC = Coding.BYTES, Coding.HEX, Coding.HEX_EBCDIC


@dataclass(frozen=True, slots=True)
class Written:
    """What a class writes. `pad` is how odd packed digits are filled, `pad_left` with pad="true".

    With a `tag` it is a part of a field: a tag, then `prefix`, or the other way round.
    """

    content: Content
    coding: Coding
    prefix: Prefix = FIXED
    pad: Pad = Pad.RIGHT_0
    pad_left: Pad = Pad.RIGHT_0
    tag: Prefix = FIXED
    length_first: bool = False

    @property
    def fill(self) -> str:
        """What lengthens a shorter value of fixed size."""
        if self.prefix.width or self.content is B:
            return ""
        return " " if self.content is AN else "0"


def _packed(prefix: Prefix = FIXED, content: Content = N, pad: Pad = Pad.RIGHT_0) -> Written:
    return Written(content, PACKED, prefix, pad, Pad.LEFT_0)


def _many(name: str, least: int, most: int, row: Written) -> dict[str, Written]:
    """Give a class for each number of digits of the length, which its name spells with Ls."""
    return {
        name.format("L" * width): Written(
            row.content,
            row.coding,
            Prefix(width, row.prefix.coding, row.prefix.counts),
            row.pad,
            row.pad_left,
            row.tag,
            row.length_first,
        )
        for width in range(least, most + 1)
    }


_IN_ASCII, _IN_EBCDIC, _IN_PACKED = Prefix(1, ASCII), Prefix(1, EBCDIC), Prefix(1, PACKED)
_TT, _TTT, _TTTT = Prefix(2, ASCII), Prefix(3, ASCII), Prefix(4, ASCII)
_ETT, _ETTT, _ETTTT = Prefix(2, EBCDIC), Prefix(3, EBCDIC), Prefix(4, EBCDIC)
_ONE, _TWO = Prefix(1, BYTES), Prefix(2, BYTES)

CLASSES: Final[Mapping[str, Written]] = {
    # Fixed.
    "IF_CHAR": Written(AN, LATIN),
    "IF_ECHAR": Written(AN, EBCDIC),
    "IFE_CHAR": Written(AN, EBCDIC),
    "IFA_NUMERIC": Written(N, ASCII),
    "IFE_NUMERIC": Written(N, EBCDIC),
    "IFB_NUMERIC": _packed(),
    "IFB_FNUMERIC": _packed(pad=Pad.RIGHT_F),
    "IFA_AMOUNT": Written(X, ASCII),
    "IFE_AMOUNT": Written(X, EBCDIC),
    "IFB_AMOUNT": _packed(content=X),
    "IFA_BINARY": Written(B, HEX),
    "IFE_BINARY": Written(B, HEX_EBCDIC),
    "IFB_BINARY": Written(B, BYTES),
    # A length in characters.
    **_many("IFA_{}CHAR", 1, 6, Written(AN, LATIN, _IN_ASCII)),
    **_many("IFA_{}NUM", 2, 3, Written(N, ASCII, _IN_ASCII)),
    **_many("IFA_{}BINARY", 1, 6, Written(B, BYTES, _IN_ASCII)),
    **_many("IFA_{}ABINARY", 2, 3, Written(B, HEX, _IN_ASCII)),
    **_many("IFE_{}CHAR", 1, 4, Written(AN, EBCDIC, _IN_EBCDIC)),
    **_many("IFE_{}NUM", 1, 3, Written(N, EBCDIC, _IN_EBCDIC)),
    **_many("IFE_{}BINARY", 1, 4, Written(B, BYTES, _IN_EBCDIC)),
    "IFAE_LLCHAR": Written(AN, EBCDIC, Prefix(2, ASCII)),
    "IFEA_LLCHAR": Written(AN, LATIN, Prefix(2, EBCDIC)),
    # It counts bytes, and odd digits end with F.
    **_many(
        "IFEB_{}NUM",
        2,
        3,
        Written(N, PACKED, Prefix(1, EBCDIC, Counts.WIRE), Pad.RIGHT_F, Pad.RIGHT_F),
    ),
    # A length in packed digits.
    **_many("IFB_{}CHAR", 2, 6, Written(AN, LATIN, _IN_PACKED)),
    **_many("IFB_{}BINARY", 2, 4, Written(B, BYTES, _IN_PACKED)),
    **_many("IFB_{}NUM", 2, 3, _packed(_IN_PACKED)),
    **_many("IFB_F{}NUM", 2, 3, _packed(_IN_PACKED, pad=Pad.RIGHT_F)),
    # A length in binary.
    "IFB_LLHNUM": _packed(_ONE),
    "IFB_LLLHNUM": _packed(_TWO),
    "IFB_LLHCHAR": Written(AN, LATIN, _ONE),
    "IFB_LLLHCHAR": Written(AN, LATIN, _TWO),
    "IFB_LLHECHAR": Written(AN, EBCDIC, _ONE),
    "IFB_LLLHECHAR": Written(AN, EBCDIC, _TWO),
    "IFB_LLHBINARY": Written(B, BYTES, _ONE),
    "IFB_LLLHBINARY": Written(B, BYTES, _TWO),
    # Parts behind a tag.
    **_many("IFMC_{}CHAR", 2, 3, Written(AN, LATIN, _IN_ASCII, tag=_TT)),
    **_many("IFMC_{}BINARY", 2, 3, Written(B, BYTES, _IN_ASCII, tag=_TT)),
    "IFEMC_LLCHAR": Written(AN, EBCDIC, Prefix(2, EBCDIC), tag=_TT),
    "IFEMC_LLLCHAR": Written(AN, EBCDIC, Prefix(3, EBCDIC), tag=_ETTTT),
    "IFEPE_LLCHAR": Written(AN, EBCDIC, Prefix(2, EBCDIC), tag=_ETT),
    "IFEPE_LLBINARY": Written(B, BYTES, Prefix(2, EBCDIC), tag=_ETT),
    "IFEPE_LLLCHAR": Written(AN, EBCDIC, Prefix(3, EBCDIC), tag=_ETTT),
    "IFIPM_LLLCHAR": Written(AN, LATIN, Prefix(3, ASCII), tag=_TTTT),
    **_many("IFA_TT{}CHAR", 1, 4, Written(AN, LATIN, _IN_ASCII, tag=_TT)),
    **_many("IFA_TT{}BINARY", 1, 4, Written(B, BYTES, _IN_ASCII, tag=_TT)),
    "IFA_TTTLLLCHAR": Written(AN, LATIN, Prefix(3, ASCII), tag=_TTT),
    # The length stands first and counts the tag.
    "IFEP_LLCHAR": Written(AN, LATIN, Prefix(2, ASCII), tag=_TT, length_first=True),
    "IFEP_LLLCHAR": Written(AN, LATIN, Prefix(3, EBCDIC), tag=_ETT, length_first=True),
    "IFEP_LLLBINARY": Written(B, BYTES, Prefix(3, EBCDIC), tag=_ETT, length_first=True),
    "IFELPE_LLLCHAR": Written(AN, EBCDIC, Prefix(3, EBCDIC), tag=_ETT, length_first=True),
}

# Rows that hold nothing on the wire.
EMPTY: Final = frozenset({"IF_NOP", "IF_UNUSED"})
# How bitmaps stand.
BITMAPS: Final[Mapping[str, Coding]] = {
    "IFA_BITMAP": HEX,
    "IFB_BITMAP": BYTES,
    "IFE_BITMAP": HEX_EBCDIC,
    "Base1_BITMAP126": BYTES,
}
# What the model has no words for.
UNSAYABLE: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("IFA_FLLCHAR", "IFA_FLLNUM", "IFB_LLHFBINARY"),
        "a length before it, and filled up to its largest size as well",
    ),
    "IFA_LLBNUM": "its length counts the digit with which odd ones are filled",
    **dict.fromkeys(("IFB_LLHEX", "IFB_LLLHEX"), "its length counts half bytes"),
    "IFB_HEX": "digits of hexadecimal that are no bytes",
    "IFE_SIGNED_NUMERIC": "the sign stands within the last digit",
    "IFE_LLLEBINARY": "bytes that are turned as characters are",
    **dict.fromkeys(
        ("IFMC_TCC", "IFEMC_TCC"), "it is there or not, as its first character is a letter"
    ),
    **dict.fromkeys(("IF_TCHAR", "IF_TBASE"), "it ends with a character of its own"),
    **dict.fromkeys(
        ("IFA_AMOUNT2003", "IFB_AMOUNT2003"), "an amount with its currency and its decimal places"
    ),
}
