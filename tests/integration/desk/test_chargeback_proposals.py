"""A row of a chargeback moves nothing by itself: it is proposed, and people take it up once."""

from datetime import date
from io import BytesIO
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from annul.desk import chargeback_acts, chargeback_proposals, chargebacks, clearing, clearing_acts
from annul.desk.desk import Desk, NothingThere
from annul.desk.permission import NotAllowed, NotValid, ReasonNeeded
from annul.desk.roles import ROLES, Scope, Visitor
from annul.domain.chargebacks import Act, Reason, Stage
from annul.domain.records import Transaction
from annul.settle.chargebacks.errors import NotNext
from annul.settle.chargebacks.proposals import NotProposed
from tests.support.clearing_days import both
from tests.support.rows import put_transaction

from .people import person

DAY = date(2026, 11, 24)
SHOP = Visitor("shop", "merchant", ROLES["merchant"], "898000058120000")
KEY = Visitor("key abcdefgh", "", frozenset(Scope))
HEADS = "商户号,参考号,交易金额(元),交易类型\n"
OPEN = "SELECT kind FROM incidents WHERE kind = 'chargebacks_proposed' AND closed_at IS NULL"


@pytest.fixture
async def operator(desk: Desk) -> Visitor:
    return await person(desk, "operator")


async def told(desk: Desk, who: Visitor, *lines: str) -> UUID:
    """Read and commit a table of such rows."""
    stream = BytesIO((HEADS + "".join(f"{line}\n" for line in lines)).encode())
    taken = await clearing.read(desk, who, stream, "d.csv", settles_on=DAY, again=True)
    assert taken.bad == 0, taken.bad_lines
    await clearing.commit(desk, who, taken.id)
    return taken.id


def row(sale: Transaction, kind: str, money: str = "100.00") -> str:
    return f"{sale.merchant_id},{sale.rrn},{money},{kind}"


async def one(desk: Desk, who: Visitor) -> dict[str, Any]:
    (found,) = await chargeback_proposals.proposed(desk, who)
    return found


async def test_a_row_of_a_chargeback_moves_nothing_until_somebody_takes_it_up(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    sale = await put_transaction(pool, 1)
    file = await told(desk, operator, row(sale, "一次拒付"))
    assert await pool.fetchval("SELECT count(*) FROM chargebacks") == 0
    assert await pool.fetchval("SELECT count(*) FROM breaks WHERE line IS NOT NULL") == 0
    assert await pool.fetchval("SELECT count(*) FROM entries WHERE kind LIKE 'chargeback%'") == 0
    waits = await one(desk, operator)
    assert (waits["transaction_id"], waits["act"], waits["follows"]) == (
        sale.id, "charge_back", "opens",
    )  # fmt: skip
    assert await pool.fetchval(OPEN) is not None
    with pytest.raises(NotValid):
        await chargeback_proposals.take_up(desk, operator, waits["id"], "their file", "CB1")
    identity = await chargeback_proposals.take_up(
        desk, operator, waits["id"], "their file", "CB1", Reason.CANCELLED
    )
    found = await chargebacks.find(desk, operator, identity)
    assert (found["stage"], found["file_id"], found["line"]) == (Stage.FIRST, file, 2)
    assert await chargeback_proposals.proposed(desk, operator) == []
    assert await pool.fetchval(OPEN) is None
    with pytest.raises(NotProposed):
        await chargeback_proposals.dismiss(desk, operator, waits["id"], "twice")


async def test_a_later_row_moves_the_live_one_and_two_at_once_move_it_once(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    sale = await put_transaction(pool, 1)
    wanted = chargeback_acts.Wanted(
        sale.id, "CB1", sale.rrn, Reason.CANCELLED, 0, Act.CHARGE_BACK
    )  # fmt: skip
    identity, _ = await chargeback_acts.open_(desk, operator, wanted, "by letter")
    await told(desk, operator, row(sale, "拒付撤销"))
    waits = await one(desk, operator)
    assert (waits["follows"], waits["live_id"]) == ("moves", identity)
    other = await person(desk, "administrator")
    done = await both(
        chargeback_proposals.take_up(desk, operator, waits["id"], "their file"),
        chargeback_proposals.take_up(desk, other, waits["id"], "their file"),
    )
    assert sum(isinstance(came, UUID) for came in done) == 1
    assert sum(isinstance(came, NotProposed | NotNext | NotValid) for came in done) == 1
    assert (await chargebacks.find(desk, operator, identity))["stage"] == Stage.WITHDRAWN
    assert await chargeback_proposals.proposed(desk, operator) == []


async def test_what_follows_from_nothing_is_dismissed(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    sale = await put_transaction(pool, 1)
    await told(desk, operator, row(sale, "二次拒付"), "898000058120000,300000099999,1.00,拒付")
    found = await chargeback_proposals.proposed(desk, operator)
    assert [(each["follows"], each["transaction_id"]) for each in found] == [
        ("nothing", sale.id),
        ("nothing", None),
    ]
    with pytest.raises(NotValid):
        await chargeback_proposals.take_up(
            desk, operator, found[0]["id"], "their file", "CB1", Reason.FRAUD
        )
    with pytest.raises(ReasonNeeded):
        await chargeback_proposals.dismiss(desk, operator, found[0]["id"], " ")
    for each in found:
        assert await pool.fetchval(OPEN) is not None
        await chargeback_proposals.dismiss(desk, operator, each["id"], "not ours")
    assert await pool.fetchval(OPEN) is None
    assert await pool.fetchval("SELECT count(*) FROM chargebacks") == 0


async def test_a_discarded_file_proposes_nothing_and_one_matched_anew_no_more(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    sale = await put_transaction(pool, 1)
    file = await told(desk, operator, row(sale, "调单"))
    waits = await one(desk, operator)
    await clearing_acts.again(desk, operator, file, "other rules")
    assert (await one(desk, operator))["id"] == waits["id"]
    await clearing_acts.discard(desk, operator, file, "the wrong one")
    assert await chargeback_proposals.proposed(desk, operator) == []
    assert await pool.fetchval(OPEN) is None
    with pytest.raises(NotProposed):
        await chargeback_proposals.dismiss(desk, operator, waits["id"], "late")


async def test_merchants_see_none_and_programs_decide_none(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    await told(desk, operator, row(await put_transaction(pool, 1), "拒付"))
    waits = await one(desk, KEY)
    assert await chargeback_proposals.proposed(desk, SHOP) == []
    with pytest.raises(NotAllowed):
        await chargeback_proposals.proposed(desk, Visitor("x", "", frozenset()))
    for who in (SHOP, KEY):
        with pytest.raises(NotAllowed):
            await chargeback_proposals.dismiss(desk, who, waits["id"], "no")
    with pytest.raises(NothingThere):
        await chargeback_proposals.dismiss(desk, operator, UUID(int=7), "no")
