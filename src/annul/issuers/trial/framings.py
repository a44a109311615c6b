"""Which framing bytes came in: found by a message type in them, and a length that fits before it.

Pure: bytes in, framings out. A length is proved by what follows it, so the stream has to be whole.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from annul.domain.errors import AnnulError
from annul.wire.errors import FrameError, FramingError
from annul.wire.field import Coding
from annul.wire.framing import CUPS_46, FRAMINGS, Framer, Framing, reply_head

_FARTHEST: Final = 64  # bytes before a message type
_LARGEST: Final = 8192
# How a length may stand: coding, width (bytes or digits), lowest byte first, bytes that it takes.
_LENGTHS: Final = (
    (Coding.BYTES, 2, False, 2),
    (Coding.ASCII, 4, False, 4),
    (Coding.PACKED, 4, False, 2),
    (Coding.EBCDIC, 4, False, 4),
    (Coding.BYTES, 4, False, 4),
    (Coding.BYTES, 2, True, 2),
    (Coding.ASCII, 5, False, 5),
    (Coding.ASCII, 6, False, 6),
    (Coding.ASCII, 3, False, 3),
    (Coding.BYTES, 4, True, 4),
)
_ETX: Final = b"\x03"
_VERSIONS: Final = "012"
_CLASSES: Final = "12345678"


@dataclass(frozen=True, slots=True)
class Cut:
    """One way in which bytes are frames: a row of the table, parts that differ, the bodies."""

    name: str
    parts: Mapping[str, str | int | bool]
    framing: Framing
    bodies: tuple[bytes, ...]


def cuts(raw: bytes) -> Iterator[Cut]:
    """Give every framing under which bytes are whole frames, each with a message type in front."""
    seen: set[tuple[Any, ...]] = set()
    for place in range(min(_FARTHEST, len(raw) - 2) + 1):
        if not _is_type(raw[place:]):
            continue
        for framing in (*_around(raw, place), *_interbank(raw, place)):
            bodies = _frames(framing, raw)
            if bodies is None or not all(_is_type(body) for body in bodies):
                continue
            name, parts = named(framing)
            key = (name, *sorted(parts.items()))
            if key not in seen:
                seen.add(key)
                yield Cut(name, parts, framing, bodies)


def named(framing: Framing) -> tuple[str, dict[str, str | int | bool]]:
    """Give the row of the table that is nearest to a framing, and the parts that are otherwise."""
    rows = [row for row in FRAMINGS.values() if row.interbank is framing.interbank]
    best = min(rows, key=lambda row: len(_parts(framing, row)))
    return best.name, _parts(framing, best)


def _parts(framing: Framing, row: Framing) -> dict[str, str | int | bool]:
    found: dict[str, str | int | bool] = {}
    for part in fields(Framing):
        value = getattr(framing, part.name)
        if part.name != "name" and value != getattr(row, part.name):
            written = value.hex() if isinstance(value, bytes) else value
            found[part.name] = written.value if isinstance(written, Coding) else written
    return found


def _around(raw: bytes, place: int) -> Iterator[Framing]:
    """Give framings that put a message at a place: what is before it is gap or head."""
    for coding, width, little, size in _LENGTHS:
        between = raw[size:place]
        if place < size:
            continue
        for itself in (False, True):
            for trailer in (b"", _ETX):
                common: dict[str, Any] = {
                    "width": width, "coding": coding, "little": little,
                    "counts_itself": itself, "trailer": trailer,
                }  # fmt: skip
                try:
                    if not between:
                        yield Framing("", **common)
                        continue
                    yield Framing("", **common, head=len(between), constant=_constant(between))
                    yield Framing("", **common, gap=between)
                except FramingError:
                    continue


def _constant(between: bytes) -> bytes:
    """Give the head that this side begins with, from the one that came back."""
    turned = reply_head(between)
    return b"" if not any(turned) else turned


def _interbank(raw: bytes, place: int) -> Iterator[Framing]:
    if place == CUPS_46.prefix + CUPS_46.head and raw[CUPS_46.prefix] == CUPS_46.head:
        yield CUPS_46


def _frames(framing: Framing, raw: bytes) -> tuple[bytes, ...] | None:
    framer = Framer(framing, _LARGEST)
    try:
        found = framer.feed(raw)
    except (FrameError, AnnulError):
        return None
    whole = found and not framer.waiting
    trailed = not framing.trailer or raw.endswith(framing.trailer)
    return tuple(frame.body for frame in found) if whole and trailed else None


def _is_type(body: bytes) -> bool:
    """Say whether bytes begin with a message type, in any coding."""
    for mti in (body[:4].decode("ascii", "replace"), body[:4].decode("cp037"), body[:2].hex()):
        if (
            len(mti) == 4
            and mti.isascii()
            and mti.isdigit()
            and mti[0] in _VERSIONS
            and mti[1] in _CLASSES
            and mti[2] in "01234"
            and mti[3] in "012345"
        ):
            return True
    return False
