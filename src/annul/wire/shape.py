"""A shape is the list of fields that a message has, with the functions that serve it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from . import compiler
from .errors import DecodeError, EncodeError
from .field import Content, Field

_EXPECTED: Final = {
    Content.DIGITS: "digits",
    Content.TRACK: "digits and D",
    Content.SIGNED: "C or D and digits",
}
# What generated code may raise for data or values that are wrong.
WRONG: Final = (ValueError, IndexError, TypeError, KeyError, AttributeError, LookupError)


class Shape:
    """Compiled functions for one list of fields, and the slow search for what is wrong."""

    __slots__ = ("__weakref__", "bitmap", "fields", "index", "locate", "numbers", "read", "write")

    def __init__(self, bitmap: bytes, fields: Sequence[Field]) -> None:
        self.bitmap = bitmap
        self.fields = tuple(fields)
        self.numbers = tuple(field.number for field in fields)
        self.index = {number: index for index, number in enumerate(self.numbers)}
        self.locate = compiler.locate(fields)
        self.read = compiler.read(fields)
        self.write = compiler.write(fields)


class LooseShape:
    """The same out of single fields, for shapes too rare to be worth compiling."""

    __slots__ = ("bitmap", "fields", "index", "numbers", "singles")

    def __init__(self, bitmap: bytes, singles: Sequence[Shape]) -> None:
        self.bitmap = bitmap
        self.singles = tuple(singles)
        self.fields = tuple(single.fields[0] for single in singles)
        self.numbers = tuple(field.number for field in self.fields)
        self.index = {number: index for index, number in enumerate(self.numbers)}

    def locate(self, data: bytes, offset: int) -> tuple[int, ...]:
        """Find start and units of each field, then the end."""
        found: list[int] = []
        for single in self.singles:
            start, units, offset = single.locate(data, offset)
            found += (start, units)
        return (*found, offset)

    def read(self, data: bytes, found: Sequence[int]) -> dict[int, Any]:
        """Take all values."""
        values: dict[int, Any] = {}
        for index, single in enumerate(self.singles):
            values.update(single.read(data, found[2 * index : 2 * index + 2]))
        return values

    def write(self, head: bytes, values: Mapping[int, Any]) -> bytes:
        """Put the message together."""
        return head + b"".join(single.write(b"", values) for single in self.singles)


def decode_fault(data: bytes, offset: int, singles: Sequence[Shape]) -> DecodeError:
    """Find the first field that does not decode and say what was expected of it."""
    for single in singles:
        field = single.fields[0]
        try:
            start, units, end = single.locate(data, offset)
        except WRONG:
            return DecodeError(field.number, offset, f"a length up to {field.size}")
        if end > len(data):
            return DecodeError(field.number, start, f"{field.width(units)} bytes")
        try:
            single.read(data, (start, units))
        except WRONG:
            return content_fault(field, start)
        offset = end
    return DecodeError(None, offset, "a whole message")


def content_fault(field: Field, start: int) -> DecodeError:
    """Say that a field whose place is right holds what it must not."""
    return DecodeError(field.number, start, _expected(field))


def _expected(field: Field) -> str:
    if field.content is Content.TEXT:
        return f"{field.coded.value.upper().replace('_', '-')} text without NUL"
    if field.content is Content.BINARY:
        return "hexadecimal characters" if field.in_hex else "bytes"
    return _EXPECTED[field.content]


def encode_fault(values: Mapping[int, Any], singles: Sequence[Shape]) -> EncodeError:
    """Find the first value that does not encode and say what was expected of it."""
    for single in singles:
        field = single.fields[0]
        try:
            single.write(b"", values)
        except WRONG:
            size = f"{field.size}" if field.fixed else f"up to {field.size}"
            return EncodeError(field.number, f"{_expected(field)} of length {size}")
    return EncodeError(None, "values of the dialect")
