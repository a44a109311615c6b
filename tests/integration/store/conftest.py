"""The journal of one shop."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from annul.store.journal import Journal
from tests.support.sales import MERCHANT


@pytest.fixture
async def journal(pool: asyncpg.Pool) -> AsyncIterator[Journal]:
    await pool.execute(
        "INSERT INTO merchants (merchant_id, name_zh, name_en, category, pricing)"
        " VALUES ($1, '示例茶馆', 'Example Tea House', '5812', 'standard')",
        MERCHANT,
    )
    opened = Journal(pool)
    yield opened
    await opened.close()
