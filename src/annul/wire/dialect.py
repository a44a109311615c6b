"""A dialect is a table of fields, and how message type and bitmap stand on the wire."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from .errors import DialectError
from .field import Coding, Content, Field

VERSIONS: Final = ("0", "1", "2")


@dataclass(frozen=True, slots=True)
class Dialect:
    """`mti` and `bitmap` say how these two are coded; `secondary` allows fields 65 to 128.

    `version` is the edition of the standard, with which message types begin on the wire: 0 for
    1987, 1 for 1993, 2 for 2003. Inside annul they begin with 0, whichever it is.

    `mac_fields` are those that the MAC is over, besides the MTI; none: the whole message before it.
    Raises `DialectError` for a table that nobody could write a message by.
    """

    name: str
    fields: Mapping[int, Field]
    mti: Coding = Coding.PACKED
    bitmap: Coding = Coding.BYTES
    secondary: bool = False
    mac_field: int = 64
    mac_fields: tuple[int, ...] = ()
    version: str = "0"

    def __post_init__(self) -> None:
        if self.version not in VERSIONS:
            raise DialectError(self.name, f"one of {', '.join(VERSIONS)}", "version")
        mac = self.fields.get(self.mac_field)
        if mac is None or mac.content is not Content.BINARY or not mac.fixed:
            raise DialectError(self.name, f"no binary field {self.mac_field} of fixed size", "MAC")
        last = max(self.fields)
        if last > (128 if self.secondary else 64):
            raise DialectError(self.name, "the bitmap names each field", f"field {last}")
        for number in self.mac_fields:
            if number not in self.fields or self.fields[number].content is Content.BINARY:
                raise DialectError(self.name, "the MAC is over texts", f"field {number}")

    def override(self, rows: Iterable[Field], name: str = "") -> "Dialect":
        """Replace or add single rows, for a vendor who lays fields out in another way."""
        changed = {row.number: row for row in rows}
        return replace(self, name=name or self.name, fields={**self.fields, **changed})

    def with_nul(self) -> "Dialect":
        """Take NUL in texts as well: for dumps, which are read as they are and kept nowhere."""
        return self.override(replace(row, nul=True) for row in self.fields.values())


def table(*rows: Field) -> Mapping[int, Field]:
    """Build the fields of a dialect; a number stands once."""
    fields = {row.number: row for row in rows}
    assert len(fields) == len(rows), "a field stands once"
    return fields
