"""A field is a row of independent parts: content, size, coding, length, and what fills it up."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final


class Content(Enum):
    """What a field holds, and so which values it takes."""

    DIGITS = "digits"
    TRACK = "track"  # digits and the separator D
    SIGNED = "signed"  # an amount: C or D (or + or -), then digits
    TEXT = "text"
    BINARY = "binary"


class Coding(Enum):
    """How a value, a length, a message type or a bitmap stands on the wire."""

    PACKED = "packed"  # two digits in a byte
    ASCII = "ascii"
    LATIN_1 = "latin_1"
    GBK = "gbk"
    EBCDIC = "ebcdic"  # code page 037
    BYTES = "bytes"  # as it is; of a length, a number with its highest byte first
    HEX = "hex"  # two characters for a byte
    HEX_EBCDIC = "hex_ebcdic"

    @property
    def charset(self) -> str:
        """The name by which Python knows its characters."""
        return _CHARSETS.get(self, "ascii")


_CHARSETS: Final = {
    Coding.LATIN_1: "latin-1",
    Coding.GBK: "gbk",
    Coding.EBCDIC: "cp037",
    Coding.HEX_EBCDIC: "cp037",
}
_CHARACTERS: Final = frozenset({Coding.ASCII, Coding.LATIN_1, Coding.EBCDIC})
# Which codings a content may have; the first is the usual one.
CODINGS: Final = {
    Content.DIGITS: (Coding.PACKED, *_CHARACTERS),
    Content.TRACK: (Coding.PACKED, *_CHARACTERS),
    Content.SIGNED: (Coding.PACKED, *_CHARACTERS),
    Content.TEXT: (Coding.ASCII, Coding.GBK, *_CHARACTERS),
    Content.BINARY: (Coding.BYTES, Coding.HEX, Coding.HEX_EBCDIC),
}
# Of a length.
LENGTHS: Final = (Coding.PACKED, Coding.ASCII, Coding.EBCDIC, Coding.BYTES)


class Counts(Enum):
    """What a length counts."""

    CONTENT = "content"  # digits, characters, or bytes of what is binary
    WIRE = "wire"  # bytes as they stand on the wire


@dataclass(frozen=True, slots=True)
class Prefix:
    """The length before a value: so many digits, or bytes when it is coded as bytes; 0 is none."""

    width: int = 0
    coding: Coding = Coding.PACKED
    counts: Counts = Counts.CONTENT

    @property
    def bytes(self) -> int:
        """Bytes that it takes."""
        return (self.width + 1) // 2 if self.coding is Coding.PACKED else self.width

    @property
    def largest(self) -> int:
        """The largest length that it can say."""
        base = 256 if self.coding is Coding.BYTES else 10
        return int(base**self.width) - 1


FIXED: Final = Prefix()
LL: Final = Prefix(2)
LLL: Final = Prefix(3)
ASCII_LL: Final = Prefix(2, Coding.ASCII)
ASCII_LLL: Final = Prefix(3, Coding.ASCII)


class Pad(Enum):
    """Which half of a byte is filled when packed digits are odd in number, and how it is written.

    It is read with 0 and with F, whichever a peer writes.
    """

    RIGHT_0 = ("right", "0")
    RIGHT_F = ("right", "f")
    LEFT_0 = ("left", "0")
    LEFT_F = ("left", "f")


class Arranged(Enum):
    """How the parts of a field lie in it."""

    IN_TURN = "in_turn"  # one after the other; those at the end may be missing
    TAGGED = "tagged"  # each with its tag and length, in any order
    BER_TLV = "ber_tlv"  # likewise, as chip cards do
    BITMAPPED = "bitmapped"  # a bitmap of its own says which are there


@dataclass(frozen=True, slots=True)
class Layout:
    """The parts of a field that is a message in itself; a part's `number` is its place or tag.

    `tag` and `length` say how those of a tagged one stand; a tag may be coded in hexadecimal.
    `length_first`: the length stands before the tag and counts it. `head` stands before them all
    and has no tag. `bitmap` is the bytes of its bitmap.
    """

    arranged: Arranged
    parts: tuple["Field", ...]
    tag: Prefix = FIXED
    length: Prefix = FIXED
    bitmap: int = 0
    length_first: bool = False
    head: "Field | None" = None


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a dialect.

    `size` counts digits, or bytes of text and binary as they are before a hexadecimal coding: the
    exact size of a fixed field and the largest of a variable one. `fill` lengthens a shorter value
    of a fixed field as it is written: "0" on the left, a blank on the right; without it a value
    must have the size. `separator` stands between card number and date of a track in characters.
    """

    number: int
    content: Content
    size: int
    prefix: Prefix = FIXED
    coding: Coding | None = None  # the usual one of its content
    pad: Pad = Pad.RIGHT_0
    fill: str = ""
    separator: str = "D"
    nul: bool = False  # whether text may hold NUL, which PostgreSQL takes in none
    layout: Layout | None = None
    name: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.coding is None:
            object.__setattr__(self, "coding", CODINGS[self.content][0])

    @property
    def coded(self) -> Coding:
        """How its value stands on the wire."""
        assert self.coding is not None, "it has been given one"
        return self.coding

    @property
    def fixed(self) -> bool:
        """Whether it has one size, and no length before it."""
        return not self.prefix.width

    @property
    def packed(self) -> bool:
        """Whether two digits share a byte."""
        return self.coding is Coding.PACKED

    @property
    def in_hex(self) -> bool:
        """Whether a byte takes two characters."""
        return self.coding in {Coding.HEX, Coding.HEX_EBCDIC}

    def width(self, units: int) -> int:
        """Bytes that `units` of the content take."""
        if self.packed:  # the sign of an amount has a byte of its own
            return units // 2 + 1 if self.content is Content.SIGNED else (units + 1) // 2
        return 2 * units if self.in_hex else units
