"""Who acts in the tests of the desk, on which clock, and how the audit log is read."""

from typing import Any

import asyncpg

from annul.desk.desk import Desk
from annul.desk.roles import ROLES, Visitor
from annul.security.software import SoftwareModule
from annul.sim.demo import DemoPlan, seed
from tests.support.clock import NOON, HeldClock
from tests.support.desks import make_desk

NOW = NOON
ISSUER = "00000101"
PASSWORD = "a longer one of their own"


async def seeded_desk(pool: asyncpg.Pool) -> Desk:
    """Give a desk over demo issuers, merchants and terminals, on a held clock."""
    await seed(pool, SoftwareModule(bytes(32)), DemoPlan((1,), merchants=2))
    return make_desk(pool, clock=HeldClock())


async def person(desk: Desk, role: str, merchant_id: str = "") -> Visitor:
    """Add somebody who is let in, and give them as a visitor."""
    await desk.access.add(role, PASSWORD, role, merchant_id)
    return Visitor(role, role, ROLES[role], merchant_id)


def clock_of(desk: Desk) -> HeldClock:
    assert isinstance(desk.clock, HeldClock)
    return desk.clock


async def audited(pool: asyncpg.Pool) -> list[dict[str, Any]]:
    """Give the audit log, oldest first."""
    rows = await pool.fetch("SELECT * FROM audit ORDER BY at, id")
    return [dict(row) for row in rows]
