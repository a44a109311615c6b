"""A message for people: every field named in both languages, its parts beneath it, cards masked."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Final

from . import tlv
from .codec import Message, Value
from .errors import DecodeError
from .field import Arranged, Field
from .names import PARTS, QR_TAGS, name_of
from .nested import row_of, split, tag_of
from .shown import hidden, objects, show, tags
from .subfields import Field48Totals, Field53, Field60, Field61, Field63

_CHIP: Final = 55
_SPLIT_DIALECTS: Final = frozenset({"unionpay_pos"})  # others use these fields in other ways


@dataclass(frozen=True, slots=True)
class Row:
    """One line: field, part ("60.2") or tag ("55 9F26"), names, value as it may be shown."""

    number: str
    zh: str
    en: str
    value: str


def rows(message: Message) -> list[Row]:
    """Give the lines of a message; raises `DecodeError` for a field that does not decode."""
    found: list[Row] = []
    for number, value in message.fields().items():
        row = message.dialect.fields[number]
        if row.layout is not None:
            parts = list(_laid_out(str(number), row, value))
        else:
            ours = message.dialect.name in _SPLIT_DIALECTS
            parts = list(_parts(number, value)) if ours else []
        whole = "" if number in {55, 59} and parts else show(number, value)
        found.append(Row(str(number), *name_of(number), whole))
        found += parts
    return found


def as_json(message: Message, *, clear: bool = False) -> dict[str, object]:
    """Give MTI, fields by number, and what follows the last field.

    A MAC that the bitmap names but the message lacks is None. `clear` gives values in full, binary
    in hexadecimal; otherwise they are what `shown` lets through, and what follows is its size.
    """
    values: dict[str, str | None] = {
        str(number): _text(value) if clear else show(number, value)
        for number, value in message.fields().items()
    }
    left = message.leftover
    leftover = left.hex().upper() if clear or not left else hidden(left)
    if message.lacks_mac:
        values[str(message.dialect.mac_field)] = None
    return {"mti": message.mti, "fields": values, "leftover": leftover}


def masked(mti: str, fields: Mapping[int, Value]) -> dict[str, str]:
    """Give fields as they may be kept and shown, by number."""
    del mti  # no row of the table depends on it
    return {str(number): show(number, value) for number, value in fields.items()}


def _text(value: Value) -> str:
    return value if isinstance(value, str) else value.hex().upper()


def _parts(number: int, value: Value) -> Iterator[Row]:
    """Give the parts of a field; none when it is laid out in another way."""
    known = _SPLIT.get(number)
    if known is None:
        return
    try:
        yield from known(number, value)
    except (DecodeError, ValueError):
        return


def _laid_out(place: str, field: Field, value: Value) -> Iterator[Row]:
    """Give the parts that a dialect says; what they hold no rule knows, so that they are sizes."""
    layout = field.layout
    if layout is None:
        return
    if layout.arranged is Arranged.BER_TLV and place == str(_CHIP):
        yield from _parts(_CHIP, value)
        return
    try:
        found = split(field, value)
    except DecodeError:
        return
    for part in found:
        row = row_of(field, part.number)
        tag = "" if part.number is None else tag_of(layout, part.number)
        name = row.name if row is not None else ""
        yield Row(f"{place}.{tag}", name, name, hidden(part.value))
        if row is not None:
            yield from _laid_out(f"{place}.{tag}", row, part.value)


def _fixed(number: int, value: Value) -> Iterator[Row]:
    """Split what of the field may be shown: masking leaves every part in its place."""
    layout = _LAYOUTS[number]
    parsed = layout.parse(show(number, value))
    for index, (part, name) in enumerate(zip(fields(parsed), PARTS[layout], strict=True), 1):
        content = getattr(parsed, part.name)
        if content != "":
            yield Row(f"{number}.{index}", *name, str(content))


def _tags(number: int, value: Value) -> Iterator[Row]:
    for path, shown in tags(value):
        yield Row(f"{number} {path}", *tlv.TAGS.get(path.rpartition("/")[2], ("", "")), shown)


def _qr(number: int, value: Value) -> Iterator[Row]:
    for tag, shown in objects(value):
        yield Row(f"{number} {tag}", *QR_TAGS.get(tag, ("", "")), shown)


_LAYOUTS: Final = {48: Field48Totals, 53: Field53, 60: Field60, 61: Field61, 63: Field63}
_SPLIT: Final[Mapping[int, Callable[[int, Value], Iterator[Row]]]] = {
    **dict.fromkeys(_LAYOUTS, _fixed),
    55: _tags,
    59: _qr,
}
