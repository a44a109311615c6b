"""A dump of unknown origin: found by its frame, read by the dialect, or by a vendor's variant."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from .codec import Codec, Message
from .dialect import Dialect
from .dialects.vendor import OVERRIDES
from .dump import Dump, split_dump
from .errors import DecodeError
from .field import Coding

_UNFRAMED: Final = frozenset({"cups", "iso87_ascii", "iso87_binary", "iso93_ascii", "iso93_binary"})


@dataclass(frozen=True, slots=True)
class Reading:
    """A message, what stood before it, and the overrides that it took to read it."""

    head: bytes
    message: Message
    overrides: tuple[str, ...]


def codec_of(dialect: Dialect, overrides: Sequence[str]) -> Codec:
    """Build the codec of a dialect with some of its rows replaced."""
    for name in overrides:
        dialect = dialect.override(OVERRIDES[name])
    return Codec(dialect.with_nul())


def read(data: bytes, dialect: Dialect, overrides: Sequence[str] | None = None) -> Reading:
    """Read a dump; without `overrides`, vendors' variants are tried when the dialect fails.

    The variant that would write the same bytes is taken before one that only reads them. Bytes
    after the last field are kept as leftover only when nothing reads the whole. Raises the
    `DecodeError` of the plain dialect.
    """
    framed = dialect.name not in _UNFRAMED and dialect.mti is Coding.PACKED
    dump = split_dump(data) if framed else Dump(b"", data)
    first: DecodeError | None = None
    readable: Reading | None = None
    tried = [tuple(overrides)] if overrides is not None else list(_variants(dialect))
    for leftover in (False, True):
        for names in tried:
            codec = codec_of(dialect, names)
            try:
                message = codec.decode(dump.body, leftover=leftover, missing_mac=True)
                message.check()
            except DecodeError as error:
                first = first or error
                continue
            reading = Reading(dump.head, message, names)
            if _writes(codec, message):
                return reading
            readable = readable or reading
        if readable is not None:
            return readable
    assert first is not None, "something was tried"
    raise first


def _writes(codec: Codec, message: Message) -> bool:
    write = codec.encode_unsigned if message.lacks_mac else codec.encode
    body = write(message.mti, message.fields())
    return body + message.leftover == message.raw


def _variants(dialect: Dialect) -> Iterator[tuple[str, ...]]:
    fitting = [
        name
        for name, rows in OVERRIDES.items()
        if dialect.name == "unionpay_pos" and all(row.number in dialect.fields for row in rows)
    ]
    for size in range(len(fitting) + 1):
        yield from combinations(fitting, size)
