"""Messages of a dialect, from bytes and to bytes; each direction is the inverse of the other."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cache
from typing import Final
from weakref import WeakValueDictionary

from .dialect import Dialect
from .errors import DecodeError, EncodeError
from .field import Coding, Field
from .head import Head
from .message import Message, Salvaged, Value
from .shape import WRONG, LooseShape, Shape, content_fault, decode_fault, encode_fault

# A head is MTI and bitmap as they stand. Compiling takes a millisecond and 12 kB, so what is kept
# has bounds, and beyond them fields are served one by one: slower, never wrong. No more shapes are
# compiled than heads and orders name.
HEADS: Final = 1024
PER_SOURCE: Final = 32  # heads that one terminal may bring; those of its make come from its fellows
ORDERS: Final = 512
MTIS: Final = 256


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
        self.dialect = dialect
        self._trusting = trusting
        self._head = Head(dialect)
        self._start = self._head.start
        self._in_bytes = dialect.bitmap is Coding.BYTES
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
            lacking = end - mac.width(mac.size) == size and shape.numbers[-1:] == (mac.number,)
            if lacking and missing_mac:
                return self._without_mac(data, mti, shape, start)
            if end > size:
                raise self.fault(data, shape)
            if not leftover:
                raise DecodeError(None, end, f"the end, not {size - end} more bytes")
        return Message(self, data, mti, shape, found)

    def salvage(self, data: bytes) -> Message | None:
        """Give what can be read of a message that does not decode: all before what is wrong.

        None when its head can not be read. The `broken` of the message says what was wrong.
        """
        data = bytes(data)
        try:
            mti, bitmap, offset = self._head.read(data)
        except DecodeError:
            return None
        whole: list[Shape] = []
        found: list[int] = []
        broken = DecodeError(None, len(data), "a whole message")
        for number in self._head.numbers(bitmap):
            single = self._singles.get(number)
            if single is None:
                broken = DecodeError(number, offset, "no such field in this dialect")
                break
            try:
                start, units, end = single.locate(data, offset)
            except WRONG:
                broken = DecodeError(number, offset, f"a length up to {single.fields[0].size}")
                break
            if end > len(data):
                broken = DecodeError(number, start, f"{end - start} bytes")
                break
            whole.append(single)
            found += (start, units)
            offset = end
        shape = LooseShape(bitmap, whole)
        return Salvaged(broken, self, data, mti, shape, (*found, offset))

    def read_one(self, number: int, data: bytes, found: tuple[int, ...]) -> Value:
        """Take the value of one field whose place is known; raises `DecodeError`."""
        single = self._singles[number]
        try:
            return single.read(data, found)[number]
        except WRONG:
            raise content_fault(single.fields[0], found[0]) from None

    def read_each(
        self, data: bytes, shape: Shape | LooseShape, found: tuple[int, ...]
    ) -> tuple[dict[int, Value], dict[int, DecodeError]]:
        """Take each field for itself: the values of those that can be read, what is wrong else."""
        values: dict[int, Value] = {}
        faults: dict[int, DecodeError] = {}
        for index, number in enumerate(shape.numbers):
            try:
                values[number] = self.read_one(number, data, found[2 * index : 2 * index + 2])
            except DecodeError as error:
                faults[number] = error
        return values, faults

    def fault(self, data: bytes, shape: Shape | LooseShape) -> DecodeError:
        """Say what is wrong with a message that did not decode."""
        start = self._head.size(shape.bitmap)
        return decode_fault(data, start, [self._singles[number] for number in shape.numbers])

    def _new_head(self, data: bytes) -> tuple[str, Shape | LooseShape, int]:
        """Read a head that is not known, or known with the second bitmap that follows it."""
        known = self._heads.get(data[: self._start + self._head.bitmap_bytes])
        if known:
            return known
        mti, bitmap, start = self._head.read(data)
        keep = self._trusting and len(self._heads) < HEADS
        head = (mti, self._shape(bitmap, self._numbers(bitmap), keep=keep), start)
        if keep:
            self._heads[data[:start]] = head
        return head

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
        size = self._head.size(message.bitmap)
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

    def sign(self, unsigned: bytes, mac: bytes) -> bytes:
        """Put the MAC behind a message that was built up to it."""
        number = self.dialect.mac_field
        return self._singles[number].write(unsigned, {number: mac})

    def _encode(
        self, mti: str, fields: Mapping[int, Value], *, mac_follows: bool, keep: bool
    ) -> bytes:
        order = (mac_follows, tuple(fields))
        try:
            shape = self._orders.get(order) or self._order(order, keep=keep)
            head = self._mtis.get(mti) or self._mti(mti, keep=keep)
            bitmap = shape.bitmap
            if not self._in_bytes:
                bitmap = self._head.write_bitmap(bitmap)
            return shape.write(head + bitmap, fields)
        except WRONG:
            singles = [self._singles[number] for number in sorted(fields)]
            raise encode_fault(fields, singles) from None

    def _mti(self, mti: str, *, keep: bool) -> bytes:
        encoded = self._head.write_mti(mti)
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
        bitmap = self._head.bitmap_of(named)
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
        numbers = self._head.numbers(bitmap)
        for number in numbers:
            if number not in self.dialect.fields:
                raise DecodeError(number, self._head.mti_bytes, "no such field in this dialect")
        return numbers
