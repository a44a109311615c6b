"""A dialect is a table of fields, and how MTI and bitmap stand on the wire."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .field import Field, FieldForm


@dataclass(frozen=True, slots=True)
class Dialect:
    """`form` is that of MTI (and of the bitmap when `hex_bitmap`); `secondary` allows 65 to 128.

    `mac_fields` are those that the MAC is over, besides the MTI; none: the whole message before it.
    """

    name: str
    fields: Mapping[int, Field]
    form: FieldForm = FieldForm.PACKED
    hex_bitmap: bool = False
    secondary: bool = False
    mac_field: int = 64
    mac_fields: tuple[int, ...] = ()

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
