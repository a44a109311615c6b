"""The local master key: from the environment or from a file that only its owner may read."""

import secrets
from os import O_CREAT, O_EXCL, O_WRONLY, fdopen
from os import open as os_open
from pathlib import Path
from typing import Final

from .errors import MasterKeyError
from .private import is_open

_SIZE: Final = 32


def load_or_create(file: Path, given: str = "") -> bytes:
    """Give the master key as `read_master_key` does; a missing file is made with a random one."""
    if not given:
        try:
            with fdopen(os_open(file, O_CREAT | O_EXCL | O_WRONLY, 0o600), "w") as created:
                created.write(secrets.token_bytes(_SIZE).hex() + "\n")
        except FileExistsError:
            pass
    return read_master_key(file, given)


def read_master_key(file: Path, given: str = "") -> bytes:
    """Give the master key: `given` (hexadecimal) when there is one, else that of `file`.

    Raises `MasterKeyError` for a key of another size, and for a file that is missing or that others
    may read.
    """
    if given:
        return _parse(given, "the given master key")
    if not file.exists():
        message = f"there is no local master key in {file}"
        raise MasterKeyError(message)
    if is_open(file):
        message = f"{file} can be read by others than its owner"
        raise MasterKeyError(message)
    return _parse(file.read_text(encoding="ascii"), str(file))


def _parse(text: str, origin: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != _SIZE:
        message = f"{origin} does not hold 64 hexadecimal digits"
        raise MasterKeyError(message)
    return key
