"""Dialects of any kind, drawn: rows with every coding, length and filling, parts within fields."""

from hypothesis import assume
from hypothesis import strategies as st

from annul.wire.dialect import Dialect, table
from annul.wire.errors import DialectError
from annul.wire.field import (
    CODINGS,
    FIXED,
    LENGTHS,
    Arranged,
    Coding,
    Content,
    Counts,
    Field,
    Layout,
    Pad,
    Prefix,
)
from annul.wire.specifications.sound import FILLS, check, named

MAC = Field(128, Content.BINARY, 8)
_NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=12).map(named)


@st.composite
def prefixes(draw: st.DrawFn) -> Prefix:
    """Draw a length before a value."""
    coding = draw(st.sampled_from(LENGTHS))
    width = draw(st.integers(1, 2 if coding is Coding.BYTES else 6))
    return Prefix(width, coding, draw(st.sampled_from(Counts)))


@st.composite
def plain_rows(draw: st.DrawFn, number: int, *, fixed: bool = False) -> Field:
    """Draw a row without parts."""
    content = draw(st.sampled_from(Content))
    prefix = FIXED if fixed else draw(st.one_of(st.just(FIXED), prefixes()))
    row = Field(
        number,
        content,
        draw(st.integers(2, 60)),
        prefix,
        draw(st.sampled_from(CODINGS[content])),
        draw(st.sampled_from(Pad)),
        draw(st.sampled_from(("", FILLS[content]))) if prefix is FIXED else "",
        separator=draw(st.sampled_from("D=")),
        name=draw(_NAMES),
    )
    _assume_sound(row)
    return row


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """Draw the parts of a binary field."""
    arranged = draw(st.sampled_from(Arranged))
    numbers = sorted(draw(st.sets(st.integers(1, 16), min_size=1, max_size=4)))
    if arranged is Arranged.BER_TLV:
        numbers = [0x9F00 + number for number in numbers]
    behind_tags = arranged in {Arranged.TAGGED, Arranged.BER_TLV}
    parts = tuple(draw(plain_rows(number, fixed=behind_tags)) for number in numbers)
    if arranged is not Arranged.TAGGED:
        return Layout(arranged, parts, bitmap=2 if arranged is Arranged.BITMAPPED else 0)
    tag = Prefix(draw(st.integers(2, 3)), draw(st.sampled_from((*LENGTHS, Coding.HEX))))
    head = draw(st.one_of(st.none(), plain_rows(0)))
    first = draw(st.booleans())
    return Layout(
        arranged,
        parts,
        tag=tag,
        length=draw(prefixes()),
        length_first=first,
        head=head,
    )


@st.composite
def nested_rows(draw: st.DrawFn, number: int) -> Field:
    """Draw a row with parts."""
    prefix = Prefix(2, Coding.BYTES)
    row = Field(number, Content.BINARY, 9_999, prefix, layout=draw(layouts()))
    _assume_sound(row)
    return row


@st.composite
def dialects(draw: st.DrawFn) -> Dialect:
    """Draw a dialect of a few rows and a MAC."""
    numbers = draw(st.sets(st.integers(2, 127), min_size=1, max_size=6))
    rows = [draw(st.one_of(plain_rows(n), nested_rows(n))) for n in sorted(numbers)]
    texts = [row.number for row in rows if row.content is not Content.BINARY]
    return Dialect(
        "drawn",
        table(*rows, MAC),
        mti=draw(st.sampled_from((Coding.PACKED, Coding.ASCII, Coding.EBCDIC))),
        bitmap=draw(st.sampled_from((Coding.BYTES, Coding.HEX, Coding.HEX_EBCDIC))),
        secondary=True,
        mac_field=128,
        mac_fields=tuple(draw(st.sets(st.sampled_from(texts)))) if texts else (),
    )


def _assume_sound(row: Field) -> None:
    try:
        check("drawn", row)
    except DialectError:
        assume(condition=False)
