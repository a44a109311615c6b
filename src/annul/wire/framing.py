"""Where a message begins and ends in a stream: length, addresses and header before each message.

No I/O here: bytes go in, whole frames come out. A framing is a row of a table, and single parts of
it can be set otherwise for a link or a port. Source: UnionPay POS framing (2-byte length, TPDU,
6-byte header) and the interbank header of 46 bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from .errors import FrameError, FramingError
from .field import LENGTHS, Coding

_WIDEST: Final = 6
_TPDU: Final = 5


@dataclass(frozen=True, slots=True)
class Framing:
    """How frames of one kind look.

    The length is a number of `width` bytes (`little`: the lowest first), characters, or packed
    digits two in a byte; it counts all that follows `gap`, and with `counts_itself` its own bytes
    and the gap as well. `head` bytes stand before the message: `constant` where this side begins,
    zeros without one; what came goes back in an answer. `interbank` heads are built new for each
    message, since they hold its length again. `trailer` ends each frame.
    """

    name: str
    width: int = 2
    coding: Coding = Coding.BYTES
    little: bool = False
    counts_itself: bool = False
    gap: bytes = b""
    head: int = 0
    constant: bytes = b""
    interbank: bool = False
    trailer: bytes = b""

    def __post_init__(self) -> None:
        if not 1 <= self.width <= _WIDEST or (self.coding is Coding.BYTES and self.width > 4):
            raise FramingError("width", "1 to 4 bytes, or 1 to 6 digits")
        if self.coding not in LENGTHS:
            raise FramingError("coding", ", ".join(coding.value for coding in LENGTHS))
        if self.little and self.coding is not Coding.BYTES:
            raise FramingError("little", "a length in bytes")
        if self.constant and len(self.constant) != self.head:
            raise FramingError("constant", f"{self.head} bytes, as head says")

    @property
    def prefix(self) -> int:
        """Bytes of the length and of the gap behind it."""
        packed = self.coding is Coding.PACKED
        return ((self.width + 1) // 2 if packed else self.width) + len(self.gap)

    @property
    def opening(self) -> bytes:
        """The head of a message that this side begins with; none where it is built new."""
        return b"" if self.interbank else self.constant or bytes(self.head)

    def pack(self, body: bytes, head: bytes = b"") -> bytes:
        """Frame one message; `head` must have the framing's size (made here when interbank)."""
        if self.interbank and not head:
            head = _interbank_head(len(body))
        assert len(head) == self.head, "a head has the size of its framing"
        size = len(head) + len(body) + len(self.trailer)
        counted = size + self.prefix if self.counts_itself else size
        return self._length(counted) + self.gap + head + body + self.trailer

    def size(self, prefix: bytes) -> int:
        """Read how many bytes follow a length and its gap; raises `FrameError`."""
        raw = prefix[: len(prefix) - len(self.gap)] if self.gap else prefix
        if self.coding is Coding.BYTES:
            counted = int.from_bytes(raw, "little" if self.little else "big")
        else:
            packed = self.coding is Coding.PACKED
            digits = raw.hex() if packed else raw.decode(self.coding.charset, "replace")
            if not (digits.isdecimal() and digits.isascii()):
                message = f"a length of {self.width} digits was expected"
                raise FrameError(message)
            counted = int(digits)
        if not self.counts_itself or not counted:
            return counted
        if counted < self.prefix:
            message = f"a frame of {counted} bytes does not hold its own length"
            raise FrameError(message)
        return counted - self.prefix

    def _length(self, size: int) -> bytes:
        base = 256 if self.coding is Coding.BYTES else 10
        if size >= base**self.width:
            message = f"{size} bytes do not fit into a frame"
            raise FrameError(message)
        if self.coding is Coding.BYTES:
            return size.to_bytes(self.width, "little" if self.little else "big")
        if self.coding is Coding.PACKED:
            return bytes.fromhex(f"{size:0{self.width + self.width % 2}d}")
        return f"{size:0{self.width}d}".encode(self.coding.charset)


def _interbank_head(body: int) -> bytes:
    """Build the 46-byte header: length, flag, total length, stations, reserved, batch, info."""
    stations = b"%-11d%-11d" % (0, 0)
    return (
        b"\x2e\x01%04d" % (46 + body)
        + stations
        + bytes(3)
        + b"\x00"
        + bytes(8)
        + b"\x00"
        + b"00000"
    )


TPDU_2: Final = Framing("tpdu_2", head=11)
LENGTH_2: Final = Framing("length_2")
LENGTH_4: Final = Framing("length_4", width=4, coding=Coding.ASCII)
CUPS_46: Final = Framing("cups_46", width=4, coding=Coding.ASCII, head=46, interbank=True)

FRAMINGS: Final[Mapping[str, Framing]] = {
    framing.name: framing
    for framing in (
        TPDU_2,
        LENGTH_2,
        LENGTH_4,
        CUPS_46,
        Framing("tpdu_only", head=_TPDU, constant=bytes.fromhex("6000000000")),
        Framing("length_2_itself", counts_itself=True),
        Framing("length_2_gap", gap=bytes(2)),
        Framing("length_2_packed", width=4, coding=Coding.PACKED),
        Framing("length_2_etx", trailer=b"\x03"),
        Framing("length_4_bytes", width=4),
        Framing("length_4_ebcdic", width=4, coding=Coding.EBCDIC),
    )
}


def framing_of(name: str, changes: Mapping[str, Any] | None = None) -> Framing:
    """Give a framing of the table with single parts set otherwise; bytes are in hexadecimal.

    Raises `FramingError` that names the part that is wrong.
    """
    framing = FRAMINGS.get(name)
    if framing is None:
        raise FramingError("framing", f"one of {', '.join(FRAMINGS)}")
    kinds: dict[str, Any] = {p.name: type(getattr(framing, p.name)) for p in fields(framing)}
    changed: dict[str, Any] = {}
    for part, value in (changes or {}).items():
        kind = kinds.get(part)
        if kind is None or part in {"name", "interbank"}:
            raise FramingError(part, f"one of {', '.join(sorted(set(kinds) - {'interbank'}))}")
        try:
            changed[part] = _KINDS[kind](value)
        except (ValueError, TypeError) as error:
            raise FramingError(part, f"not {value!r}") from error
    return replace(framing, **changed)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError
    return value


_KINDS: Final[Mapping[type, Any]] = {
    int: _count,
    bool: _flag,
    bytes: bytes.fromhex,
    Coding: Coding,
}


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: what stood before the message, and the message."""

    head: bytes
    body: bytes


class Framer:
    """Cuts a stream into frames; raises `FrameError` for a length that no message has.

    After an error the stream has no beginning any more: the caller closes the connection, but the
    `whole` frames that came before count.
    A length of zero is a keep-alive and gives nothing.
    """

    __slots__ = ("_buffer", "_framing", "_limit")

    def __init__(self, framing: Framing, limit: int = 8192) -> None:
        self._framing = framing
        self._limit = limit
        self._buffer = b""

    def feed(self, data: bytes) -> list[Frame]:
        """Take what arrived and give the frames that are whole."""
        framing = self._framing
        prefix, head, trailer = framing.prefix, framing.head, framing.trailer
        buffer = self._buffer + data if self._buffer else bytes(data)
        frames: list[Frame] = []
        start, end = 0, len(buffer)
        while end - start >= prefix:
            try:
                size = self._size(buffer[start : start + prefix])
            except FrameError as error:
                error.whole = frames
                raise
            body = start + prefix
            if end - body < size:
                break
            start = body + size
            if size:
                frames.append(Frame(buffer[body : body + head], buffer[body + head : start]))
                if trailer:
                    frames[-1] = Frame(frames[-1].head, frames[-1].body.removesuffix(trailer))
        self._buffer = buffer[start:] if start < end else b""
        return frames

    @property
    def waiting(self) -> int:
        """Bytes of a frame that is not whole yet."""
        return len(self._buffer)

    def _size(self, prefix: bytes) -> int:
        size = self._framing.size(prefix)
        if size > self._limit:
            message = f"a frame of {size} bytes is longer than the limit of {self._limit}"
            raise FrameError(message)
        if 0 < size <= self._framing.head + len(self._framing.trailer):
            message = f"a frame of {size} bytes has no room for a message"
            raise FrameError(message)
        return size


# What a host asks of a terminal in the header of an answer (processing requirement).
REQUIREMENTS: Final[Mapping[str, int]] = {
    "": 0, "parameters": 1, "sign_in": 3, "ca_keys": 4, "aids": 5, "update": 6,
}  # fmt: skip


def reply_head(head: bytes, requirement: int = 0) -> bytes:
    """Turn TPDU addresses round for the answer and state a requirement; other heads stay."""
    if len(head) not in {_TPDU, TPDU_2.head}:
        return head
    turned = head[:1] + head[3:5] + head[1:3] + head[5:]
    if not requirement or len(head) == _TPDU:
        return turned
    return turned[:7] + bytes([turned[7] & 0xF0 | requirement]) + turned[8:]


def requirement_of(head: bytes) -> int:
    """Read what a host asks of the terminal, 0 for nothing."""
    return head[7] & 0x0F if len(head) == TPDU_2.head else 0


def software_of(head: bytes) -> str:
    """Read the terminal's software version: two digits of the specification, six of its own."""
    return (head[6:7] + head[8:11]).hex() if len(head) == TPDU_2.head else ""
