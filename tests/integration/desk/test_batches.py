"""Differences of batches at the desk: whose they are, how each ends, what closes with the last."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from annul.desk import batches
from annul.desk.batches import AlreadyResolved, BookingNeeded, Found, Row
from annul.desk.desk import Desk, NothingThere
from annul.desk.permission import NotAllowed, ReasonNeeded
from annul.desk.roles import ROLES, Scope, Visitor
from annul.domain.batch_differences import RESOLUTIONS, Resolution
from annul.domain.incident import Incident
from annul.store.incidents import opening
from tests.support.rows import put

from .people import NOW, audited, person

TEA, OTHER = "898000058120000", "898000059420001"
_TERMINAL, _BATCH = "10000001", "000007"
_SLIP = Found(Resolution.HOST_STANDS)


async def _differs(
    pool: asyncpg.Pool,
    *traces: str,
    merchant: str = TEA,
    batch: str = _BATCH,
    at: datetime = NOW,
    **more: Any,
) -> None:
    """Let a settled batch differ in these rows, as the end of an upload tells it."""
    terminal = await pool.fetchval(
        "SELECT min(terminal_id) FROM terminals WHERE merchant_id = $1", merchant
    )
    of = {"merchant_id": merchant, "terminal_id": terminal, "batch": batch}
    counts = dict.fromkeys(("debit_amount", "debit_count", "credit_amount", "credit_count"), 0)
    settled = {"settled_at": at, "balanced": False, "claimed": ""}
    await put(pool, "batches", of | counts | settled)
    for trace in traces:
        row = {"trace": trace, "claimed": 100, "found_at": at} | more
        await put(pool, "batch_differences", of | row)
    params = {"terminal": terminal, "batch": batch, "count": len(traces)}
    told = Incident.of("batch_differs", merchant, f"{terminal} {batch}", **params)
    await pool.execute(*opening([told], at))


async def _open(pool: asyncpg.Pool) -> list[str]:
    rows = await pool.fetch("SELECT subject FROM incidents WHERE closed_at IS NULL ORDER BY 1")
    return [row["subject"] for row in rows]


def _row(trace: str, batch: str = _BATCH) -> Row:
    return Row(_TERMINAL, batch, trace)


@pytest.fixture
async def operator(desk: Desk) -> Visitor:
    return await person(desk, "operator")


def test_each_resolution_has_its_text() -> None:
    assert set(RESOLUTIONS) == set(Resolution)


async def test_the_database_knows_the_same_resolutions(pool: asyncpg.Pool) -> None:
    said = await pool.fetchval(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conname = 'batch_differences_resolution'"
    )
    assert {one for one in Resolution if f"'{one}'" in said} == set(Resolution)
    assert said.count("::text") == len(Resolution)


async def test_the_incident_closes_with_the_last_row_of_its_batch(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    await _differs(pool, "000001", "000002")
    await _differs(pool, "000001", batch="000008")
    await batches.resolve(desk, operator, TEA, _row("000002"), _SLIP, "slip seen")
    assert len(await _open(pool)) == 2
    await batches.resolve(desk, operator, TEA, _row("000001"), Found(Resolution.GIVEN_BACK), "cash")
    assert await _open(pool) == [f"{_TERMINAL} 000008"]
    found = await batches.search(desk, operator, merchant_id=TEA)
    assert [(row["batch"], row["trace"]) for row in found.rows] == [("000008", "000001")]
    every = await batches.search(desk, operator, merchant_id=TEA, batch=_BATCH, resolved=True)
    assert [(row["resolved_as"], row["reason"], row["resolved_by"]) for row in every.rows] == [
        ("given_back", "cash", "operator"), ("host_stands", "slip seen", "operator"),
    ]  # fmt: skip
    logged = [row for row in await audited(pool) if row["action"] == "resolve-difference"]
    assert [row["reason"] for row in logged] == ["slip seen", "cash"]


async def test_it_is_resolved_once(desk: Desk, operator: Visitor, pool: asyncpg.Pool) -> None:
    await _differs(pool, "000001")
    with pytest.raises(ReasonNeeded):
        await batches.resolve(desk, operator, TEA, _row("000001"), _SLIP, " ")
    done = await asyncio.gather(
        *(batches.resolve(desk, operator, TEA, _row("000001"), _SLIP, "seen") for _ in range(4)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in done) == [*["AlreadyResolved"] * 3, "NoneType"]
    assert len([row for row in await audited(pool) if row["action"] == "resolve-difference"]) == 1
    with pytest.raises(NothingThere):
        await batches.resolve(desk, operator, TEA, _row("000002"), _SLIP, "seen")
    with pytest.raises(NothingThere):
        await batches.resolve(desk, operator, OTHER, _row("000001"), _SLIP, "seen")


async def test_of_two_who_resolve_the_last_rows_at_once_one_closes_it(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    traces = [f"{number:06d}" for number in range(6)]
    await _differs(pool, *traces)
    await asyncio.gather(
        *(batches.resolve(desk, operator, TEA, _row(one), _SLIP, "seen") for one in traces)
    )
    assert await _open(pool) == []


async def _move(pool: asyncpg.Pool, **changes: Any) -> UUID:
    row = {
        "merchant_id": TEA, "id": uuid4(), "currency": "156", "kind": "correction", "amount": 100,
        "reason": "sale of the slip", "state": "done", "asked_by": "a", "asked_at": NOW,
    } | changes  # fmt: skip
    await put(pool, "account_moves", row)
    return row["id"]


async def _conclusion(pool: asyncpg.Pool, transaction: UUID, **changes: Any) -> UUID:
    row = {
        "merchant_id": TEA, "id": uuid4(), "transaction_id": transaction, "done": True,
        "reason": "letter", "evidence_name": "a", "evidence_hash": b"", "evidence": b"",
        "proposed_by": "a", "proposed_at": NOW, "confirmed_by": "b", "confirmed_at": NOW,
    } | changes  # fmt: skip
    await put(pool, "conclusions", row)
    return row["id"]


async def test_that_the_terminal_stands_names_what_booked_it(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    about = uuid4()
    await _differs(pool, "000001", "000002", transaction_id=about)
    stands = Resolution.TERMINAL_STANDS
    unconfirmed = {"confirmed_by": "", "confirmed_at": None}
    for found in (
        Found(stands),
        Found(stands, uuid4()),
        Found(Resolution.HOST_STANDS, await _move(pool)),
        Found(stands, await _move(pool, state="asked")),
        Found(stands, await _move(pool, kind="freeze")),
        Found(stands, await _move(pool, merchant_id=OTHER)),
        Found(stands, await _move(pool, about=uuid4())),
        Found(stands, await _conclusion(pool, about, **unconfirmed)),
        Found(stands, await _conclusion(pool, about, done=False)),
        Found(stands, await _conclusion(pool, uuid4())),
    ):
        with pytest.raises(BookingNeeded):
            await batches.resolve(desk, operator, TEA, _row("000001"), found, "booked")
    booked = [await _move(pool, about=about), await _conclusion(pool, about)]
    offered = await batches.bookings(desk, operator, TEA, _row("000001"))
    assert {row["id"] for row in offered} > set(booked)
    assert {row["amount"] for row in offered} == {100, None}
    for trace, one in zip(("000001", "000002"), booked, strict=True):
        await batches.resolve(desk, operator, TEA, _row(trace), Found(stands, one), "booked")
    rows = await pool.fetch("SELECT booked_by FROM batch_differences ORDER BY trace")
    assert [row["booked_by"] for row in rows] == booked
    assert await _open(pool) == []


async def test_a_merchant_reads_its_own_and_resolves_nothing(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    await _differs(pool, "000001")
    shop = Visitor("shop", "merchant", ROLES["merchant"], TEA)
    stranger = Visitor("other", "merchant", ROLES["merchant"], OTHER)
    assert len((await batches.search(desk, shop)).rows) == 1
    assert (await batches.search(desk, stranger)).rows == []
    with pytest.raises(NothingThere):
        await batches.search(desk, stranger, merchant_id=TEA)
    with pytest.raises(NotAllowed):
        await batches.search(desk, await person(desk, "cashier", TEA))
    assert await batches.bookings(desk, shop, TEA, _row("000001")) == []
    with pytest.raises(NothingThere):
        await batches.bookings(desk, stranger, TEA, _row("000001"))
    for bound in (TEA, OTHER):
        key = Visitor("key abcdefgh", "", frozenset(Scope), bound)
        with pytest.raises(NotAllowed):
            await batches.resolve(desk, key, TEA, _row("000001"), _SLIP, "mine")
    assert (await batches.search(desk, operator)).rows[0]["resolved_at"] is None


async def test_pages_go_on_where_one_ended(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    await _differs(pool, "000003", "000001", "00000x", at=NOW + timedelta(seconds=1))
    await _differs(pool, "000009", batch="000005")
    await _differs(pool, "000001", merchant=OTHER, at=NOW + timedelta(seconds=1))
    seen: list[str] = []
    cursor = ""
    for _ in range(5):
        found = await batches.search(desk, operator, limit=1, cursor=cursor)
        seen += [f"{row['batch']} {row['trace']}" for row in found.rows]
        cursor = found.following
    assert (cursor, seen[0]) == ("", "000005 000009")
    assert sorted(seen[1:]) == seen[1:]
    assert len(seen) == 5


async def test_differences_of_every_cell_are_one_list(
    wide: Desk, east: Desk, pool: asyncpg.Pool, here_and_there: tuple[str, str]
) -> None:
    here, there = here_and_there
    boss = await person(wide, "administrator")
    await _differs(pool, "000001", merchant=here)
    await _differs(east.pool, "000002", merchant=there)
    found = await batches.search(wide, boss)
    assert [row["merchant_id"] for row in found.rows] == [here, there]
    row = found.rows[1]
    which = Row(row["terminal_id"], row["batch"], row["trace"])
    await batches.resolve(wide, boss, there, which, _SLIP, "seen")
    assert await _open(east.pool) == []
    assert len((await batches.search(wide, boss)).rows) == 1
    with pytest.raises(AlreadyResolved):
        await batches.resolve(wide, boss, there, which, _SLIP, "again")
