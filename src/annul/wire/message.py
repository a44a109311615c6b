"""A decoded message: where each field is, and its value once asked for."""

from collections.abc import Iterable, Mapping
from copy import copy
from types import MappingProxyType
from typing import Any, Final, Protocol

from .dialect import Dialect
from .errors import DecodeError
from .shape import WRONG, LooseShape, Shape

Value = str | bytes


class Reader(Protocol):
    """Takes values out of a message's bytes: a codec."""

    dialect: Dialect

    def read_one(self, number: int, data: bytes, found: tuple[int, ...]) -> Value:
        """Take the value of one field whose place is known; raises `DecodeError`."""
        ...

    def read_each(
        self, data: bytes, shape: Shape | LooseShape, found: tuple[int, ...]
    ) -> tuple[dict[int, Value], dict[int, DecodeError]]:
        """Take each field for itself: the values of those that can be read, what is wrong else."""
        ...


_SOUND: Final[Mapping[int, DecodeError]] = MappingProxyType({})


class Message:
    """A decoded message: where each field is, and its value once asked for.

    Whoever asks for a field that is wrong gets its `DecodeError`; one that nobody asks for spoils
    nothing.
    """

    __slots__ = ("_codec", "_faults", "_found", "_shape", "_values", "mti", "raw")

    def __init__(
        self,
        codec: Reader,
        raw: bytes,
        mti: str,
        shape: Shape | LooseShape,
        found: tuple[int, ...],
    ) -> None:
        self._codec = codec
        self._shape = shape
        self._found = found
        self._values: dict[int, Value] = {}
        self._faults: Mapping[int, DecodeError] | None = None  # once all are read
        self.raw: Final = raw
        self.mti: Final = mti

    @property
    def broken(self) -> DecodeError | None:
        """Why it ends before its end, when it was salvaged: it has what stands before."""
        return None

    @property
    def faults(self) -> Mapping[int, DecodeError]:
        """What is wrong with single fields."""
        self.readable()
        return self._faults or _SOUND

    @property
    def leftover(self) -> bytes:
        """Bytes after the last field, when those were allowed."""
        return self.raw[self._found[-1] :]

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of the fields that the message has, ascending."""
        return self._shape.numbers

    @property
    def dialect(self) -> Dialect:
        """The dialect that it was read by."""
        return self._codec.dialect

    @property
    def bitmap(self) -> bytes:
        """Its bitmap, or both, in binary."""
        return self._shape.bitmap

    @property
    def lacks_mac(self) -> bool:
        """Whether the bitmap names a MAC that the message ends before."""
        number, bitmap = self._codec.dialect.mac_field, self._shape.bitmap
        named = number <= 8 * len(bitmap) and bool(bitmap[number // 8 - 1] & 1)
        return named and number not in self._shape.index

    @property
    def unsigned(self) -> bytes:
        """The message up to the MAC with which it ends; all of it when it ends with none."""
        numbers = self._shape.numbers
        if not numbers or numbers[-1] != self._codec.dialect.mac_field:
            return self.raw
        return self.raw[: self._found[-3]]

    def __contains__(self, number: object) -> bool:
        return number in self._shape.index

    def __getitem__(self, number: int) -> Value:
        values = self._values
        if number in values:
            return values[number]
        index = self._shape.index[number]
        found = self._found[2 * index : 2 * index + 2]
        value = self._codec.read_one(number, self.raw, found)
        values[number] = value
        return value

    def get(self, number: int, default: Any = None) -> Any:
        """Give a field's value, or `default` when the message lacks it; raises `DecodeError`."""
        if self._faults is _SOUND:
            return self._values.get(number, default)
        if number in self._values:
            return self._values[number]
        return self[number] if number in self._shape.index else default

    def pick(self, numbers: Iterable[int]) -> dict[int, Value]:
        """Give those of some fields that are there and can be read."""
        values = self.readable()
        return {number: values[number] for number in numbers if number in values}

    def readable(self) -> Mapping[int, Value]:
        """Read every field now; give the values, while what is wrong stands in `faults`."""
        if self._faults is None:
            self._read()
        return self._values

    def kept(self) -> dict[int, Value]:
        """Give all values; what can not be read as it stands on the wire."""
        values = dict(self.readable())
        values.update((number, self.bytes_of(number)) for number in self.faults)
        return values

    def bytes_of(self, number: int) -> bytes:
        """Give a field as it stands on the wire, without its length."""
        index = self._shape.index[number]
        start, units = self._found[2 * index : 2 * index + 2]
        return self.raw[start : start + self._codec.dialect.fields[number].width(units)]

    def check(self) -> None:
        """Decode every field now; raises `DecodeError` for the first that is wrong."""
        for fault in self.faults.values():
            raise fault

    def fields(self) -> dict[int, Value]:
        """Give all values by number; raises `DecodeError`."""
        if self._faults is None:
            self._read()
        if self._faults is not _SOUND:
            self.check()
        return dict(self._values)

    def saying(self, values: dict[int, Value]) -> "Message":
        """Give it with other values, as another edition of the standard numbers what it says.

        Its type, its bytes and what is wrong with them stay.
        """
        self.readable()
        other = copy(self)
        other._values = values  # noqa: SLF001 - of its own class
        return other

    def _read(self) -> None:
        try:
            self._values = self._shape.read(self.raw, self._found)
            self._faults = _SOUND
        except WRONG:
            self._values, faults = self._codec.read_each(self.raw, self._shape, self._found)
            self._faults = faults or _SOUND

    def __repr__(self) -> str:
        return f"<Message {self.mti} {self.numbers}>"


class Salvaged(Message):
    """What could be read of a message that does not decode."""

    __slots__ = ("_broken",)

    def __init__(self, broken: DecodeError, *parts: Any) -> None:
        super().__init__(*parts)
        self._broken = broken

    @property
    def broken(self) -> DecodeError:
        """What was wrong behind what could be read."""
        return self._broken
