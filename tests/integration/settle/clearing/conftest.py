"""A cell that has a shop, on the day after its sales."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from annul.domain.business_day import Calendar
from annul.host.outcomes import Outcomes
from annul.merchants.registry import Registry
from annul.security.software import SoftwareModule
from annul.sim.demo import DemoPlan, seed
from annul.store.journal import Journal
from tests.support.clearing import Cleared
from tests.support.clock import HeldClock

MORNING = datetime(2026, 11, 24, 1, tzinfo=UTC)


@pytest.fixture
async def cell(pool: asyncpg.Pool) -> AsyncIterator[Cleared]:
    await seed(pool, SoftwareModule(bytes(32)), DemoPlan((1,), merchants=1))
    registry, journal = Registry(pool), Journal(pool)
    await registry.load()
    calendar = Calendar(ZoneInfo("Asia/Shanghai"), time(23))
    yield Cleared(
        pool,
        HeldClock(MORNING, tick=timedelta(microseconds=1)),
        calendar,
        Outcomes(journal, registry, calendar.business_date),
    )
    await journal.close()
