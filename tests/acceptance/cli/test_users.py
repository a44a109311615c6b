"""`annul users` and `annul add-user` on a database, and second factors at the command line."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from pyotp.totp import TOTP

from annul.desk import second_factor
from annul.desk.access import Access
from annul.desk.roles import Scope
from annul.security.vault import Vault
from tests.support.processes import annul

_PASSWORD = "correct horse battery"
_SHOP = "898000058120000"


@pytest.fixture
async def access(pool: asyncpg.Pool) -> Access:
    made = Access(pool, None, Vault(bytes(32)))
    await made.add("boss", _PASSWORD, "administrator")
    return made


@pytest.fixture
def run(database: str, tmp_path: Path):
    async def run(*words: str, **environment: str) -> tuple[int, str]:
        known = {"ANNUL_PASSWORD": _PASSWORD, "ANNUL_MASTER_KEY": "00" * 32, **environment}
        status, out, err = await asyncio.to_thread(
            annul, *words, f"--database={database}", environment=known, cwd=tmp_path
        )
        return status, out + err

    return run


async def _device(access: Access, name: str) -> TOTP:
    session = await access.open(name)
    visitor = await access.of_session(session.token)
    assert visitor is not None
    proposal = second_factor.propose(access, visitor)
    device = TOTP(proposal.secret)
    code = device.at(datetime.now(UTC), counter_offset=-1)
    await second_factor.enrol(access, visitor, proposal, code, session.token)
    return device


async def test_a_yearly_review_finds_users_and_keys(access: Access, run) -> None:
    await access.add("li.na", _PASSWORD, "cashier", _SHOP, by="boss")
    await access.set_active("li.na", active=False)
    await access.check("boss", _PASSWORD)
    _, ended = await access.new_key("old", [Scope.OVERVIEW], "", "boss")
    _, key = await access.new_key("erp", [Scope.OVERVIEW], "", "boss", addresses=["192.0.2.0/24"])
    (ended_id,) = [row["id"] for row in await access.keys() if ended.startswith(row["prefix"])]
    await access.end_key(ended_id)
    status, said = await run("users", "--json")
    assert status == 0, said
    told = json.loads(said)
    boss, li_na = told["users"]
    assert (li_na["name"], li_na["role"], li_na["merchant_id"]) == ("li.na", "cashier", _SHOP)
    assert (li_na["active"], li_na["made_by"], li_na["signed_in_at"]) == (False, "boss", None)
    assert (boss["active"], boss["made_by"], boss["factor_since"]) == (True, "", None)
    assert datetime.fromisoformat(boss["signed_in_at"]) <= datetime.now(UTC)
    (only,) = told["keys"]
    assert (only["name"], only["created_by"], only["addresses"]) == (
        "erp", "boss", ["192.0.2.0/24"],
    )  # fmt: skip
    assert datetime.fromisoformat(only["ends_at"]) > datetime.now(UTC)
    status, said = await run("users", "--lang=zh")
    assert status == 0
    for text in ("二次验证", "li.na", _SHOP, "否", "erp", "192.0.2.0/24", "到期"):
        assert text in said
    assert key not in said
    assert "argon2" not in said


async def test_who_has_a_second_factor_says_a_code_at_the_command_line(
    access: Access, pool: asyncpg.Pool, run
) -> None:
    device = await _device(access, "boss")
    add = ("add-user", "li.na", "--role=support", "--user=boss")
    new = {"ANNUL_NEW_PASSWORD": "handed over in person"}
    for code in ("000000", device.at(datetime.now(UTC), counter_offset=-2)):
        status, said = await run(*add, **new, ANNUL_CODE=code)
        assert (status, "ANNUL_CODE" in said) == (1, True), said
    code = device.at(datetime.now(UTC))
    status, said = await run(*add, **new, ANNUL_CODE=code)
    assert (status, said.strip()) == (0, "li.na: support"), said
    assert await pool.fetchval("SELECT made_by FROM users WHERE name = 'li.na'") == "boss"
    status, said = await run("add-user", "wang", "--role=support", "--user=boss", **new,
                             ANNUL_CODE=code)  # fmt: skip
    assert status == 1, "a code is good once"


async def test_who_must_have_a_second_factor_and_has_none_does_nothing_here(
    access: Access, run
) -> None:
    status, said = await run(
        "add-user", "li.na", "--role=support", "--user=boss",
        ANNUL_NEW_PASSWORD="handed over in person",
        ANNUL_SECOND_FACTOR_ROLES='["administrator"]',
    )  # fmt: skip
    assert (status, "Sign in to the console" in said) == (1, True), said
    assert [row["name"] for row in await access.users()] == ["boss"]


@pytest.mark.parametrize("password", ["short", "Li.Na.Of.The.Shop"])
async def test_a_password_that_does_not_fit_adds_nobody(access: Access, run, password: str) -> None:
    status, said = await run(
        "add-user", "li.na.of.the.shop", "--role=support", "--user=boss",
        ANNUL_NEW_PASSWORD=password,
    )  # fmt: skip
    assert (status, "Choose another one" in said) == (1, True), said
    assert [row["name"] for row in await access.users()] == ["boss"]
