"""Files that hold a secret: written for their owner alone, and not read when others may."""

import os
import stat
from pathlib import Path
from typing import Final

from .errors import SecretFileError

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_MODE: Final = 0o600


def is_open(file: Path) -> bool:
    """Say whether others than its owner may do anything with a file."""
    return bool(file.stat().st_mode & _OTHERS)


def read_private(file: Path) -> str:
    """Give the text of a file, without space around it.

    Raises `SecretFileError` when it can not be read, or could be by others.
    """
    try:
        if is_open(file):
            message = f"{file} can be read by others than its owner"
            raise SecretFileError(message)
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}"
        raise SecretFileError(message) from error
    except UnicodeDecodeError as error:
        message = f"{file} holds no text"
        raise SecretFileError(message) from error


def tighten(file: Path) -> None:
    """Let nobody but its owner read a file that is there; raises `OSError` when it is another's."""
    if is_open(file):
        file.chmod(_MODE)


def own_folder(folder: Path) -> None:
    """Make a folder that nobody else may enter, or let nobody else enter one that is there."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


def open_private(file: Path, flags: int) -> int:
    """Open a file for writing that only its owner may read, also one that was there before."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(file, flags | os.O_WRONLY | os.O_CREAT, _MODE)
    os.fchmod(handle, _MODE)
    return handle


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read."""
    with os.fdopen(open_private(file, os.O_TRUNC), "w", encoding="utf-8") as opened:
        opened.write(text)
