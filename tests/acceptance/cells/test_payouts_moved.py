"""What the bank says of a payout reaches the cell to which its merchant has moved."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from annul.cells import moving
from annul.settle.answers import Answers
from tests.support.cells import TwoCells
from tests.support.clock import HeldClock
from tests.support.paying import CALENDAR, NOW
from tests.support.rows import put

_GROUP = """<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<OrgnlGrpInfAndSts><OrgnlMsgId>{order}</OrgnlMsgId><GrpSts>RJCT</GrpSts></OrgnlGrpInfAndSts>
</CstmrPmtStsRpt></Document>"""


async def test_an_order_that_is_rejected_after_its_merchant_has_moved_gives_its_money_back(
    cells: TwoCells,
) -> None:
    west, east, merchant = cells.site.pool, cells.second.ground.pool, cells.merchant
    file, payout = uuid4(), uuid4()
    when: dict[str, Any] = {"made_at": NOW}
    await put(west, "payout_files", {
        "id": file, "name": "a.xml", "format": "pain.001", "currency": "156", "payouts": 1,
        "total": 100, "sealed": b"", "digest": b"", "delivered_at": NOW, "released_at": NOW, **when,
    })  # fmt: skip
    await put(west, "payouts", {
        "merchant_id": merchant, "id": payout, "currency": "156", "amount": 100,
        "account_id": uuid4(), "run_on": date(2026, 9, 28), "state": "filed", "file_id": file,
        **when,
    })  # fmt: skip
    await west.execute(
        "INSERT INTO merchant_balances (merchant_id, currency, in_payout) VALUES ($1, '156', 100)"
        " ON CONFLICT (merchant_id, currency) DO UPDATE SET in_payout = 100",
        merchant,
    )
    await put(west, "entries", {
        "merchant_id": merchant, "subject": payout, "kind": "payout", "line": 1,
        "debit": "merchant_available", "credit": "merchant_in_payout", "amount": 100,
        "currency": "156", "business_date": date(2026, 9, 28), "posted_at": NOW,
    })  # fmt: skip
    await cells.move(merchant)
    content = _GROUP.format(order=file.hex).encode()
    outcomes = []
    for pool in (west, east):  # whichever gets the bank's file, or both
        done = await Answers(pool, CALENDAR, HeldClock(NOW)).read(content, "a.xml", "li")
        outcomes.append(
            (
                done.outcomes,
                await pool.fetch(
                    "SELECT kind FROM incidents WHERE kind LIKE '%bank%' OR kind LIKE 'payout%'"
                ),
            )
        )
    state = await east.fetchval("SELECT state FROM payouts WHERE id = $1", payout)
    assert state == "rejected", f"lost in silence: {outcomes}"


async def test_what_the_bank_says_while_its_merchant_moves_is_kept_where_it_lives(
    cells: TwoCells, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read between the last copy and the clearing: the move stands still, and east never hears."""
    west, east, merchant = cells.site.pool, cells.second.ground.pool, cells.merchant
    payout = uuid4()
    await put(west, "payouts", {
        "merchant_id": merchant, "id": payout, "currency": "156", "amount": 100,
        "account_id": uuid4(), "run_on": date(2026, 9, 28), "state": "filed", "made_at": NOW,
    })  # fmt: skip
    await west.execute(
        "INSERT INTO merchant_balances (merchant_id, currency, in_payout) VALUES ($1, '156', 100)"
        " ON CONFLICT (merchant_id, currency) DO UPDATE SET in_payout = 100",
        merchant,
    )
    arrive = moving._Move.arrive

    async def told(self: Any, kept: Any) -> None:
        await arrive(self, kept)
        content = f"reference,said\n{payout.hex},rejected\n".encode()
        for pool in (west, east):  # the bank's file is read in both
            await Answers(pool, CALENDAR, HeldClock(NOW)).read(content, "a.csv", "li")

    monkeypatch.setattr(moving._Move, "arrive", told)
    fault = ""
    try:
        await cells.move(merchant)
    except moving.LeftBehind as error:
        fault = str(error)
    for pool in (west, east):
        await Answers(pool, CALENDAR, HeldClock(NOW)).finish()
    state = await east.fetchval("SELECT state FROM payouts WHERE id = $1", payout)
    assert (state, fault) == ("rejected", "")
