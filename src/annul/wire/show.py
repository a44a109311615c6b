"""A message for people: every field named in both languages, its parts beneath it, cards masked."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Final

from . import tlv
from .codec import Message, Value
from .errors import DecodeError
from .masking import mask_pan, mask_track
from .names import PARTS, QR_TAGS, name_of
from .subfields import Field48Totals, Field53, Field59, Field60, Field61, Field63

_PAN, _TRACKS, _PIN, _KEYS = 2, frozenset({35, 36, 45}), 52, 62
_SIGN_IN_ANSWER: Final = "0810"
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
        parts = list(_parts(number, value)) if message.dialect.name in _SPLIT_DIALECTS else []
        whole = "" if number in {55, 59} and parts else _shown(message.mti, number, value)
        found.append(Row(str(number), *name_of(number), whole))
        found += parts
    return found


def as_json(message: Message, *, clear: bool = False) -> dict[str, object]:
    """Give MTI, fields by number, and what follows the last field; binary in hexadecimal.

    A MAC that the bitmap names but the message lacks is None. Cards are masked unless `clear`.
    """
    values: dict[str, str | None] = {
        str(number): _text(value) if clear else _shown(message.mti, number, value)
        for number, value in message.fields().items()
    }
    if message.lacks_mac:
        values[str(message.dialect.mac_field)] = None
    return {"mti": message.mti, "fields": values, "leftover": message.leftover.hex().upper()}


def masked(mti: str, fields: Mapping[int, Value]) -> dict[str, str]:
    """Give fields as they may be kept and shown, by number."""
    return {str(number): _shown(mti, number, value) for number, value in fields.items()}


def _text(value: Value) -> str:
    return value if isinstance(value, str) else value.hex().upper()


def _raw(value: Value) -> bytes:
    return value if isinstance(value, bytes) else value.encode("gbk", "replace")


def _shown(mti: str, number: int, value: Value) -> str:
    """Give a field's value as it may be shown."""
    text = _text(value)
    if number == _PAN:
        return mask_pan(text)
    if number in _TRACKS:
        return mask_track(text)
    if number == _PIN or (number == _KEYS and mti == _SIGN_IN_ANSWER):
        return _hidden(len(value))
    if number == 55:
        return _masked_tlv(value)
    if number == 59:
        return _masked_qr(value)
    return text


def _hidden(size: int) -> str:
    return f"<{size} bytes>"


def _parts(number: int, value: Value) -> Iterator[Row]:
    """Give the parts of a field; none when it is laid out in another way."""
    split = _SPLIT.get(number)
    if split is None:
        return
    try:
        yield from split(number, value)
    except (DecodeError, ValueError):
        return


def _fixed(number: int, value: Value) -> Iterator[Row]:
    layout = _LAYOUTS[number]
    parsed = layout.parse(_text(value))
    for index, (part, name) in enumerate(zip(fields(parsed), PARTS[layout], strict=True), 1):
        content = getattr(parsed, part.name)
        if content != "":
            yield Row(f"{number}.{index}", *name, str(content))


def _tags(number: int, value: Value) -> Iterator[Row]:
    for one in tlv.parse(_raw(value), number):
        secret = one.tag in tlv.SECRET
        shown = _hidden(len(one.value)) if secret else one.value.hex().upper()
        yield Row(f"{number} {one.tag}", *tlv.TAGS.get(one.tag, ("", "")), shown)


def _qr(number: int, value: Value) -> Iterator[Row]:
    for tag, content in Field59.parse(_raw(value)).objects:
        yield Row(f"{number} {tag}", *QR_TAGS.get(tag, ("", "")), _qr_value(tag, content))


def _qr_value(tag: str, content: bytes) -> str:
    text = content.decode("gbk", "replace")
    return mask_pan(text) if tag == Field59.CODE else text


def _masked_tlv(value: Value) -> str:
    raw = _raw(value)
    try:
        objects = tlv.parse(raw)
    except DecodeError:
        return _hidden(len(raw))
    return (
        tlv.build(
            tlv.Tlv(one.tag, bytes(len(one.value)) if one.tag in tlv.SECRET else one.value)
            for one in objects
        )
        .hex()
        .upper()
    )


def _masked_qr(value: Value) -> str:
    raw = _raw(value)
    try:
        objects = Field59.parse(raw).objects
    except DecodeError:
        return _hidden(len(raw))
    return " ".join(f"{tag}={_qr_value(tag, content)}" for tag, content in objects)


_LAYOUTS: Final = {48: Field48Totals, 53: Field53, 60: Field60, 61: Field61, 63: Field63}
_SPLIT: Final[Mapping[int, Callable[[int, Value], Iterator[Row]]]] = {
    **dict.fromkeys(_LAYOUTS, _fixed),
    55: _tags,
    59: _qr,
}
