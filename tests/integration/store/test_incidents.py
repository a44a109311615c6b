"""The statements that open and close incidents, and what migration 0009 makes of older rows."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from annul.domain.incident import Incident
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from annul.store.incidents import Ended, closing, open_of, opening
from annul.store.migrate import upgrade
from tests.support.builders import transaction
from tests.support.roles import as_owner, as_superuser

_AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_SHOP = "898000058120000"
_ROWS = "SELECT * FROM incidents ORDER BY opened_at, subject"


def _alarm(terminal: str, count: int = 10) -> Incident:
    return Incident.of(
        "wrong_mac",
        _SHOP,
        terminal,
        terminal=terminal,
        count=count,
        seconds=60,
        address="203.0.113.7",
    )


def _over(*terminals: str) -> list[Ended]:
    return [Ended("wrong_mac", _SHOP, terminal) for terminal in terminals]


async def _opened(pool: asyncpg.Pool, *incidents: Incident, at: datetime = _AT) -> int:
    return len(await pool.fetch(*opening(incidents, at)))


async def test_one_is_open_once_and_again_after_it_was_closed(pool: asyncpg.Pool) -> None:
    assert await _opened(pool, _alarm("10000001")) == 1
    assert await _opened(pool, _alarm("10000001", 11), at=_AT + _SECOND) == 0
    assert [tuple(row) for row in await pool.fetch(*open_of("wrong_mac"))] == [(_SHOP, "10000001")]
    assert len(await pool.fetch(*closing(_over("10000001"), _AT + 2 * _SECOND))) == 1
    assert await pool.fetch(*closing(_over("10000001"), _AT + 3 * _SECOND)) == []
    assert await pool.fetch(*open_of("wrong_mac")) == []
    assert await _opened(pool, _alarm("10000001", 12), at=_AT + 4 * _SECOND) == 1
    first, second = await pool.fetch(_ROWS)
    assert (first["params"]["count"], first["closed_at"]) == (10, _AT + 2 * _SECOND)
    assert (second["params"]["count"], second["closed_at"]) == (12, None)
    assert (first["detail"], first["transaction_id"]) == ("", None)


async def test_several_of_all_sorts_are_opened_together_each_once(pool: asyncpg.Pool) -> None:
    sale = transaction(id=UUID(int=7))
    disputed = Incident.of_transaction("disputed", sale, how="denies_reversal", code="25")
    twice = Incident.of_transaction("approved_twice", sale, auth_code="A", late_auth_code="B")
    more = (_alarm("10000001"), disputed, _alarm("10000002"), twice, _alarm("10000001"))
    assert await _opened(pool, *more) == 4
    rows = await pool.fetch(_ROWS)
    assert {(row["kind"], row["subject"], row["transaction_id"]) for row in rows} == {
        ("wrong_mac", "10000001", None),
        ("wrong_mac", "10000002", None),
        ("disputed", str(sale.id), sale.id),
        ("approved_twice", str(sale.id), sale.id),
    }
    (kept,) = (row["params"] for row in rows if row["kind"] == "disputed")
    assert kept == dict(disputed.params)
    assert kept["amount"] == sale.amount
    assert await _opened(pool) == 0
    both = [Ended("disputed", _SHOP, str(sale.id)), *_over("10000002", "10000003")]
    assert len(await pool.fetch(*closing(both, _AT))) == 2


async def test_the_same_of_another_merchant_or_kind_is_another_one(pool: asyncpg.Pool) -> None:
    one = _alarm("10000001")
    other = Incident("wrong_mac", "898000058120001", one.subject, one.params)
    assert await _opened(pool, one, other) == 2
    assert len(await pool.fetch(*closing(_over("10000001"), _AT))) == 1
    assert len(await pool.fetch(*open_of("wrong_mac"))) == 1


async def test_of_two_processes_at_once_one_opens_and_one_closes(
    pool: asyncpg.Pool, database: str
) -> None:
    """In opposite orders: two that wait for each other would be a deadlock."""
    names = [f"{number:08}" for number in range(40)]
    other = await connect(database)
    for _ in range(5):
        forth, back = [_alarm(name) for name in names], [_alarm(name) for name in names[::-1]]
        assert sum(await asyncio.gather(_opened(pool, *forth), _opened(other, *back))) == 40
        rows = await asyncio.gather(
            pool.fetch(*closing(_over(*names), _AT)),
            other.fetch(*closing(_over(*names[::-1]), _AT)),
        )
        assert sum(map(len, rows)) == 40
    await other.close()


# Rows of older versions ---------------------------------------------------------------------


@pytest.fixture
async def older(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """Give the URL of a database as the version before left it."""
    administrator = await asyncpg.connect(as_superuser(postgres.url, "postgres"))
    await administrator.execute("CREATE DATABASE older OWNER annul_owner")
    url = postgres.url.replace("/annul?", "/older?")
    await upgrade(as_owner(url), "0008")
    yield url
    await administrator.execute("DROP DATABASE older WITH (FORCE)")
    await administrator.close()


async def _keep(owner: asyncpg.Connection, kind: str, detail: str, **more: Any) -> UUID:
    values = {"merchant_id": _SHOP, "kind": kind, "detail": detail, "opened_at": _AT, **more}
    names, places = ", ".join(values), ", ".join(f"${n}" for n in range(1, len(values) + 1))
    return await owner.fetchval(
        f"INSERT INTO incidents (id, {names}) VALUES (gen_random_uuid(), {places}) RETURNING id",
        *values.values(),
    )


_LOOP = "Host process 3: loop sweep does not come round, its last turn failed (KeyError)."
_STRAY = "Issuer 00000101 answered 00 (0210) to nothing that is known: field 4 000000010000"
_BALANCE = "A merchant's balance is unlike its entries. 156: pending 1.00, by entries 2.00."
_DENIED = "Issuer 00000101 approved the sale 300000000001 and answers 25 to its reversal."


async def test_rows_of_older_versions_are_named_and_one_of_each_stays_open(older: str) -> None:
    owner, sale, case = await asyncpg.connect(as_owner(older)), UUID(int=1), UUID(int=2)
    later: dict[str, Any] = {"opened_at": _AT + _SECOND}
    expected = {
        await _keep(owner, "disputed", _DENIED, transaction_id=sale): ("disputed", str(sale)),
        await _keep(owner, "escalated_risk_refusal", "Case 1", transaction_id=case): (
            "escalated",
            str(case),
        ),
        await _keep(owner, "wrong_mac", "terminal", terminal_id="10000001"): (
            "wrong_mac",
            "10000001",
        ),
        await _keep(owner, "loop_stands_still", _LOOP): ("loop_stands_still", "3 sweep"),
        await _keep(owner, "batch_differs", "terminal 10000001 batch 000007: 1 records"): (
            "batch_differs",
            "10000001 000007",
        ),
        await _keep(owner, "audit_balance", _BALANCE): ("audit_balance", "156"),
        await _keep(owner, "answer_of_nothing", _STRAY): ("answer_of_nothing", _STRAY),
        await _keep(owner, "something_else", "in words of its own"): (
            "something_else",
            "in words of its own",
        ),
    }
    twice = [
        await _keep(owner, "loop_stands_still", _LOOP.replace("KeyError", "ValueError"), **later),
        await _keep(owner, "escalated_card_problem", "1", transaction_id=case, **later),
        await _keep(owner, "batch_differs", "terminal 10000001 batch 000007: 2 records", **later),
    ]
    closed = await _keep(owner, "disputed", _DENIED, transaction_id=sale, closed_at=_AT)
    before = {row["id"]: row["detail"] for row in await owner.fetch("SELECT * FROM incidents")}

    await upgrade(as_owner(older))
    rows = {row["id"]: row for row in await owner.fetch("SELECT * FROM incidents")}
    assert {identity: row["detail"] for identity, row in rows.items()} == before
    still = {i: (row["kind"], row["subject"]) for i, row in rows.items() if not row["closed_at"]}
    assert still == expected
    assert {row["params"] for row in rows.values()} == {"{}"}
    assert all(rows[identity]["closed_at"] for identity in twice)
    assert (rows[closed]["subject"], rows[closed]["closed_at"]) == (str(sale), _AT)
    await owner.close()

    pool = await connect(older)
    again = Incident.of_transaction(
        "disputed", transaction(id=sale), how="denies_reversal", code="25"
    )
    assert await _opened(pool, again, _alarm("10000001"), _alarm("10000002")) == 1
    ended = [Ended("disputed", _SHOP, str(sale)), *_over("10000001", "10000002")]
    assert len(await pool.fetch(*closing(ended, _AT))) == 3
    await pool.close()
