"""A file of the bank is known by what it holds, never by its name."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from .camt import read_camt
from .mt940 import read_mt940
from .pain002 import read_pain002
from .rows import BankFile, FileUnreadable
from .table import AnswerTable, read_csv
from .xml import kind

LARGEST: Final = 512 * 1024 * 1024  # bytes
_XML: Final = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*<")
_MT940: Final = re.compile(rb"^:20:", re.MULTILINE)
_HEAD: Final = 10_000  # bytes in which an MT940 has its first field
# By the name of the message, without its version.
_MESSAGES: Final[Mapping[str, Callable[[bytes, str], BankFile]]] = MappingProxyType(
    {
        "pain.002": lambda content, _: read_pain002(content),
        "camt.052": read_camt,
        "camt.053": read_camt,
        "camt.054": read_camt,
    }
)


def read(content: bytes, name: str, table: AnswerTable | None = None) -> BankFile:
    """Read a file; raises `FileUnreadable` with its name and the place, not what is there."""
    try:
        return _read(content, table or AnswerTable())
    except FileUnreadable as error:
        message = f"{name}: {error}"
        raise FileUnreadable(message) from error


def _read(content: bytes, table: AnswerTable) -> BankFile:
    if not content.strip():
        message = "it is empty"
        raise FileUnreadable(message)
    if len(content) > LARGEST:
        message = f"it has more than {LARGEST // 1024 // 1024} MiB"
        raise FileUnreadable(message)
    if _XML.match(content):
        message = kind(content)
        reader = _MESSAGES.get(message[:8])
        if reader is None:
            known = ", ".join(_MESSAGES)
            what = f"it is none of {known}, MT940 and CSV"
            raise FileUnreadable(what)
        return reader(content, message)
    if _MT940.search(content[:_HEAD]):
        return read_mt940(content)
    return read_csv(content, table)
