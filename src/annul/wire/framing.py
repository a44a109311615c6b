"""Where a message begins and ends in a stream: length, addresses and header before each message.

No I/O here: bytes go in, whole frames come out. Source: UnionPay POS framing (2-byte length, TPDU,
6-byte header) and the interbank header of 46 bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .errors import FrameError


@dataclass(frozen=True, slots=True)
class Framing:
    """How frames of one kind look: `digits` says that the length is four ASCII digits.

    `head` bytes stand between the length and the message and are counted by the length;
    `interbank` heads are built new for each message, since they hold its length again.
    """

    name: str
    digits: bool = False
    head: int = 0
    interbank: bool = False

    @property
    def prefix(self) -> int:
        """Bytes of the length."""
        return 4 if self.digits else 2

    def pack(self, body: bytes, head: bytes = b"") -> bytes:
        """Frame one message; `head` must have the framing's size (made here when interbank)."""
        if self.interbank and not head:
            head = _interbank_head(len(body))
        assert len(head) == self.head, "a head has the size of its framing"
        size = len(head) + len(body)
        if size > (9_999 if self.digits else 65_535):
            message = f"{size} bytes do not fit into a frame"
            raise FrameError(message)
        length = b"%04d" % size if self.digits else size.to_bytes(2, "big")
        return length + head + body


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
LENGTH_4: Final = Framing("length_4", digits=True)
CUPS_46: Final = Framing("cups_46", digits=True, head=46, interbank=True)

FRAMINGS: Final[Mapping[str, Framing]] = {
    framing.name: framing for framing in (TPDU_2, LENGTH_2, LENGTH_4, CUPS_46)
}


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: what stood before the message, and the message."""

    head: bytes
    body: bytes


class Framer:
    """Cuts a stream into frames; raises `FrameError` for a length that no message has.

    After an error the stream has no beginning any more: the caller closes the connection.
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
        prefix, head = framing.prefix, framing.head
        buffer = self._buffer + data if self._buffer else bytes(data)
        frames: list[Frame] = []
        start, end = 0, len(buffer)
        while end - start >= prefix:
            size = self._size(buffer[start : start + prefix])
            body = start + prefix
            if end - body < size:
                break
            start = body + size
            if size:
                frames.append(Frame(buffer[body : body + head], buffer[body + head : start]))
        self._buffer = buffer[start:] if start < end else b""
        return frames

    @property
    def waiting(self) -> int:
        """Bytes of a frame that is not whole yet."""
        return len(self._buffer)

    def _size(self, prefix: bytes) -> int:
        if not self._framing.digits:
            size = prefix[0] << 8 | prefix[1]
        elif prefix.isdigit():
            size = int(prefix)
        else:
            message = "a length of four digits was expected"
            raise FrameError(message)
        if size > self._limit:
            message = f"a frame of {size} bytes is longer than the limit of {self._limit}"
            raise FrameError(message)
        if 0 < size <= self._framing.head:
            message = f"a frame of {size} bytes has no room for a message"
            raise FrameError(message)
        return size


# What a host asks of a terminal in the header of an answer (processing requirement).
REQUIREMENTS: Final[Mapping[str, int]] = {
    "": 0, "parameters": 1, "sign_in": 3, "ca_keys": 4, "aids": 5, "update": 6,
}  # fmt: skip


def reply_head(head: bytes, requirement: int = 0) -> bytes:
    """Turn TPDU addresses round for the answer and state a requirement; other heads stay."""
    if len(head) != TPDU_2.head:
        return head
    turned = head[:1] + head[3:5] + head[1:3] + head[5:]
    if not requirement:
        return turned
    return turned[:7] + bytes([turned[7] & 0xF0 | requirement]) + turned[8:]


def requirement_of(head: bytes) -> int:
    """Read what a host asks of the terminal, 0 for nothing."""
    return head[7] & 0x0F if len(head) == TPDU_2.head else 0


def software_of(head: bytes) -> str:
    """Read the terminal's software version: two digits of the specification, six of its own."""
    return (head[6:7] + head[8:11]).hex() if len(head) == TPDU_2.head else ""
