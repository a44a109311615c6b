"""A database with a shop, and what gathers what is raised in it."""

import asyncpg
import pytest

from annul.operate.incidents.gathering import HeadGatherer
from tests.support.clock import HeldClock
from tests.support.rows import put

SHOP = "898000058120000"
ISSUER = "00000101"


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
async def seeded(pool: asyncpg.Pool) -> asyncpg.Pool:
    await put(
        pool,
        "merchants",
        {
            "merchant_id": SHOP,
            "name_zh": "示例茶馆",
            "name_en": "Example Tea House",
            "category": "5812",
            "pricing": "standard",
        },
    )
    return pool


@pytest.fixture
def gatherer(seeded: asyncpg.Pool, clock: HeldClock) -> HeadGatherer:
    return HeadGatherer(seeded, clock)
