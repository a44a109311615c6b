"""A cell that has a shop, on the day after its sales."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.support.clearing import Cleared, opened


@pytest.fixture
async def cell(pool: asyncpg.Pool) -> AsyncIterator[Cleared]:
    async with opened(pool) as cell:
        yield cell
