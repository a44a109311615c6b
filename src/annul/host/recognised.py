"""What kind of request a message is, and whether it keeps to the fields of that kind. Pure."""

from typing import Final

from annul.domain.kinds import KNOWN, REVERSAL_MTI, Kind, Money, find_kind
from annul.wire.codec import Message
from annul.wire.errors import DecodeError
from annul.wire.subfields import Field59, Field60

# The one free text of a request, field 63, is three characters: operator or card organisation.
_FREE: Final = 63
_FREE_SIZE: Final = 3
# What gives money back names its original by batch, trace and date; 61 has room for more.
_GIVES: Final = frozenset({Money.BACK, Money.RELEASE})
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


def kind_by(message: Message, field60: Field60) -> Kind | None:
    """Name the kind of a message, or of what a reversal reverses."""
    return find_kind(
        message.mti,
        text_of(message, 3),
        text_of(message, 25),
        field60.function,
        field60.network,
        text_of(message, 22),
    )


def kind_of(message: Message) -> Kind | None:
    """Name the kind of a message as far as its fields tell; raises nothing."""
    try:
        return kind_by(message, Field60.parse(text_of(message, 60)))
    except DecodeError:
        return None


def foreign_field(message: Message) -> int | None:
    """Give a field that leaves room to make a MAC fit that was seen with another message.

    That is one that the kind does not know, or one that holds more than it needs.
    """
    kind = kind_of(message)
    if kind is None:
        return None  # refused later on, and never with an effect
    known = KNOWN[kind.name, message.mti == REVERSAL_MTI]
    foreign = next((number for number in message.numbers if number not in known), None)
    return foreign if foreign is not None else _overfull(message, kind)


def _overfull(message: Message, kind: Kind) -> int | None:
    if len(text_of(message, _FREE)) > _FREE_SIZE:
        return _FREE
    if kind.money in _GIVES and len(text_of(message, _ORIGINAL)) > _ORIGINAL_SIZE:
        return _ORIGINAL
    if _CHIP in message and text_of(message, 22)[:2] not in _CHIP_MODES:
        return _CHIP
    try:
        tags = {tag for tag, _ in Field59.parse(bytes_of(message, 59)).objects}
    except DecodeError:
        return 59
    return None if tags <= _SCANNED else 59
