"""Merchants on a real PostgreSQL: who sees which, what is allowed unasked, checks of terminals."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from annul.desk import merchants as views
from annul.desk.desk import Desk, NothingThere
from annul.desk.permission import NotAllowed, NotValid, ReasonNeeded
from annul.desk.roles import Scope, Visitor
from annul.merchants.registry import Registry
from tests.support.rows import put, put_case

from .people import NOW, audited, person

TEA, BOOKS = "898000058120000", "898000059420001"
TERMINAL = "10000001"
AS_IT_WAS = views.Unasked(
    retry_voids=True,
    refund_instead_limit=1_000_00,
    void_needs_balance=False,
    pending_covers=True,
    second_person_from=1_000_00,
    reversed_voids="ask",
)


@pytest.fixture
async def operator(desk: Desk) -> Visitor:
    return await person(desk, "operator")


def bound(merchant_id: str) -> Visitor:
    scopes = frozenset({Scope.MERCHANTS_READ, Scope.MERCHANTS_WRITE})
    return Visitor("key annul_x", "", scopes, merchant_id)


async def version(pool: asyncpg.Pool) -> int:
    """Give how often something was changed since the terminals were enrolled, one by one."""
    return int(
        await pool.fetchval("SELECT version - (SELECT count(*) FROM terminals) FROM reference")
    )


# Who sees which ---------------------------------------------------------------------------------


async def test_merchants_are_found_by_number_name_and_terminal(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    await put_case(pool, merchant_id=BOOKS)
    for text, expected in (
        ("", [TEA, BOOKS]),
        ("tea", [TEA]),
        ("书店", [BOOKS]),
        (BOOKS, [BOOKS]),
        (TERMINAL, [TEA]),
        ("%", []),
        ("nothing", []),
    ):
        found = await views.search(desk, operator, text, 10)
        assert [row["merchant_id"] for row in found.rows] == expected, text
    first = await views.search(desk, operator, "", 1)
    assert (first.rows[0]["merchant_id"], first.following) == (TEA, TEA)
    second = await views.search(desk, operator, "", 1, first.following)
    assert (second.rows[0]["cases"], second.rows[0]["terminals"], second.following) == (1, 2, "")


async def test_who_is_bound_to_a_merchant_sees_this_one_only(desk: Desk) -> None:
    mine = bound(TEA)
    assert [row["merchant_id"] for row in (await views.search(desk, mine, "", 10)).rows] == [TEA]
    assert (await views.search(desk, mine, BOOKS, 10)).rows == []
    assert (await views.find(desk, mine, TEA))["merchant_id"] == TEA
    for read in (views.find, views.terminals):
        with pytest.raises(NothingThere):
            await read(desk, mine, BOOKS)


async def test_who_is_bound_to_a_merchant_changes_this_one_only(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    with pytest.raises(NotAllowed):
        await views.allow(desk, bound(BOOKS), TEA, AS_IT_WAS, "because")
    with pytest.raises(NotAllowed):
        await views.ask(desk, bound(BOOKS), TEA, TERMINAL, "sign_in", "because")
    assert (await audited(pool), await version(pool)) == ([], 0)


# What annul may do unasked ----------------------------------------------------------------------


async def test_what_is_allowed_reaches_running_hosts_and_the_audit_log(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    registry = Registry(pool)
    await registry.load()
    changed = views.Unasked(
        retry_voids=False,
        refund_instead_limit=0,
        void_needs_balance=True,
        pending_covers=True,
        second_person_from=50_00,
        reversed_voids="ask",
    )
    await views.allow(desk, operator, TEA, changed, "asked by the merchant")
    assert await version(pool) == 1, "hosts read anew when it counts up"
    await registry.load()
    merchant = registry.merchant(TEA)
    assert merchant is not None
    assert (merchant.retry_voids, merchant.refund_instead_limit) == (False, 0)
    assert (merchant.void_needs_balance, merchant.second_person_from) == (True, 50_00)
    (row,) = await audited(pool)
    assert (row["action"], row["object"]) == ("set-allowed", f"merchant {TEA}")
    assert set(row["detail"]) == {
        "retry_voids",
        "refund_instead_limit",
        "void_needs_balance",
        "second_person_from",
    }
    assert row["detail"]["second_person_from"] == {"before": 1_000_00, "after": 50_00}


async def test_what_becomes_of_a_void_that_was_taken_back_is_set(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    registry = Registry(pool)
    for said in ("stand", "void", "ask"):
        await views.allow(desk, operator, TEA, replace(AS_IT_WAS, reversed_voids=said), "asked")
        await registry.load()
        merchant = registry.merchant(TEA)
        assert merchant is not None
        assert merchant.reversed_voids == said
        assert (await views.find(desk, operator, TEA))["reversed_voids"] == said
    with pytest.raises(NotValid):
        await views.allow(desk, operator, TEA, replace(AS_IT_WAS, reversed_voids="keep"), "asked")


async def test_nothing_changed_is_nothing_audited(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    await views.allow(desk, operator, TEA, AS_IT_WAS, "looked at it")
    assert (await audited(pool), await version(pool)) == ([], 0)


async def test_settings_version_and_audit_row_are_one(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(views, "audit", broken)
    with pytest.raises(RuntimeError):
        await views.ask(desk, operator, TEA, TERMINAL, "sign_in", "keys out of step")
    changed = views.Unasked(
        retry_voids=False,
        refund_instead_limit=0,
        void_needs_balance=False,
        pending_covers=True,
        second_person_from=1,
        reversed_voids="ask",
    )
    with pytest.raises(RuntimeError):
        await views.allow(desk, operator, TEA, changed, "because")
    assert (await views.find(desk, operator, TEA))["retry_voids"] is True
    assert await version(pool) == 0
    assert await pool.fetchval("SELECT count(*) FROM terminals WHERE wants <> ''") == 0


async def test_only_who_may_and_says_why_changes_a_merchant(desk: Desk, operator: Visitor) -> None:
    support = await person(desk, "support")
    with pytest.raises(NotAllowed):
        await views.allow(desk, support, TEA, AS_IT_WAS, "because")
    with pytest.raises(ReasonNeeded):
        await views.allow(desk, operator, TEA, AS_IT_WAS, "")
    with pytest.raises(NothingThere):
        await views.allow(desk, operator, "898000000000000", AS_IT_WAS, "because")
    for limit, second in ((-1, 1), (0, 0), (10**12, 1)):
        wrong = views.Unasked(
            retry_voids=True,
            refund_instead_limit=limit,
            void_needs_balance=False,
            pending_covers=True,
            second_person_from=second,
            reversed_voids="ask",
        )
        with pytest.raises(NotValid):
            await views.allow(desk, operator, TEA, wrong, "because")


# Terminals --------------------------------------------------------------------------------------


async def test_a_terminal_is_asked_and_the_request_taken_back(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    with pytest.raises(NotValid):
        await views.ask(desk, operator, TEA, TERMINAL, "update", "release 2")
    await views.ask(desk, operator, TEA, TERMINAL, "update", "release 2", "31311001")
    registry = Registry(pool)
    await registry.load()
    station = registry.station(TEA, TERMINAL)
    assert station is not None
    assert station.terminal.wants == "update"
    await views.ask(desk, operator, TEA, TERMINAL, "", "not now")
    assert [row["detail"]["ask"] for row in await audited(pool)] == ["update", ""]
    assert await version(pool) == 2
    with pytest.raises(NotValid):
        await views.ask(desk, operator, TEA, TERMINAL, "explode", "because")
    with pytest.raises(NothingThere):
        await views.ask(desk, operator, TEA, "99999999", "sign_in", "because")


async def _put_right(table_owner: asyncpg.Pool) -> None:
    """Let a terminal be in perfect order."""
    await table_owner.execute(
        "UPDATE terminals SET signed_in = true, last_seen_at = $1 WHERE terminal_id = $2",
        NOW - timedelta(hours=1),
        TERMINAL,
    )
    await table_owner.execute("UPDATE terminal_keys SET issued_at = $1", NOW - timedelta(hours=1))
    for kind in ("mac", "pin"):
        await put(
            table_owner,
            "terminal_keys",
            {
                "merchant_id": TEA,
                "terminal_id": TERMINAL,
                "kind": kind,
                "algorithm": "3des",
                "wrapped": b"x",
                "check_value": b"x",
                "issued_at": NOW - timedelta(hours=1),
            },
        )


async def _found(desk: Desk, operator: Visitor) -> list[str]:
    rows = await views.terminals(desk, operator, TEA)
    row = next(row for row in rows if row["terminal_id"] == TERMINAL)
    return [one.check.name for one in row["findings"]]


async def test_a_terminal_in_order_has_no_findings(
    desk: Desk, operator: Visitor, table_owner: asyncpg.Pool
) -> None:
    await _put_right(table_owner)
    assert await _found(desk, operator) == []


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("UPDATE merchants SET active = false", "merchant_off"),
        ("UPDATE terminals SET active = false", "terminal_off"),
        ("DELETE FROM terminal_keys WHERE kind = 'mac'", "no_mac_key"),
        ("DELETE FROM terminal_keys WHERE kind = 'pin'", "no_pin_key"),
        ("UPDATE terminals SET kinds = ARRAY['sale', 'refund']", "voids_not_enabled"),
        ("UPDATE terminals SET software = '1', wanted_software = '2'", "software_old"),
        ("UPDATE terminals SET serial = 'A', information = 'B'", "serial_differs"),
        ("UPDATE terminals SET last_seen_at = NULL, signed_in = false", "never_seen"),
        ("UPDATE terminals SET signed_in = false", "signed_off"),
        ("UPDATE terminals SET amount_limit = 900000000", "limit_unused"),
        ("UPDATE terminals SET wants = 'sign_in'", "asked"),
        ("UPDATE terminals SET last_seen_at = last_seen_at - interval '8 days'", "quiet"),
    ],
)
async def test_what_is_wrong_with_a_terminal_is_found(
    desk: Desk, operator: Visitor, table_owner: asyncpg.Pool, sql: str, expected: str
) -> None:
    await _put_right(table_owner)
    await table_owner.execute(sql)
    assert await _found(desk, operator) == [expected]


async def test_findings_come_with_the_worst_first_and_with_numbers(
    desk: Desk, operator: Visitor, table_owner: asyncpg.Pool
) -> None:
    await _put_right(table_owner)
    await table_owner.execute("UPDATE terminals SET active = false, wants = 'sign_in'")
    for minutes, drops in ((5, 3), (60, 4), (60 * 25, 90)):
        await put(
            table_owner,
            "terminal_stats",
            {
                "merchant_id": TEA,
                "terminal_id": TERMINAL,
                "link_drops": drops,
                "reversals": 0,
                "minute": NOW - timedelta(minutes=minutes),
                "wrong_mac": 1,
            },
        )
    await put(
        table_owner,
        "batches",
        {
            "merchant_id": TEA,
            "terminal_id": TERMINAL,
            "batch": "000001",
            "balanced": False,
            "settled_at": NOW - timedelta(days=3),
            "debit_amount": 1,
            "debit_count": 1,
            "credit_amount": 0,
            "credit_count": 0,
            "claimed": "",
        },
    )
    await table_owner.execute("UPDATE terminal_keys SET issued_at = $1", NOW - timedelta(days=9))
    assert await _found(desk, operator) == [
        "terminal_off",
        "wrong_mac",
        "link_drops",
        "batch_unbalanced",
        "batch_open",
        "keys_old",
        "asked",
    ]
    rows = await views.terminals(desk, operator, TEA)
    said = {one.check.name: one.said for row in rows for one in row["findings"]}
    assert "7 times" in said["link_drops"].en, "what is older than a day does not count"
    assert "3天" in said["batch_open"].zh
    assert "9 days" in said["keys_old"].en
