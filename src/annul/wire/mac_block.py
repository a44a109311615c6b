"""What of a message its MAC is over: all before it, or the fields that the network's rules name.

Source: UnionPay interbank rules, data security: the message type and the named fields that are
there, each with its length where that varies, in upper case, with nothing but letters, digits,
comma, point and single blanks, and one blank between them.
"""

from collections.abc import Mapping
from typing import Any, Final

from .dialect import Dialect
from .head import Head

_UPPER: Final = bytes(range(256)).upper()
_KEPT: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ,.")
_DROPPED: Final = bytes(value for value in range(256) if value not in _KEPT)


class MacBlock:
    """Gives what the MAC of a message is computed over, for one dialect."""

    __slots__ = ("_head", "_rows")

    def __init__(self, dialect: Dialect) -> None:
        self._head: Final = Head(dialect)
        named = [dialect.fields[number] for number in dialect.mac_fields]
        # Number of each field, and its lengths as they stand before the value; none when fixed.
        self._rows: Final = tuple(
            (row.number, tuple(f"{size:0{row.prefix.width}d}" for size in range(row.size + 1)))
            if row.prefix.width
            else (row.number, None)
            for row in named
        )

    def of(self, mti: str, fields: Mapping[int, str | bytes], unsigned: bytes) -> bytes:
        """Give it of a message whose values are `fields`, and which is `unsigned` up to its MAC."""
        rows = self._rows
        if not rows:
            return unsigned
        parts = [self._head.wire_mti(mti)]
        for number, lengths in rows:
            value: Any = fields.get(number)
            if value:
                parts.append(value if lengths is None else lengths[len(value)] + value)
        said = " ".join(parts).encode("ascii", "ignore").translate(_UPPER, _DROPPED)
        return b" ".join(said.split())
