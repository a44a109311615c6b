"""Users, keys and the audit log on a real PostgreSQL: secrets once, every act with its reason."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from annul.desk import admin as views
from annul.desk.access import NameTaken, SignInVerdict, UserNotPossible
from annul.desk.admin import AuditSearch, NotAllowed, NotValid, ReasonNeeded
from annul.desk.desk import Desk, NothingThere
from annul.desk.roles import ROLES, Scope, Visitor
from tests.support.rows import put

from .people import NOW, audited, clock_of, person, seeded_desk

TEA = "898000058120000"
READS = (Scope.CASES_READ, Scope.TRANSACTIONS_READ)


@pytest.fixture
async def desk(pool: asyncpg.Pool) -> Desk:
    return await seeded_desk(pool)


@pytest.fixture
async def boss(desk: Desk) -> Visitor:
    return await person(desk, "administrator")


# Users ------------------------------------------------------------------------------------------


async def test_a_new_user_gets_a_password_that_must_be_changed_and_is_kept_nowhere(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    password = await views.add_user(desk, boss, "li.na", "cashier", TEA, "new colleague")
    assert await desk.access.check("li.na", password) is SignInVerdict.MUST_CHANGE
    (row,) = await audited(pool)
    assert (row["who"], row["action"], row["object"]) == ("administrator", "add-user", "user li.na")
    assert row["detail"] == {"role": "cashier", "merchant_id": TEA}
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
        await views.add_user(desk, boss, name, role, merchant_id, "new colleague")
    assert await pool.fetchval("SELECT count(*) FROM users") == 1
    assert await audited(pool) == []


async def test_whoever_is_stopped_is_out_at_once_and_may_be_let_in_again(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    await person(desk, "support")
    session = await desk.access.open("support")
    assert await desk.access.of_session(session.token) is not None
    await views.set_active(desk, boss, "support", "left", active=False)
    assert await desk.access.of_session(session.token) is None
    await views.set_active(desk, boss, "support", "came back", active=True)
    assert await desk.access.of_session(session.token) is None, "the old session stays closed"
    assert [row["action"] for row in await audited(pool)] == ["stop-user", "start-user"]
    with pytest.raises(NotValid):
        await views.set_active(desk, boss, "administrator", "by mistake", active=False)
    with pytest.raises(NothingThere):
        await views.set_active(desk, boss, "nobody", "by mistake", active=False)


async def test_a_user_and_the_audit_row_are_one(
    desk: Desk, boss: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError

    await person(desk, "support")
    monkeypatch.setattr(views, "audit", broken)
    with pytest.raises(RuntimeError):
        await views.add_user(desk, boss, "li.na", "operator", "", "new colleague")
    with pytest.raises(RuntimeError):
        await views.set_active(desk, boss, "support", "left", active=False)
    with pytest.raises(RuntimeError):
        await views.new_key(desk, boss, "erp", READS, "", "for the ERP")
    users = {row["name"]: row["active"] for row in await desk.access.users()}
    assert users == {"administrator": True, "support": True}
    assert await desk.access.keys() == []


# Keys -------------------------------------------------------------------------------------------


async def test_a_key_lets_a_program_in_until_it_is_ended(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    key = await views.new_key(desk, boss, "erp", READS, TEA, "for the ERP")
    visitor = await desk.access.of_key(key)
    assert visitor is not None
    assert (visitor.scopes, visitor.merchant_id) == (frozenset(READS), TEA)
    (row,) = await desk.access.keys()
    await views.end_key(desk, boss, row["id"], "no longer used")
    assert await desk.access.of_key(key) is None
    with pytest.raises(NothingThere):
        await views.end_key(desk, boss, row["id"], "again")
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
            await views.new_key(desk, boss, name, scopes, merchant_id, "because")
    half = Visitor("administrator", "administrator", frozenset({Scope.ADMIN}))
    with pytest.raises(NotAllowed):
        await views.new_key(desk, half, "erp", READS, "", "because")
    assert await desk.access.keys() == []


# Permission -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [role for role in ROLES if role != "administrator"])
async def test_only_administrators_manage_users_and_keys(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool, role: str
) -> None:
    assert boss
    other = await person(desk, role, TEA if role in {"cashier", "merchant"} else "")
    with pytest.raises(NotAllowed):
        await views.add_user(desk, other, "li.na", "support", "", "because")
    with pytest.raises(NotAllowed):
        await views.set_active(desk, other, "administrator", "because", active=False)
    with pytest.raises(NotAllowed):
        await views.new_key(desk, other, "erp", READS, "", "because")
    with pytest.raises(NotAllowed):
        await views.end_key(desk, other, uuid4(), "because")
    with pytest.raises(NotAllowed):
        await views.undo_lesson(desk, other, uuid4(), "because")
    assert await audited(pool) == []


async def test_without_a_reason_nothing_is_done(desk: Desk, boss: Visitor) -> None:
    with pytest.raises(ReasonNeeded):
        await views.add_user(desk, boss, "li.na", "support", "", " ")
    with pytest.raises(ReasonNeeded):
        await views.new_key(desk, boss, "erp", READS, "", "")


# The audit log ----------------------------------------------------------------------------------


async def test_the_audit_log_is_looked_through_page_by_page(desk: Desk, boss: Visitor) -> None:
    for number in range(7):
        await views.add_user(desk, boss, f"user{number}", "support", "", f"reason {number}")
        clock_of(desk).forward(minutes=1 if number % 2 else 0)
    auditor = Visitor("auditor", "auditor", ROLES["auditor"])
    seen: list[str] = []
    cursor = ""
    while True:
        found = await views.log(desk, auditor, AuditSearch(), 3, cursor)
        seen += [row["object"] for row in found.rows]
        cursor = found.following
        if not cursor:
            break
    assert seen == [f"user user{number}" for number in reversed(range(7))]


async def test_the_audit_log_is_searched(desk: Desk, boss: Visitor, pool: asyncpg.Pool) -> None:
    await put(
        pool,
        "audit",
        {
            "id": uuid4(),
            "at": NOW - timedelta(days=2),
            "who": "li.na",
            "role": "operator",
            "action": "retry",
            "object": "case 405728049495",
            "reason": "the bank is up again",
            "detail": {},
        },
    )
    await views.add_user(desk, boss, "wang", "support", "", "100% needed")
    auditor = Visitor("auditor", "auditor", ROLES["auditor"])
    for wanted, expected in (
        (AuditSearch(), ["add-user", "retry"]),
        (AuditSearch(who="li.na"), ["retry"]),
        (AuditSearch(action="add-user"), ["add-user"]),
        (AuditSearch(text="405728049495"), ["retry"]),
        (AuditSearch(text="THE BANK"), ["retry"]),
        (AuditSearch(text="100%"), ["add-user"]),
        (AuditSearch(since=NOW - timedelta(days=1)), ["add-user"]),
        (AuditSearch(until=NOW - timedelta(days=1)), ["retry"]),
    ):
        found = await views.log(desk, auditor, wanted, 10)
        assert [row["action"] for row in found.rows] == expected, wanted


async def test_the_audit_log_is_for_those_who_audit_everybody(desk: Desk) -> None:
    for visitor in (
        Visitor("operator", "operator", ROLES["operator"]),
        Visitor("key annul_x", "", frozenset({Scope.AUDIT}), TEA),
        Visitor("auditor", "auditor", ROLES["auditor"], must_change=True),
    ):
        with pytest.raises(NotAllowed):
            await views.log(desk, visitor, AuditSearch(), 10)


async def test_a_lesson_is_taken_back_and_that_is_audited(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    case_id = uuid4()
    await put(
        pool,
        "lessons",
        {
            "id": uuid4(),
            "case_id": case_id,
            "cause": "timeout",
            "signal": "silent",
            "shift": 0.25,
            "taught_by": "li.na",
            "taught_at": NOW,
        },
    )
    await desk.lessons.refresh()
    assert desk.lessons.shifts == {("timeout", "silent"): 0.25}
    with pytest.raises(ReasonNeeded):
        await views.undo_lesson(desk, boss, case_id, "")
    assert await views.undo_lesson(desk, boss, case_id, "the wrong case") == 1
    await desk.lessons.refresh()
    assert desk.lessons.shifts == {}
    (row,) = await audited(pool)
    assert (row["action"], row["who"], row["reason"]) == (
        "undo-lesson",
        "administrator",
        "the wrong case",
    )
