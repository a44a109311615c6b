"""Fields that are messages in themselves, as typed values. Each `build` is the inverse of `parse`.

Trailing parts that a terminal leaves out are empty. Source: UnionPay POS fields 48, 53, 59 to 63.
"""

from dataclasses import dataclass, fields
from itertools import accumulate, pairwise
from typing import ClassVar, Self, TypeVar

from .errors import DecodeError

Parts = TypeVar("Parts", bound="_Parts")


@dataclass(frozen=True, slots=True)
class _Parts:
    """A field of fixed parts in a row, all digits or all characters."""

    NUMBER: ClassVar[int] = 0
    WIDTHS: ClassVar[tuple[int, ...]] = ()
    DIGITS: ClassVar[bool] = True
    # Where each part stands, and how long the whole may be: digits end with a part, or in the last.
    _PARTS: ClassVar[tuple[slice, ...]] = ()
    _LENGTHS: ClassVar[frozenset[int]] = frozenset()

    def __init_subclass__(cls) -> None:
        ends = tuple(accumulate(cls.WIDTHS, initial=0))
        cls._PARTS = tuple(slice(*pair) for pair in pairwise(ends))
        last = ends[-2] if cls.DIGITS else 0
        cls._LENGTHS = frozenset({*ends, *range(last, ends[-1] + 1)})

    @classmethod
    def parse(cls, text: str) -> Self:
        """Split the field; raises `DecodeError` for what is too long or ends within a part."""
        if len(text) not in cls._LENGTHS:
            raise cls._misfit(len(text))
        return cls(*[text[part] for part in cls._PARTS])

    @classmethod
    def _misfit(cls, size: int) -> DecodeError:
        short = next((part for part in cls._PARTS if part.start < size < part.stop), None)
        if short is None:
            return DecodeError(cls.NUMBER, cls._PARTS[-1].stop, "the end")
        return DecodeError(cls.NUMBER, short.start, f"{short.stop - short.start} digits")

    def build(self) -> str:
        """Put the parts together again."""
        return "".join(getattr(self, part.name) for part in fields(self))


@dataclass(frozen=True, slots=True)
class Field60(_Parts):
    """Function, batch, network management, reader, chip condition, partial approval, account."""

    NUMBER: ClassVar[int] = 60
    WIDTHS: ClassVar[tuple[int, ...]] = (2, 6, 3, 1, 1, 1, 3)

    function: str = ""
    batch: str = ""
    network: str = ""
    reader: str = ""
    ic_condition: str = ""
    partial: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class Field61(_Parts):
    """The original's batch, trace and date (MMDD), how it was authorised and by whom."""

    NUMBER: ClassVar[int] = 61
    WIDTHS: ClassVar[tuple[int, ...]] = (6, 6, 4, 2, 11)

    batch: str = ""
    trace: str = ""
    date: str = ""
    mode: str = ""
    institution: str = ""


@dataclass(frozen=True, slots=True)
class Field53(_Parts):
    """PIN format (0 none, 1 without, 2 with card number), its key, whether tracks are encrypted."""

    NUMBER: ClassVar[int] = 53
    WIDTHS: ClassVar[tuple[int, ...]] = (1, 1, 1, 13)

    pin_format: str = "0"
    encryption: str = "0"
    tracks: str = "0"
    reserved: str = "0000000000000"


@dataclass(frozen=True, slots=True)
class Field63(_Parts):
    """Operator or card organisation, then remarks: issuer, acquirer, terminal's own."""

    NUMBER: ClassVar[int] = 63
    WIDTHS: ClassVar[tuple[int, ...]] = (3, 160)
    DIGITS: ClassVar[bool] = False

    organisation: str = ""
    remarks: str = ""


@dataclass(frozen=True, slots=True)
class Field48Totals:
    """Settlement: debits and credits of domestic and of foreign cards, and a result digit each.

    62 digits; amounts in minor units. Result: 0 asked, 1 balanced, 2 unbalanced, 3 error.
    """

    debit_amount: int = 0
    debit_count: int = 0
    credit_amount: int = 0
    credit_count: int = 0
    result: str = "0"
    foreign_debit_amount: int = 0
    foreign_debit_count: int = 0
    foreign_credit_amount: int = 0
    foreign_credit_count: int = 0
    foreign_result: str = "0"

    @classmethod
    def parse(cls, text: str) -> "Field48Totals":
        """Read 62 digits; raises `DecodeError`."""
        if len(text) != 62 or not text.isdigit():
            raise DecodeError(48, 0, "62 digits of totals")
        halves: list[int | str] = []
        for at in (0, 31):
            half = text[at : at + 31]
            halves += (int(half[:12]), int(half[12:15]), int(half[15:27]), int(half[27:30]))
            halves.append(half[30])
        return cls(*halves)  # pyright: ignore[reportArgumentType]  # in the order of the parts

    def build(self) -> str:
        """Write 62 digits."""
        return (
            f"{self.debit_amount:012d}{self.debit_count:03d}"
            f"{self.credit_amount:012d}{self.credit_count:03d}{self.result}"
            f"{self.foreign_debit_amount:012d}{self.foreign_debit_count:03d}"
            f"{self.foreign_credit_amount:012d}{self.foreign_credit_count:03d}{self.foreign_result}"
        )


@dataclass(frozen=True, slots=True)
class Field62Terminal:
    """What a terminal says of itself at sign-in: a serial number after a fixed phrase."""

    PHRASE: ClassVar[bytes] = b"Sequence No"

    serial: str

    @classmethod
    def parse(cls, data: bytes) -> "Field62Terminal":
        """Read the serial number; raises `DecodeError`."""
        if not data.startswith(cls.PHRASE) or not data.isascii():
            raise DecodeError(62, 0, "a sequence number")
        return cls(data[len(cls.PHRASE) :].decode("ascii"))

    def build(self) -> bytes:
        """Write the phrase and the serial number."""
        return self.PHRASE + self.serial.encode("ascii")


@dataclass(frozen=True, slots=True)
class Field59:
    """Data objects of field 59: a two-character tag, three digits of length, the value."""

    CODE: ClassVar[str] = "A3"  # the code that was scanned
    VOUCHER: ClassVar[str] = "A4"  # the number of a QR payment

    objects: tuple[tuple[str, bytes], ...] = ()

    @classmethod
    def parse(cls, data: bytes) -> "Field59":
        """Split the field; raises `DecodeError` with the offset in it."""
        found: list[tuple[str, bytes]] = []
        at = 0
        while at < len(data):
            head = data[at : at + 5]
            if len(head) < 5 or not head[:2].isalnum() or not head[2:].isdigit():
                raise DecodeError(59, at, "a tag of two characters and three digits of length")
            size = int(head[2:])
            value = data[at + 5 : at + 5 + size]
            if len(value) < size:
                raise DecodeError(59, at + 5, f"{size} bytes")
            found.append((head[:2].decode("ascii"), value))
            at += 5 + size
        return cls(tuple(found))

    def build(self) -> bytes:
        """Put the data objects together again."""
        return b"".join(
            tag.encode("ascii") + b"%03d" % len(value) + value for tag, value in self.objects
        )

    def get(self, tag: str) -> bytes:
        """Give the value of a tag, empty when it is not there."""
        return next((value for found, value in self.objects if found == tag), b"")

    @classmethod
    def voucher(cls, number: str) -> bytes:
        """Write the number of a QR payment."""
        return cls(((cls.VOUCHER, number.encode("ascii")),)).build()
