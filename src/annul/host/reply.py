"""The answer to a terminal: what is repeated from the request, what the host adds, the MAC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from annul.wire.codec import Message

# Fields that an answer repeats from its request, when they were there.
ECHOED: Final = (2, 3, 4, 11, 14, 23, 25, 41, 42, 49, 60)


@dataclass(frozen=True, slots=True)
class Reply:
    """A response code and the fields that the host adds to those repeated from the request.

    `issuer` is who was asked, if anybody was.
    """

    response_code: str
    fields: Mapping[int, str | bytes] = field(default_factory=dict)
    issuer: str = ""


def reply_fields(
    request: Message, reply: Reply, acquirer_id: str, local: datetime
) -> dict[int, str | bytes]:
    """Put the fields of an answer together; `local` is the host's time at the terminal's place."""
    fields = request.pick(ECHOED)
    fields[12] = f"{local.hour:02d}{local.minute:02d}{local.second:02d}"
    fields[13] = f"{local.month:02d}{local.day:02d}"
    fields[32] = acquirer_id
    fields[39] = reply.response_code
    fields.update(reply.fields)
    return fields


def note(text: str) -> dict[int, str | bytes]:
    """Put a short text for the cashier into field 63, after the card organisation."""
    return {63: f"CUP{text}"} if text else {}
