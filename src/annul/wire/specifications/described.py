"""A dialect for people: every row in words, in both languages, and as a table in Markdown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from annul.wire.dialect import Dialect
from annul.wire.field import Arranged, Coding, Content, Counts, Field, Pad
from annul.wire.names import name_of
from annul.wire.nested import tag_of

Words = tuple[str, str]  # zh, en
ZH, EN = 0, 1

CONTENTS: Final[Mapping[Content, Words]] = {
    Content.DIGITS: ("数字", "digits"),
    Content.TRACK: ("磁道", "track"),
    Content.SIGNED: ("带符号金额", "amount with a sign"),
    Content.TEXT: ("文本", "text"),
    Content.BINARY: ("二进制", "binary"),
}
CODINGS: Final[Mapping[Coding, Words]] = {
    Coding.PACKED: ("压缩BCD", "packed digits"),
    Coding.ASCII: ("ASCII", "ASCII"),
    Coding.LATIN_1: ("Latin-1", "Latin-1"),
    Coding.GBK: ("GBK", "GBK"),
    Coding.EBCDIC: ("EBCDIC", "EBCDIC"),
    Coding.BYTES: ("字节", "bytes"),
    Coding.HEX: ("十六进制字符", "hexadecimal characters"),
    Coding.HEX_EBCDIC: ("EBCDIC十六进制字符", "hexadecimal characters in EBCDIC"),
}
_PADS: Final[Mapping[Pad, Words]] = {
    Pad.RIGHT_0: ("奇数位右补0", "odd digits: 0 on the right"),
    Pad.RIGHT_F: ("奇数位右补F", "odd digits: F on the right"),
    Pad.LEFT_0: ("奇数位左补0", "odd digits: 0 on the left"),
    Pad.LEFT_F: ("奇数位左补F", "odd digits: F on the left"),
}
_FILLS: Final[Mapping[str, Words]] = {
    "": ("", ""),
    "0": ("左补0", "0 on the left"),
    " ": ("右补空格", "blanks on the right"),
}
_ARRANGED: Final[Mapping[Arranged, Words]] = {
    Arranged.IN_TURN: ("按顺序的子域", "parts in turn"),
    Arranged.TAGGED: ("带标签的子域", "parts behind tags"),
    Arranged.BER_TLV: ("BER-TLV子域", "parts in BER-TLV"),
    Arranged.BITMAPPED: ("由位图指明的子域", "parts that a bitmap names"),
}
_HEADINGS: Final = (
    ("域", "field"),
    ("名称", "name"),
    ("内容", "content"),
    ("长度", "length"),
    ("编码", "coding"),
    ("填充", "what fills it"),
    ("与基础规范的差异", "difference to its base"),
)
NEW: Final[Words] = ("新增", "added")
CHANGED: Final[Words] = ("有改动", "changed")
GONE: Final[Words] = ("无此域", "absent")


@dataclass(frozen=True, slots=True)
class Line:
    """A row in words; `difference` is empty where it is as in the base."""

    number: str
    name: str
    content: str
    length: str
    coding: str
    fill: str
    difference: str = ""


def lines(dialect: Dialect, base: Dialect | None, at: int) -> Iterator[Line]:
    """Give every row, parts beneath their field, and rows that only the base has."""
    theirs: Mapping[int, Field] = base.fields if base is not None else {}
    for number in sorted({*dialect.fields, *theirs}):
        row = dialect.fields.get(number)
        if row is None:
            yield Line(str(number), _name(theirs[number], at), "", "", "", "", GONE[at])
            continue
        yield _line(str(number), row, at, _difference(row, theirs.get(number), at, base))
        yield from _part_lines(str(number), row, at)


def to_markdown(dialect: Dialect, base: Dialect | None, at: int) -> str:
    """Write a table in Markdown."""
    columns = _HEADINGS if base is not None else _HEADINGS[:-1]
    head = ("报文规范", "Dialect")[at]
    text = [
        f"# {head} {dialect.name}",
        "",
        *(f"- {one}" for one in settings(dialect, base, at)),
        "",
    ]
    text += [_cells(*(words[at] for words in columns)), _cells(*("---" for _ in columns))]
    for line in lines(dialect, base, at):
        cells = [line.number, line.name, line.content, line.length, line.coding, line.fill]
        text.append(_cells(*cells, *([line.difference] if base is not None else [])))
    return "\n".join(text) + "\n"


def settings(dialect: Dialect, base: Dialect | None, at: int) -> Iterator[str]:
    """Say how messages begin, and where their MAC is."""
    if base is not None:
        yield (f"基于{base.name}", f"extends {base.name}")[at]
    mti, bitmap = CODINGS[dialect.mti][at], CODINGS[dialect.bitmap][at]
    yield (f"消息类型：{mti}；位图：{bitmap}", f"message type: {mti}; bitmap: {bitmap}")[at]
    last = 128 if dialect.secondary else 64
    yield (f"域号至{last}", f"fields up to {last}")[at]
    over = (
        ", ".join(map(str, dialect.mac_fields)) or ("其前全部报文", "all that stands before it")[at]
    )
    mac = dialect.mac_field
    yield (f"MAC在{mac}域，计算范围：{over}", f"MAC in field {mac}, over {over}")[at]


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _line(number: str, row: Field, at: int, difference: str = "", name: str = "") -> Line:
    content = CONTENTS[row.content][at]
    if row.layout is not None:
        content += ("，", ", ")[at] + _ARRANGED[row.layout.arranged][at]
    return Line(
        number,
        name or _name(row, at),
        content,
        _length(row, at),
        CODINGS[row.coded][at],
        _fill(row, at),
        difference,
    )


def _name(row: Field, at: int) -> str:
    return " ".join(row.name.split()) or name_of(row.number)[at]


def _length(row: Field, at: int) -> str:
    if row.fixed:
        return str(row.size)
    width, coding = row.prefix.width, CODINGS[row.prefix.coding][at]
    in_bytes = row.prefix.coding is Coding.BYTES
    unit = (("字节", "bytes") if in_bytes else ("位", "digits"))[at]
    said = (
        f"最长{row.size}，长度{width}{unit}" + ("" if in_bytes else f"（{coding}）"),
        f"up to {row.size}, its length in {width} {unit}" + ("" if in_bytes else f" ({coding})"),
    )[at]
    if row.prefix.counts is Counts.WIRE:
        said += ("，按传输字节计", ", counted in bytes on the wire")[at]
    return said


def _fill(row: Field, at: int) -> str:
    said = [_FILLS[row.fill][at]] if row.fill else []
    if row.packed and (not row.fixed or row.size % 2 != (row.content is Content.SIGNED)):
        said.append(_PADS[row.pad][at])
    if row.content is Content.TRACK and not row.packed:
        said.append((f"分隔符{row.separator}", f"{row.separator} between")[at])
    return ("；", "; ")[at].join(said)


def _difference(row: Field, theirs: Field | None, at: int, base: Dialect | None) -> str:
    if base is None:
        return ""
    if theirs is None:
        return NEW[at]
    return "" if row == theirs else CHANGED[at]


def _part_lines(number: str, row: Field, at: int) -> Iterator[Line]:
    layout = row.layout
    if layout is None:
        return
    if layout.head is not None:
        yield _part(f"{number}.", layout.head, at)
    for part in layout.parts:
        place = f"{number}.{tag_of(layout, part.number)}"
        yield _part(place, part, at)
        yield from _part_lines(place, part, at)


def _part(place: str, part: Field, at: int) -> Line:
    return _line(place, part, at, name=" ".join(part.name.split()) or " ")
