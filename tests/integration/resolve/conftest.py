"""Books to spoil, and a shop whose transactions are concluded by hand."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from annul.domain.states import State
from annul.host.outcomes import Outcomes
from annul.merchants.registry import Registry
from annul.resolve.audit import Auditor
from annul.resolve.book import Book
from annul.security.software import SoftwareModule
from annul.sim.demo import DemoPlan, seed
from annul.store.journal import Journal
from tests.support.clock import NOON, HeldClock
from tests.support.rows import DUE_IN, put_transaction

from .audited import Books
from .books import approved, open_books, reversed_
from .concluding import Counting, Site


@pytest.fixture
async def books(table_owner: asyncpg.Pool) -> Books:
    await open_books(table_owner)
    sale = await approved(table_owner, 1)
    voided = await approved(table_owner, 2)
    void = await approved(table_owner, 3, kind="void", original_id=voided.id, holds=10_000)
    refunded = await approved(table_owner, 4, kind="qr_sale")
    refund = await approved(
        table_owner, 5, kind="qr_refund", original_id=refunded.id, holds=4_000, amount=4_000, fee=20
    )
    preauth = await approved(table_owner, 6, kind="preauth", fee=0)
    completion = await approved(
        table_owner,
        7,
        kind="completion",
        original_id=preauth.id,
        holds=10_000,
        amount=11_000,
        fee=55,
    )
    back = await reversed_(table_owner, 8, late_code="00", response_code="98")
    await put_transaction(table_owner, 9, state=State.DECLINED, response_code="51")
    await put_transaction(table_owner, 10, kind="void", state=State.DECLINED, original_id=sale.id)
    await table_owner.execute("UPDATE transactions SET cased = true WHERE trace = '000010'")
    return Books(table_owner, sale, voided, void, refunded, refund, preauth, completion, back)


@pytest.fixture
def auditor(pool: asyncpg.Pool) -> Auditor:
    return Auditor(pool)


@pytest.fixture
async def site(pool: asyncpg.Pool) -> AsyncIterator[Site]:
    await seed(pool, SoftwareModule(bytes(32)), DemoPlan((1,), merchants=1))
    registry, journal = Registry(pool), Journal(pool)
    await registry.load()
    outcomes = Outcomes(journal, registry, lambda at, _: at.date())
    yield Site(
        pool,
        Counting(outcomes),
        HeldClock(NOON, tick=timedelta(microseconds=1)),
        Book(pool, DUE_IN),
    )
    await journal.close()
