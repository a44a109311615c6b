"""What the database confirmed and has lost is found, named, and told once."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
from structlog.testing import capture_logs

from annul.domain.records import Transaction
from annul.domain.states import State
from annul.resolve.audit import Auditor
from annul.resolve.witnessed import Witnessing, lost, told_in
from annul.store.clock import SystemClock
from annul.store.journal import Journal, Opening
from annul.store.loop import Loops
from annul.store.witness import Witness
from tests.support.builders import sent
from tests.support.sales import MERCHANT, approved

_NOW: Final = datetime(2027, 1, 1, tzinfo=UTC)
_OPEN: Final = "SELECT subject FROM incidents WHERE kind = 'audit_lost' AND closed_at IS NULL"


@pytest.fixture
def witness(tmp_path: Path) -> Any:
    made = Witness(tmp_path / "witness")
    yield made
    made.close()


@pytest.fixture
async def journal(pool: asyncpg.Pool, witness: Witness) -> AsyncIterator[Journal]:
    await pool.execute(
        "INSERT INTO merchants (merchant_id, name_zh, name_en, category, pricing)"
        " VALUES ($1, '示例茶馆', 'Example Tea House', '5812', 'standard')",
        MERCHANT,
    )
    opened = Journal(pool, 0, witness)
    yield opened
    await opened.close()


async def _written(journal: Journal) -> list[Transaction]:
    """Write three sales, of which the last two are approved."""
    sales = [sent(trace) for trace in (1, 2, 3)]
    for one in sales:
        assert await journal.open(Opening(one, 0))
    for one in sales[1:]:
        assert await journal.conclude(approved(one))
    return sales


async def _forget(owner: asyncpg.Pool, gone: Transaction, back: Transaction) -> None:
    """Bring the database back to where one was not opened and another had no outcome yet."""
    for one in (gone, back):
        await owner.execute("DELETE FROM entries WHERE subject = $1", one.id)
    await owner.execute("DELETE FROM transactions WHERE id = $1", gone.id)
    await owner.execute("UPDATE transactions SET state = 'sent' WHERE id = $1", back.id)


async def test_a_database_that_knows_all_of_it_has_lost_nothing(
    pool: asyncpg.Pool, table_owner: asyncpg.Pool, journal: Journal, witness: Witness
) -> None:
    """Nor has one in which things have gone on since, or that a merchant has left."""
    [_, second, _] = await _written(journal)
    assert await lost(pool, told_in([witness.folder])) == []
    await table_owner.execute("UPDATE transactions SET state = 'reversed' WHERE id = $1", second.id)
    assert await lost(pool, told_in([witness.folder])) == []
    for table in ("entries", "transactions", "merchant_balances", "merchants"):
        await table_owner.execute(f"DELETE FROM {table}")
    assert await lost(pool, told_in([witness.folder])) == []


async def test_what_is_gone_or_is_where_it_was_before_is_named_by_the_audit(
    pool: asyncpg.Pool, table_owner: asyncpg.Pool, journal: Journal, witness: Witness
) -> None:
    [first, second, third] = await _written(journal)
    await _forget(table_owner, gone=second, back=third)
    auditor = Auditor(pool, witnesses=[witness.folder])
    report = await auditor.everything(_NOW)
    found = {one.reference: one for one in report.differences if one.kind == "audit_lost"}
    assert set(found) == {second.rrn, third.rrn}
    assert found[second.rrn].facts["state"] == "gone"
    assert found[third.rrn].facts["state"] == "sent"
    assert found[second.rrn].facts["told"] == "approved"
    said = found[second.rrn].said("en")
    assert "terminal 10000001" in said
    assert "100.00" in said
    assert first.rrn not in found
    opened = {row[0] for row in await pool.fetch(_OPEN)}
    assert opened == {str(second.id), str(third.id)}
    # Without the folder nobody can say that it is gone; with it, a person can explain it.
    await Auditor(pool).everything(_NOW)
    assert len(await pool.fetch(_OPEN)) == 2
    await Auditor(pool, witnesses=[witness.folder]).explain(
        second.rrn, who="olga", role="operator", reason="paid back by transfer", now=_NOW
    )
    assert [row[0] for row in await pool.fetch(_OPEN)] == [str(third.id)]
    await table_owner.execute("UPDATE transactions SET state = 'approved' WHERE id = $1", third.id)
    await Auditor(pool, witnesses=[witness.folder]).everything(_NOW)
    assert await pool.fetch(_OPEN) == []


async def test_a_host_looks_by_itself_when_its_database_has_another_history(
    pool: asyncpg.Pool, table_owner: asyncpg.Pool, journal: Journal, witness: Witness
) -> None:
    [_, second, third] = await _written(journal)
    looking = Witnessing(pool, witness, SystemClock(), Loops())
    await looking._turn()
    place = witness.place
    await _forget(table_owner, gone=second, back=third)
    await looking._turn()  # the history is the same: nothing is asked
    assert await pool.fetch(_OPEN) == []
    witness.place = place.replace("00000001", "00000000")
    with capture_logs() as lines:
        await looking._turn()
        await looking._turn()
    [line] = lines
    assert (line["event"], line["transactions"]) == ("writes_lost", 2)
    assert len(await pool.fetch(_OPEN)) == 2
    assert witness.place == place


async def test_of_two_hosts_that_were_told_the_latest_counts(
    pool: asyncpg.Pool, journal: Journal, tmp_path: Path, witness: Witness
) -> None:
    [first, *_] = await _written(journal)
    other = Witness(tmp_path / "other")
    later = first.received_at + timedelta(minutes=1)
    other.concluded([(first.id, first.merchant_id, later, State.DECLINED)])
    for folders in ([witness.folder, other.folder], [other.folder, witness.folder]):
        [one] = await lost(pool, told_in(folders))
        assert (one.reference, one.facts["told"]) == (first.rrn, "declined")
    other.close()


async def test_a_server_that_does_not_say_where_it_is_is_told_of_once(witness: Witness) -> None:
    class Silent:
        async def fetchval(self, *_query: object) -> str:
            raise asyncpg.FeatureNotSupportedError("no such function here")

    pool: Any = Silent()
    looking = Witnessing(pool, witness, SystemClock(), Loops())
    with capture_logs() as lines:
        await looking._turn()
        await looking._turn()
    assert [line["event"] for line in lines] == ["history_not_known"]
