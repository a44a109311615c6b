"""The sweep beside a host: what is new, what is open for long, and its own faults."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from annul.domain.states import State
from annul.resolve.audit import Auditor
from annul.resolve.sweep import Sweep
from annul.store.database import connect
from tests.support.rows import put_transaction

from .audited import LONG_AGO, NOW, Books, Held, open_incidents
from .books import approved


async def test_a_round_finds_what_is_new_and_what_is_open_for_long(
    books: Books, auditor: Auditor, pool: asyncpg.Pool
) -> None:
    sweep = Sweep(auditor, Held())
    assert (await sweep.round()).differences == []
    for state, trace in ((State.UNKNOWN, 20), (State.DECLINED, 21)):
        await put_transaction(books.pool, trace, state=state, received_at=LONG_AGO, late_code="00")
    await books.set(books.sale, state="voided")
    report = await sweep.round()
    # What ended long ago is left to a run over everything.
    assert {one.kind for one in report.differences} == {
        "audit_unknown_without_outbox",
        "audit_undone_without_proof",
    }
    assert await open_incidents(pool) == {"unknown_without_outbox": 1, "undone_without_proof": 1}

    await auditor.everything(NOW)
    assert (await open_incidents(pool))["late_approval"] == 1
    await books.pool.execute("UPDATE transactions SET late_code = '' WHERE trace = '000021'")
    assert (await sweep.round()).closed == 1
    assert "late_approval" not in await open_incidents(pool)


async def test_a_round_sees_what_a_change_of_today_does_to_an_old_original(
    books: Books, auditor: Auditor
) -> None:
    old = await approved(books.pool, 20, received_at=LONG_AGO)
    await approved(books.pool, 21, kind="refund", original_id=old.id, holds=10_000)
    await books.set(old, undone=4_000)
    report = await Sweep(auditor, Held()).round()
    assert {(one.kind, one.reference) for one in report.differences} == {
        ("audit_hold_without_holder", old.rrn),
        ("audit_undone_without_proof", old.rrn),
    }


async def test_what_ends_after_it_was_looked_at_is_looked_at_again(
    books: Books, auditor: Auditor
) -> None:
    clock = Held()
    sweep = Sweep(auditor, clock)
    await sweep.round()
    await books.set(books.sale, fee=51)
    clock.at = NOW + timedelta(hours=20)
    assert [one.reference for one in (await sweep.round()).differences] == [books.sale.rrn]


async def test_adding_up_waits_for_nobody(
    database: str, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rests in ("_RESTS", "_RESTS_AGAIN"):
        monkeypatch.setattr(f"annul.resolve.sweep.{rests}", 0.0)
    pool = await connect(database)
    sweep = Sweep(Auditor(pool, 0.2), Held())
    async with books.pool.acquire() as other, other.transaction():
        await other.execute("LOCK TABLE entries")
        report = await sweep.round()
    assert report.left_out == {
        *("audit_balance", "audit_entries", "audit_payout_state", "audit_chargeback_money")
    }
    await books.pool.execute("UPDATE merchant_balances SET pending = pending + 1")
    await books.set(books.sale, fee=51)
    # Nothing is proved of what was left out, and the balance is left to the next day.
    assert {one.kind for one in (await sweep.round()).differences} == {"audit_entries"}
    await pool.close()


async def test_the_sweep_outlives_its_faults_and_ends_when_told(
    books: Books, auditor: Auditor, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put_transaction(books.pool, 20, state=State.UNKNOWN)
    sweep = Sweep(auditor, Held(), every_s=0.0, first_s=0.0)
    faulty, done = sweep.round, asyncio.Event()
    tries = iter((RuntimeError("a fault of ours"), ConnectionResetError("gone")))

    async def round_() -> Any:
        for error in tries:
            raise error
        report = await faulty()
        done.set()
        return report

    monkeypatch.setattr(sweep, "round", round_)
    sweep.start()
    async with asyncio.timeout(20):
        await done.wait()
    await sweep.stop()
    assert await open_incidents(pool) == {"unknown_without_outbox": 1}
