"""A host without ports, before an issuer that a test scripts."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.support.hosts import Inside, Till, open_inside


@pytest.fixture
async def inside(pool: asyncpg.Pool) -> AsyncIterator[Inside]:
    async with open_inside(pool) as opened:
        yield opened


@pytest.fixture
async def till(inside: Inside) -> Till:
    """Give the first terminal, signed in."""
    return await inside.till()
