from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.support.clock import HeldClock
from tests.support.notices import Mailbox, Watch


@pytest.fixture
async def watch(pool: asyncpg.Pool, clock: HeldClock) -> AsyncIterator[Watch]:
    watch = Watch(pool, clock)
    yield watch
    await watch.close()


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with Mailbox().listening() as mailbox:
        yield mailbox
