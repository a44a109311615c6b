"""Books of the first version are brought to this one, and everything goes on with them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

import asyncpg
import pytest

from annul.desk import cases, transactions
from annul.desk.roles import ROLES, Visitor
from annul.domain.ledger import Transfer
from annul.domain.states import State
from annul.resolve.audit import Auditor
from annul.store.database import connect
from annul.store.journal import Journal, Opening
from annul.store.migrate import upgrade
from annul.store.roles import OWNER, SERVING
from annul.store.temporary import temporary_folder
from tests.support.builders import sent
from tests.support.desks import make_desk
from tests.support.old_books import CASES, MERCHANT, fill
from tests.support.sales import approved
from tests.support.servers import Server, annuls_database

_ROWS: Final = 4_000
_NOW: Final = datetime(2026, 11, 27, tzinfo=UTC)
_STATES: Final = (
    "SELECT state, count(*), sum(amount) FROM transactions GROUP BY state ORDER BY state"
)
_LEDGER: Final = "SELECT debit, credit, sum(amount) FROM entries GROUP BY 1, 2 ORDER BY 1, 2"


@pytest.fixture
async def upgraded() -> AsyncIterator[tuple[str, list[asyncpg.Record]]]:
    """Give a database that was filled as the first versions did, and its sums of before."""
    with temporary_folder("annul-upgrade-") as folder:
        server = Server(folder / "old")
        await asyncio.to_thread(server.make, {})
        await asyncio.to_thread(server.start)
        try:
            await annuls_database(server)
            url = server.url(OWNER, "annul")
            await upgrade(url, "0001")
            owner = await asyncpg.connect(url)
            await fill(owner, _ROWS)
            await upgrade(url, "0002")
            await owner.execute(CASES)
            sums = [*await owner.fetch(_STATES), *await owner.fetch(_LEDGER)]
            await owner.close()
            await upgrade(url)
            yield server.url(SERVING, "annul"), sums
        finally:
            await asyncio.to_thread(server.stop)


@pytest.fixture
async def pool(upgraded: tuple[str, list[asyncpg.Record]]) -> AsyncIterator[asyncpg.Pool]:
    opened = await connect(upgraded[0])
    yield opened
    await opened.close()


async def test_no_sum_has_changed_and_nothing_contradicts(
    pool: asyncpg.Pool, upgraded: tuple[str, list[asyncpg.Record]]
) -> None:
    assert [*await pool.fetch(_STATES), *await pool.fetch(_LEDGER)] == upgraded[1]
    assert await pool.fetchval("SELECT count(*) FROM transactions") == _ROWS
    assert (await Auditor(pool).everything(_NOW)).differences == []


async def test_an_old_sale_is_voided(pool: asyncpg.Pool) -> None:
    journal = Journal(pool)
    sale = await journal.find_by_rrn(MERCHANT, f"{0:012d}")
    assert sale is not None
    assert sale.state is State.APPROVED
    void = sent(999_001, kind="void", original_id=sale.id, holds=sale.amount, rrn="999999999999")
    assert await journal.open(Opening(void, 0))
    back = (
        Transfer("merchant_pending", "issuer_receivable", sale.amount),
        Transfer("fee_income", "merchant_pending", sale.fee),
    )
    outcome = approved(
        void, fee=sale.fee, transfers=back, original_state="voided", undoing=-sale.amount
    )
    assert await journal.conclude(outcome)
    stored = await journal.find_by_id(MERCHANT, sale.id)
    assert stored is not None
    assert (stored.state, stored.undone) == (State.VOIDED, sale.amount)
    await journal.close()
    assert (await Auditor(pool).everything(_NOW)).differences == []


async def test_what_is_owed_and_what_has_ended_is_on_its_lists(pool: asyncpg.Pool) -> None:
    desk = make_desk(pool)
    boss = Visitor("olga", "administrator", ROLES["administrator"])
    owed = await pool.fetch("SELECT original_id, pending FROM outbox")
    assert [row["pending"] for row in owed] == [True]
    wanted = transactions.TransactionSearch(state="unknown")
    [row] = (await transactions.search(desk, boss, wanted, 10)).rows
    assert row["rrn"] == f"{14:012d}"
    first = await transactions.search(desk, boss, transactions.TransactionSearch(), 50)
    assert len(first.rows) == 50
    refused = await cases.search(desk, boss, cases.CaseSearch("refused"), 100)
    assert len(refused.rows) == _ROWS // 100
