"""What can be wrong with bytes and messages. No text here ever carries card data."""

from collections.abc import Sequence
from typing import Any

from annul.domain.errors import AnnulError


class DecodeError(AnnulError):
    """These bytes are not a message of the dialect, so nothing was done. No money has moved."""

    code = "wire.decode"
    next_step = "Compare the field with the dialect's table; a vendor's layout needs an override."

    def __init__(self, field: int | None, offset: int, expected: str) -> None:
        """`field` is None for MTI, bitmap or what follows the last field; `offset` is in bytes."""
        where = f"field {field}" if field else "message"
        super().__init__(f"{where} at byte {offset}: expected {expected}")
        self.field = field
        self.offset = offset
        self.expected = expected


class EncodeError(AnnulError):
    """These values make no message of the dialect, so nothing was sent. No money has moved."""

    code = "wire.encode"
    next_step = "Compare the value with the dialect's table."

    def __init__(self, field: int | None, expected: str) -> None:
        super().__init__(f"{f'field {field}' if field else 'message'}: expected {expected}")
        self.field = field
        self.expected = expected


class FrameError(AnnulError):
    """The stream is not framed as agreed, so the connection is closed. No money has moved.

    `whole` are the frames before what is none.
    """

    code = "wire.frame"
    next_step = "Check the framing and the length limit set for this port."
    whole: Sequence[Any] = ()  # of wire.framing.Frame


class DialectError(AnnulError):
    """This table describes no messages, so it is not used. No money has moved."""

    code = "wire.dialect"
    next_step = "Correct the row that is named; docs/messages.md says what a row may hold."

    def __init__(self, dialect: str, expected: str, where: str = "") -> None:
        """`where` is the row, or the setting beside the rows."""
        super().__init__(f"dialect {dialect}{f', {where}' if where else ''}: {expected}")
        self.expected = expected
        self.where = where


class FramingError(AnnulError):
    """No frames can be made like this, so it is not used. No money has moved."""

    code = "wire.framing"
    next_step = "Correct the part that is named; docs/connecting.md lists them."

    def __init__(self, part: str, expected: str) -> None:
        super().__init__(f"{part}: expected {expected}")
        self.part = part
        self.expected = expected
