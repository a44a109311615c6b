"""Issuers' messages written and read by libraries of others: pyiso8583 and starkbank-iso8583.

The layouts are theirs, where they have one; nothing here is taken from annul's tables.
"""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import iso8583
from iso8583.specs import default, default_ascii
from starkbank.iso8583 import parse, unparse
from starkbank.iso8583.template.base import Template
from starkbank.iso8583.template.mastercard import mastercard
from starkbank.iso8583.utils.field import Field
from starkbank.iso8583.utils.header import NoHeaderRule
from starkbank.iso8583.utils.length import FixedLengthRule, VariableLengthRule
from starkbank.iso8583.utils.parser import ParseBitmap, ParseHexadecimal, ParseString
from starkbank.iso8583.version import IsoVersion

Values = Mapping[int, str | bytes]
Spec = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Said:
    """A message that one of them has read; what is binary is in hexadecimal."""

    mti: str
    fields: Mapping[int, str]

    def check(self) -> None:
        """Nothing: these read all of it at once."""

    def get(self, number: int, default: Any = None) -> Any:
        return self.fields.get(number, default)

    def __getitem__(self, number: int) -> str:
        return self.fields[number]

    def __contains__(self, number: object) -> bool:
        return number in self.fields


# pyiso8583 -------------------------------------------------------------------------------------


class PyIso:
    """Messages of one of its specifications."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    def encode(self, mti: str, fields: Values) -> bytes:
        document = {"t": mti} | {
            str(n): value.hex() if isinstance(value, bytes) else value
            for n, value in fields.items()
        }
        raw, _ = iso8583.encode(document, self.spec)
        return bytes(raw)

    def decode(self, data: bytes) -> Said:
        document, _ = iso8583.decode(data, self.spec)
        fields = {int(n): value for n, value in document.items() if n.isdecimal() and n != "1"}
        return Said(document["t"], fields)


def _latin(spec: Spec) -> Spec:
    """Let its texts hold any byte."""
    changed = copy.deepcopy(spec)
    for row in changed.values():
        if row["data_enc"] == "ascii":
            row["data_enc"] = "latin-1"
    return changed


# Numbers by ISO 8583:1987; of those with a fixed odd length the filling stands at the left.
_NUMBERS: Final = (*range(2, 28), 32, 33, 35, 53, *range(66, 91), 99, 100)
_AT_THE_LEFT: Final = frozenset({19, 20, 21, 22, 23, 24, 27, 66, 68, 69, 70})
_SIGNED: Final = (28, 29, 30, 31)
_BCD_LENGTH: Final = {0: 0, 2: 1, 3: 2}  # digits: bytes


def _packed() -> Spec:
    """Pack the digits of its binary specification, and of its lengths, two in a byte."""
    spec = _latin(default)
    spec["t"] |= {"data_enc": "b", "max_len": 2}
    for number in range(2, 129):
        row = spec[str(number)]
        row |= {"len_enc": "bcd", "len_type": _BCD_LENGTH[row["len_type"]]}
        if number in _NUMBERS:
            pad = "left_pad" if number in _AT_THE_LEFT else "right_pad"
            row |= {"data_enc": "b", "len_count": "nibbles", pad: "0"}
    for number in _SIGNED:  # the sign is a character before the digits
        spec[str(number)] |= {"data_enc": "b", "max_len": 5}
    return spec


# starkbank-iso8583 -----------------------------------------------------------------------------


class HexBitmap(ParseBitmap):  # type: ignore[misc]  # it has no types
    """A bitmap of 16 hexadecimal characters, which the library lacks."""

    def parse(self, data: bytes, **more: Any) -> Any:
        return super().parse(bytes.fromhex(data.decode("ascii")), **more)

    def unparse(self, value: Any, **more: Any) -> tuple[bytes, int]:
        raw, _ = super().unparse(value, **more)
        return raw.hex().upper().encode("ascii"), 16


class HexCharacters(ParseHexadecimal):  # type: ignore[misc]
    """Bytes as hexadecimal characters, likewise."""

    def parse(self, data: bytes, **_more: Any) -> Any:
        return data.decode("ascii")

    def unparse(self, value: str, **_more: Any) -> tuple[bytes, int]:
        return value.encode("ascii"), len(value)


class Stark:
    """Messages of one of its templates, or of one put together from its rules."""

    def __init__(self, *changed: Field) -> None:
        rows = {
            name: Field(name, ParseString("latin-1"), row.lengthRule)  # texts may hold any byte
            if isinstance(row.parsingRule, ParseString)
            else row
            for name, row in mastercard[IsoVersion._1987].fieldByName.items()
        } | {row.name: row for row in changed}
        made = Template(headerRule=NoHeaderRule(), fields=rows.values())
        self._template = {IsoVersion._1987: made, IsoVersion._1993: made}

    def encode(self, mti: str, fields: Values) -> bytes:
        document = {"MTI": mti} | {
            f"DE{n:03d}": value.hex() if isinstance(value, bytes) else value
            for n, value in fields.items()
        }
        return bytes(unparse(document, template=self._template))

    def decode(self, data: bytes) -> Said:
        document = parse(data, template=self._template)
        fields = {
            int(name[2:]): str(value)
            for name, value in document.items()
            if name.startswith("DE") and name not in {"DE000", "DE001"}
        }
        return Said(document["MTI"], fields)


def _bytes(numbers: Iterable[int], size: int, rule: Any) -> list[Field]:
    return [Field(f"DE{n:03d}", rule, FixedLengthRule(limit=size)) for n in numbers]


_BINARY: Final = (52, 64, 128)
# What its template of one scheme has parts of its own in is plain text between these two.
_PLAIN: Final = [
    Field(f"DE{n:03d}", ParseString(), VariableLengthRule(limit=999, byteLength=3))
    for n in (48, 108, 112)
]
_HEADS: Final = [
    Field("DE000", HexBitmap(offset=0), FixedLengthRule(limit=16)),
    Field("DE001", HexBitmap(offset=64), FixedLengthRule(limit=16)),
]

# By dialect of annul's and library. The length of a field in packed digits is nothing that
# starkbank-iso8583 has, so that iso87_binary is spoken by one of them only.
LANGUAGES: Final[Mapping[tuple[str, str], PyIso | Stark]] = {
    ("cups", "pyiso8583"): PyIso(_latin(default)),
    ("iso87_ascii", "pyiso8583"): PyIso(_latin(default_ascii)),
    ("iso87_binary", "pyiso8583"): PyIso(_packed()),
    ("cups", "starkbank"): Stark(*_PLAIN, *_bytes(_BINARY, 8, ParseHexadecimal())),
    ("iso87_ascii", "starkbank"): Stark(
        *_PLAIN,
        *_HEADS,
        *_bytes(_BINARY, 16, HexCharacters()),
    ),
}
