"""Messages of a dialect, from bytes and to bytes; each direction is the inverse of the other."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final
from weakref import WeakValueDictionary

from .dialect import Dialect
from .errors import DecodeError, EncodeError
from .field import Field, FieldForm
from .shape import WRONG, LooseShape, Shape, content_fault, decode_fault, encode_fault

Value = str | bytes

# A head is MTI and bitmap as they stand. Compiling takes a millisecond and 12 kB, so what is kept
# has bounds, and beyond them fields are served one by one: slower, never wrong. No more shapes are
# compiled than heads and orders name.
HEADS: Final = 1024
PER_SOURCE: Final = 32  # heads that one terminal may bring; those of its make come from its fellows
ORDERS: Final = 512
MTIS: Final = 256


class Message:
    """A decoded message: where each field is, and its value once asked for."""

    __slots__ = ("_all", "_codec", "_found", "_shape", "_values", "mti", "raw")

    def __init__(
        self,
        codec: "Codec",
        raw: bytes,
        mti: str,
        shape: Shape | LooseShape,
        found: tuple[int, ...],
    ) -> None:
        self._codec = codec
        self._shape = shape
        self._found = found
        self._values: dict[int, Value] = {}
        self._all = False
        self.raw: Final = raw
        self.mti: Final = mti

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
        """Give a field's value, or `default` when the message lacks it."""
        if self._all:
            return self._values.get(number, default)
        return self[number] if number in self._shape.index else default

    def pick(self, numbers: Iterable[int]) -> dict[int, Value]:
        """Give those of some fields that are there; raises `DecodeError`."""
        self.check()
        values = self._values
        return {number: values[number] for number in numbers if number in values}

    def check(self) -> None:
        """Decode every field now; raises `DecodeError` for the first that is wrong."""
        if not self._all:
            try:
                self._values = self._shape.read(self.raw, self._found)
            except WRONG:
                raise self._codec.fault(self.raw, self._shape) from None
            self._all = True

    def fields(self) -> dict[int, Value]:
        """Give all values by number; raises `DecodeError`."""
        self.check()
        return dict(self._values)

    def __repr__(self) -> str:
        return f"<Message {self.mti} {self.numbers}>"


@cache
def _single(field: Field) -> Shape:
    """Compile what serves one field alone; there are as many as dialects have rows."""
    return Shape(b"", (field,))


class Codec:
    """Decodes and encodes the messages of one dialect; shared by whatever runs in one event loop.

    A trusting codec compiles and keeps what it meets: for peers whom the operator chose. One that
    is not keeps nothing of what it decodes until `keep` says that the message is genuine.
    """

    def __init__(self, dialect: Dialect, *, trusting: bool = True) -> None:
        assert dialect.mac_field in dialect.fields, "a message can be signed"
        assert max(dialect.fields) <= (128 if dialect.secondary else 64), "the bitmap names each"
        self.dialect = dialect
        self._trusting = trusting
        packed = dialect.form is FieldForm.PACKED
        self._mti_bytes = 2 if packed else 4
        self._map_bytes = 16 if dialect.hex_bitmap else 8
        self._start = self._mti_bytes + self._map_bytes
        self._singles = {number: _single(field) for number, field in dialect.fields.items()}
        # By bitmap; one lives as long as a head, an order or a message under way has it.
        self._shapes: WeakValueDictionary[bytes, Shape] = WeakValueDictionary()
        self._orders: dict[tuple[bool, tuple[int, ...]], Shape | LooseShape] = {}
        self._mtis: dict[str, bytes] = {}
        # Head -> MTI, shape, where the fields begin.
        self._heads: dict[bytes, tuple[str, Shape | LooseShape, int]] = {}
        # Whose messages the heads were kept for, and which, the oldest first; none when trusting.
        self._kept: dict[Hashable, dict[bytes, None]] = {}

    # Decoding ------------------------------------------------------------------------------

    def decode(self, data: bytes, *, leftover: bool = False, missing_mac: bool = False) -> Message:
        """Find the fields of a message; values are decoded when asked for.

        `leftover` keeps bytes after the last field instead of refusing them; `missing_mac` takes
        a message whose bitmap names the MAC field but which ends before it. Raises `DecodeError`.
        """
        data = bytes(data)
        known = self._heads.get(data[: self._start])
        mti, shape, start = known or self._new_head(data)
        try:
            found = shape.locate(data, start)
        except WRONG:
            raise self.fault(data, shape) from None
        end, size = found[-1], len(data)
        if end != size:
            mac = self.dialect.fields[self.dialect.mac_field]
            if end - mac.size == size and missing_mac and shape.numbers[-1:] == (mac.number,):
                return self._without_mac(data, mti, shape, start)
            if end > size:
                raise self.fault(data, shape)
            if not leftover:
                raise DecodeError(None, end, f"the end, not {size - end} more bytes")
        return Message(self, data, mti, shape, found)

    def salvage(self, data: bytes) -> dict[int, Value]:
        """Give what can be read of a message that does not decode: fields by number, MTI as 0."""
        data = bytes(data)
        try:
            mti, bitmap, offset = self._head(data)
            numbers = self._numbers(bitmap)
        except DecodeError:
            return {}
        values: dict[int, Value] = {0: mti}
        for number in numbers:
            single = self._singles[number]
            try:
                start, units, offset = single.locate(data, offset)
                if offset > len(data):
                    break
                values.update(single.read(data, (start, units)))
            except WRONG:
                break
        return values

    def read_one(self, number: int, data: bytes, found: tuple[int, ...]) -> Value:
        """Take the value of one field whose place is known; raises `DecodeError`."""
        single = self._singles[number]
        try:
            return single.read(data, found)[number]
        except WRONG:
            raise content_fault(single.fields[0], found[0]) from None

    def fault(self, data: bytes, shape: Shape | LooseShape) -> DecodeError:
        """Say what is wrong with a message that did not decode."""
        start = self._mti_bytes + len(shape.bitmap) * (2 if self.dialect.hex_bitmap else 1)
        return decode_fault(data, start, [self._singles[number] for number in shape.numbers])

    def _new_head(self, data: bytes) -> tuple[str, Shape | LooseShape, int]:
        """Read a head that is not known, or known with the second bitmap that follows it."""
        known = self._heads.get(data[: self._start + self._map_bytes])
        if known:
            return known
        mti, bitmap, start = self._head(data)
        keep = self._trusting and len(self._heads) < HEADS
        head = (mti, self._shape(bitmap, self._numbers(bitmap), keep=keep), start)
        if keep:
            self._heads[data[:start]] = head
        return head

    def _head(self, data: bytes) -> tuple[str, bytes, int]:
        """Read MTI and bitmap: the MTI, the bitmap as 8 or 16 bytes, and where the fields begin."""
        start = self._start
        if len(data) < start:
            raise DecodeError(None, 0, f"at least {start} bytes")
        dialect = self.dialect
        raw = data[: self._mti_bytes]
        mti = raw.hex() if dialect.form is FieldForm.PACKED else raw.decode("ascii", "replace")
        if not (mti.isdigit() and mti.isascii()):
            raise DecodeError(None, 0, "a message type of four digits")
        bitmap = self._bitmap(data, self._mti_bytes, start)
        if bitmap[0] & 0x80 and dialect.secondary:
            end = start + self._map_bytes
            if len(data) < end:
                raise DecodeError(None, start, "a secondary bitmap")
            second = self._bitmap(data, start, end)
            if not any(second):
                raise DecodeError(None, start, "a secondary bitmap that names a field")
            return mti, bitmap + second, end
        return mti, bitmap, start

    def _bitmap(self, data: bytes, start: int, end: int) -> bytes:
        if not self.dialect.hex_bitmap:
            return data[start:end]
        try:
            bitmap = bytes.fromhex(data[start:end].decode("ascii"))
        except ValueError:
            bitmap = b""
        if bitmap.hex().upper().encode() != data[start:end]:
            raise DecodeError(None, start, "a bitmap in upper-case hexadecimal")
        return bitmap

    def _without_mac(self, data: bytes, mti: str, shape: Shape | LooseShape, start: int) -> Message:
        fields = [f for f in shape.fields if f.number != self.dialect.mac_field]
        short = LooseShape(shape.bitmap, [self._singles[f.number] for f in fields])
        return Message(self, data, mti, short, short.locate(data, start))

    # Keeping -------------------------------------------------------------------------------

    def keep(self, message: Message, source: Hashable) -> None:
        """Serve messages with this one's head fast from now on: its `source` is proved.

        A source that has its share of heads gets no more of them, so that none makes us compile
        without end; when all shares together are too much, the largest gives way.
        """
        size = self._mti_bytes + self._map_bytes * (len(message.bitmap) // 8)
        head = message.raw[:size]
        if head in self._heads or self._trusting:
            return
        if len(self._kept.get(source, ())) >= PER_SOURCE:
            return
        if len(self._heads) >= HEADS:
            self._give_way()
        bitmap = message.bitmap
        shape = self._shape(bitmap, self._numbers(bitmap), keep=True)
        self._heads[head] = (message.mti, shape, size)
        self._kept.setdefault(source, {})[head] = None

    def _give_way(self) -> None:
        """Forget the oldest head of the source that has most."""
        source = max(self._kept, key=lambda source: len(self._kept[source]))
        heads = self._kept[source]
        oldest = next(iter(heads))
        del heads[oldest], self._heads[oldest]
        if not heads:
            del self._kept[source]

    # Encoding ------------------------------------------------------------------------------

    def encode(self, mti: str, fields: Mapping[int, Value], *, keep: bool = True) -> bytes:
        """Build a message; raises `EncodeError` that names the field and what was expected.

        Without `keep`, for an answer to whoever is not proved, what is known is used, no more kept.
        """
        return self._encode(mti, fields, mac_follows=False, keep=keep)

    def encode_unsigned(self, mti: str, fields: Mapping[int, Value], *, keep: bool = True) -> bytes:
        """Build a message up to its MAC: the bitmap names the MAC field, whose value follows."""
        return self._encode(mti, fields, mac_follows=True, keep=keep)

    def _encode(
        self, mti: str, fields: Mapping[int, Value], *, mac_follows: bool, keep: bool
    ) -> bytes:
        order = (mac_follows, tuple(fields))
        try:
            shape = self._orders.get(order) or self._order(order, keep=keep)
            head = self._mtis.get(mti) or self._mti(mti, keep=keep)
            bitmap = shape.bitmap
            if self.dialect.hex_bitmap:
                bitmap = bitmap.hex().upper().encode()
            return shape.write(head + bitmap, fields)
        except WRONG:
            singles = [self._singles[number] for number in sorted(fields)]
            raise encode_fault(fields, singles) from None

    def _mti(self, mti: str, *, keep: bool) -> bytes:
        if not (len(mti) == 4 and mti.isdigit() and mti.isascii()):
            raise EncodeError(None, "a message type of four digits")
        encoded = bytes.fromhex(mti) if self.dialect.form is FieldForm.PACKED else mti.encode()
        if keep and len(self._mtis) < MTIS:
            self._mtis[mti] = encoded
        return encoded

    # Shapes --------------------------------------------------------------------------------

    def _shape(self, bitmap: bytes, numbers: Sequence[int], *, keep: bool) -> Shape | LooseShape:
        """Give the compiled shape of a bitmap when there is one, or one is to be kept."""
        shape = self._shapes.get(bitmap)
        if shape is None and keep:
            shape = self._shapes[bitmap] = self._compiled(bitmap, numbers)
        return shape or self._loose(bitmap, numbers)

    def _compiled(self, bitmap: bytes, numbers: Iterable[int]) -> Shape:
        return Shape(bitmap, [self.dialect.fields[number] for number in numbers])

    def _loose(self, bitmap: bytes, numbers: Iterable[int]) -> LooseShape:
        return LooseShape(bitmap, [self._singles[number] for number in numbers])

    def _order(self, order: tuple[bool, tuple[int, ...]], *, keep: bool) -> Shape | LooseShape:
        mac_follows, given = order
        for number in given:
            if number not in self.dialect.fields:
                raise EncodeError(number, "a field of the dialect")
        numbers = sorted(given)
        mac = self.dialect.mac_field
        named = [*numbers, mac] if mac_follows else numbers
        if mac_follows and named != sorted(set(named)):
            raise EncodeError(mac, "nothing: it follows")
        bits = 0
        secondary = any(number > 64 for number in named)
        for number in [1, *named] if secondary else named:
            bits |= 1 << (128 - number)
        bitmap = bits.to_bytes(16, "big")[: 16 if secondary else 8]
        keep = keep and self._has_room()
        if not mac_follows:
            shape = self._shape(bitmap, numbers, keep=keep)
        else:  # the bitmap names one field more than is written, so it is no shape to decode by
            shape = (self._compiled if keep else self._loose)(bitmap, numbers)
        if keep:
            self._orders[order] = shape
        return shape

    def _has_room(self) -> bool:
        """Whether one more order may be kept.

        Peers whom the operator chose have their orders soon, so those stay. Of terminals one may
        send many on purpose, though its MAC holds, and shut out the others: the oldest gives way.
        """
        if len(self._orders) < ORDERS:
            return True
        if self._trusting:
            return False
        del self._orders[next(iter(self._orders))]
        return True

    def _numbers(self, bitmap: bytes) -> list[int]:
        """Name the fields of a bitmap; raises `DecodeError` for one that the dialect lacks."""
        bits = int.from_bytes(bitmap, "big")
        size = 8 * len(bitmap)
        numbers = [n for n in range(1, size + 1) if bits >> (size - n) & 1]
        if self.dialect.secondary and numbers and numbers[0] == 1:
            numbers = numbers[1:]
        for number in numbers:
            if number not in self.dialect.fields:
                raise DecodeError(number, self._mti_bytes, "no such field in this dialect")
        return numbers
