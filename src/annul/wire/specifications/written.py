"""A dialect written as a TOML document: what differs from its base, and nothing else."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from annul.wire.dialect import Dialect
from annul.wire.field import FIXED, Arranged, Coding, Content, Counts, Field, Layout, Pad, Prefix
from annul.wire.nested import in_hex


def to_toml(dialect: Dialect, base: Dialect | None = None) -> str:
    """Write a dialect: what differs from `base`, or all of it. Read again it is the same."""
    lines = [f"name = {_text(dialect.name)}"]
    if base is not None:
        lines.append(f"extends = {_text(base.name)}")
    default = base or Dialect("", {64: Field(64, Content.BINARY, 8)})
    for attribute in ("mti", "bitmap", "secondary", "mac_field", "mac_fields", "version"):
        value = getattr(dialect, attribute)
        if value != getattr(default, attribute):
            written = list(value) if attribute == "mac_fields" else _value(value)
            lines.append(f"{attribute} = {written}")
    fields: Mapping[int, Field] = base.fields if base is not None else {}
    for number in sorted({*dialect.fields, *fields}):
        row = dialect.fields.get(number)
        written = ["absent = true"] if row is None else list(_row_lines(row, fields.get(number)))
        if written or number not in fields:
            lines += ["", f"[fields.{number}]", *written]
    return "\n".join(lines) + "\n"


def _row_lines(row: Field, base: Field | None) -> Iterator[str]:
    yield from (f"{name} = {value}" for name, value in _attributes(row, base))
    if row.layout is not None and (base is None or row.layout != base.layout):
        yield f"layout = {_layout_value(row.layout)}"


def _attributes(row: Field, base: Field | None) -> Iterator[tuple[str, str]]:
    """Give what of a row differs, as TOML; a new content takes the usual coding with it."""
    if base is None:
        yield "content", _value(row.content)
        yield "size", _value(row.size)
        base = Field(row.number, row.content, row.size)
    elif row.content is not base.content:
        yield "content", _value(row.content)
        base = replace(base, content=row.content, coding=None)
    for attribute in ("size", "coding", "pad", "fill", "separator", "name"):
        value = getattr(row, attribute)
        if value != getattr(base, attribute):
            yield attribute, _value(value)
    if row.prefix != base.prefix:
        yield "prefix", _prefix_value(row.prefix, base.prefix)
    if row.layout is None and base.layout is not None:
        yield "without_layout", "true"


def _prefix_value(prefix: Prefix, base: Prefix = FIXED) -> str:
    given = [
        f"{name} = {_value(getattr(prefix, name))}"
        for name in ("width", "coding", "counts")
        if getattr(prefix, name) != getattr(base, name)
    ]
    return f"{{{', '.join(given)}}}"


def _layout_value(layout: Layout) -> str:
    """Write a layout as an inline table, so that its parts stand with their field."""
    given = [f"arranged = {_value(layout.arranged)}"]
    given += [
        f"{name} = {_prefix_value(getattr(layout, name))}"
        for name in ("tag", "length")
        if getattr(layout, name) != FIXED
    ]
    if layout.length_first:
        given.append("length_first = true")
    if layout.bitmap:
        given.append(f"bitmap = {layout.bitmap}")
    if layout.head is not None:
        given.append(f"head = {_part_value(layout.head)}")
    parts = [f"{_key(layout, part)} = {_part_value(part)}" for part in layout.parts]
    return "{" + ", ".join([*given, f"parts = {{{', '.join(parts)}}}"]) + "}"


def _key(layout: Layout, part: Field) -> str:
    return f"{part.number:X}" if in_hex(layout.arranged, layout.tag.coding) else str(part.number)


def _part_value(part: Field) -> str:
    return "{" + ", ".join(_row_lines(part, None)) + "}"


def _value(value: object) -> str:
    match value:
        case Pad():
            return _text(value.name.lower())
        case Content() | Coding() | Counts() | Arranged():
            return _text(value.value)
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case _:
            return _text(str(value))


def _text(text: str) -> str:
    """Write a basic string of TOML."""
    escaped = "".join(
        f"\\u{ord(each):04X}" if ord(each) < 32 or ord(each) == 127 else each
        for each in text.replace("\\", "\\\\").replace('"', '\\"')
    )
    return f'"{escaped}"'
