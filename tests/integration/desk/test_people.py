"""Users and keys on a real PostgreSQL: secrets once, every act with its reason."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from annul.desk import people
from annul.desk.access import NameTaken, SignInVerdict, UserNotPossible
from annul.desk.acts import undo_lesson
from annul.desk.desk import Desk, NothingThere
from annul.desk.permission import NotAllowed, NotValid, ReasonNeeded
from annul.desk.roles import ROLES, Scope, Visitor

from .people import audited, clock_of, person

TEA = "898000058120000"
_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
READS = (Scope.CASES_READ, Scope.TRANSACTIONS_READ)


# Users ------------------------------------------------------------------------------------------


async def test_a_new_user_gets_a_password_that_must_be_changed_and_is_kept_nowhere(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    password = await people.add_user(desk, boss, "li.na", "cashier", TEA, "new colleague")
    assert await desk.access.check("li.na", password) is SignInVerdict.MUST_CHANGE
    (row,) = await audited(pool)
    assert (row["who"], row["action"], row["object"]) == ("administrator", "add-user", "user li.na")
    assert row["detail"] == {"role": "cashier", "merchant_id": TEA}
    assert await pool.fetchval("SELECT made_by FROM users WHERE name = 'li.na'") == "administrator"
    dump = str([dict(one) for one in await pool.fetch("SELECT * FROM users")]) + str(row)
    assert password not in dump


@pytest.mark.parametrize(
    ("name", "role", "merchant_id", "error"),
    [
        ("administrator", "support", "", NameTaken),
        ("li", "cashier", "", UserNotPossible),
        ("li", "support", TEA, UserNotPossible),
        ("li", "emperor", "", UserNotPossible),
        ("li", "cashier", "898000000000000", NotValid),
        ("key annul_abc", "support", "", NotValid),
        ("l", "support", "", NotValid),
        ("", "support", "", NotValid),
    ],
)
async def test_a_user_who_can_not_be_like_that_is_not_added(
    desk: Desk,
    boss: Visitor,
    pool: asyncpg.Pool,
    name: str,
    role: str,
    merchant_id: str,
    error: type[Exception],
) -> None:
    with pytest.raises(error):
        await people.add_user(desk, boss, name, role, merchant_id, "new colleague")
    assert await pool.fetchval("SELECT count(*) FROM users") == 1
    assert await audited(pool) == []


async def test_whoever_is_stopped_is_out_at_once_and_may_be_let_in_again(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    await person(desk, "support")
    session = await desk.access.open("support")
    assert await desk.access.of_session(session.token) is not None
    await people.set_active(desk, boss, "support", "left", active=False)
    assert await desk.access.of_session(session.token) is None
    await people.set_active(desk, boss, "support", "came back", active=True)
    assert await desk.access.of_session(session.token) is None, "the old session stays closed"
    assert [row["action"] for row in await audited(pool)] == ["stop-user", "start-user"]
    with pytest.raises(NotValid):
        await people.set_active(desk, boss, "administrator", "by mistake", active=False)
    with pytest.raises(NothingThere):
        await people.set_active(desk, boss, "nobody", "by mistake", active=False)


async def test_a_user_and_the_audit_row_are_one(
    desk: Desk, boss: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError

    await person(desk, "support")
    monkeypatch.setattr(people, "audit", broken)
    with pytest.raises(RuntimeError):
        await people.add_user(desk, boss, "li.na", "operator", "", "new colleague")
    with pytest.raises(RuntimeError):
        await people.set_active(desk, boss, "support", "left", active=False)
    with pytest.raises(RuntimeError):
        await people.new_key(desk, boss, "erp", READS, "", "for the ERP")
    users = {row["name"]: row["active"] for row in await desk.access.users()}
    assert users == {"administrator": True, "support": True}
    assert await desk.access.keys() == []


# Roles --------------------------------------------------------------------------------------


async def test_another_role_holds_at_once_in_what_is_open(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    await person(desk, "operator")
    session = await desk.access.open("operator")
    before = await desk.access.of_session(session.token)
    assert before is not None
    assert before.may(Scope.VOIDS_WRITE)
    await people.change_role(desk, boss, "operator", "cashier", TEA, "moved to the shop")
    after = await desk.access.of_session(session.token)
    assert after is not None
    assert (after.role, after.merchant_id) == ("cashier", TEA)
    assert not after.may(Scope.VOIDS_WRITE)
    (row,) = await audited(pool)
    assert (row["action"], row["object"], row["reason"]) == (
        "change-role", "user operator", "moved to the shop",
    )  # fmt: skip
    assert row["detail"] == {
        "role": {"before": "operator", "after": "cashier"},
        "merchant_id": {"before": "", "after": TEA},
    }


async def test_a_role_that_can_not_be_is_not_given(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    await person(desk, "support")
    for name, role, merchant_id, error in (
        ("support", "cashier", "", UserNotPossible),
        ("support", "operator", TEA, UserNotPossible),
        ("support", "emperor", "", UserNotPossible),
        ("support", "cashier", "898000000000000", NotValid),
        ("administrator", "support", "", NotValid),
        ("nobody", "support", "", NothingThere),
    ):
        with pytest.raises(error):
            await people.change_role(desk, boss, name, role, merchant_id, "because")
    with pytest.raises(ReasonNeeded):
        await people.change_role(desk, boss, "support", "operator", "", " ")
    assert await audited(pool) == []


async def test_the_last_administrator_stays(desk: Desk, boss: Visitor) -> None:
    assert boss
    program = Visitor("key annul_abc", "", frozenset({Scope.ADMIN}))
    with pytest.raises(people.LastAdministrator):
        await people.set_active(desk, program, "administrator", "because", active=False)
    with pytest.raises(people.LastAdministrator):
        await people.change_role(desk, program, "administrator", "support", "", "because")
    await desk.access.add("second", "a longer one of their own", "administrator")
    await people.set_active(desk, program, "administrator", "because", active=False)
    with pytest.raises(people.LastAdministrator):
        await people.change_role(desk, program, "second", "support", "", "because")


async def test_of_two_administrators_who_demote_each_other_at_once_one_stays(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    await desk.access.add("second", "a longer one of their own", "administrator")
    other = Visitor("second", "administrator", ROLES["administrator"])
    async with pool.acquire() as holding, pool.acquire() as looking:
        held = holding.transaction()
        await held.start()
        await holding.execute("SELECT FROM users FOR UPDATE")
        acts = [
            asyncio.create_task(act)
            for act in (
                people.change_role(desk, boss, "second", "support", "", "because"),
                people.set_active(desk, other, "administrator", "because", active=False),
            )
        ]
        async with asyncio.timeout(30):
            while await looking.fetchval(_WAITING) < len(acts):  # for the same rows
                await asyncio.sleep(0.01)
        await held.rollback()
        done = await asyncio.gather(*acts, return_exceptions=True)
    assert sorted(str(type(one).__name__) for one in done) == ["NoneType", "NotAllowed"]
    left = "SELECT count(*) FROM users WHERE role = 'administrator' AND active"
    assert await pool.fetchval(left) == 1


# Keys -------------------------------------------------------------------------------------------


async def test_a_key_lets_a_program_in_until_it_is_ended(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    key = await people.new_key(desk, boss, "erp", READS, TEA, "for the ERP")
    visitor = await desk.access.of_key(key)
    assert visitor is not None
    assert (visitor.scopes, visitor.merchant_id) == (frozenset(READS), TEA)
    (row,) = await desk.access.keys()
    await people.end_key(desk, boss, row["id"], "no longer used")
    assert await desk.access.of_key(key) is None
    with pytest.raises(NothingThere):
        await people.end_key(desk, boss, row["id"], "again")
    log = await audited(pool)
    assert [one["action"] for one in log] == ["new-key", "end-key"]
    assert log[0]["object"] == log[1]["object"] == f"key erp {key[:12]}"
    assert key not in str(log)


async def test_a_key_gets_no_more_than_makes_sense(desk: Desk, boss: Visitor) -> None:
    for name, scopes, merchant_id in (
        ("", READS, ""),
        ("erp", (), ""),
        ("erp", READS, "898000000000000"),
        ("erp", (Scope.ADMIN,), TEA),
        ("erp", (Scope.ISSUERS_WRITE,), TEA),
    ):
        with pytest.raises(NotValid):
            await people.new_key(desk, boss, name, scopes, merchant_id, "because")
    half = Visitor("administrator", "administrator", frozenset({Scope.ADMIN}))
    with pytest.raises(NotAllowed):
        await people.new_key(desk, half, "erp", READS, "", "because")
    assert await desk.access.keys() == []


async def test_a_key_ends_by_itself_after_a_year_unless_said_otherwise(
    desk: Desk, boss: Visitor
) -> None:
    now = desk.clock.now()
    usual = await people.new_key(desk, boss, "erp", READS, "", "for the ERP")
    short = await people.new_key(
        desk, boss, "trial", READS, "", "a trial", ends_at=now + timedelta(days=10)
    )
    assert {row["name"]: row["ends_at"] - now for row in await desk.access.keys()} == {
        "erp": timedelta(days=365),
        "trial": timedelta(days=10),
    }
    clock_of(desk).forward(days=9)
    assert await desk.access.of_key(short) is not None
    clock_of(desk).forward(days=1)
    assert await desk.access.of_key(short, fresh=True) is None
    assert await desk.access.of_key(usual) is not None
    clock_of(desk).forward(days=355)
    assert await desk.access.of_key(usual, fresh=True) is None


@pytest.mark.parametrize("days", [-1, 0, 731])
async def test_a_key_lasts_no_longer_than_two_years(desk: Desk, boss: Visitor, days: int) -> None:
    ends_at = desk.clock.now() + timedelta(days=days)
    with pytest.raises(NotValid):
        await people.new_key(desk, boss, "erp", READS, "", "because", ends_at=ends_at)
    assert await desk.access.keys() == []


async def test_a_key_that_is_bound_is_unknown_from_elsewhere(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    bound = ("192.0.2.0/24", " 2001:db8::/32 ", "198.51.100.7")
    key = await people.new_key(desk, boss, "erp", READS, "", "for the ERP", addresses=bound)
    for _ in range(2):  # also as it is remembered
        for address in ("192.0.2.200", "2001:db8:1::9", "198.51.100.7", "::ffff:192.0.2.9"):
            assert await desk.access.of_key(key, address) is not None, address
        for address in ("192.0.3.1", "2001:db9::1", "198.51.100.8", "", "local", "nonsense"):
            assert await desk.access.of_key(key, address) is None, address
    (row,) = await audited(pool)
    assert row["detail"]["addresses"] == ["192.0.2.0/24", "2001:db8::/32", "198.51.100.7/32"]


@pytest.mark.parametrize("network", ["192.0.2.1/24", "192.0.2.0/33", "somewhere", ""])
async def test_a_network_that_is_none_is_refused(desk: Desk, boss: Visitor, network: str) -> None:
    with pytest.raises(NotValid):
        await people.new_key(desk, boss, "erp", READS, "", "because", addresses=[network])
    many = [f"192.0.2.{n}" for n in range(21)]
    with pytest.raises(NotValid):
        await people.new_key(desk, boss, "erp", READS, "", "because", addresses=many)
    assert await desk.access.keys() == []


# Permission -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [role for role in ROLES if role != "administrator"])
async def test_only_administrators_manage_users_and_keys(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool, role: str
) -> None:
    assert boss
    other = await person(desk, role, TEA if role in {"cashier", "merchant"} else "")
    with pytest.raises(NotAllowed):
        await people.add_user(desk, other, "li.na", "support", "", "because")
    with pytest.raises(NotAllowed):
        await people.set_active(desk, other, "administrator", "because", active=False)
    with pytest.raises(NotAllowed):
        await people.new_key(desk, other, "erp", READS, "", "because")
    with pytest.raises(NotAllowed):
        await people.end_key(desk, other, uuid4(), "because")
    with pytest.raises(NotAllowed):
        await undo_lesson(desk, other, uuid4(), "because")
    assert await audited(pool) == []


async def test_without_a_reason_nothing_is_done(desk: Desk, boss: Visitor) -> None:
    with pytest.raises(ReasonNeeded):
        await people.add_user(desk, boss, "li.na", "support", "", " ")
    with pytest.raises(ReasonNeeded):
        await people.new_key(desk, boss, "erp", READS, "", "")
