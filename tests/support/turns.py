"""Turns of a loop or worker that fail, in every way that was ever met."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import asyncpg

from annul.store.batcher import StoreOverloaded, StoreUnavailable

FAULTS: Final = (
    StoreOverloaded(),
    StoreUnavailable(),
    asyncpg.TooManyConnectionsError("53300"),
    asyncpg.ConnectionDoesNotExistError("closed"),
    OSError("refused"),
    TimeoutError(),
    asyncio.CancelledError(),
    KeyError("a fault of ours"),
    RecursionError(),
)


def failing(*faults: BaseException) -> tuple[Callable[[], Awaitable[None]], asyncio.Event]:
    """Give a turn that fails in each of these ways, and an event that is set when it does not."""
    left, came_round = list(faults), asyncio.Event()

    async def turn() -> None:
        if left:
            raise left.pop(0)
        came_round.set()

    return turn, came_round
