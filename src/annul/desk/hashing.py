"""Passwords as they are kept: hashed one at a time, on a thread that gives way to everything else.

A hash takes a tenth of a second and 64 MiB on purpose. However many guess at once, sales go first.
"""

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_ARGON: Final = PasswordHasher(parallelism=1)
_WAITING: Final = 64  # hashes that may wait for their turn
_GIVES_WAY: Final = 10  # niceness: a tenth of what else there is to do


class Hasher:
    """Hashes and compares; what waits for its turn is bounded."""

    def __init__(self) -> None:
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many wait, with the one whose turn it is."""
        return self._waiting

    @property
    def busy(self) -> bool:
        """Whether no more can wait."""
        return self._waiting >= _WAITING

    def hash_now(self, password: str) -> str:
        """Hash while the caller waits."""
        return _ARGON.hash(password)

    async def hash(self, password: str) -> str:
        """Hash a password that is to be kept."""
        return await asyncio.get_running_loop().run_in_executor(_thread(), self.hash_now, password)

    async def matches(self, hashed: str, password: str) -> bool:
        """Say whether a password is the one that was hashed."""
        self._waiting += 1
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(_thread(), self._compare, hashed, password)
        finally:
            self._waiting -= 1

    def _compare(self, hashed: str, password: str) -> bool:
        try:
            return _ARGON.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False


@cache
def _thread() -> ThreadPoolExecutor:
    """Give the one thread of this process that hashes."""
    return ThreadPoolExecutor(1, "passwords", _give_way)


def _give_way() -> None:
    # On Linux a thread has a priority of its own.
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _GIVES_WAY)
