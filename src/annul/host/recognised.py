"""What kind of request a message is, and whether it keeps to the fields of that kind. Pure."""

from typing import Final

from annul.domain.kinds import KNOWN, REVERSAL_MTIS, Kind, Money, find_kind
from annul.wire.codec import Message
from annul.wire.errors import DecodeError
from annul.wire.subfields import Field59, Field60

# The one free text of a request, field 63, is three characters: operator or card organisation.
_FREE: Final = 63
_FREE_SIZE: Final = 3
# But for what takes money, an original is named by batch, trace and date; 61 has room for more.
_ORIGINAL: Final = 61
_ORIGINAL_SIZE: Final = 16
_SCANNED: Final = frozenset({Field59.CODE, Field59.VOUCHER})
# Chip data (55) come with a chip: inserted, contactless. Source: UnionPay POS field 22.
_CHIP: Final = 55
_CHIP_MODES: Final = frozenset({"05", "07", "95", "98"})


def text_of(message: Message, number: int) -> str:
    """Give a field of text or digits, empty when it is not there."""
    value = message.get(number, "")
    assert isinstance(value, str)
    return value


def bytes_of(message: Message, number: int) -> bytes:
    """Give a binary field, empty when it is not there."""
    value = message.get(number, b"")
    assert isinstance(value, bytes)
    return value


Sort = tuple[Kind, Field60]


def sort_of(message: Message) -> Sort | None:
    """Name the kind of a message, or of what a reversal reverses; None for one that annul lacks.

    Raises `DecodeError` for a field 60 that makes no sense.
    """
    get = message.get
    field60 = Field60.parse(get(60, ""))
    kind = find_kind(
        message.mti,
        get(3, ""),
        get(25, ""),
        field60.function,
        field60.network,
        get(22, ""),
    )
    return (kind, field60) if kind is not None else None


def kind_of(message: Message) -> Kind | None:
    """Name the kind of a message as far as its fields tell; raises nothing."""
    try:
        sort = sort_of(message)
    except DecodeError:
        return None
    return sort[0] if sort else None


def foreign_field(message: Message, kind: Kind) -> int | None:
    """Give a field that leaves room to make a MAC fit that was seen with another message.

    That is one that the kind does not know, one that holds more than it needs, or no sense.
    """
    for number in message.faults:
        return number
    known, numbers = KNOWN[kind.name, message.mti in REVERSAL_MTIS], message.numbers
    if not known.issuperset(numbers):
        return next(number for number in numbers if number not in known)
    if _FREE in message and len(message[_FREE]) > _FREE_SIZE:
        return _FREE
    if kind.money is not Money.TAKE and len(text_of(message, _ORIGINAL)) > _ORIGINAL_SIZE:
        return _ORIGINAL
    if _CHIP in message and text_of(message, 22)[:2] not in _CHIP_MODES:
        return _CHIP
    return 59 if kind.qr and not _scanned_only(message) else None


def _scanned_only(message: Message) -> bool:
    try:
        objects = Field59.parse(bytes_of(message, 59)).objects
    except DecodeError:
        return False
    return all(tag in _SCANNED for tag, _ in objects)
