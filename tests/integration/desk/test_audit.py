"""The audit log on a real PostgreSQL: found again, page by page, by those who audit everybody."""

from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from annul.desk.audit import AuditSearch, log
from annul.desk.desk import Desk
from annul.desk.people import add_user
from annul.desk.permission import NotAllowed
from annul.desk.roles import ROLES, Scope, Step, Visitor
from tests.support.rows import put

from .people import NOW, clock_of

TEA = "898000058120000"


async def test_the_audit_log_is_looked_through_page_by_page(desk: Desk, boss: Visitor) -> None:
    for number in range(7):
        await add_user(desk, boss, f"user{number}", "support", "", f"reason {number}")
        clock_of(desk).forward(minutes=1 if number % 2 else 0)
    auditor = Visitor("auditor", "auditor", ROLES["auditor"])
    seen: list[str] = []
    cursor = ""
    while True:
        found = await log(desk, auditor, AuditSearch(), 3, cursor)
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
    await add_user(desk, boss, "wang", "support", "", "100% needed")
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
        found = await log(desk, auditor, wanted, 10)
        assert [row["action"] for row in found.rows] == expected, wanted


async def test_the_audit_log_is_for_those_who_audit_everybody(desk: Desk) -> None:
    for visitor in (
        Visitor("operator", "operator", ROLES["operator"]),
        Visitor("key annul_x", "", frozenset({Scope.AUDIT}), TEA),
        Visitor("auditor", "auditor", ROLES["auditor"], step=Step.PASSWORD),
    ):
        with pytest.raises(NotAllowed):
            await log(desk, visitor, AuditSearch(), 10)
