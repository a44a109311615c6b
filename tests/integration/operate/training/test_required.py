"""What is required before a role or a terminal is given."""

from datetime import timedelta

import asyncpg
import pytest

from annul.operate.training.required import NOTHING, NotCertified, for_role, for_terminal
from annul.security.software import SoftwareModule
from annul.sim.demo import DemoPlan, seed
from tests.support.clock import NOON
from tests.support.rows import put
from tests.support.trained import certified

_NEEDS = {"operator": ["operator", "support"], "terminal": ["cashier"]}
_SHOP = "898000058120000"


async def test_a_role_needs_each_of_its_courses(pool: asyncpg.Pool) -> None:
    await certified(pool, "mei", "operator", NOON)
    with pytest.raises(NotCertified, match=r"mei has no valid certificate of: support$"):
        await for_role(pool, _NEEDS, "mei", "operator", NOON)
    await certified(pool, "mei", "support", NOON, days=30)
    await for_role(pool, _NEEDS, "mei", "operator", NOON)
    with pytest.raises(NotCertified):
        await for_role(pool, _NEEDS, "mei", "operator", NOON + timedelta(days=30))
    with pytest.raises(NotCertified, match="operator, support"):
        await for_role(pool, _NEEDS, "li", "operator", NOON)


async def test_what_needs_nothing_is_given(pool: asyncpg.Pool) -> None:
    await for_role(pool, _NEEDS, "li", "support", NOON)
    await for_role(pool, NOTHING, "li", "operator", NOON)
    await for_terminal(pool, NOTHING, _SHOP, "10000009", NOON)


async def test_a_terminal_needs_somebody_of_its_shop(pool: asyncpg.Pool) -> None:
    for name, merchant, active in (
        ("mei", _SHOP, True),
        ("li", "other", True),
        ("wu", _SHOP, False),
    ):
        row = {"name": name, "password_hash": "", "role": "cashier", "one_time": False}
        await put(
            pool, "users", row | {"merchant_id": merchant, "active": active, "created_at": NOON}
        )
    for other in ("li", "wu", "nobody"):
        await certified(pool, other, "cashier", NOON)
    with pytest.raises(NotCertified, match=f"{_SHOP} has no valid certificate of: cashier"):
        await for_terminal(pool, _NEEDS, _SHOP, "10000009", NOON)
    await certified(pool, "mei", "cashier", NOON)
    await for_terminal(pool, _NEEDS, _SHOP, "10000009", NOON)


async def test_a_terminal_that_is_there_needs_nothing(pool: asyncpg.Pool) -> None:
    await seed(pool, SoftwareModule(bytes(32)), DemoPlan((1,), merchants=1))
    await for_terminal(pool, _NEEDS, _SHOP, "10000001", NOON)
    with pytest.raises(NotCertified):
        await for_terminal(pool, _NEEDS, _SHOP, "10000009", NOON)
