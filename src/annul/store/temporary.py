"""A place for a database that nobody keeps: of a simulation, or of tests."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder with a name of its own is made in it
_ROOM: Final = 4 << 30  # bytes that must be free there

# Settings of a server whose data may be lost with it.
NOT_DURABLE: Final[Mapping[str, str]] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_wal_size": "512MB",
    "min_wal_size": "128MB",
}


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """Give a folder that PostgreSQL's own user can reach, in memory where there is room.

    A database of some hundred files is made there in a twentieth of the time that a disk takes.
    """
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    with tempfile.TemporaryDirectory(
        prefix=prefix, dir=_MEMORY if roomy else None, ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
