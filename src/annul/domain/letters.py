"""A mail with files, as it is sent. Pure."""

import re
from typing import Final, NamedTuple

from .errors import AnnulError
from .text import Text

# Said of what is sent once more after nobody could know whether it had arrived.
AGAIN: Final = Text(
    "（发送曾中断，可能重复）", "(sending was cut off once: you may have this already)"
)

_MAIL: Final = re.compile(r"[!-+\--:<-?A-Z^-~]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]{2,}", re.ASCII)
_LONGEST: Final = 254  # characters. Source: RFC 5321, 4.5.3.1


class BadMail(AnnulError):
    """This is no mail address. Nothing was changed."""

    code = "letters.mail"
    next_step = "Give one address, such as name@example.com."


class Attachment(NamedTuple):
    """A file of a letter."""

    name: str
    media: str
    content: bytes


class Letter(NamedTuple):
    """What is sent, in one language."""

    subject: str
    text: str
    attachments: tuple[Attachment, ...] = ()


def mail_address(text: str) -> str:
    """Give a mail address without blanks around it; raises `BadMail` unless it is exactly one."""
    found = text.strip()
    if len(found) > _LONGEST or _MAIL.fullmatch(found) is None:
        raise BadMail
    return found


def shown(address: str) -> str:
    """Give a mail address so that its owner knows it again, and nobody else learns it."""
    name, _, host = address.partition("@")
    return f"{name[:1]}…@{host}"
