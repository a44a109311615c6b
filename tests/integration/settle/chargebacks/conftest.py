"""The merchant of the builders' transactions."""

import asyncpg
import pytest

from tests.support.charged import shop


@pytest.fixture(autouse=True)
async def _merchant(pool: asyncpg.Pool) -> None:
    await shop(pool)
