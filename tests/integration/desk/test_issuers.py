"""Issuers on a real PostgreSQL: rules keep their history, every change is audited or undone."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from annul.desk import issuer_course
from annul.desk import issuers as views
from annul.desk.desk import Desk, NothingThere
from annul.desk.permission import NotAllowed, NotValid, ReasonNeeded
from annul.desk.roles import Scope, Visitor
from annul.domain.policies import Policy, PolicyKind, current
from annul.issuers.health import BOUNDS_MS
from tests.support.rows import put, put_case

from .people import ISSUER, NOW, audited, clock_of, person

LIMIT = PolicyKind.VOID_AMOUNT_LIMIT
HOUR = timedelta(hours=1)


@pytest.fixture
async def operator(desk: Desk) -> Visitor:
    return await person(desk, "operator")


def rule(number: int = 5_000_00, kind: PolicyKind = LIMIT, **changes: Any) -> views.Rule:
    return views.Rule(**({"kind": kind, "number": number, "valid_from": NOW} | changes))


async def kept(desk: Desk) -> list[tuple[int, datetime, datetime | None, str]]:
    rows = await views.policies(desk, ISSUER)
    return [
        (row["number"], row["valid_from"], row["valid_until"], row["standing"])
        for row in reversed(rows)
    ]


# Rules ------------------------------------------------------------------------------------------


async def test_a_new_value_is_a_new_row_and_the_old_one_stays_as_it_was(
    desk: Desk, operator: Visitor
) -> None:
    await views.set_policy(desk, operator, ISSUER, rule(5_000_00), "by contract")
    clock_of(desk).forward(hours=2)
    later = NOW + 2 * HOUR
    await views.set_policy(desk, operator, ISSUER, rule(3_000_00, valid_from=later), "notice 17")
    assert await kept(desk) == [
        (5_000_00, NOW, None, "overtaken"),
        (3_000_00, later, None, "in force"),
    ]
    policies = await desk.gatherer.policies(ISSUER)
    assert _counts(policies, NOW + HOUR) == 5_000_00, "what counted then is still known"
    assert _counts(policies, later) == 3_000_00


def _counts(policies: tuple[Policy, ...], at: datetime) -> int:
    return current(policies, at)[LIMIT].number


async def test_a_rule_may_begin_later_and_be_withdrawn_before(
    desk: Desk, operator: Visitor
) -> None:
    await views.set_policy(desk, operator, ISSUER, rule(5_000_00), "by contract")
    (identity,) = await views.set_policy(
        desk, operator, ISSUER, rule(3_000_00, valid_from=NOW + HOUR), "notice 17"
    )
    assert [one[3] for one in await kept(desk)] == ["in force", "coming"]
    await views.end_policy(desk, operator, ISSUER, identity, NOW, "notice was taken back")
    assert [one[3] for one in await kept(desk)] == ["in force", "withdrawn"]
    clock_of(desk).forward(hours=2)
    assert (await kept(desk))[0][3] == "in force", "the one before counts on"
    assert _counts(await desk.gatherer.policies(ISSUER), NOW + 2 * HOUR) == 5_000_00


async def test_an_ended_rule_gets_its_end_and_nothing_else_of_it_changes(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    (identity,) = await views.set_policy(
        desk, operator, ISSUER, rule(5_000_00, note="contract 8"), "by contract"
    )
    before = await pool.fetchrow("SELECT * FROM policies WHERE id = $1", identity)
    clock_of(desk).forward(hours=1)
    await views.end_policy(desk, operator, ISSUER, identity, NOW + HOUR, "no longer so")
    after = await pool.fetchrow("SELECT * FROM policies WHERE id = $1", identity)
    assert before is not None
    assert after is not None
    assert dict(after) == dict(before) | {"valid_until": NOW + HOUR}
    with pytest.raises(NotValid):  # ended rules stay ended when they ended
        await views.end_policy(desk, operator, ISSUER, identity, NOW + 2 * HOUR, "again")
    assert [row["action"] for row in await audited(pool)] == ["set-policy", "end-policy"]


async def test_a_planned_end_can_only_come_earlier(desk: Desk, operator: Visitor) -> None:
    window = rule(0, PolicyKind.MAINTENANCE, valid_until=NOW + 4 * HOUR)
    (identity,) = await views.set_policy(desk, operator, ISSUER, window, "told by phone")
    for until in (NOW + 5 * HOUR, NOW - HOUR, NOW):
        with pytest.raises(NotValid):
            await views.end_policy(desk, operator, ISSUER, identity, until, "moved")
    await views.end_policy(desk, operator, ISSUER, identity, NOW + HOUR, "done early")
    assert await kept(desk) == [(0, NOW, NOW + HOUR, "in force")]


async def test_a_daily_window_is_a_row_for_each_day(desk: Desk, operator: Visitor) -> None:
    day = rule(0, PolicyKind.END_OF_DAY, valid_from=NOW + HOUR, valid_until=NOW + 2 * HOUR, days=3)
    assert len(await views.set_policy(desk, operator, ISSUER, day, "every night")) == 3
    assert [one[1] - NOW for one in await kept(desk)] == [
        HOUR,
        HOUR + timedelta(days=1),
        HOUR + timedelta(days=2),
    ]
    assert {one[3] for one in await kept(desk)} == {"coming"}


@pytest.mark.parametrize(
    "wrong",
    [
        rule(valid_until=NOW),
        rule(kind=PolicyKind.MAINTENANCE),
        rule(days=2),
        rule(2, PolicyKind.VOID_SUPPORTED),
        rule(-1),
        rule(0, PolicyKind.MAINTENANCE, valid_until=NOW + HOUR, days=32),
    ],
)
async def test_a_rule_that_makes_no_sense_is_not_set(
    desk: Desk, operator: Visitor, wrong: views.Rule
) -> None:
    with pytest.raises(NotValid):
        await views.set_policy(desk, operator, ISSUER, wrong, "a slip of the hand")
    assert await kept(desk) == []


# Audit and permission ---------------------------------------------------------------------------


async def test_a_change_and_its_audit_row_are_one(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(views, "audit", broken)
    with pytest.raises(RuntimeError):
        await views.set_policy(desk, operator, ISSUER, rule(), "by contract")
    with pytest.raises(RuntimeError):
        await views.set_meaning(desk, operator, ISSUER, "57", "issuer_unsupported", "as told")
    with pytest.raises(RuntimeError):
        await views.put_contact(desk, operator, ISSUER, views.Contact("switch", "Li", "1"), "new")
    for table in ("policies", "code_meanings", "contacts", "audit"):
        assert await pool.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_the_audit_row_says_who_what_and_why(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    await views.set_policy(desk, operator, ISSUER, rule(), " by contract ")
    (row,) = await audited(pool)
    assert (row["who"], row["role"], row["at"]) == ("operator", "operator", NOW)
    assert (row["action"], row["object"]) == ("set-policy", f"issuer {ISSUER}")
    assert row["reason"] == "by contract"
    assert (row["detail"]["kind"], row["detail"]["number"]) == ("void_amount_limit", 5_000_00)


async def test_only_who_may_and_says_why_changes_an_issuer(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    support = await person(desk, "support")
    with pytest.raises(NotAllowed):
        await views.set_policy(desk, support, ISSUER, rule(), "because")
    with pytest.raises(ReasonNeeded):
        await views.set_policy(desk, operator, ISSUER, rule(), "  ")
    bound = Visitor("key annul_x", "", frozenset({Scope.ISSUERS_WRITE}), "898000058120000")
    with pytest.raises(NotAllowed):
        await views.set_policy(desk, bound, ISSUER, rule(), "because")
    assert await audited(pool) == []


async def test_a_page_that_was_left_open_changes_nothing_once_its_user_is_stopped(
    desk: Desk, operator: Visitor
) -> None:
    await desk.access.set_active("operator", active=False)
    with pytest.raises(NotAllowed):
        await views.set_policy(desk, operator, ISSUER, rule(), "because")


# Codes and contacts -----------------------------------------------------------------------------


async def test_what_a_code_means_is_set_changed_and_ended(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    await views.set_meaning(desk, operator, ISSUER, "57", "issuer_unsupported", "as told")
    await views.set_meaning(desk, operator, ISSUER, "57", "risk_refusal", "told again")
    assert await views.meanings(desk, ISSUER) == [{"response_code": "57", "cause": "risk_refusal"}]
    await views.end_meaning(desk, operator, ISSUER, "57", "it was a mistake")
    assert await views.meanings(desk, ISSUER) == []
    with pytest.raises(NothingThere):
        await views.end_meaning(desk, operator, ISSUER, "57", "again")
    details = [row["detail"] for row in await audited(pool)]
    assert [one["before"] for one in details] == ["", "issuer_unsupported", "risk_refusal"]
    for code, cause in (("5", "risk_refusal"), ("5x", "risk_refusal"), ("57", "the moon")):
        with pytest.raises(NotValid):
            await views.set_meaning(desk, operator, ISSUER, code, cause, "because")


async def test_contacts_are_entered_changed_and_removed(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    made = views.Contact("switch", "Wang Fang", phone="021 5555")
    identity = await views.put_contact(desk, operator, ISSUER, made, "new")
    changed = views.Contact("switch", "Wang Fang", mail="w@example.com")
    await views.put_contact(desk, operator, ISSUER, changed, "left the desk", identity)
    (row,) = await views.contacts(desk, ISSUER)
    assert (row["id"], row["phone"], row["mail"]) == (identity, "", "w@example.com")
    with pytest.raises(NothingThere):
        await views.put_contact(desk, operator, "00000202", changed, "wrong issuer", identity)
    with pytest.raises(NotValid):
        await views.put_contact(desk, operator, ISSUER, views.Contact("switch", "Li"), "new")
    with pytest.raises(NothingThere):
        await views.end_contact(desk, operator, ISSUER, uuid4(), "gone")
    await views.end_contact(desk, operator, ISSUER, identity, "gone")
    assert await views.contacts(desk, ISSUER) == []
    log = await audited(pool)
    assert [row["action"] for row in log] == ["set-contact", "set-contact", "end-contact"]
    assert log[1]["detail"]["before"]["phone"] == "021 5555"


# How they do ------------------------------------------------------------------------------------


async def _slot(pool: asyncpg.Pool, seconds: int, **changes: Any) -> None:
    latencies = [0] * (len(BOUNDS_MS) + 1)
    latencies[5] = 8
    latencies[15] = 2
    row: dict[str, Any] = {
        "issuer_id": ISSUER,
        "node": 0,
        "slot": NOW - timedelta(seconds=seconds),
        "requests": 11,
        "approvals": 7,
        "silent": 1,
        "not_sent": 0,
        "late": 0,
        "faults": 1,
        "link_drops": 0,
        "garbled": 0,
        "codes": {"00": 7, "51": 2, "96": 1},
        "voids": 3,
        "void_approvals": 2,
        "latencies": latencies,
        "tail": [],
    }
    await put(pool, "issuer_stats", row | changes)


async def test_the_course_sums_counts_codes_and_latencies_by_bucket(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    await _slot(pool, 5)
    await _slot(pool, 5, node=1, link_drops=2)
    await _slot(pool, 65, codes={"00": 11}, latencies=[0] * 28)
    await _slot(pool, 7200)
    minute = timedelta(minutes=1)
    older, newer = await issuer_course.course(desk, ISSUER, HOUR, minute)
    assert newer["at"] - older["at"] == minute
    assert (newer["requests"], newer["approvals"], newer["link_drops"]) == (22, 14, 2)
    assert newer["codes"] == {"00": 14, "51": 4, "96": 2}
    assert (newer["p50_ms"], newer["p90_ms"]) == (BOUNDS_MS[5], BOUNDS_MS[15])
    assert (older["codes"], older["p50_ms"]) == ({"00": 11}, None)


async def test_the_list_has_lines_windows_and_open_cases_of_ones_own_merchant(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    await put_case(pool, issuer_id=ISSUER)
    await put_case(pool, issuer_id=ISSUER, merchant_id="898000059420001")
    window = rule(0, PolicyKind.MAINTENANCE, valid_until=NOW + HOUR)
    await views.set_policy(desk, operator, ISSUER, window, "told by phone")
    first = (await views.listing(desk, operator))[0]
    assert (first["issuer_id"], first["cases"], len(first["windows"])) == (ISSUER, 2, 1)
    bound = Visitor("key", "", frozenset({Scope.ISSUERS_READ}), "898000059420001")
    assert (await views.listing(desk, bound))[0]["cases"] == 1
    with pytest.raises(NothingThere):
        await views.find(desk, "99999999")


async def test_routes_are_given_for_the_first_way_and_for_the_backup(desk: Desk) -> None:
    prefixes = {row["prefix"] for row in await views.routes(desk, ISSUER)}
    assert prefixes == {"62", "620001", "620002", "400000"}
