"""A dialect as the packager file of the Java standard: from its rows to XML."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final
from xml.sax.saxutils import quoteattr

from annul.wire.dialect import Dialect
from annul.wire.field import FIXED, Arranged, Coding, Content, Field, Layout, Pad, Prefix

from .imported import Exported, Unsaid
from .packager_classes import CLASSES, Written
from .sound import FILLS

_PACKAGE: Final = "org.jpos.iso."
_TRACKS: Final = (35, 36)
_MTIS: Final = {
    Coding.PACKED: "IFB_NUMERIC",
    Coding.ASCII: "IFA_NUMERIC",
    Coding.EBCDIC: "IFE_NUMERIC",
}
_BITMAPS: Final = {
    Coding.BYTES: "IFB_BITMAP",
    Coding.HEX: "IFA_BITMAP",
    Coding.HEX_EBCDIC: "IFE_BITMAP",
}
_PART_BITMAP: Final = 8  # bytes of the one bitmap of parts that a class has
_Key = tuple[Content, Coding, Prefix, Pad, Prefix, bool]


def _keys(written: Written) -> Iterator[tuple[_Key, bool]]:
    """Give what a class writes, without and with pad="true"."""
    for pad, attribute in ((written.pad, False), (written.pad_left, True)):
        yield (
            (
                written.content,
                written.coding,
                written.prefix,
                pad,
                written.tag,
                written.length_first,
            ),
            attribute,
        )


# What is to be written -> class, and whether it takes pad="true". The first that fits is taken.
_NAMES: Final[Mapping[_Key, tuple[str, bool]]] = {
    key: (name, attribute)
    for name in reversed(tuple(CLASSES))
    for key, attribute in reversed(tuple(_keys(CLASSES[name])))
}


def to_packager(dialect: Dialect) -> Exported:
    """Write a packager file; rows for which no class is there are listed."""
    unsaid: list[Unsaid] = list(_settings(dialect))
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<isopackager>",
        _line(0, 4, "message type", (_MTIS[dialect.mti], False)),
        _line(1, 16 if dialect.secondary else 8, "bitmap", (_BITMAPS[dialect.bitmap], False)),
    ]
    for number, row in sorted(dialect.fields.items()):
        found = _class_of_row(row)
        if found is None:
            unsaid.append(_no_class(str(number), row))
            continue
        inner = list(_parts(row, str(number), unsaid)) if row.layout is not None else []
        if inner:
            lines += [_line(number, row.size, row.name, found, _packager(row)), *inner]
            lines.append("  </isofieldpackager>")
        else:
            lines.append(_line(number, row.size, row.name, found))
    lines.append("</isopackager>")
    return Exported("\n".join(lines) + "\n", tuple(unsaid))


def as_class(row: Field) -> Field:
    """Give a row as a class of this form has it: it fills up, and takes ISO 8859-1 for ASCII.

    What the row itself can write, the class writes alike.
    """
    text = row.content is Content.TEXT and row.coding is Coding.ASCII
    return replace(
        row,
        coding=Coding.LATIN_1 if text else row.coding,
        fill=FILLS[row.content] if row.fixed else "",
        pad=row.pad if row.packed else Pad.RIGHT_0,
        separator=row.separator if row.content is Content.TRACK and not row.packed else "D",
        layout=_layout_as_class(row.layout) if row.layout else None,
    )


def _layout_as_class(layout: Layout) -> Layout:
    tagged = layout.arranged is Arranged.TAGGED
    parts = (replace(part, fill="") if tagged else part for part in map(as_class, layout.parts))
    return replace(layout, parts=tuple(parts), head=as_class(layout.head) if layout.head else None)


def _settings(dialect: Dialect) -> Iterator[Unsaid]:
    """List what of the head has no place in such a file."""
    if dialect.mac_fields:
        yield Unsaid("mac_fields", "which fields the MAC is over")
    if dialect.version != "0":
        yield Unsaid("version", f"that message types begin with {dialect.version}")
    usual = next((n for n in (128, 64) if _is_binary(dialect, n)), 64)
    if dialect.mac_field != usual:
        yield Unsaid("mac_field", f"that the MAC stands in field {dialect.mac_field}")


def _is_binary(dialect: Dialect, number: int) -> bool:
    return number in dialect.fields and dialect.fields[number].content is Content.BINARY


def _class_of_row(row: Field) -> tuple[str, bool] | None:
    """Find the class of a field. The classes of numbers serve tracks, by the field's number."""
    if row.content is Content.TRACK:
        if row.number not in _TRACKS or row.fixed or not (row.packed or row.separator == "="):
            return None
        return _class_of(replace(row, content=Content.DIGITS))
    if row.content is Content.DIGITS and row.number in _TRACKS:
        return None  # whoever reads it takes it for a track
    return _class_of(row)


def _class_of(row: Field, tag: Prefix = FIXED, *, first: bool = False) -> tuple[str, bool] | None:
    """Find the class of a row, or of a part behind a tag."""
    row = as_class(row)
    return _NAMES.get((row.content, row.coded, row.prefix, row.pad, tag, first))


def _no_class(where: str, row: Field) -> Unsaid:
    counts = f", {row.prefix.width} {row.prefix.coding.value} of length" if not row.fixed else ""
    return Unsaid(
        where, f"{row.content.value} in {row.coded.value}{counts}: there is no such class"
    )


def _packager(row: Field) -> str:
    assert row.layout is not None, "it has parts"
    name = {
        Arranged.IN_TURN: "GenericSubFieldPackager",
        Arranged.BITMAPPED: "Base1SubFieldPackager",
        Arranged.TAGGED: "EuroSubFieldPackager",
    }[row.layout.arranged]
    return f"{_PACKAGE}packager.{name}"


# Parts -----------------------------------------------------------------------------------------


def _parts(row: Field, where: str, unsaid: list[Unsaid]) -> Iterator[str]:
    """Give the lines of the parts; none, and why, when they can not be said."""
    layout = row.layout
    assert layout is not None, "it has parts"
    reason = _whole(layout)
    if reason:
        unsaid.append(Unsaid(where, f"its parts: {reason}"))
        return
    if layout.arranged is Arranged.BITMAPPED:
        yield _line(0, layout.bitmap, "bitmap", ("packager.Base1_BITMAP126", False), depth=2)
    if layout.head is not None:
        found = _class_of(layout.head)
        assert found is not None, "it was looked at"
        yield _line(0, layout.head.size, layout.head.name, found, depth=2)
    for part in layout.parts:
        yield _line(part.number, part.size, part.name, _part_class(layout, part), depth=2)


def _part_class(layout: Layout, part: Field) -> tuple[str, bool]:
    if layout.arranged is not Arranged.TAGGED:
        found = _class_of(part)
    else:
        behind = replace(part, prefix=layout.length)
        found = _class_of(behind, layout.tag, first=layout.length_first)
    return found or ("", False)


def _whole(layout: Layout) -> str:
    """Say why a layout can not be said; empty when it can."""
    if layout.arranged is Arranged.BER_TLV:
        return "data objects of chips have no file of this form"
    if layout.arranged is Arranged.BITMAPPED and layout.bitmap != _PART_BITMAP:
        return f"a bitmap of {layout.bitmap} bytes"
    if layout.head is not None and (_class_of(layout.head) is None or layout.head.layout):
        return "what stands before them has no class"
    for part in layout.parts:
        if part.layout is not None or not _part_class(layout, part)[0]:
            return f"{_no_class('', part).reason} for part {part.number}"
    return ""


def _line(
    number: int,
    size: int,
    name: str,
    found: tuple[str, bool],
    packager: str = "",
    depth: int = 1,
) -> str:
    said = "".join(each for each in name if each.isprintable())
    pad = ' pad="true"' if found[1] else ""
    attributes = (
        f'id="{number}" length="{size}" name={quoteattr(said)} class="{_PACKAGE}{found[0]}"{pad}'
    )
    if packager:
        return f'{"  " * depth}<isofieldpackager {attributes} packager="{packager}">'
    return f"{'  ' * depth}<isofield {attributes}/>"
