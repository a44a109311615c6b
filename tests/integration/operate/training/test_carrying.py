"""People go to a sandbox, progress and certificates come back: again and again, and once."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from annul.desk.access import Access, SignInVerdict
from annul.desk.roles import OF_A_SHOP
from annul.operate.training import carrying
from annul.security.software import SoftwareModule
from annul.sim.demo import DemoPlan, seed
from annul.store.database import connect
from annul.store.migrate import upgrade
from annul.store.schema import in_schema
from tests.support.clock import NOON
from tests.support.roles import as_owner
from tests.support.rows import put
from tests.support.trained import all_done, certified

_PASSWORD = "a longer one of their own"
_HOUR = timedelta(hours=1)


@pytest.fixture
async def sandbox(database: str) -> AsyncIterator[asyncpg.Pool]:
    url = in_schema(database, "sandbox")
    await upgrade(as_owner(url))
    opened = await connect(url)
    await seed(opened, SoftwareModule(bytes(32)), DemoPlan((1,), merchants=4))
    yield opened
    await opened.close()


async def _people(pool: asyncpg.Pool) -> dict[str, Any]:
    rows = await pool.fetch("SELECT name, role, merchant_id, active FROM users ORDER BY name")
    return {row["name"]: tuple(row)[1:] for row in rows}


async def _carry(pool: asyncpg.Pool, sandbox: asyncpg.Pool, at: datetime = NOON) -> None:
    await carrying.people(pool, sandbox, OF_A_SHOP, at)


async def test_people_come_with_their_passwords_and_roles_to_the_demo_shop(
    pool: asyncpg.Pool, sandbox: asyncpg.Pool
) -> None:
    access = Access(pool)
    await access.add("mei", _PASSWORD, "cashier", "999000000000001")
    await access.add("li", _PASSWORD, "operator")
    await pool.execute("UPDATE users SET factor_secret = 'x', factor_since = now()")
    for _ in range(2):
        await _carry(pool, sandbox)
    assert await _people(sandbox) == {
        "li": ("operator", "", True),
        "mei": ("cashier", "898000058120000", True),
    }
    there = Access(sandbox)
    assert await there.check("mei", _PASSWORD) is SignInVerdict.ACCEPTED, "no second factor there"
    assert await there.check("mei", "another") is SignInVerdict.REFUSED
    assert await sandbox.fetchval("SELECT count(factor_secret) FROM users") == 0


async def test_a_new_password_goes_along_and_a_role_of_the_sandbox_stays(
    pool: asyncpg.Pool, sandbox: asyncpg.Pool
) -> None:
    access = Access(pool)
    await access.add("li", _PASSWORD, "support")
    await _carry(pool, sandbox)
    await sandbox.execute("UPDATE users SET role = 'operator' WHERE name = 'li'")
    await access.change("li", "another one of their own")
    await _carry(pool, sandbox)
    assert await Access(sandbox).check("li", "another one of their own") is SignInVerdict.ACCEPTED
    assert (await _people(sandbox))["li"][0] == "operator"


async def test_a_one_time_password_does_not_replace_one_that_was_chosen(
    pool: asyncpg.Pool, sandbox: asyncpg.Pool
) -> None:
    await Access(pool).add("li", _PASSWORD, "support", one_time=True)
    await _carry(pool, sandbox)
    there = Access(sandbox)
    assert await there.check("li", _PASSWORD) is SignInVerdict.MUST_CHANGE
    await there.change("li", "another one of their own")
    await _carry(pool, sandbox)
    assert await there.check("li", "another one of their own") is SignInVerdict.ACCEPTED


async def test_who_leaves_there_is_not_let_in_and_who_is_of_the_sandbox_stays(
    pool: asyncpg.Pool, sandbox: asyncpg.Pool
) -> None:
    access, there = Access(pool), Access(sandbox)
    await access.add("li", _PASSWORD, "support")
    await there.add("wu", _PASSWORD, "operator")
    await access.add("wu", "another one of their own", "support")
    await _carry(pool, sandbox)
    session = await there.open("li")
    await access.set_active("li", active=False)
    await _carry(pool, sandbox)
    assert await _people(sandbox) == {
        "li": ("support", "", False),
        "wu": ("operator", "", True),
    }
    assert await there.of_session(session.token, fresh=True) is None
    assert await there.check("wu", _PASSWORD) is SignInVerdict.ACCEPTED, "another one of this name"
    await access.set_active("li", active=True)
    await _carry(pool, sandbox)
    assert (await _people(sandbox))["li"] == ("support", "", True)


async def _learnt(pool: asyncpg.Pool) -> tuple[list[Any], list[Any]]:
    parts = await pool.fetch("SELECT * FROM course_tasks ORDER BY person, course, version, task")
    return parts, await pool.fetch("SELECT * FROM certificates ORDER BY number")


async def test_progress_comes_back_whole_however_often(
    pool: asyncpg.Pool, sandbox: asyncpg.Pool
) -> None:
    await all_done(sandbox, "mei", "cashier", NOON)
    await certified(sandbox, "mei", "cashier", NOON + _HOUR)
    for _ in range(2):
        await carrying.progress(sandbox, pool)
    assert await _learnt(pool) == await _learnt(sandbox)
    await carrying.progress(pool, sandbox)
    assert await _learnt(pool) == await _learnt(sandbox)


async def test_what_is_done_stays_done_and_what_begins_anew_begins(
    pool: asyncpg.Pool, sandbox: asyncpg.Pool
) -> None:
    task = {"person": "mei", "course": "cashier", "version": 1, "task": "sell"}
    await put(pool, "course_tasks", task | {"begun_at": NOON, "done_at": NOON + _HOUR})
    await put(sandbox, "course_tasks", task | {"begun_at": NOON})
    await carrying.progress(sandbox, pool)
    assert await pool.fetchval("SELECT done_at FROM course_tasks") == NOON + _HOUR
    await carrying.progress(pool, sandbox)
    assert await sandbox.fetchval("SELECT done_at FROM course_tasks") == NOON + _HOUR
    await sandbox.execute("UPDATE course_tasks SET begun_at = $1, done_at = NULL", NOON + 2 * _HOUR)
    await carrying.progress(sandbox, pool)
    assert await pool.fetchval("SELECT done_at FROM course_tasks") is None


async def test_of_a_way_that_breaks_off_nothing_has_come(
    pool: asyncpg.Pool, sandbox: asyncpg.Pool, table_owner: asyncpg.Pool
) -> None:
    await all_done(sandbox, "mei", "cashier", NOON)
    await certified(sandbox, "mei", "cashier", NOON + _HOUR)
    await table_owner.execute("ALTER TABLE certificates ADD CHECK (person <> 'mei')")
    with pytest.raises(asyncpg.CheckViolationError):
        await carrying.progress(sandbox, pool)
    assert await _learnt(pool) == ([], [])
