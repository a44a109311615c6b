"""Vendors who lay single fields out in another way, each as an override of a dialect's rows."""

from collections.abc import Mapping
from typing import Final

from annul.wire.field import LL, LLL, Content, Field, Pad

OVERRIDES: Final[Mapping[str, tuple[Field, ...]]] = {
    # Track 2 with an odd number of digits is filled with F instead of 0.
    "track2_f": (Field(35, Content.TRACK, 37, LL, pad=Pad.RIGHT_F),),
    # Field 63 carries bytes, not text.
    "binary_63": (Field(63, Content.BINARY, 163, LLL),),
}
