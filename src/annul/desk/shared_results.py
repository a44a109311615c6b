"""What many pages show alike is built once a second, not once for each of them."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, TypeVar

Built = TypeVar("Built")
_KEPT_S: Final = 1.0
_MOST: Final = 1_000


class SharedResults:
    """Shared results: who asks while one is being built awaits the same one."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._kept: dict[Hashable, tuple[float, asyncio.Task[Any]]] = {}

    def forget(self) -> None:
        """Let all be built anew: what it was built from has changed."""
        self._kept.clear()

    async def of(self, key: Hashable, build: Callable[[], Awaitable[Built]]) -> Built:
        """Give what was built for this key within the last second, or build it."""
        now = self._monotonic()
        kept = self._kept.get(key)
        if kept is None or now >= kept[0]:
            if len(self._kept) >= _MOST:
                self._kept.clear()
            kept = (now + _KEPT_S, asyncio.ensure_future(_run(build)))
            self._kept[key] = kept
        return await asyncio.shield(kept[1])


async def _run(build: Callable[[], Awaitable[Built]]) -> Built:
    return await build()
