"""The sweep's questions about chargebacks: nothing where all is well, and each fault by name."""

import asyncpg
import pytest

from annul.domain.chargebacks import Act
from annul.domain.incidents import INCIDENTS
from annul.resolve.audit import Auditor
from tests.support.charged import ask_all, claimed, done, letter, shop
from tests.support.clock import NOON
from tests.support.rows import put_transaction

from .audited import CHARGEBACKS


@pytest.fixture
async def three(pool: asyncpg.Pool) -> None:
    """Three chargebacks: one held, one paid, one won."""
    await shop(pool)
    for trace, acts in (
        (1, ()),
        (2, (Act.ACCEPT,)),
        (3, (Act.REPRESENT, Act.WITHDRAW)),
    ):
        one = await claimed(pool, await put_transaction(pool, trace), 0, f"CB{trace}")
        assert one is not None
        await done(pool, one.id, Act.CHARGE_BACK)
        await letter(pool, one.id)
        if acts:
            await done(pool, one.id, *acts)


@pytest.mark.usefixtures("three")
async def test_nothing_is_found_where_all_is_well(pool: asyncpg.Pool) -> None:
    assert await ask_all(pool, CHARGEBACKS) == {name: [] for name in CHARGEBACKS}


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        (
            "chargeback_money",
            "UPDATE entries SET amount = 1 WHERE kind = 'chargeback_end' AND credit = 'fee_income'",
        ),
        ("chargeback_money", "UPDATE chargebacks SET held = held - 1 WHERE number = 'CB1'"),
        ("charged_back", "UPDATE transactions SET charged_back = 1 WHERE trace = '000003'"),
        ("charged_back", "UPDATE transactions SET charged_back = 0 WHERE trace = '000002'"),
        ("chargeback_chain", "UPDATE chargeback_events SET body = '{}' WHERE line = 2"),
        ("chargeback_chain", "DELETE FROM chargeback_events WHERE line = 3"),
        ("chargeback_chain", "UPDATE chargebacks SET head = 'x' WHERE number = 'CB2'"),
    ],
)
async def test_a_fault_is_found_and_told(
    pool: asyncpg.Pool, table_owner: asyncpg.Connection, kind: str, fault: str
) -> None:
    await table_owner.execute(fault)
    assert (await ask_all(pool, (kind,)))[kind]
    report = await Auditor(pool).everything(NOON)
    found = [one for one in report.differences if one.kind == f"audit_{kind}"]
    assert found
    assert all(one.said(language) for one in found for language in ("zh", "en"))
    assert INCIDENTS[f"audit_{kind}"].section
