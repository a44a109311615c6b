"""The PostgreSQL server on this machine, as the kernel shows it: its CPU time, its disk.

Its processes are the children of the one that has started the process of a connection, so nobody
has to say where it is. Of a server on another machine, or in another container, nothing is known.
"""

import os
import shutil
from pathlib import Path
from typing import Final, NamedTuple

_PROC: Final = Path("/proc")
# In `stat`, behind the name: the parent; user and system time of itself, and of ended children.
_PARENT: Final = 1
_OWN: Final = (11, 12)
_CHILDREN: Final = (13, 14)
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_LOOKS: Final = 3
_NAME: Final = "postgres"


class Disk(NamedTuple):
    """The file system of the server's data, in bytes."""

    free: int
    total: int


class LocalServer(NamedTuple):
    """A server by the process that has started all others of it."""

    postmaster: int

    @classmethod
    def of(cls, backend: int) -> "LocalServer | None":
        """Find it by the process of a connection; None when there is none such here."""
        if not (_is_postgres(backend) and _is_postgres(parent := int(_stat(backend)[_PARENT]))):
            return None
        return cls(parent)

    def cpu_s(self) -> float:
        """Give the CPU time that it has taken, processes that have ended included."""
        used, running = self._ticks(), 0
        for _ in range(_LOOKS):
            running = self._of_children()
            before, used = used, self._ticks()
            if used == before:  # none has ended while they were looked at
                break
        return (used + running) / _TICKS

    def _ticks(self) -> int:
        return sum(int(_stat(self.postmaster)[at]) for at in (*_OWN, *_CHILDREN))

    def _of_children(self) -> int:
        used = 0
        for folder in _PROC.glob("[0-9]*"):
            try:
                parts = _stat(int(folder.name))
            except OSError:  # it has ended meanwhile
                continue
            if int(parts[_PARENT]) == self.postmaster:
                used += sum(int(parts[at]) for at in _OWN)
        return used

    def disk(self) -> Disk | None:
        """Give the room for its data; None when this user may not see where that is."""
        try:
            usage = shutil.disk_usage((_PROC / str(self.postmaster) / "cwd").resolve(strict=True))
        except OSError:
            return None
        return Disk(usage.free, usage.total)


def _stat(process: int) -> list[str]:
    return (_PROC / str(process) / "stat").read_text().rpartition(")")[2].split()


def _is_postgres(process: int) -> bool:
    try:
        name = (_PROC / str(process) / "comm").read_text().strip()
        return name.startswith(_NAME)
    except OSError:
        return False
