"""A field is a row of three independent parts: content, length, and how odd digits are padded."""

from dataclasses import dataclass
from enum import Enum


class Content(Enum):
    """What a field holds, and so which values it takes."""

    DIGITS = "digits"
    TRACK = "track"  # digits and the separator D
    TEXT = "text"  # ASCII
    CHINESE = "chinese"  # GBK
    BINARY = "binary"


class Prefix(Enum):
    """How the length stands before the value: nothing, or decimal digits of it."""

    FIXED = 0
    LL = 2
    LLL = 3


class FieldForm(Enum):
    """How digits stand on the wire; lengths are written the same way."""

    PACKED = "packed"  # two digits in a byte
    CHARACTER = "character"


class Pad(Enum):
    """Which half of a byte is filled when packed digits are odd in number."""

    RIGHT_0 = ("right", "0")
    RIGHT_F = ("right", "f")
    LEFT_0 = ("left", "0")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a dialect. `size` counts digits, or bytes of text and binary.

    It is the exact size of a fixed field and the largest of a variable one.
    """

    number: int
    content: Content
    size: int
    prefix: Prefix = Prefix.FIXED
    form: FieldForm = FieldForm.PACKED
    pad: Pad = Pad.RIGHT_0
    nul: bool = False  # whether text may hold NUL, which PostgreSQL takes in none

    @property
    def packed(self) -> bool:
        """Whether two digits share a byte."""
        return self.form is FieldForm.PACKED and self.content in {Content.DIGITS, Content.TRACK}

    @property
    def prefix_bytes(self) -> int:
        """Bytes that the length takes."""
        digits = self.prefix.value
        return (digits + 1) // 2 if self.form is FieldForm.PACKED else digits

    def width(self, units: int) -> int:
        """Bytes that `units` of the content take."""
        return (units + 1) // 2 if self.packed else units
