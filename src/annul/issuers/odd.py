"""Fields of an issuer's answers that make no sense and that nobody needs: counted, the last kept.

Such a field may hold anything, card data among it, so what is kept shows no digit: a byte whose two
halves are decimal digits, or that is a digit in EBCDIC, is masked. What is left (E9, FF, 3D) tells
another character set or layout.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from annul.wire.codec import Message

_SHOWN: Final = 32  # bytes
_END: Final = 0  # stands for what comes after the last field
_MASK: Final = "··"


@dataclass(slots=True)
class _Odd:
    count: int
    expected: str
    sample: str
    at: str


class OddFields:
    """What one line has met, by field."""

    def __init__(self) -> None:
        self._met: dict[int, _Odd] = {}

    def note(self, message: Message, numbers: tuple[int, ...], at: datetime) -> None:
        """Count fields of a message, and what is behind them.

        Of one that broke off that is the field behind which nothing can be read.
        """
        for number in numbers:
            fault = message.faults.get(number)
            self._put(number, fault.expected if fault else "", message.bytes_of(number), at)
        broken = message.broken
        if broken is None and message.leftover:
            self._put(_END, "the end", message.leftover, at)
        elif broken is not None and broken.field is not None:
            self._put(broken.field, broken.expected, message.raw[broken.offset :], at)

    def snapshot(self) -> dict[str, dict[str, Any]]:
        """Give what is kept, by number."""
        return {str(number): asdict(odd) for number, odd in sorted(self._met.items())}

    def _put(self, number: int, expected: str, raw: bytes, at: datetime) -> None:
        before = self._met.get(number)
        count = before.count + 1 if before else 1
        self._met[number] = _Odd(count, expected, masked(raw), at.isoformat(timespec="seconds"))


def masked(raw: bytes) -> str:
    """Show the bytes of a field in hexadecimal, without any that could be a digit of a card."""
    shown = " ".join(_MASK if _digits(byte) else f"{byte:02X}" for byte in raw[:_SHOWN])
    return f"{shown} …" if len(raw) > _SHOWN else shown


def _digits(byte: int) -> bool:
    high, low = divmod(byte, 16)
    return low < 10 and (high < 10 or high == 15)
